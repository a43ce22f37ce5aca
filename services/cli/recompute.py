"""``tilik recompute``: judge a file of camera events anew, and write one file a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import click
import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from schemas.camera_events import CAMERA_EVENT_CODEC, CameraEvent
from schemas.cameras import Camera
from schemas.codec import ContractError
from services.aggregate.feed import LARGEST_INTEGER, require_that_it_fits
from services.aggregate.recomputation import PlacedEvent, recompute
from services.aggregate.rows import ROW_TYPES
from services.aggregate.table import TIME, Row, columns_of, lasting_columns_of
from services.ingest.registry.file import read_registry_file
from services.runtime.errors import ConfigurationError, InvalidMessageError

_NAMED_FAULTS = 20
"""Bad lines that are named one by one; the rest is only counted."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encoder = msgspec.json.Encoder(order="deterministic")


class Envelope(Struct, frozen=True):
    """A line that says where in the topic its event lies. A plain event has no field ``event``."""

    event: Raw | UnsetType = UNSET
    partition: int = 0
    offset: int = 0


_envelope_decoder = msgspec.json.Decoder(Envelope)


class EventLines:
    """The events of a file, one a line. Lines that hold none are reported and passed over.

    Args:
        file: JSON Lines: camera events, or ``{"partition": …, "offset": …, "event": {…}}``.
        cameras: Ids of the cameras under which events can be judged.
        report: Takes one line of text about each of the first bad lines.
    """

    def __init__(self, file: BinaryIO, cameras: set[str], report: Callable[[str], None]) -> None:
        self._file = file
        self._cameras = cameras
        self._report = report
        self.good_count = 0
        self.bad_count = 0
        self.read_bytes = 0

    def __iter__(self) -> Iterator[PlacedEvent]:
        for number, line in enumerate(self._file, start=1):
            self.read_bytes += len(line)
            if not line.strip():
                continue
            try:
                placed = self._placed(line, number)
            except ContractError as error:
                self._complain(number, error)
                continue
            self.good_count += 1
            yield placed

    def _placed(self, line: bytes, number: int) -> PlacedEvent:
        offset, event = read_line(line)
        if event.camera_id not in self._cameras:
            raise ContractError(f"camera {event.camera_id!r} is not in the registry file")
        return PlacedEvent(number if offset is None else offset, event)

    def _complain(self, number: int, error: ContractError) -> None:
        self.bad_count += 1
        if self.bad_count <= _NAMED_FAULTS:
            self._report(f"line {number}: {error}")


def read_line(line: bytes) -> tuple[int | None, CameraEvent]:
    """Give the offset, where the line says one, and the event.

    Raises:
        ContractError: The line holds no event.
    """
    try:
        envelope = _envelope_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ContractError(str(error)) from error
    plain = isinstance(envelope.event, UnsetType)
    event = CAMERA_EVENT_CODEC.decode(line if plain else bytes(envelope.event))  # type: ignore[arg-type]
    if not 0 <= envelope.offset <= LARGEST_INTEGER:
        raise ContractError(f"the offset is not between 0 and {LARGEST_INTEGER}")
    try:
        require_that_it_fits(event)
    except InvalidMessageError as error:
        raise ContractError(error.detail) from error
    return (None if plain else envelope.offset), event


@click.command()
@click.option(
    "--from", "source", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True, help="Events."
)
@click.option(
    "--cameras",
    "registry",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="cameras.yaml to judge under, whatever revision an event names.",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write.")
def command(source: Path, registry: Path, out: Path) -> None:
    """Compute windows, stays and episodes anew from a file of camera events.

    Reads JSON Lines as `tilik detect` writes them, or with each event's place in its topic. Writes one JSON Lines file
    a table, sorted by key, without operational columns: equal events give equal bytes. Runs the live service's rules;
    like there, the last 5 seconds of each camera are not judged yet.
    """
    console = Console(stderr=True)
    cameras = _cameras_of(registry)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with source.open("rb") as file, Progress(*columns, TimeRemainingColumn(), console=console) as bars:
        bar = bars.add_task("events", total=source.stat().st_size)
        lines = EventLines(file, {camera.camera_id for camera in cameras}, lambda text: _print(console, text))
        tables = recompute(lines, cameras, lambda: bars.update(bar, completed=lines.read_bytes))
        bars.update(bar, completed=lines.read_bytes)
    counts = write_tables(tables, out)
    written = ", ".join(f"{count} {table}" for table, count in counts.items() if count)
    _print(console, f"{lines.good_count} events read, {lines.bad_count} lines passed over; {out}: {written or 'none'}")
    _print(console, "as live, the last 5 s of each camera are accounted for, but wait for later frames to be judged")


def write_tables(tables: dict[str, list[Row]], folder: Path) -> dict[str, int]:
    """Write ``<table>.jsonl`` for every table, also for empty ones, and give the number of rows of each."""
    folder.mkdir(parents=True, exist_ok=True)
    for row_type in ROW_TYPES:
        target = folder / f"{row_type.TABLE}.jsonl"
        partial = target.with_name(target.name + ".partial")
        with partial.open("wb") as file:
            file.writelines(encode_row(row) + b"\n" for row in tables[row_type.TABLE])
        partial.replace(target)
    return {row_type.TABLE: len(tables[row_type.TABLE]) for row_type in ROW_TYPES}


def encode_row(row: Row) -> bytes:
    """Give a row's lasting columns as one line of JSON; times in ISO 8601, UTC, with milliseconds."""
    columns = columns_of(type(row))
    values: dict[str, Any] = {name: getattr(row, name) for name in lasting_columns_of(type(row))}
    for name, value in values.items():
        if columns[name].sql == TIME:
            values[name] = iso_time(value)
    return _encoder.encode(values)


def iso_time(instant_ms: int) -> str:
    """Give milliseconds since 1970 as ISO 8601."""
    try:
        moment = _EPOCH + timedelta(milliseconds=instant_ms)
    except OverflowError:
        return str(instant_ms)  # a broken clock; beyond the year 9999 there is no ISO time
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant_ms % 1000:03d}Z"


def _cameras_of(path: Path) -> tuple[Camera, ...]:
    found = read_registry_file(path)
    if found.faults:
        raise ConfigurationError(found.explain())
    return found.cameras


def _print(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
