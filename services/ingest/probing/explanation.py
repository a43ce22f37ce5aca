"""What hinders a probe, in plain words, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Callable

from schemas.cameras import Source as SourceEntry
from services.ingest.probing import camera_advice as camera
from services.ingest.probing import connection_advice as reach
from services.ingest.probing.advice import Advice
from services.ingest.source_errors import SourceError

__all__ = ["Advice", "advise"]

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


_EXPLANATIONS: dict[str, _Explain] = {
    "dns": reach.dns,
    "connect": reach.connect,
    "connection": camera.ended,
    "timeout": reach.timeout,
    "tls": reach.tls,
    "address_not_allowed": reach.address,
    "scheme_not_allowed": reach.scheme,
    "bad_url": reach.scheme,
    "redirect": reach.redirect,
    "redirect_loop": reach.redirect,
    "web_page": camera.web_page,
    "not_a_camera": camera.not_a_camera,
    "not_mjpeg": camera.not_a_camera,
    "not_jpeg": camera.not_a_camera,
    "no_video": camera.codec,
    "encrypted": camera.codec,
    "no_keyframe": camera.no_keyframe,
    "no_picture": camera.no_picture,
    "unusable": camera.unusable,
    "too_large": camera.too_large,
    "secret_missing": camera.secret,
    "secret_malformed": camera.secret,
    "secret_unreadable": camera.secret,
    "not_found": camera.not_found,
    "no_stills": camera.not_found,
    "stream_ended": camera.ended,
    "transport": camera.transport,
    "no_port": camera.transport,
    "framing": camera.framing,
    "sdp": camera.framing,
    "playlist": camera.playlist,
    "byte_range": camera.playlist,
    "token": camera.token,
    "session": camera.ended,
    "packetization": camera.codec,
    "bad_secret": camera.secret,
    "decoder_died": camera.decoder,
    "decoder_timeout": camera.decoder,
    "unreadable": camera.decoder,
}

_BY_ENDING: dict[str, _Explain] = {
    "_401": camera.unauthorized,
    "_403": camera.forbidden,
    "_404": camera.missing,
    "_410": camera.missing,
    "codec": camera.codec,
    "timeout": reach.timeout,
}
