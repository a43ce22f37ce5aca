from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

import pytest

from schemas.camera_events import CAMERA_EVENT_CODEC, CameraStatus, CaptureCounters
from schemas.topics import CAMERA_EVENTS
from services.aggregate.checkpoint_load import LoadedPartition
from services.aggregate.checkpoint_transaction import SaveOutcome
from services.aggregate.metrics import AGGREGATE_METRICS
from services.aggregate.partition import Partition, Snapshot
from services.aggregate.partition_owner import PartitionOwner, rest_seconds
from services.aggregate.settings import AggregateSettings
from services.runtime.camera_registry import CameraRevisions
from services.runtime.errors import FatalError, RetryableError
from services.runtime.health import Health
from services.runtime.kafka import ConsumedRecord
from services.runtime.metrics import Metrics
from services.runtime.service import Service
from tests.aggregate.make_events import make_camera, make_frame


class FakeFeed:
    """Delivers nothing by itself; remembers what it was asked for."""

    def __init__(self) -> None:
        self.generation = 1
        self.partitions = [0]
        self.sought: list[tuple[int, int]] = []
        self.committed: list[Mapping[int, int]] = []

    def assigned(self) -> list[int]:
        return self.partitions

    async def seek(self, partition: int, offset: int) -> None:
        self.sought.append((partition, offset))

    async def commit(self, offsets: Mapping[int, int]) -> bool:
        self.committed.append(offsets)
        return True


class FakeCheckpoint:
    """Gives what was found, and saves as it is told to."""

    def __init__(self, **found: Any) -> None:
        self.found = found
        self.outcome: SaveOutcome = "saved"
        self.saved: list[int] = []
        self.loaded: list[Sequence[int]] = []
        self.failures_left = 0

    def load(self, partitions: Sequence[int]) -> list[LoadedPartition]:
        if self.failures_left:
            self.failures_left -= 1
            raise RetryableError("Kafka is away")
        self.loaded.append(partitions)
        producer: Any = None
        return [LoadedPartition(number, producer, **self.found) for number in partitions]

    def save(self, snapshots: Sequence[Snapshot]) -> list[SaveOutcome]:
        self.saved += [snapshot.next_offset for snapshot in snapshots]
        return [self.outcome] * len(snapshots)

    def close(self) -> None:
        """Nothing to close."""


class FakeRegistry:
    def __init__(self) -> None:
        self.revisions = CameraRevisions()


class Bench:
    """An owner between fakes."""

    def __init__(self, settings: AggregateSettings | None = None, **found: Any) -> None:
        self.feed, self.checkpoint = FakeFeed(), FakeCheckpoint(**found)
        self.service = Service(Health(), Metrics(AGGREGATE_METRICS))
        self.registry, checkpoint = FakeRegistry(), self.checkpoint
        settings = settings or AggregateSettings(flush_seconds=0.01)
        args: Any = (settings, self.service, self.registry, checkpoint, self.feed)
        self.owner = PartitionOwner(*args)

    async def deliver(self, offset: int, generation: int = 1, partition: int = 0) -> None:
        await self.owner.deliver(generation, [make_record(offset, partition)])

    async def deliver_batch(self, offsets: Iterable[int], generation: int = 1) -> None:
        await self.owner.deliver(generation, [make_record(offset) for offset in offsets])

    @property
    def partition(self) -> Partition:
        (partition,) = self.owner._partitions.values()
        return partition

    async def until_applied(self, events: int) -> None:
        """Wait until so many events of the partition are applied."""
        async with asyncio.timeout(60):
            while not self.owner._partitions or self.partition.next_offset < events:
                await asyncio.sleep(0.01)

    async def leave(self) -> None:
        """Let it take its last checkpoint."""
        self.service.stopping.set()
        await self.owner.run()


def make_record(offset: int, partition: int = 0) -> ConsumedRecord:
    event = CameraStatus(
        event_id=f"{offset:032x}",
        camera_id="cam-1",
        owner_epoch=5,
        at_ms=offset,
        camera_revision=1,
        ingest_instance="i",
        source_kind="mjpeg",
        state="live",
        counters=CaptureCounters(),
    )
    return ConsumedRecord(CAMERA_EVENTS.name, partition, offset, 0, b"cam-1", CAMERA_EVENT_CODEC.encode(event), ())


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario())


def test_events_from_the_marker_on_are_applied_and_saved_and_told_to_the_group() -> None:
    bench = Bench(next_offset=5, end_offset=9)

    async def scenario() -> None:
        for offset in (3, 4, 5, 6, 5, 6):  # delivered again after a rebalance
            await bench.deliver(offset)
        await bench.leave()

    run(scenario)
    assert bench.checkpoint.saved == [7]
    assert bench.feed.committed == [{0: 7}]


