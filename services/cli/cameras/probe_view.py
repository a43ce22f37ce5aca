"""What a probe found, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schemas.cameras import Source
from services.cli.cameras.cells import cell
from services.ingest.probing.explanation import Advice
from services.ingest.probing.probe import Probed
from services.ingest.source_errors import SourceError
from services.ingest.source_facts import SourceFacts
from services.runtime.logging import redact_url

_DAY_SECONDS = 86_400
_SKEW_SECONDS = 2.0
"""A clock that is off by more stands out: NTP holds milliseconds, and a ``Date`` header tells whole seconds."""
_EQUAL_SECONDS = 1.0
_RARE_KEYFRAMES_SECONDS = 1.5
"""Above this, one sample a second can't be served by keyframes alone; some slack for jitter."""

_STREAMS = frozenset({"rtsp", "hls"})
_KINDS = {
    "rtsp": "RTSP",
    "hls": "HLS",
    "mjpeg": "MJPEG over HTTP",
    "snapshot": "snapshot, a JPEG over HTTP",
    "file": "a video file",
    "stills": "a folder of stills",
}
_COSTS = {
    "passthrough": "passthrough: its JPEGs go on as they are, nothing is decoded",
    "keyframes": "keyframes: one picture is decoded for each sample, nothing between them",
    "all": "all: every picture is decoded, because keyframes are rarer than samples",
}
_CLOCKS = {"http-date": "by its Date header", "rtcp": "by its RTCP reports", "program-date-time": "by its playlist"}


def result_view(found: Probed, saved: Path | None) -> RenderableType:
    """Give what was found as a table, with what is to be noted below it."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for label, text in _lines(found, saved):
        table.add_row(label, cell(text))
    notes = [cell(f"! {note}", "yellow") for note in notes_on(found)]
    return Group(cell(f"{redact_url(found.entry.url)} is a camera that Tilik reads", "bold green"), table, *notes)


def failure_view(error: SourceError, advice: Advice, source: Source) -> RenderableType:
    """Give what went wrong, and what to do."""
    steps, paths = Table.grid(padding=(0, 1)), Table.grid(padding=(0, 2))
    for step in advice.to_do:
        steps.add_row("-", Text(step))
    for make, path in advice.paths:
        paths.add_row(Text(f"    {make}"), Text(path))
    common: list[RenderableType] = [Text("Common makes have it at:", "bold"), paths] if advice.paths else []
    return Group(
        cell(f"{redact_url(source.url)} can't be read", "bold red"),
        cell(redact_url(advice.what)),
        Text("What to do:", "bold"),
        steps,
        *common,
        cell(f"({error.error_class}: {error.detail})", "dim"),
    )


def result_json(found: Probed, saved: Path | None) -> dict[str, Any]:
    """Give all that was found, without the picture itself."""
    facts = {name: getattr(found.facts, name) for name in SourceFacts.__dataclass_fields__}
    return {
        "readable": True,
        "kind": found.entry.kind,
        **facts,
        "width": found.width,
        "height": found.height,
        "pictures": len(found.sizes_bytes),
        "unusable_pictures": found.unusable,
        "seconds": round(found.seconds, 3),
        "first_picture_seconds": round(found.first_picture_seconds, 3),
        "picture_bytes": round(found.picture_bytes),
        "bytes_per_day_at_1_fps": round(found.picture_bytes * _DAY_SECONDS),
        "notes": list(notes_on(found)),
        "picture_file": str(saved) if saved is not None else None,
        "source": msgspec.to_builtins(found.entry),
    }


def failure_json(error: SourceError, advice: Advice) -> dict[str, Any]:
    """Give what went wrong, and what to do."""
    return {
        "readable": False,
        "error_class": error.error_class,
        "error_detail": error.detail,
        "what": redact_url(advice.what),
        "to_do": list(advice.to_do),
        "common_paths": {make: path for make, path in advice.paths},
    }


def notes_on(found: Probed) -> Iterator[str]:
    """Give what a steward should know, or change in the camera."""
    facts = found.facts
    rare = facts.decoding == "all" or facts.keyframe_seconds > _RARE_KEYFRAMES_SECONDS
    if rare and found.entry.kind in _STREAMS:
        often = f"only each {facts.keyframe_seconds:.3g} s" if facts.keyframe_seconds else "rarely"
        yield (
            f"a keyframe comes {often}: set the camera's keyframe (I-frame) interval to one second, and one sample a "
            "second costs a fraction"
        )
    if facts.clock_ahead_seconds is not None and abs(facts.clock_ahead_seconds) > _SKEW_SECONDS:
        yield f"the camera's clock is {_offset(facts.clock_ahead_seconds)} this machine's: let it follow NTP"
    if not found.entry.verify_tls:
        yield "its certificate is not checked: anybody in between can show other pictures"
    if found.unusable:
        yield f"{found.unusable} of {found.unusable + len(found.sizes_bytes)} samples were no picture"
    if found.broken_by:
        yield f"it broke off after {found.seconds:.0f} s: {found.broken_by}"


def _lines(found: Probed, saved: Path | None) -> Iterator[tuple[str, str]]:
    facts = found.facts
    yield "kind", ", ".join(part for part in (_KINDS[found.entry.kind], facts.container, facts.codec) if part)
    if facts.server:
        yield "server", facts.server
    yield "picture", f"{found.width} × {found.height} px, {found.picture_bytes / 1000:,.1f} KB as JPEG"
    yield "first after", f"{found.first_picture_seconds:.2f} s"
    if facts.frames_per_second:
        yield "rhythm", f"{facts.frames_per_second:.3g} pictures a second"
    if facts.keyframe_seconds:
        yield "keyframes", f"each {facts.keyframe_seconds:.3g} s"
    yield "cost", _COSTS.get(facts.decoding, "not known")
    yield "a day", f"{found.picture_bytes * _DAY_SECONDS / 1e6:,.0f} MB at one picture a second"
    if facts.clock_ahead_seconds is not None:
        how = _CLOCKS.get(facts.clock, f"by {facts.clock}" if facts.clock else "")
        yield "clock", f"{_offset(facts.clock_ahead_seconds)} this machine's {how}".rstrip()
    if saved is not None:
        yield "saved", str(saved)


def _offset(ahead_seconds: float) -> str:
    if abs(ahead_seconds) <= _EQUAL_SECONDS:
        return "within a second of"
    return f"{abs(ahead_seconds):.3g} s {'ahead of' if ahead_seconds > 0 else 'behind'}"
