"""The URLs of a session: what is asked for, and what the description says for each part. Source: RFC 2326, C.1.1.

Relative control URLs are put behind the base with a slash, as cameras expect it, not resolved as on the web: cameras
send ``trackID=1`` for a base without a slash at its end, and bases with a query.
"""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin

_SCHEMES = ("rtsp://", "rtsps://")


def request_url(parts: SplitResult) -> str:
    """Give the URL as it is said to the camera: without user and password."""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def base_url(url: str, content_base: str, content_location: str) -> str:
    """Give the base of a description's control URLs: what the reply's headers say, or else the URL asked for."""
    named = content_base or content_location
    if not named or _is_absolute(named):
        return named or url
    try:
        return urljoin(url, named)
    except ValueError:
        return url


def aggregate_url(base: str, session_control: str) -> str:
    """Give the URL of the whole session: what PLAY, keep-alive and TEARDOWN are about."""
    if session_control in ("", "*"):
        return base
    return session_control if _is_absolute(session_control) else _below(base, session_control)


def track_url(base: str, session_control: str, control: str) -> str:
    """Give the URL of one track: what SETUP is about."""
    if _is_absolute(control):
        return control
    whole = aggregate_url(base, session_control)
    return whole if control in ("", "*") else _below(whole, control)


def _is_absolute(url: str) -> bool:
    return url.lower().startswith(_SCHEMES)


def _below(base: str, control: str) -> str:
    return f"{base.rstrip('/')}/{control.lstrip('/')}"
