"""What hinders a probe, in plain words, and what a person can do about it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from schemas.cameras import Source as SourceEntry
from services.ingest.source_errors import SourceError


@dataclass(frozen=True, slots=True)
class Advice:
    """``what`` happened, in one sentence, and steps ``to_do``, the likeliest first.

    ``paths`` are makes of cameras with where they have their pictures, where that may be what is missing.
    """

    what: str
    to_do: tuple[str, ...]
    paths: tuple[tuple[str, str], ...] = ()


COMMON_PATHS = {
    "rtsp": (
        ("Hikvision", "/Streaming/Channels/101"),
        ("Dahua, Amcrest", "/cam/realmonitor?channel=1&subtype=0"),
        ("Axis", "/axis-media/media.amp"),
        ("Uniview", "/media/video1"),
        ("Hanwha (Samsung)", "/profile2/media.smp"),
        ("Reolink", "/h264Preview_01_main"),
        ("TP-Link, Tapo", "/stream1"),
        ("Vivotek", "/live.sdp"),
    ),
    "http": (
        ("Hikvision, a snapshot", "/ISAPI/Streaming/channels/101/picture"),
        ("Dahua, a snapshot", "/cgi-bin/snapshot.cgi?channel=1"),
        ("Axis, a snapshot", "/axis-cgi/jpg/image.cgi"),
        ("Axis, MJPEG", "/axis-cgi/mjpg/video.cgi"),
        ("Hanwha, a snapshot", "/stw-cgi/video.cgi?msubmenu=snapshot&action=view"),
        ("Vivotek, MJPEG", "/video.mjpg"),
    ),
}
"""Where cameras of common makes have their pictures. Source: the makers' integration guides; firmware differs."""

_Explain = Callable[[SourceError, SourceEntry], Advice]


def advise(error: SourceError, entry: SourceEntry) -> Advice:
    """Say what an error of ``probe`` means for this entry."""
    explain = _EXPLANATIONS.get(error.error_class)
    if explain is None:
        # The same things have other numbers and prefixes in other protocols, such as rtsp_401.
        explain = next((e for end, e in _BY_ENDING.items() if error.error_class.endswith(end)), _anything)
    return explain(error, entry)


def _anything(error: SourceError, _: SourceEntry) -> Advice:
    return Advice(
        f"It failed: {error.detail}.", ("Try it once more; if it stays so, try another stream of the camera.",)
    )


def _dns(_: SourceError, entry: SourceEntry) -> Advice:
    return Advice(
        f"There is no address for the name {_host(entry)!r}.",
        ("Check its spelling.", "Use the camera's IP address, if this machine's DNS does not know its name."),
    )


def _connect(error: SourceError, entry: SourceEntry) -> Advice:
    cause = error.__cause__
    place = f"{_host(entry)} port {_port(entry)}"
    if isinstance(cause, ConnectionRefusedError) or "refused" in error.detail.lower():
        return Advice(
            f"The host is there, but nothing listens at {place}.",
            (
                f"Check the port: usual are {'554 and 8554' if _is_rtsp(entry) else '80, 8080, 443 and 8000'}.",
                f"Switch {'RTSP' if _is_rtsp(entry) else 'HTTP'} on in the camera's network settings.",
            ),
        )
    if isinstance(cause, socket.gaierror):
        return _dns(error, entry)
    return Advice(
        f"No connection to {place}: {error.detail}.",
        ("Check that this machine has a route into the camera's network (VLAN, VPN, firewall).",),
    )


def _timeout(error: SourceError, entry: SourceEntry) -> Advice:
    return Advice(
        f"{_host(entry)} port {_port(entry)} did not answer in time ({error.detail}).",
        (
            "Check that the camera is on, and its address: a wrong one often just stays silent.",
            "Check that no firewall is in between: try from the machine on which ingest runs.",
            "Cameras allow few viewers at once: close others, such as a recorder's or a phone's.",
        ),
    )


