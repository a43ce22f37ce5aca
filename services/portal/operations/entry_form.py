"""A new camera's entry out of a form."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from schemas.cameras import Camera, Source, SourceKind
from services.portal.operations.guarding import RefusedError
from services.portal.operations.typed_text import single_line
from services.runtime.logging import redact_url

FIELDS: Final = (
    "url",
    "source_kind",
    "secret",
    "transport",
    "camera_id",
    "name",
    "kind",
    "kecamatan",
    "kelurahan",
    "rw",
    "rt",
    "latitude",
    "longitude",
    "sample_fps",
    "anonymisation",
    "reason",
)
_KINDS: Final[dict[str, SourceKind]] = {"rtsp": "rtsp", "hls": "hls", "mjpeg": "mjpeg", "snapshot": "snapshot"}
_SCHEMES: Final = {"rtsp": ("rtsp", "rtsps"), "hls": ("http", "https")}
_SECRET: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def source_of(values: dict[str, str]) -> Source:
    """Give the source of a form: a camera in a network. Files of the worker's own machine are for its own people.

    Raises:
        RefusedError: Something about it is wrong; ``detail`` names the text that says so.
    """
    url, secret = single_line(values["url"], 2048), values["secret"].strip()
    if url is None or any(each.isspace() for each in url):
        raise RefusedError(422, "url_wrong")
    if redact_url(url) != url:
        raise RefusedError(422, "url_secret")
    if secret and _SECRET.fullmatch(secret) is None:
        raise RefusedError(422, "secret_wrong")
    kind = _KINDS.get(values["source_kind"] or "rtsp")
    if kind is None:
        raise RefusedError(422, "url_wrong")
    try:
        parts = urlsplit(url)
        allowed = parts.scheme in _SCHEMES.get(kind, ("http", "https")) and parts.hostname and parts.port != 0
    except ValueError:
        allowed = False
    if not allowed:
        raise RefusedError(422, "url_wrong")
    return Source(
        kind=kind, url=url, secret=secret, transport="udp" if kind == "rtsp" and values["transport"] == "udp" else "tcp"
    )


def camera_of(values: dict[str, str]) -> Camera:
    """Give the first revision of a form's camera. It is not public: that takes somebody who has looked.

    Raises:
        RefusedError: Something about it is wrong.
    """
    lines = {name: single_line(values[name], 120) or "" for name in ("name", "kecamatan", "kelurahan")}
    entry: dict[str, Any] = {
        "camera_id": values["camera_id"].strip(),
        "revision": 1,
        "name": lines["name"],
        "kind": values["kind"],
        "place": {
            "kecamatan": lines["kecamatan"],
            "kelurahan": lines["kelurahan"],
            "latitude": _number(values["latitude"]),
            "longitude": _number(values["longitude"]),
            "rw": single_line(values["rw"], 10) or "",
            "rt": single_line(values["rt"], 10) or "",
        },
        "source": msgspec.to_builtins(source_of(values)),
        "sample_fps": _number(values["sample_fps"] or "1"),
        "anonymisation": values["anonymisation"] or "persons",
    }
    if entry["anonymisation"] == "heads" and entry["kind"] != "counter":
        raise RefusedError(422, "heads_only_at_counters")
    try:
        return msgspec.convert(entry, Camera)
    except msgspec.ValidationError as error:
        raise RefusedError(422, str(error)) from error


def _number(text: str) -> float:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError as error:
        raise RefusedError(422, "number_wrong") from error
