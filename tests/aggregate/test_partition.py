from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.camera_events import CameraStatus, CaptureCounters
from schemas.dead_letters import DEAD_LETTER_CODEC
from schemas.table import Row
from schemas.topics import AGGREGATE_STATE, CAMERA_EVENTS, SCENE_VERDICTS
from schemas.verdicts import SCENE_VERDICTS_CODEC
from services.aggregate.checkpoint_load import POSITION_KEY, LoadedPartition, Position
from services.aggregate.checkpoint_transaction import SaveOutcome
from services.aggregate.partition import Partition, Snapshot, newest_of_each_key
from services.aggregate.rows import CaptureCountersRow
from services.runtime.errors import InvalidMessageError
from services.runtime.kafka import ConsumedRecord


def make_partition(**found: Any) -> Partition:
    producer: Any = None
    return Partition(LoadedPartition(partition=3, producer=producer, **found), lambda *_: None)


def make_status(captured: int, camera_id: str = "cam-1") -> CameraStatus:
    return CameraStatus(
        event_id=f"{captured:032x}",
        camera_id=camera_id,
        owner_epoch=5,
        at_ms=1000 + captured,
        camera_revision=1,
        ingest_instance="ingest-1",
        source_kind="mjpeg",
        state="live",
        counters=CaptureCounters(captured=captured),
    )


def make_record(offset: int, value: bytes = b"{") -> ConsumedRecord:
    return ConsumedRecord(CAMERA_EVENTS.name, 3, offset, 0, b"cam-1", value, ())


def tables(snapshot: Snapshot) -> dict[str, list[Row]]:
    return {table: sorted(rows, key=lambda row: row.key()) for table, rows in snapshot.drained.rows.items()}


def test_a_partition_starts_where_its_marker_says() -> None:
    partition = make_partition(next_offset=40, first_offset=10, group_offset=38)
    assert (partition.next_offset, partition.saved_offset, partition.told_offset) == (40, 40, 38)
    assert not partition.has_changed


def test_events_that_retention_removed_are_stepped_over_and_counted() -> None:
    found = LoadedPartition(3, None, next_offset=40, first_offset=55)  # type: ignore[arg-type]
    assert found.lost_events == 15
    partition = make_partition(next_offset=40, first_offset=55)
    assert (partition.next_offset, partition.saved_offset) == (55, 40)
    assert partition.has_changed


def test_a_snapshot_holds_rows_states_verdicts_and_the_marker_last() -> None:
    partition = make_partition()
    partition.apply(make_status(7), 0)
    snapshot = partition.snapshot()
    assert set(snapshot.drained.rows) == {"camera_statuses", "capture_counters"}
    state, verdicts, marker = snapshot.records
    assert (state.topic, state.key) == (AGGREGATE_STATE.name, b"cam-1")
    assert (verdicts.topic, verdicts.key) == (SCENE_VERDICTS.name, b"3")
    assert SCENE_VERDICTS_CODEC.decode(verdicts.value).cameras == ()
    assert (marker.topic, marker.key) == (AGGREGATE_STATE.name, POSITION_KEY)
    assert msgspec.msgpack.decode(marker.value, type=Position) == Position(1)


def test_a_state_that_went_through_its_blob_goes_on_as_if_nothing_had_happened() -> None:
    steady, interrupted = make_partition(), make_partition()
    for partition in (steady, interrupted):
        partition.apply(make_status(7), 0)
    blobs = interrupted.snapshot().drained.blobs
    interrupted = make_partition(next_offset=1, blobs=blobs)
    for partition in (steady, interrupted):
        partition.apply(make_status(3), 1)
    counters = [tables(p.snapshot())["capture_counters"] for p in (steady, interrupted)]
    assert counters[0] == counters[1]
    assert isinstance(counters[0][0], CaptureCountersRow)
    assert counters[0][0].captured == 7


def test_a_rejected_event_becomes_a_dead_letter_in_the_same_transaction_as_the_position_past_it() -> None:
    partition = make_partition()
    partition.reject(make_record(0), InvalidMessageError("invalid_event", "no JSON"))
    letter, _, marker = partition.snapshot().records
    assert letter.topic == CAMERA_EVENTS.dead_letters
    found = DEAD_LETTER_CODEC.decode(letter.value)
    assert (found.partition, found.offset, found.reason, found.original) == (3, 0, "invalid_event", b"{")
    assert msgspec.msgpack.decode(marker.value, type=Position) == Position(1)


@pytest.mark.parametrize(("outcome", "rows_again"), [("store_away", True), ("retry", False)])
def test_what_was_not_saved_is_in_the_next_snapshot(outcome: SaveOutcome, rows_again: bool) -> None:
    partition = make_partition()
    partition.reject(make_record(0), InvalidMessageError("invalid_event", "no JSON"))
    partition.apply(make_status(7), 1)
    first = partition.snapshot()
    partition.apply(make_status(9, "cam-2"), 2)
    first.settle(outcome)
    second = partition.snapshot()
    keys = [record.key for record in second.records]
    assert keys == [b"cam-1", b"cam-1", b"cam-2", b"3", POSITION_KEY]  # the letter, two states, verdicts, the marker
    cameras = {row.key()[0] for rows in second.drained.rows.values() for row in rows}
    assert cameras == ({"cam-1", "cam-2"} if rows_again else {"cam-2"})
    assert partition.saved_offset == 0


def test_what_was_saved_is_not_saved_again() -> None:
    partition = make_partition()
    partition.apply(make_status(7), 0)
    partition.snapshot().settle("saved")
    assert partition.saved_offset == 1
    assert not partition.has_changed
    assert [record.key for record in partition.snapshot().records] == [b"3", POSITION_KEY]


def test_rows_count_as_unsaved_until_their_checkpoint_is_settled() -> None:
    partition = make_partition()
    partition.apply(make_status(7), 0)
    snapshot = partition.snapshot()
    assert partition.unsaved_count == snapshot.count == 2
    snapshot.settle("saved")
    assert partition.unsaved_count == 0


def test_a_fenced_partition_is_never_saved_again() -> None:
    partition = make_partition()
    partition.apply(make_status(7), 0)
    partition.snapshot().settle("fenced")
    assert partition.fenced_at is not None
    assert partition.saved_offset == 0


def test_of_rows_with_one_key_the_newest_is_kept() -> None:
    partition = make_partition()
    rows: list[Row] = []
    for offset, captured in enumerate((7, 9, 8)):
        partition.apply(make_status(captured), offset)
        rows += partition.snapshot().drained.rows["capture_counters"]
    (kept,) = newest_of_each_key({"capture_counters": rows})["capture_counters"]
    assert isinstance(kept, CaptureCountersRow)
    assert (kept.captured, kept.version) == (9, 2)