def test_frames_of_a_lower_epoch_are_counted() -> None:
    bench = Bench()
    frames = [make_frame(n, owner_epoch=2) for n in range(10)]
    frames += [make_frame(n + 0.5, owner_epoch=1, sequence=n) for n in range(10, 20)]

    async def scenario() -> None:
        for offset, frame in enumerate(frames):
            value = CAMERA_EVENT_CODEC.encode(frame)
            record = ConsumedRecord(CAMERA_EVENTS.name, 0, offset, 0, frame.camera_id.encode(), value, ())
            await bench.owner.deliver(1, [record])
        await bench.leave()

    bench.registry.revisions.add(make_camera())
    run(scenario)
    [family] = [
        family
        for family in bench.service.metrics.registry.collect()
        if family.name == "tilik_aggregate_frames_of_lower_epoch"
    ]
    counted = [sample.value for sample in family.samples if sample.name.endswith("_total")]
    assert counted == [4], "of ten, those that the watermark has passed"


def test_before_the_first_takeover_it_is_not_ready() -> None:
    bench = Bench()
    assert bench.service.health.missing == ["partitions"]
    run(lambda: bench.owner.take_over(1))
    assert bench.service.health.missing == []


def test_an_event_of_a_former_assignment_is_passed_over() -> None:
    bench = Bench()

    async def scenario() -> None:
        await bench.deliver(0)
        bench.feed.generation = 2
        await bench.deliver(0, generation=2)
        await bench.deliver(1, generation=1)
        await bench.leave()

    run(scenario)
    assert len(bench.checkpoint.loaded) == 2
    assert bench.checkpoint.saved == [1]


def test_while_the_group_rebalances_nothing_is_taken_over() -> None:
    bench = Bench()
    bench.feed.generation = 0
    run(lambda: bench.deliver(0, generation=3))
    assert bench.checkpoint.loaded == []


def test_taking_over_is_tried_until_it_succeeds() -> None:
    bench = Bench()
    bench.checkpoint.failures_left = 1
    run(lambda: bench.owner.take_over(1))
    assert bench.checkpoint.loaded == [[0]]


def test_who_is_told_to_stop_while_kafka_is_away_waits_for_it_no_longer() -> None:
    bench = Bench()
    bench.checkpoint.failures_left = 1_000

    async def scenario() -> None:
        running = asyncio.create_task(bench.owner.take_over(1))
        while bench.checkpoint.failures_left == 1_000:
            await asyncio.sleep(0.01)
        bench.service.stopping.set()
        await running

    run(lambda: asyncio.wait_for(scenario(), 10))
    assert bench.checkpoint.loaded == []


def test_partitions_without_an_event_are_taken_over_long_before_a_checkpoint_is_due() -> None:
    bench = Bench(AggregateSettings(flush_seconds=60))

    async def scenario() -> None:
        bench.feed.generation = 0  # the group is rebalancing
        running = asyncio.create_task(bench.owner.run())
        await asyncio.sleep(0.2)
        bench.feed.generation = 1
        while bench.service.health.missing:
            await asyncio.sleep(0.01)
        bench.service.stopping.set()
        await running

    run(lambda: asyncio.wait_for(scenario(), 10))
    assert bench.checkpoint.loaded == [[0]]


def test_a_skipped_event_is_asked_for_and_what_lies_above_it_is_passed_over() -> None:
    bench = Bench()

    async def scenario() -> None:
        await bench.deliver(2)
        await bench.deliver(3)
        for offset in (0, 1, 2, 3):
            await bench.deliver(offset)
        await bench.leave()

    run(scenario)
    assert bench.feed.sought == [(0, 0)]
    assert bench.checkpoint.saved == [4]


def test_events_that_stay_away_end_the_process() -> None:
    bench = Bench(AggregateSettings(gap_timeout_seconds=1e-9))

    async def scenario() -> None:
        await bench.deliver(2)
        with pytest.raises(FatalError, match="wanted offset 0, got 3"):
            await bench.deliver(3)

    run(scenario)


def test_a_group_offset_ahead_of_the_marker_is_sought_back_at_once() -> None:
    bench = Bench(next_offset=5, group_offset=8, end_offset=9)
    run(lambda: bench.owner.take_over(1))
    assert bench.feed.sought == [(0, 5)]


@pytest.mark.parametrize("outcome", ["store_away", "retry"])
def test_a_checkpoint_that_fails_moves_nothing(outcome: SaveOutcome) -> None:
    bench = Bench()
    bench.checkpoint.outcome = outcome

    async def scenario() -> None:
        await bench.deliver(0)
        await bench.leave()

    run(scenario)
    assert bench.checkpoint.saved == [1, 1, 1], "the last checkpoint is tried three times"
    assert bench.feed.committed == [{0: 0}], "the group was told of more than the marker"


