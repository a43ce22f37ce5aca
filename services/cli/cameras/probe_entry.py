"""The registry entry of a camera that was probed, as YAML to paste."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlsplit
from zlib import crc32

import msgspec

from schemas.cameras import Source
from services.ingest.registry.file import LIST_KEY

_SLUG_CHARACTERS = 50
_SPOKEN_FIELDS = ("kind", "url")


def entry_yaml(source: Source, secret: str) -> str:
    """Give a cameras.yaml with this camera in it.

    What can't be known is marked CHANGE; the file is accepted as it stands, so that a first try needs nothing else.

    Args:
        source: What was probed.
        secret: Name of the secret that ingest will find; empty: none is needed.
    """
    return f"{LIST_KEY}:\n{entry_lines(source, secret)}"


def entry_lines(source: Source, secret: str) -> str:
    """Give the camera alone, as it stands in the list of a cameras.yaml."""
    name = place_name(source)
    return "\n".join(
        (
            f"  - camera_id: {suggested_id(source)}  # CHANGE: for ever, statistics and recordings go by it",
            f"    name: {json.dumps(f'Camera at {name}', ensure_ascii=False)}  # CHANGE: what people read",
            "    kind: street  # CHANGE: counter, market, street, pump",
            "    # CHANGE: where it stands",
            "    place: {kecamatan: Semarang Tengah, kelurahan: Sekayu, latitude: -6.9826, longitude: 110.4093}",
            f"    source: {_source_yaml(source, secret)}",
            "    sample_fps: 1",
            "",
        )
    )


def place_name(source: Source) -> str:
    """Give the host of a camera's URL, with a port that says more, or the name of its file or folder."""
    if "://" not in source.url:
        return Path(source.url).stem or "footage"
    parts = urlsplit(source.url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def suggested_id(source: Source) -> str:
    """Give a camera id from the URL: host, path and query, since one recorder has many cameras at one host."""
    parts = urlsplit(source.url)
    name = f"{parts.netloc} {parts.path} {parts.query}" if "://" in source.url else place_name(source)
    return f"cam-{_slug(name)}"


def _slug(name: str) -> str:
    """Give ``name`` in the letters that camera ids, secrets and files may have.

    What is too long ends with its checksum: what tells channels apart is often at the end, and would be cut off.
    """
    text = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "camera"
    if len(text) <= _SLUG_CHARACTERS:
        return text
    return f"{text[: _SLUG_CHARACTERS - 9].strip('-')}-{crc32(name.encode()):08x}"


def _source_yaml(source: Source, secret: str) -> str:
    told = msgspec.structs.replace(source, secret=secret)
    plain = Source(told.kind, told.url)
    fields = {
        name: value
        for name, value in msgspec.to_builtins(told).items()
        if name in _SPOKEN_FIELDS or value != getattr(plain, name)
    }
    # JSON is YAML: a quoted text needs no thought about what YAML takes for a number or a comment.
    quoted = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items() if key != "kind"]
    return "{" + ", ".join([f"kind: {told.kind}", *quoted]) + "}"
