"""What a worker does with the partitions that it owns: take them over, apply their events, save their state.

    Faust ─► deliver ─► generation known? else take over ─► next offset? else seek back ─► room? else wait ─► apply
    each flush_seconds: snapshot ─► checkpoint (on its own thread) ─► group offset

Runs on one event loop. Blocking work (loading, saving) runs on one other thread, so that it never overlaps.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol, TypeVar

from services.aggregate.checkpoint import Checkpoint
from services.aggregate.checkpoint_load import LoadedPartition
from services.aggregate.feed import decode_event, own_unknown_revision
from services.aggregate.judgement import UnknownRevisionError
from services.aggregate.partition import Partition
from services.aggregate.settings import AggregateSettings
from services.runtime.camera_registry import CameraRegistry
from services.runtime.errors import FatalError, InvalidMessageError, RetryableError
from services.runtime.kafka import ConsumedRecord
from services.runtime.logging import get_logger
from services.runtime.service import Service

log = get_logger(__name__)

T = TypeVar("T")

_LOOK_AGAIN_SECONDS = 0.1
_SEEK_AGAIN_SECONDS = 1.0
_LAST_TRIES = 3
_ROOM_FOR = 32
"""Events between two looks at how much is unsaved, which takes as long as a tenth of judging one."""
_REST_RATIO = 3.0
"""A checkpoint writes the state of every camera that changed, however few events did it. So that it takes no more than
a quarter of the time, the next one waits so many times as long as the last one took."""
_LONGEST_REST_SECONDS = 5.0


class Feed(Protocol):
    """Whoever delivers the events. A generation is one assignment of the group's partitions; 0 means none yet."""

    @property
    def generation(self) -> int:
        """Give the assignment that holds now; 0 while there is none, or while the group is rebalancing."""

    def assigned(self) -> list[int]:
        """Give the partitions of the assignment that holds now."""

    async def seek(self, partition: int, offset: int) -> None:
        """Deliver the events of ``partition`` from ``offset`` on."""

    async def commit(self, offsets: Mapping[int, int]) -> bool:
        """Commit group offsets by partition; False: they were not committed, which harms nothing."""