def test_staying_fenced_without_a_new_assignment_ends_the_process() -> None:
    bench = Bench(AggregateSettings(flush_seconds=0.01, fenced_timeout_seconds=0.02))
    bench.checkpoint.outcome = "fenced"

    async def scenario() -> None:
        await bench.deliver(0)
        with pytest.raises(FatalError, match="have a newer owner"):
            await asyncio.wait_for(bench.owner.run(), 10)

    run(scenario)
    assert bench.checkpoint.saved == [1], "a fenced partition was saved again"


def test_a_fenced_partition_does_not_hold_the_feed_back() -> None:
    """It is never saved again, so waiting for room in it would last until the process ends."""
    bench = Bench(AggregateSettings(unsaved_rows_limit=100))

    async def scenario() -> None:
        for offset in range(100):
            await bench.deliver(offset)
        waiting = asyncio.create_task(bench.deliver(100))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        (partition,) = bench.owner._partitions.values()
        partition.fenced_at = time.monotonic()  # as a save that meets a newer owner leaves it
        await asyncio.wait_for(waiting, 10)

    run(scenario)


def test_of_a_batch_what_was_applied_before_is_passed_over_and_the_rest_applied() -> None:
    bench = Bench(next_offset=5, end_offset=9)

    async def scenario() -> None:
        await bench.deliver_batch([3, 4, 5, 6, 6, 7])
        await bench.leave()

    run(scenario)
    assert bench.checkpoint.saved == [8]
    assert bench.feed.sought == []
    assert b"tilik_aggregate_events_total 3.0" in bench.service.metrics.exposition()


def test_of_a_batch_what_lies_above_a_gap_is_asked_for_and_passed_over() -> None:
    bench = Bench()

    async def scenario() -> None:
        await bench.deliver_batch([0, 1, 3, 2, 4])
        assert bench.partition.next_offset == 2
        await bench.leave()

    run(scenario)
    assert bench.feed.sought == [(0, 2)]
    assert bench.checkpoint.saved == [2]


def test_within_a_long_batch_the_feed_is_held_back_where_too_much_is_unsaved() -> None:
    bench = Bench(AggregateSettings(unsaved_rows_limit=100))

    async def scenario() -> None:
        waiting = asyncio.create_task(bench.deliver_batch(range(400)))
        await bench.until_applied(100)
        await asyncio.sleep(0.2)
        assert not waiting.done()
        assert 100 <= bench.partition.next_offset < 140
        bench.partition.settle(bench.partition.snapshot(), "saved")
        await bench.until_applied(200)
        await asyncio.sleep(0.2)
        assert 200 <= bench.partition.next_offset < 280
        waiting.cancel()

    run(scenario)


def test_a_batch_whose_partition_is_lost_while_it_waits_is_left() -> None:
    bench = Bench(AggregateSettings(unsaved_rows_limit=100))

    async def scenario() -> None:
        records = [make_record(offset) for offset in range(400)]
        records[128] = records[128]._replace(value=b"no event")
        waiting = asyncio.create_task(bench.owner.deliver(1, records))
        await bench.until_applied(128)
        await asyncio.sleep(0.2)
        reached = bench.partition.next_offset
        assert reached == 128
        bench.partition.fenced_at = time.monotonic()
        await asyncio.wait_for(waiting, 10)
        assert bench.partition.next_offset == reached

    run(scenario)
    assert b'tilik_dead_letters_total{reason="invalid_event"}' not in bench.service.metrics.exposition()


def test_a_batch_of_a_former_assignment_is_passed_over() -> None:
    bench = Bench()

    async def scenario() -> None:
        await bench.deliver_batch([0, 1])
        bench.feed.generation = 2
        await bench.deliver_batch([2, 3], generation=2)
        await bench.deliver_batch([4, 5], generation=1)
        assert bench.partition.next_offset == 0, "the new assignment starts where its state is"

    run(scenario)


def test_events_that_retention_removed_are_counted() -> None:
    bench = Bench(next_offset=2, first_offset=10, end_offset=20)
    run(lambda: bench.owner.take_over(1))
    assert b"tilik_aggregate_lost_events_total 8.0" in bench.service.metrics.exposition()


@pytest.mark.parametrize(
    ("flush_seconds", "took_seconds", "rests_seconds"),
    [(1.0, 0.0, 1.0), (1.0, 0.3, 1.0), (1.0, 0.5, 1.5), (1.0, 60.0, 5.0), (30.0, 60.0, 30.0)],
)
def test_checkpoints_that_take_long_come_more_rarely(
    flush_seconds: float, took_seconds: float, rests_seconds: float
) -> None:
    assert rest_seconds(flush_seconds, took_seconds) == rests_seconds