def _tls(error: SourceError, entry: SourceEntry) -> Advice:
    text = error.detail.lower()
    anyway = "Until then: --insecure-tls here, and 'verify_tls: false' in the entry, take any certificate."
    if "self-signed" in text or "self signed" in text or "local issuer" in text:
        return Advice(
            "The camera's certificate was signed by itself, or by an authority that this machine does not know.",
            (
                "Have the city's own authority sign one, and name that authority's file in SSL_CERT_FILE.",
                anyway,
            ),
        )
    if "mismatch" in text or "doesn't match" in text or "not valid for" in text:
        return Advice(
            f"The camera's certificate is not for {_host(entry)!r}.",
            ("Use the name in the URL for which the certificate was made.", anyway),
        )
    if "expired" in text or "not yet valid" in text:
        return Advice(
            "The camera's certificate has expired, or is not valid yet.",
            ("Renew it in the camera.", "Check the clocks of the camera and of this machine.", anyway),
        )
    if "wrong version number" in text or "wrong_version_number" in text or "record layer" in text:
        plain = "rtsp://" if _is_rtsp(entry) else "http://"
        return Advice("That port does not speak TLS.", (f"Use {plain}, or the port of the camera's TLS service.",))
    return Advice(
        f"TLS failed: {error.detail}.", ("Update the camera's firmware: old ones speak only old TLS.", anyway)
    )


def _unauthorized(_: SourceError, entry: SourceEntry) -> Advice:
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


def _forbidden(_: SourceError, entry: SourceEntry) -> Advice:
    headers = () if entry.headers else ("A public site may want to see itself: --header 'Referer=https://SITE/'.",)
    return Advice(
        "The camera knows us and does not allow it, or allows only certain addresses.",
        (
            "Give the camera's user the right to live view.",
            "Look for a filter of IP addresses in the camera.",
            *headers,
        ),
    )


def _missing(_: SourceError, entry: SourceEntry) -> Advice:
    return Advice(
        f"{_host(entry)} answers, but has nothing at {urlsplit(entry.url).path or '/'!r}.",
        ("Look the path up in the camera's manual.",),
        COMMON_PATHS["rtsp" if _is_rtsp(entry) else "http"],
    )


def _address(error: SourceError, entry: SourceEntry) -> Advice:
    return Advice(
        f"Cameras may not be there: {error.detail}.",
        (
            "Public and private addresses are allowed; loopback, link-local and cloud metadata addresses are not, so "
            "that no entry of the registry can make ingest fetch from where it should not.",
            "If the camera is really there: --allow-network loopback, or such as --allow-network 192.0.2.0/24, here, "
            "and the same in TILIK_INGEST_ALLOWED_NETWORKS of the ingest workers.",
        ),
    )


def _scheme(error: SourceError, _: SourceEntry) -> Advice:
    schemes = "rtsp://, rtsps://, http:// or https://"
    return Advice(f"Not a camera's URL: {error.detail}.", (f"Use {schemes}, or the path of a video file or folder.",))


def _redirect(error: SourceError, _: SourceEntry) -> Advice:
    return Advice(
        f"The camera sends us elsewhere: {error.detail}.",
        ("Use the URL to which it leads, if that is the camera: a camera's secret goes nowhere else by itself.",),
    )


def _web_page(_: SourceError, entry: SourceEntry) -> Advice:
    return Advice(
        f"{_host(entry)} answers with a web page, no picture: perhaps the camera's login or its viewer.",
        ("Use the URL of the stream or snapshot itself.",),
        COMMON_PATHS["http"],
    )


def _not_a_camera(error: SourceError, _: SourceEntry) -> Advice:
    return Advice(
        f"What is there is no kind that Tilik reads: {error.detail}.",
        ("Look for the camera's RTSP, MJPEG, snapshot (JPEG) or HLS (.m3u8) address.",),
    )


def _codec(error: SourceError, _: SourceEntry) -> Advice:
    return Advice(
        f"The camera sends video that Tilik does not read: {error.detail}.",
        (
            "Set the stream to H.264 or H.265 in the camera, without 'smart' or '+' variants.",
            "Or use its snapshot URL.",
        ),
    )


