"""Recompute rows from events alone: the same judgement as the live service's, without Kafka and without a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from msgspec import Struct

from schemas.camera_events import CameraEvent
from schemas.cameras import Camera
from schemas.table import Row
from services.aggregate.judgement import FindCamera, Judgement
from services.aggregate.rows import ROW_TYPES

DRAIN_EVERY: Final = 5_000
"""Events between two drains; the rows are the same whatever it is."""


class PlacedEvent(Struct, frozen=True):
    """An event and its offset in the source."""

    offset: int
    event: CameraEvent


class NewestRows:
    """Of each key the row with the largest version: what ReplacingMergeTree holds after all merges."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[tuple[Any, ...], Row]] = {row_type.TABLE: {} for row_type in ROW_TYPES}

    def add(self, rows: dict[str, list[Row]]) -> None:
        """Take rows by table. Of equal versions the later one stays."""
        for table, batch in rows.items():
            newest = self._rows[table]
            for row in batch:
                key = row.key()
                former = newest.get(key)
                if former is None or version_of(row) >= version_of(former):
                    newest[key] = row

    def sorted(self) -> dict[str, list[Row]]:
        """Give all tables, each sorted by its key; a table without rows is an empty list."""
        return {table: [newest[key] for key in sorted(newest)] for table, newest in self._rows.items()}


def version_of(row: Row) -> int:
    """Give what ReplacingMergeTree compares."""
    version: int = row.version  # type: ignore[attr-defined]  # every table declares it, each with its own meaning
    return version


def any_revision_of(cameras: Iterable[Camera]) -> FindCamera:
    """Judge under these cameras whatever revision an event names."""
    by_id = {camera.camera_id: camera for camera in cameras}
    return lambda camera_id, revision: by_id.get(camera_id)


def recompute(
    events: Iterable[CameraEvent | PlacedEvent],
    cameras: Iterable[Camera],
    advance: Callable[[], None] = lambda: None,
) -> dict[str, list[Row]]:
    """Give all rows that the events lead to under ``cameras``, by table, each table sorted by its key.

    Args:
        events: In the order of their source. A plain event's place in this order stands for its offset.
        cameras: The registry entries to judge under, whatever revision the events name.
        advance: Called after each event.

    Raises:
        UnknownRevisionError: An event's camera is not among ``cameras``.
    """
    judgement, newest = Judgement(any_revision_of(cameras)), NewestRows()
    for number, item in enumerate(events):
        if isinstance(item, PlacedEvent):
            judgement.apply(item.event, item.offset)
        else:
            judgement.apply(item, number)
        if number % DRAIN_EVERY == DRAIN_EVERY - 1:
            newest.add(judgement.drain(blobs=False).rows)
        advance()
    newest.add(judgement.drain(blobs=False).rows)
    return newest.sorted()
