"""The live view of the demonstration: a picture of the readings, as tables or as one line."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from rich.box import SIMPLE_HEAD
from rich.columns import Columns
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from services.cli.demo.readings import CameraReading, ProcessReading, Readings

_STATE_STYLES = {"live": "green", "ready": "green", "stopped": "dim", "refused": "red", "failed": "red"}
_SCREENSHOT_COLUMNS = 132
_WIDE_COLUMNS = 125
_EXAMPLE = "Contoh: "
"""Names of the demonstration's cameras start so; a narrow terminal has no room to say it in every row."""


class Surroundings(Struct, frozen=True):
    """What stays the same while it runs: addresses, where the logs are, what is to be known about the footage."""

    bootstrap_servers: str
    clickhouse_port: int
    database: str
    logs: Path
    rendered_footage: bool
    dashboards_port: int
    portal_lines: tuple[str, ...]

    def lines(self) -> list[str]:
        """Give them as text."""
        query = f"SELECT+*+FROM+{self.database}.frame_accounting+FORMAT+PrettyCompact"
        address = f"http://127.0.0.1:{self.clickhouse_port}"
        lines = [
            *self.portal_lines,
            f"dashboards  http://127.0.0.1:{self.dashboards_port}/   what Grafana would show, in a browser",
            f"ClickHouse  {address}   try: curl '{address}/?query={query}'",
            f"Kafka       {self.bootstrap_servers}",
            f"logs        {self.logs}",
        ]
        if self.rendered_footage:
            lines.append(
                "footage     drawn, since the real clip can't be had here: what is detected in it means little"
            )
        return lines


def picture(readings: Readings, surroundings: Surroundings, headline: str) -> RenderableType:
    """Give the whole view."""
    return Group(
        CamerasTable(readings.cameras, headline),
        _processes(readings.processes),
        Text("\n".join(surroundings.lines()), no_wrap=True, overflow="ellipsis"),
    )


def line(readings: Readings, elapsed_seconds: float) -> str:
    """Give the view as one line, for where there is no terminal."""
    cameras = readings.cameras
    ages = [camera.age_seconds for camera in cameras if camera.age_seconds is not None]
    parts = [
        f"{sum(camera.state == 'live' for camera in cameras)} of {len(cameras)} cameras live",
        f"captured {sum(camera.captured for camera in cameras)}",
        f"detected {sum(camera.detected for camera in cameras)}",
        f"shed {sum(camera.shed for camera in cameras)}",
        f"dead-lettered {sum(camera.dead_lettered for camera in cameras)}",
        f"newest row {min(ages):.1f} s old" if ages else "no row yet",
        f"parking cases open {sum(camera.open_cases for camera in cameras)}",
    ]
    parts += [f"{p.name} {p.state}, restarts {p.restarts}" for p in readings.processes if _noteworthy(p)]
    return f"{elapsed_seconds:5.0f} s  {'; '.join(parts)}"


def save_screenshot(view: RenderableType, path: Path) -> None:
    """Write the view as an SVG picture that loads nothing from anywhere."""
    console = Console(record=True, width=_SCREENSHOT_COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(view)
    svg = console.export_svg(title="tilik demo")
    path.write_text(re.sub(r",\s*url\(\"https?://[^)]*\)(\s*format\(\"[^)]*\"\))?", "", svg), encoding="utf-8")


class CamerasTable:
    """The cameras as a table; where a terminal is narrow, the figures of zones stand below it."""

    def __init__(self, cameras: Sequence[CameraReading], headline: str) -> None:
        self._cameras = cameras
        self._headline = headline

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Give the table that fits the width."""
        if options.max_width >= _WIDE_COLUMNS:
            yield self._wide()
        else:
            yield self._narrow()
            yield self._figures_below()

    def _wide(self) -> Table:
        table = self._empty(("camera", "source", "state"))
        table.add_column("zones, newest minute", ratio=1)
        for camera in self._cameras:
            table.add_row(camera.name, camera.source, *_counts(camera), _figures(camera))
        return table

    def _narrow(self) -> Table:
        table = self._empty(("camera", "state"))
        for camera in self._cameras:
            table.add_row(camera.name.removeprefix(_EXAMPLE), *_counts(camera))
        return table

    def _figures_below(self) -> Table:
        table = Table.grid(padding=(0, 2), expand=True)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=2)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=3)
        for camera in self._cameras:
            if camera.figures:
                table.add_row(f" {camera.name.removeprefix(_EXAMPLE)}", _figures(camera))
        return table

    def _empty(self, words: Sequence[str]) -> Table:
        table = Table(title=self._headline, expand=True, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
        first, *others = words
        table.add_column(first, no_wrap=True, overflow="ellipsis", ratio=None if "source" in others else 1)
        for heading in others:
            table.add_column(heading, no_wrap=True)
        for heading in ("captured", "detected", "shed", "dead", "age s"):
            table.add_column(heading, justify="right", no_wrap=True)
        return table


def _counts(camera: CameraReading) -> tuple[RenderableType, ...]:
    return (
        _styled(camera.state),
        str(camera.captured),
        str(camera.detected),
        _alarming(camera.shed),
        _alarming(camera.dead_lettered),
        "" if camera.age_seconds is None else f"{camera.age_seconds:.1f}",
    )


def _figures(camera: CameraReading) -> Text:
    return Text(" · ".join(camera.figures), style="bold" if camera.open_cases else "")


def _processes(processes: Sequence[ProcessReading]) -> Columns:
    texts = []
    for process in processes:
        restarts = Text(f" restarts {process.restarts}" if process.restarts else "", style="yellow")
        port = Text(f" :{process.port}", style="dim")
        texts.append(Text.assemble(Text(process.name, style="bold"), " ", _styled(process.state), port, restarts))
    return Columns(texts, padding=(0, 3))


def _styled(state: str) -> Text:
    return Text(state, style=_STATE_STYLES.get(state.partition(" ")[0], "yellow"))


def _alarming(count: int) -> Text:
    return Text(str(count), style="yellow" if count else "dim")


def _noteworthy(process: ProcessReading) -> bool:
    return process.restarts > 0 or process.state != "ready"