def _no_keyframe(error: SourceError, _: SourceEntry) -> Advice:
    return Advice(
        f"The stream runs, but {error.detail}.",
        (
            "Set the camera's keyframe (I-frame) interval to one second, and 'smart' codecs off.",
            "Look longer: --seconds 60.",
            "Over UDP much may be lost on the way: leave --transport udp out.",
        ),
    )


def _no_picture(error: SourceError, _: SourceEntry) -> Advice:
    return Advice(
        f"It is connected, but {error.detail}.",
        ("Look longer: --seconds 60.", "Restart the camera's video service, or the camera."),
    )


def _unusable(error: SourceError, _: SourceEntry) -> Advice:
    return Advice(
        f"It is connected, but {error.detail}.",
        ("Try another stream or resolution of the camera.",),
    )


def _too_large(error: SourceError, _: SourceEntry) -> Advice:
    return Advice(
        f"Its pictures are larger than ingest takes: {error.detail}.",
        (
            "Use a smaller stream of the camera: detection needs no more than 1080p.",
            "Or raise TILIK_INGEST_LARGEST_PICTURE_BYTES and _PIXELS.",
        ),
    )


def _secret(error: SourceError, _: SourceEntry) -> Advice:
    return Advice(
        f"The secret can't be used: {error.detail}.",
        (
            "Put 'user:password' into a file of that name in TILIK_INGEST_SECRETS_DIR, or into "
            "TILIK_INGEST_SECRETS__<NAME>.",
            "Or give --user USER instead; the password is then asked for.",
        ),
    )


def _not_found(error: SourceError, _: SourceEntry) -> Advice:
    return Advice(f"{error.detail[:1].upper()}{error.detail[1:]}.", ("Give a URL, or the path of what is there.",))


def _ended(error: SourceError, _: SourceEntry) -> Advice:
    return Advice(
        f"The camera broke it off: {error.detail}.",
        ("Cameras allow few viewers at once: close others.", "Try it once more."),
    )


def _decoder(error: SourceError, _: SourceEntry) -> Advice:
    return Advice(
        f"Its video can't be decoded: {error.detail}.",
        ("Try another stream of the camera.", "Keep a recording of it, and report it: it may be a fault of Tilik."),
    )


def _host(entry: SourceEntry) -> str:
    try:
        return urlsplit(entry.url).hostname or entry.url
    except ValueError:
        return "the host"


def _port(entry: SourceEntry) -> int:
    usual = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}
    try:
        parts = urlsplit(entry.url)
        return parts.port or usual.get(parts.scheme, 0)
    except ValueError:
        return 0


def _is_rtsp(entry: SourceEntry) -> bool:
    return entry.url.lower().startswith("rtsp")


_EXPLANATIONS: dict[str, _Explain] = {
    "dns": _dns,
    "connect": _connect,
    "connection": _ended,
    "timeout": _timeout,
    "tls": _tls,
    "address_not_allowed": _address,
    "scheme_not_allowed": _scheme,
    "bad_url": _scheme,
    "redirect": _redirect,
    "redirect_loop": _redirect,
    "web_page": _web_page,
    "not_a_camera": _not_a_camera,
    "not_mjpeg": _not_a_camera,
    "not_jpeg": _not_a_camera,
    "no_video": _codec,
    "encrypted": _codec,
    "no_keyframe": _no_keyframe,
    "no_picture": _no_picture,
    "unusable": _unusable,
    "too_large": _too_large,
    "secret_missing": _secret,
    "secret_malformed": _secret,
    "not_found": _not_found,
    "no_stills": _not_found,
    "stream_ended": _ended,
    "decoder_died": _decoder,
    "decoder_timeout": _decoder,
    "unreadable": _decoder,
}

_BY_ENDING: dict[str, _Explain] = {
    "_401": _unauthorized,
    "_403": _forbidden,
    "_404": _missing,
    "_410": _missing,
    "codec": _codec,
    "timeout": _timeout,
}
