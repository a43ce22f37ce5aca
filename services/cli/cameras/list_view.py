"""The list of cameras as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from services.cli.cameras.rows import CameraRow
from services.cli.cameras.store import CameraFacts
from services.cli.cameras.times import span
from services.runtime.logging import redact_url

STYLES = {
    "refused": "bold red",
    "owned_twice": "bold red",
    "no_owner": "bold red",
    "backing_off": "red",
    "stalled": "yellow",
    "connecting": "yellow",
    "live": "green",
    "paused": "dim",
    "removed": "dim",
    "stopped": "dim",
}
"""How a state looks, in the list and in a camera's history."""

_NUMBERS = ("for", "picture", "fps", "MB/day", "zones", "revision")
_OLD_PICTURE_PERIODS = 10
"""A picture older than ten sampling periods stands out: the reader calls a camera stalled from there on, too."""


def live_table(rows: Sequence[CameraRow], at_ms: int) -> Table:
    """Give the cameras with how they were at ``at_ms``."""
    table = _empty(rows, ("camera", "kelurahan", "source", "state", "for", "picture", "fps", "MB/day", "decodes"))
    table.expand = True
    for heading in ("owner", "public"):
        table.add_column(heading, overflow="fold")
    table.add_column("what is wrong", overflow="fold", ratio=1, min_width=20)
    for row in rows:
        style = STYLES.get(row.standing, "")
        table.add_row(
            row.camera.camera_id,
            row.camera.place.kelurahan,
            row.camera.source.kind,
            Text(row.standing, style),
            span((at_ms - row.facts.since_ms) / 1000) if row.facts and row.camera.state == "active" else "",
            _picture(row, at_ms),
            _fps(row),
            f"{row.facts.bytes_per_day / 1e6:,.0f}" if row.facts else "",
            decodes(row.facts),
            row.coverage.owner if row.coverage else "",
            "yes" if row.camera.is_public else "no",
            Text(_wrong(row), style),
        )
    return table


def registry_table(rows: Sequence[CameraRow], missing: str) -> Table:
    """Give the registry alone; ``missing`` says why."""
    headings = ("camera", "name", "kind", "kelurahan", "source", "fps", "zones", "state", "public", "revision")
    table = _empty(rows, headings)
    table.caption = Text(missing, "yellow")
    for row in rows:
        camera = row.camera
        table.add_row(
            camera.camera_id,
            camera.name,
            camera.kind,
            camera.place.kelurahan,
            f"{camera.source.kind} {redact_url(camera.source.url)}",
            f"{camera.sample_fps:g}",
            " ".join(sorted({zone.purpose for zone in camera.zones})),
            Text(camera.state, STYLES.get(camera.state, "")),
            "yes" if camera.is_public else "no",
            str(camera.revision),
        )
    return table


def decodes(facts: CameraFacts | None) -> str:
    """Give what a camera's pictures cost, such as ``keyframes/2 s``: keyframes are decoded, which come each 2 s."""
    if facts is None:
        return ""
    return f"{facts.decoding}/{facts.keyframe_seconds:.2g} s" if facts.keyframe_seconds else facts.decoding


def _empty(rows: Sequence[CameraRow], headings: Sequence[str]) -> Table:
    counts = Counter(row.standing for row in rows)
    told = ", ".join(f"{count:,} {standing}" for standing, count in counts.items())
    one = "1 camera" if len(rows) == 1 else f"{len(rows):,} cameras"
    table = Table(title=f"{one}: {told}" if told else one, box=SIMPLE_HEAD, title_justify="left", title_style="bold")
    for heading in headings:
        if heading in _NUMBERS:
            table.add_column(heading, justify="right", no_wrap=True)
        else:
            table.add_column(heading, no_wrap=heading in ("camera", "state", "decodes"))
    return table


def _picture(row: CameraRow, at_ms: int) -> Text:
    if row.camera.state != "active":
        return Text("")
    if row.picture_ms == 0:
        return Text("none", "red")
    seconds = (at_ms - row.picture_ms) / 1000
    # Without a judged picture the age is only known to the minute in which ingest reports.
    old = seconds > 60 + _OLD_PICTURE_PERIODS / row.camera.sample_fps
    return Text(span(seconds), "red" if old else "")


def _fps(row: CameraRow) -> Text:
    if row.facts is None or row.camera.state != "active":
        return Text("")
    short = row.facts.fps < 0.9 * row.camera.sample_fps
    text = f"{row.facts.fps:.2g}"
    return Text(f"{text} of {row.camera.sample_fps:g}" if short else text, "yellow" if short else "")


def _wrong(row: CameraRow) -> str:
    if row.camera.state != "active":
        return ""
    if row.standing == "owned_twice" and row.coverage is not None:
        return f"{row.coverage.owners_now} workers read it: 'tilik cameras history {row.camera.camera_id}' tells which"
    if row.standing == "no_owner":
        last = row.coverage.last_owner if row.coverage is not None else ""
        return f"no worker reads it; the last was {last}" if last else "no worker has read it yet"
    facts = row.facts
    if facts is None or not facts.error_class or facts.state == "live":
        return ""
    return f"{facts.error_class}: {facts.error_detail}" if facts.error_detail else facts.error_class
