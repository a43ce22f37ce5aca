"""The list of cameras as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from services.cli.cameras.cells import cell
from services.cli.cameras.rows import CameraRow
from services.cli.cameras.store import NEWS_HOURS, CameraFacts
from services.cli.cameras.times import span
from services.runtime.logging import redact_url

STYLES = {
    "refused": "bold red",
    "owned_twice": "bold red",
    "no_owner": "bold red",
    "unknown": "yellow",
    "backing_off": "red",
    "stalled": "yellow",
    "connecting": "yellow",
    "live": "green",
    "paused": "dim",
    "removed": "dim",
    "stopped": "dim",
}
"""How a state looks, in the list and in a camera's history."""

_WIDE_COLUMNS = 150
_WIDE_HEADINGS = (
    *("camera", "kelurahan", "source", "state", "for", "picture", "fps", "MB/day", "decodes", "owner", "public"),
    "what is wrong",
)
_LEAST_TOLD_SECONDS = 30.0
"""Half of the time after which ingest repeats a status: before the first repetition there is no rate."""
_NARROW_HEADINGS = ("camera", "state", "for", "picture", "fps", "MB/day", "owner")
_NUMBERS = ("for", "picture", "fps", "MB/day", "zones", "revision")
_OLD_PICTURE_PERIODS = 10
"""A picture older than ten sampling periods stands out: the reader calls a camera stalled from there on, too."""


class LiveTable:
    """The cameras with how they were at ``at_ms``; where a terminal is narrow, what is wrong stands above the table.

    Args:
        rows: What is shown, in this order.
        at_ms: When they were asked for, ms since 1970.
        notes: What is to be known of all of it; stands on top, where a full screen still shows it.
    """

    def __init__(self, rows: Sequence[CameraRow], at_ms: int, notes: Sequence[str] = ()) -> None:
        self._rows = rows
        self._at_ms = at_ms
        self._notes = notes

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Give what fits the width."""
        yield from (cell(note, "yellow") for note in self._notes)
        wide = options.max_width >= _WIDE_COLUMNS
        if not wide:
            for row in self._rows:
                if text := _wrong(row):
                    yield cell(f"! {row.camera.camera_id}: {text}", STYLES.get(row.standing, ""))
        headings = _WIDE_HEADINGS if wide else _NARROW_HEADINGS
        table = _empty(self._rows, headings)
        table.expand = wide
        for row in self._rows:
            cells = self._cells(row)
            table.add_row(*(cells[heading] for heading in headings))
        yield table

    def _cells(self, row: CameraRow) -> dict[str, Text]:
        style, facts = STYLES.get(row.standing, ""), row.facts
        return {
            "camera": cell(row.camera.camera_id),
            "kelurahan": cell(row.camera.place.kelurahan),
            "source": Text(row.camera.source.kind),
            "state": Text(row.standing, style),
            "for": Text(_lasting(row, self._at_ms)),
            "picture": _picture(row, self._at_ms),
            "fps": _fps(row),
            "MB/day": Text(f"{facts.bytes_per_day / 1e6:,.0f}" if facts and not _is_new(row) else ""),
            "decodes": cell(decodes(facts)),
            "owner": cell(row.coverage.owner if row.coverage else ""),
            "public": Text("yes" if row.camera.is_public else "no"),
            "what is wrong": cell(_wrong(row), style),
        }


def registry_table(rows: Sequence[CameraRow], notes: Sequence[str]) -> RenderableType:
    """Give the registry alone; ``notes``, on top, say why."""
    headings = ("camera", "name", "kind", "kelurahan", "source", "fps", "zones", "state", "public", "revision")
    table = _empty(rows, headings)
    for row in rows:
        camera = row.camera
        table.add_row(
            cell(camera.camera_id),
            cell(camera.name),
            camera.kind,
            cell(camera.place.kelurahan),
            cell(f"{camera.source.kind} {redact_url(camera.source.url)}"),
            f"{camera.sample_fps:g}",
            " ".join(sorted({zone.purpose for zone in camera.zones})),
            Text(camera.state, STYLES.get(camera.state, "")),
            "yes" if camera.is_public else "no",
            str(camera.revision),
        )
    return Group(*(cell(note, "yellow") for note in notes), table)


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
            rest = heading == "what is wrong"
            table.add_column(
                heading, no_wrap=heading in ("camera", "state", "decodes"), overflow="fold", ratio=1 if rest else None
            )
    return table


def _lasting(row: CameraRow, at_ms: int) -> str:
    facts = row.facts
    if facts is None or row.camera.state != "active" or row.standing == "unknown":
        return ""
    seconds = (at_ms - facts.since_ms) / 1000
    most = NEWS_HOURS * 3600 - 120  # two reports: the first one in the window is not where the state began
    return span(seconds) if seconds < most else f"> {span(NEWS_HOURS * 3600)}"


def _picture(row: CameraRow, at_ms: int) -> Text:
    if row.camera.state != "active":
        return Text("")
    if row.picture_ms == 0:
        return Text("") if _is_new(row) else Text("none", "red")
    seconds = (at_ms - row.picture_ms) / 1000
    # Without a judged picture the age is only known to the minute in which ingest reports.
    old = seconds > 60 + _OLD_PICTURE_PERIODS / row.camera.sample_fps
    return Text(span(seconds), "red" if old else "")


def _is_new(row: CameraRow) -> bool:
    """Tell whether a camera that is live was reported for too short a time to tell a rate."""
    return row.facts is not None and row.facts.state == "live" and row.facts.told_seconds < _LEAST_TOLD_SECONDS


def _fps(row: CameraRow) -> Text:
    if row.facts is None or row.camera.state != "active" or row.standing == "unknown" or _is_new(row):
        return Text("")
    short = row.facts.fps < 0.9 * row.camera.sample_fps
    text = f"{row.facts.fps:.2g}"
    return Text(f"{text} of {row.camera.sample_fps:g}" if short else text, "yellow" if short else "")


def _wrong(row: CameraRow) -> str:
    if row.camera.state != "active" or row.standing == "unknown":
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