class PartitionOwner:
    """The partitions of one worker."""

    def __init__(
        self,
        settings: AggregateSettings,
        service: Service,
        registry: CameraRegistry,
        checkpoint: Checkpoint,
        feed: Feed,
    ) -> None:
        self._settings = settings
        self._service = service
        self._registry = registry
        self._checkpoint = checkpoint
        self._feed = feed
        self._partitions: dict[int, Partition] = {}
        self._generation = 0
        self._taking_over = asyncio.Lock()
        self._full = False
        self._failures = 0
        self._took_seconds = 0.0
        self._blocking = ThreadPoolExecutor(1, "checkpoint")
        service.health.wait_for("partitions")

    async def deliver(self, generation: int, records: Sequence[ConsumedRecord]) -> None:
        """Apply events of one partition, in order, one at least.

        What is not the next one is passed over, and asked for again where needed.

        Raises:
            FatalError: Events stay away; or the rules failed; or the registry has lost a revision that is needed.
        """
        if generation != self._generation:
            await self.take_over(generation)
        partition = self._partitions.get(records[0].partition)
        if partition is None:
            return
        passed_over_before, applied = partition.lower_epoch_count, 0
        for index, record in enumerate(records):
            if not self._still_owns(generation, partition):
                break  # of a former assignment; the events will come again from where the state is
            if record.offset < partition.next_offset:
                continue
            if record.offset > partition.next_offset:
                await self._seek_back(partition, record.offset)
                break
            partition.missing_since = None
            if index % _ROOM_FOR == 0:
                await self._wait_for_room(generation, partition)
                if not self._still_owns(generation, partition):
                    break
            applied += await self._take(generation, partition, record)
        self._service.metrics.count("tilik_aggregate_events_total", applied)
        if passed_over := partition.lower_epoch_count - passed_over_before:
            self._service.metrics.count("tilik_aggregate_frames_of_lower_epoch_total", passed_over)

    async def take_over(self, generation: int) -> None:
        """Forget all partitions, then fence and load those of ``generation``, unless it has passed meanwhile.

        Who is told to stop takes nothing over any more.
        """
        async with self._taking_over:
            while self._is_to_take_over(generation):
                self._forget()
                numbers = sorted(self._feed.assigned())
                try:
                    loaded = await self._in_thread(partial(self._checkpoint.load, numbers))
                except RetryableError as error:
                    log.warning("partitions.not_loaded", partitions=numbers, error=str(error))
                    await asyncio.sleep(1.0)
                    continue
                if generation == self._feed.generation:
                    await self._own(generation, loaded)

    async def run(self) -> None:
        """Checkpoint every ``flush_seconds`` until the service is told to stop; the last one is taken then.

        Raises:
            FatalError: A record can never be written, or a partition stays fenced.
        """
        while await self._pause():
            if self._feed.generation not in (0, self._generation):
                await self.take_over(self._feed.generation)
            await self._save()
            self._check_fenced()
        for _ in range(_LAST_TRIES):
            if await self._save():
                break
        log.info("partitions.left", saved={p.number: p.saved_offset for p in self._partitions.values()})

    def close(self) -> None:
        """End the threads."""
        self._blocking.shutdown()
        self._checkpoint.close()

    async def _own(self, generation: int, loaded: list[LoadedPartition]) -> None:
        for found in loaded:
            if found.lost_events:
                log.error("partitions.events_lost", partition=found.partition, events=found.lost_events)
                self._service.metrics.count("tilik_aggregate_lost_events_total", found.lost_events)
            self._partitions[found.partition] = Partition(found, self._registry.revisions.find)
        self._generation = generation
        positions = {number: partition.next_offset for number, partition in self._partitions.items()}
        log.info("partitions.taken_over", generation=generation, positions=positions)
        for found in loaded:
            if found.group_offset > self._partitions[found.partition].next_offset:
                await self._seek(found.partition, self._partitions[found.partition].next_offset)
        self._service.health.fulfil("partitions")

    def _forget(self) -> None:
        self._generation = 0
        forgotten, self._partitions = self._partitions, {}
        self._blocking.submit(forgotten.clear)  # closing a producer may block

    async def _seek_back(self, partition: Partition, offset: int) -> None:
        now = time.monotonic()
        if partition.missing_since is None:
            partition.missing_since, partition.sought_at = now, 0.0
        if now - partition.missing_since > self._settings.gap_timeout_seconds:
            raise FatalError(f"partition {partition.number}: wanted offset {partition.next_offset}, got {offset}")
        if now - partition.sought_at > _SEEK_AGAIN_SECONDS:
            partition.sought_at = now
            self._service.metrics.count("tilik_aggregate_gaps_total")
            log.warning("partitions.gap", partition=partition.number, wanted=partition.next_offset, got=offset)
            await self._seek(partition.number, partition.next_offset)

    async def _seek(self, partition: int, offset: int) -> None:
        try:
            await self._feed.seek(partition, offset)
        except RetryableError as error:
            log.warning("partitions.not_sought", partition=partition, offset=offset, error=str(error))

    async def _wait_for_room(self, generation: int, partition: Partition) -> None:
        """Hold the feed back while too much is unsaved: then nothing is read, and Kafka keeps what comes."""
        share = max(1, self._settings.unsaved_rows_limit // len(self._partitions))
        if partition.unsaved_count < share:
            return
        paused_at = time.monotonic()
        self._full = True
        while self._goes_on(generation) and partition.fenced_at is None and partition.unsaved_count >= share:
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        self._full = False
        if (waited_seconds := time.monotonic() - paused_at) > self._settings.flush_seconds:
            log.warning("partitions.paused", partition=partition.number, waited_seconds=round(waited_seconds, 1))

    async def _take(self, generation: int, partition: Partition, record: ConsumedRecord) -> bool:
        """Apply the next event of a partition that is owned, or put it aside; True: it is applied."""
        try:
            event = decode_event(record)
        except InvalidMessageError as error:
            self._reject(partition, record, error)
            return False
        while True:
            try:
                partition.apply(event, record.offset)
            except UnknownRevisionError as error:
                if not await self._read_registry_on(generation, error) or not self._still_owns(generation, partition):
                    return False
                if self._registry.revisions.find(error.camera_id, error.revision) is None:
                    self._reject(partition, record, own_unknown_revision(event, error))
                    return False
            else:
                return True

    def _reject(self, partition: Partition, record: ConsumedRecord, error: InvalidMessageError) -> None:
        partition.reject(record, error)
        self._service.metrics.count("tilik_dead_letters_total", reason=error.reason)
        log.warning(
            "event.dead_letter",
            partition=record.partition,
            offset=record.offset,
            reason=error.reason,
            detail=error.detail[:200],
        )

    async def _read_registry_on(self, generation: int, missing: UnknownRevisionError) -> bool:
        """Read the registry up to now; False: the assignment passed meanwhile, so that nothing was found out."""
        while self._goes_on(generation):
            try:
                await asyncio.to_thread(self._registry.wait_until_current, self._settings.revision_timeout_seconds)
            except RetryableError as error:
                log.warning("event.waits_for_registry", missing=str(missing), error=str(error))
                await asyncio.sleep(1.0)
            else:
                return True
        return False

    async def _pause(self) -> bool:
        """Wait until the next checkpoint is due, longer after failures; False: the service is told to stop.

        A new assignment ends the wait: partitions without events are taken over at once too.
        """
        wanted = rest_seconds(self._settings.flush_seconds, self._took_seconds) * 2 ** min(self._failures, 10)
        until = time.monotonic() + min(wanted, max(self._settings.backoff_most_seconds, self._settings.flush_seconds))
        while not self._service.stopping.is_set() and (left := until - time.monotonic()) > 0:
            self._service.health.touch()
            if self._feed.generation not in (0, self._generation):
                break
            if self._full and not self._failures:  # the feed waits for this checkpoint
                await asyncio.sleep(0)
                break
            await asyncio.sleep(min(left, _LOOK_AGAIN_SECONDS))
        return not self._service.stopping.is_set()

    async def _save(self) -> bool:
        """Take one checkpoint of all that changed; True: nothing is left unsaved of what was there when it began."""
        snapshots = [p.snapshot() for p in self._partitions.values() if p.has_changed and p.fenced_at is None]
        if snapshots:
            self._full, began = False, time.monotonic()
            outcomes = await self._in_thread(partial(self._checkpoint.save, snapshots))
            for snapshot, outcome in zip(snapshots, outcomes, strict=True):
                snapshot.settle(outcome)
            self._failures = 0 if set(outcomes) <= {"saved", "fenced"} else self._failures + 1
            self._took_seconds = 0.0 if self._failures else time.monotonic() - began
        await self._tell_group()
        self._show()
        return not self._failures

    async def _tell_group(self) -> None:
        told = {n: p.saved_offset for n, p in self._partitions.items() if p.saved_offset > p.told_offset}
        if told and self._generation == self._feed.generation and await self._feed.commit(told):
            for number, offset in told.items():
                if number in self._partitions:
                    self._partitions[number].told_offset = offset

    def _check_fenced(self) -> None:
        now, limit = time.monotonic(), self._settings.fenced_timeout_seconds
        stuck = [p.number for p in self._partitions.values() if p.fenced_at is not None and now - p.fenced_at > limit]
        if stuck:
            raise FatalError(f"partitions {stuck} have a newer owner, yet no new assignment came in {limit:g} s")

    async def _in_thread(self, work: Callable[[], T]) -> T:
        future = asyncio.get_running_loop().run_in_executor(self._blocking, work)
        while not future.done():
            self._service.health.touch()  # a call that hangs is the watchdog's business
            await asyncio.wait([future], timeout=1.0)
        return future.result()

    def _is_to_take_over(self, generation: int) -> bool:
        is_new = generation not in (0, self._generation) and generation == self._feed.generation
        return is_new and not self._service.stopping.is_set()

    def _goes_on(self, generation: int) -> bool:
        return generation == self._generation == self._feed.generation and not self._service.stopping.is_set()

    def _still_owns(self, generation: int, partition: Partition) -> bool:
        owned = generation == self._generation and self._partitions.get(partition.number) is partition
        return owned and partition.fenced_at is None

    def _show(self) -> None:
        show = self._service.metrics.set
        show("tilik_aggregate_partitions", len(self._partitions))
        show("tilik_aggregate_cameras", sum(partition.camera_count for partition in self._partitions.values()))
        show("tilik_aggregate_unsaved_rows", sum(partition.unsaved_count for partition in self._partitions.values()))


def rest_seconds(flush_seconds: float, took_seconds: float) -> float:
    """Give how long to wait between two checkpoints, the last of which took ``took_seconds``."""
    return max(flush_seconds, min(_REST_RATIO * took_seconds, _LONGEST_REST_SECONDS))
