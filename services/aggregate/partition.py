"""One source partition: a judgement, and how far it has come in the events and in what is saved.

A partition is a pure function of the events [0, next_offset): that is what makes every recovery exact.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from schemas.camera_events import CameraEvent
from schemas.episodes import EPISODE_CODEC
from schemas.table import Row
from schemas.topics import AGGREGATE_STATE, EPISODES, SCENE_VERDICTS
from schemas.verdicts import SCENE_VERDICTS_CODEC, SceneVerdicts
from services.aggregate.checkpoint_load import POSITION_KEY, LoadedPartition, Position
from services.aggregate.checkpoint_transaction import SaveOutcome
from services.aggregate.judgement import Drained, FindCamera, Judgement
from services.runtime.clock import now_ms
from services.runtime.dead_letters import dead_letter
from services.runtime.errors import InvalidMessageError
from services.runtime.kafka import ConsumedRecord, OutgoingRecord

SERVICE = "aggregate"


class Partition:
    """One partition that this worker owns. Lives on the event loop.

    Attributes:
        number: Of the partition; state, episodes and dead letters lie on the same one of their topics.
        next_offset: The event that must come next.
        saved_offset: Up to here, exclusively, a checkpoint holds everything.
        told_offset: What the consumer group was told of that.
        fenced_at: When a newer owner showed itself, in monotonic seconds; from then on nothing here is used.
        missing_since: Since when the next event stays away, in monotonic seconds.
        sought_at: When it was last asked for.

    Raises:
        FatalError: A camera's state is of another version.
    """

    def __init__(self, found: LoadedPartition, find_camera: FindCamera) -> None:
        self.number = found.partition
        self.producer = found.producer
        self.next_offset = found.next_offset + found.lost_events
        self.saved_offset = found.next_offset
        self.told_offset = found.group_offset
        self.fenced_at: float | None = None
        self.missing_since: float | None = None
        self.sought_at = 0.0
        self._judgement = Judgement(find_camera)
        self._dead_letters: list[OutgoingRecord] = []
        self._saving_count = 0
        for blob in found.blobs.values():
            self._judgement.load(blob)

    @property
    def has_changed(self) -> bool:
        """Tell whether there is anything to save."""
        return self.next_offset != self.saved_offset

    @property
    def unsaved_count(self) -> int:
        """Give about how many rows and dead letters are in no store yet, those that are being saved among them."""
        return self._judgement.unsaved_count + len(self._dead_letters) + self._saving_count

    @property
    def camera_count(self) -> int:
        """Give how many cameras have a state here."""
        return len(self._judgement.camera_ids)

    @property
    def lower_epoch_count(self) -> int:
        """Give how many frames were not judged here since one of a higher epoch was."""
        return self._judgement.lower_epoch_count

    def apply(self, event: CameraEvent, offset: int) -> None:
        """Judge the next event.

        Raises:
            UnknownRevisionError: The registry does not know a camera's revision yet; nothing has changed.
        """
        self._judgement.apply(event, offset)
        self.next_offset = offset + 1

    def reject(self, record: ConsumedRecord, error: InvalidMessageError) -> None:
        """Put the next event aside: its dead letter is written in the transaction that moves the position past it."""
        self._dead_letters.append(dead_letter(record, error, SERVICE))
        self.next_offset = record.offset + 1

    def snapshot(self) -> Snapshot:
        """Take what changed, as it stands between two events."""
        snapshot = Snapshot(self, self.next_offset, self._judgement.drain(), self._dead_letters)
        self._dead_letters = []
        self._saving_count = snapshot.count
        return snapshot

    def settle(self, snapshot: Snapshot, outcome: SaveOutcome) -> None:
        """Take note of what became of a snapshot: what could not be saved counts as changed again."""
        self._saving_count = 0
        if outcome == "saved":
            self.saved_offset = snapshot.next_offset
        elif outcome == "fenced":
            self.fenced_at = time.monotonic()
        else:
            drained = msgspec.structs.replace(snapshot.drained, rows=newest_of_each_key(snapshot.drained.rows))
            self._judgement.restore(drained, rows=outcome == "store_away")
            self._dead_letters = snapshot.dead_letters + self._dead_letters


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a checkpoint saves of one partition: all that the events before ``next_offset`` changed."""

    partition: Partition
    next_offset: int
    drained: Drained
    dead_letters: list[OutgoingRecord]

    @property
    def rows(self) -> Iterator[Row]:
        """Give the rows for ClickHouse."""
        for rows in self.drained.rows.values():
            yield from rows

    @property
    def records(self) -> list[OutgoingRecord]:
        """Give what goes into Kafka in one transaction: the marker last, the rest in no order that matters."""
        return [*self.dead_letters, *self._episodes(), *self._states(), self._verdicts(), self._position()]

    @property
    def state_bytes(self) -> int:
        """Give the size of the cameras' states."""
        return sum(map(len, self.drained.blobs.values()))

    @property
    def count(self) -> int:
        """Give how many rows and dead letters it holds."""
        return sum(map(len, self.drained.rows.values())) + len(self.dead_letters)

    def settle(self, outcome: SaveOutcome) -> None:
        """Tell the partition what became of it."""
        self.partition.settle(self, outcome)

    def _episodes(self) -> Iterable[OutgoingRecord]:
        for episode in self.drained.episodes:
            yield OutgoingRecord(EPISODES.name, episode.episode_id.encode(), EPISODE_CODEC.encode(episode))

    def _states(self) -> Iterable[OutgoingRecord]:
        for camera_id, blob in self.drained.blobs.items():
            yield OutgoingRecord(AGGREGATE_STATE.name, camera_id.encode(), blob)

    def _verdicts(self) -> OutgoingRecord:
        verdicts = SceneVerdicts(at_ms=now_ms(), cameras=tuple(self.drained.verdicts))
        return OutgoingRecord(
            SCENE_VERDICTS.name, str(self.partition.number).encode(), SCENE_VERDICTS_CODEC.encode(verdicts)
        )

    def _position(self) -> OutgoingRecord:
        value = msgspec.msgpack.encode(Position(self.next_offset))
        return OutgoingRecord(AGGREGATE_STATE.name, POSITION_KEY, value)


def newest_of_each_key(rows: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Give ``rows`` by table without those that another one of the same key replaces.

    While ClickHouse is away a minute may be drained again and again; without this every try would add to what is held.
    """
    return {table: _newest(batch) for table, batch in rows.items()}


def _newest(rows: Iterable[Any]) -> list[Row]:
    newest: dict[tuple[Any, ...], Any] = {}
    for row in rows:
        former = newest.get(row.key())
        if former is None or row.version >= former.version:
            newest[row.key()] = row
    return list(newest.values())
