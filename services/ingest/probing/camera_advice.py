"""Advice on cameras that are reached, and give no picture that Tilik can take."""

from __future__ import annotations

from urllib.parse import urlsplit

from schemas.cameras import Source as SourceEntry
from services.ingest.probing.advice import COMMON_PATHS, Advice, host_of, is_rtsp
from services.ingest.source_errors import SourceError


def unauthorized(_: SourceError, entry: SourceEntry) -> Advice:
    """Advise on 401."""
    if not entry.secret:
        return Advice(
            "The camera wants a user and password, and was given none.",
            (
                "Give --secret NAME, if ingest has it among its secrets.",
                "Or give --user USER; the password is then asked for, and kept nowhere.",
            ),
        )
    return Advice(
        "The camera refuses this user and password.",
        (
            "Try them in a browser. Many makes lock an account after a few wrong tries: wait some minutes.",
            "Some makes have users of their own for RTSP or ONVIF, apart from those of the web page.",
        ),
    )


def forbidden(_: SourceError, entry: SourceEntry) -> Advice:
    """Advise on 403."""
    headers = () if entry.headers else ("A public site may want to see itself: --header 'Referer=https://SITE/'.",)
    return Advice(
        "The camera knows us and does not allow it, or allows only certain addresses.",
        (
            "Give the camera's user the right to live view.",
            "Look for a filter of IP addresses in the camera.",
            *headers,
        ),
    )


def missing(_: SourceError, entry: SourceEntry) -> Advice:
    """Advise on 404."""
    return Advice(
        f"{host_of(entry)} answers, but has nothing at {urlsplit(entry.url).path or '/'!r}.",
        ("Look the path up in the camera's manual.",),
        COMMON_PATHS["rtsp" if is_rtsp(entry) else "http"],
    )


def secret(error: SourceError, _: SourceEntry) -> Advice:
    """Advise on a secret that can not be used."""
    return Advice(
        f"The secret can't be used: {error.detail}.",
        (
            "Put 'user:password' into a file of that name in TILIK_INGEST_SECRETS_DIR, or into "
            "TILIK_INGEST_SECRETS__<NAME>.",
            "Or give --user USER instead; the password is then asked for.",
        ),
    )


def web_page(_: SourceError, entry: SourceEntry) -> Advice:
    """Advise on a web page instead of a picture."""
    return Advice(
        f"{host_of(entry)} answers with a web page, no picture: perhaps the camera's login or its viewer.",
        ("Use the URL of the stream or snapshot itself.",),
        COMMON_PATHS["http"],
    )


def not_a_camera(error: SourceError, _: SourceEntry) -> Advice:
    """Advise on what is no kind of source."""
    return Advice(
        f"What is there is no kind that Tilik reads: {error.detail}.",
        ("Look for the camera's RTSP, MJPEG, snapshot (JPEG) or HLS (.m3u8) address.",),
    )


def codec(error: SourceError, _: SourceEntry) -> Advice:
    """Advise on a codec that is not read."""
    return Advice(
        f"The camera sends video that Tilik does not read: {error.detail}.",
        (
            "Set the stream to H.264 or H.265 in the camera, without 'smart' or '+' variants.",
            "Or use its snapshot URL.",
        ),
    )


def no_keyframe(error: SourceError, _: SourceEntry) -> Advice:
    """Advise on a stream without keyframes."""
    return Advice(
        f"The stream runs, but {error.detail}.",
        (
            "Set the camera's keyframe (I-frame) interval to one second, and 'smart' codecs off.",
            "Look longer: --seconds 60.",
            "Over UDP much may be lost on the way: leave --transport udp out.",
        ),
    )


def no_picture(error: SourceError, _: SourceEntry) -> Advice:
    """Advise on a connection without pictures."""
    return Advice(
        f"It is connected, but {error.detail}.",
        ("Look longer: --seconds 60.", "Restart the camera's video service, or the camera."),
    )


def unusable(error: SourceError, _: SourceEntry) -> Advice:
    """Advise on bytes that are no picture."""
    return Advice(
        f"It is connected, but {error.detail}.",
        ("Try another stream or resolution of the camera.",),
    )


def too_large(error: SourceError, _: SourceEntry) -> Advice:
    """Advise on pictures that are too large."""
    return Advice(
        f"Its pictures are larger than ingest takes: {error.detail}.",
        (
            "Use a smaller stream of the camera: detection needs no more than 1080p.",
            "Or raise TILIK_INGEST_LARGEST_PICTURE_BYTES and _PIXELS.",
        ),
    )


def not_found(error: SourceError, _: SourceEntry) -> Advice:
    """Advise on a path at which nothing is."""
    return Advice(f"{error.detail[:1].upper()}{error.detail[1:]}.", ("Give a URL, or the path of what is there.",))


def ended(error: SourceError, _: SourceEntry) -> Advice:
    """Advise on a connection that the camera broke off."""
    return Advice(
        f"The camera broke it off: {error.detail}.",
        ("Cameras allow few viewers at once: close others.", "Try it once more."),
    )


def decoder(error: SourceError, _: SourceEntry) -> Advice:
    """Advise on video that can not be decoded."""
    return Advice(
        f"Its video can't be decoded: {error.detail}.",
        ("Try another stream of the camera.", "Keep a recording of it, and report it: it may be a fault of Tilik."),
    )


def transport(error: SourceError, _: SourceEntry) -> Advice:
    """Advise on RTSP over a way that the camera or the network does not have."""
    return Advice(
        f"Pictures can't come that way: {error.detail}.",
        ("Leave --transport udp out: TCP passes wherever the camera's RTSP does.",),
    )


def framing(error: SourceError, entry: SourceEntry) -> Advice:
    """Advise on a server that speaks something else."""
    kind = "RTSP" if is_rtsp(entry) else "what its answer promised"
    return Advice(
        f"What answers does not speak {kind}: {error.detail}.",
        (
            "Check the port, and whether TLS is wanted there (rtsps://, https://).",
            "Restart the camera's video service.",
        ),
    )


def playlist(error: SourceError, _: SourceEntry) -> Advice:
    """Advise on a playlist that can't be followed."""
    return Advice(
        f"The playlist can't be followed: {error.detail}.",
        ("Open the URL in a player: if it plays there, some header is missing, often --header Referer=https://SITE/.",),
    )


def token(error: SourceError, _: SourceEntry) -> Advice:
    """Advise on a token that can't be had."""
    return Advice(
        f"There is no token: {error.detail}.", ("Check 'token.url' and 'token.field' by fetching it with a browser.",)
    )
