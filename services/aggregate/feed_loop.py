"""Run the aggregation: wait for what it needs, join the group, leave with a last checkpoint.

1 wait for Kafka's topics ─► 2 migrate ClickHouse ─► 3 read the registry ─► 4 Faust delivers, the owner checkpoints
─► 5 told to stop: a last checkpoint, then leave the group
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Callable
from typing import TypeVar

import uvloop
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from schemas.topics import AGGREGATE_STATE, CAMERA_EVENTS, EPISODES, SCENE_VERDICTS
from services.aggregate.checkpoint import Checkpoint
from services.aggregate.checkpoint_calls import KafkaCalls, watch
from services.aggregate.faust_app import FaustFeed
from services.aggregate.migrate import choose_own_ruleset, known_migrations, migrate
from services.aggregate.partition_owner import PartitionOwner
from services.aggregate.registry_table import RegistryTable
from services.aggregate.settings import AggregateSettings
from services.runtime.camera_registry import CameraRegistry
from services.runtime.errors import ConfigurationError, FatalError, RetryableError
from services.runtime.kafka import translated
from services.runtime.logging import get_logger
from services.runtime.row_store import RowStore
from services.runtime.service import Service

log = get_logger(__name__)

T = TypeVar("T")

_TRY_AGAIN_SECONDS = 1.0
_GARBAGE_THRESHOLDS = (500_000, 20, 100)
"""What Python's search for cycles goes by. States and unsaved rows are many and have none: by its own thresholds it
goes through them for a tenth of the CPU time, and from 50,000 objects on for a sixteenth. So many more than rows that
wait for a checkpoint consist of, and nearly all of them are gone before it looks."""
_LOOK_AGAIN_SECONDS = 0.2
_LEAVING_SECONDS = 20.0
"""Leaving takes about a second. Where it hangs, the group finds out by its session time-out that a member is gone."""


def run(settings: AggregateSettings, service: Service) -> None:
    """Run until the service is told to stop. Blocks.

    Raises:
        ConfigurationError: Topics or tables do not fit this program.
    """
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    service.health.wait_for("kafka", "clickhouse", "registry")
    partitions = _until_there(lambda: partition_count(settings), "kafka", service)
    service.metrics.set("tilik_aggregate_topic_partitions", partitions or 0)
    if settings.migrate:
        _until_there(lambda: migrate(settings.clickhouse, known_migrations()), "clickhouse", service)
    _until_there(lambda: choose_own_ruleset(settings.clickhouse), "clickhouse", service)
    service.health.fulfil("clickhouse")
    if partitions is None or service.stopping.is_set():
        return
    registry = CameraRegistry(settings.kafka, settings.group)
    table = RegistryTable(registry.revisions, RowStore(settings.clickhouse), service.metrics)
    table.start()
    try:
        _until_there(lambda: registry.wait_until_current(5.0), "registry", service)
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
        asyncio.run(_deliver(settings, service, registry, partitions))
    finally:
        table.close()
        registry.close()


def partition_count(settings: AggregateSettings) -> int:
    """Give how many partitions the events have; state, episodes, verdicts and dead letters have as many.

    Raises:
        RetryableError: Kafka is away, or a topic is not there yet.
        ConfigurationError: The topics do not have equally many partitions.
    """
    written = [topic.name for topic in (AGGREGATE_STATE, EPISODES, SCENE_VERDICTS)]
    names = [CAMERA_EVENTS.name, *written, str(CAMERA_EVENTS.dead_letters)]
    try:
        topics = AdminClient(settings.kafka.client_config()).list_topics(timeout=10).topics
    except KafkaException as error:
        raise translated(error) from error
    counts = {name: len(topics[name].partitions) if name in topics else 0 for name in names}
    if missing := [name for name, count in counts.items() if count == 0]:
        raise RetryableError(f"topics are not there yet: {', '.join(missing)}")
    if len(set(counts.values())) > 1:
        raise ConfigurationError(
            "these topics must have equally many partitions, since what follows from an event lies on the partition "
            f"of the same number: {counts}"
        )
    return counts[CAMERA_EVENTS.name]


def _until_there(need: Callable[[], T], name: str, service: Service) -> T | None:
    """Give what ``need`` gives once it can; None: told to stop before."""
    while not service.stopping.is_set():
        service.health.touch()
        try:
            found = need()
        except RetryableError as error:
            log.warning("aggregate.waiting", waiting_for=name, error=str(error))
            service.stopping.wait(_TRY_AGAIN_SECONDS)
        else:
            service.health.fulfil(name)
            return found
    return None


async def _deliver(settings: AggregateSettings, service: Service, registry: CameraRegistry, partitions: int) -> None:
    calls, finished = KafkaCalls(), threading.Event()
    watch(calls, finished)
    feed = FaustFeed(settings, partitions)
    checkpoint = Checkpoint(settings, RowStore(settings.clickhouse), calls, service.metrics)
    owner = PartitionOwner(settings, service, registry, checkpoint, feed)
    try:
        await feed.start(owner)
        await _until_stopped(feed, asyncio.create_task(owner.run()))
    except (FatalError, RetryableError) as error:
        _exit(error)
    except Exception as error:  # a fault of ours: the same events may do it again, but nothing wrong is saved
        log.exception("aggregate.fault")
        _exit(FatalError(repr(error)))
    end_at_latest(_LEAVING_SECONDS)
    await feed.stop()
    owner.close()
    finished.set()


async def _until_stopped(feed: FaustFeed, running: asyncio.Task[None]) -> None:
    """Wait until the owner has taken its last checkpoint.

    Raises:
        FatalError: Faust broke down, or a step failed in a way that only a new start mends.
    """
    while not running.done():
        await asyncio.wait([running, feed.failed], timeout=_LOOK_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if feed.failed.done():
            feed.failed.result()
        if (crash := feed.crash()) is not None:
            raise crash
    running.result()


def end_at_latest(seconds: float) -> None:
    """End the process after so long, whatever it then waits for: nothing is left to be saved.

    Faust joins its consumer's thread on the event loop that this thread may be waiting for, as in a rebalance, and
    swallows cancellations; neither a time-out on the loop nor the interpreter's own end would then come about.
    """

    def end() -> None:
        log.warning("aggregate.leaves_at_once", waited_seconds=seconds)
        os._exit(0)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def _exit(error: FatalError | RetryableError) -> None:
    """End the process at once: whatever is not in a checkpoint is done again, and threads of Faust may never end."""
    code = error.exit_code if isinstance(error, FatalError) else FatalError.exit_code
    log.error("service.failed", error=str(error), exit_code=code)
    os._exit(code)
