"""Faust, which delivers the events of ``camera-events`` and nothing else: the only file that knows it.

No table, no window, no ``take()``, no ``exactly_once``: under kills none of them was exact. The topic is read without
acknowledgements (``acks=False``, ``noack()``), so Faust commits nothing; the owner of the partitions says what is
committed. Faust has no public call for committing a chosen offset, so ``_commit_in_consumer_thread`` uses private ones,
and ``DirectConsumer`` replaces what made half of Faust's cost; ``tests/aggregate/test_faust_app.py`` fails when these
change, and the versions are pinned.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
import tempfile
import time
from collections.abc import Coroutine, Generator, Mapping
from pathlib import Path
from types import coroutine
from typing import Any

import faust
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers.aiokafka import Consumer, Transport
from mode.services import WaitResults

from schemas.topics import CAMERA_EVENTS
from services.aggregate.partition_owner import PartitionOwner
from services.aggregate.settings import AggregateSettings
from services.runtime.errors import FatalError, RetryableError
from services.runtime.kafka import ConsumedRecord
from services.runtime.logging import get_logger
from services.runtime.settings import KafkaSettings

log = get_logger(__name__)

_MAX_POLL_INTERVAL_SECONDS = 24 * 3600.0
"""Reading stands still while ClickHouse is away; that is no reason to be put out of the group."""

_STOP_SECONDS = 20.0
_BUFFERED_EVENTS, _POLLED_EVENTS = 16_384, 2_000
"""Faust stops reading at four fifths of the first, and looks again after a second: the rest lasts for longer. What it
has read by then, at most the second, still finds room, so that handing an event on need not wait (40 MB in all)."""


class FaustFeed:
    """One Faust app that reads ``camera-events`` in a consumer group. To be made inside a running event loop.

    Args:
        settings: The aggregation's settings.
        partitions: How many partitions the topic has.
    """

    def __init__(self, settings: AggregateSettings, partitions: int) -> None:
        self.app = make_app(settings, partitions, data_folder())
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._topic = self.app.topic(
            CAMERA_EVENTS.name,
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
            partitions=partitions,
            acks=False,
        )

    @property
    def generation(self) -> int:
        """Give the group's generation; 0 while there is none, or while the group is rebalancing."""
        return 0 if self.app.rebalancing else max(0, int(self.app.consumer_generation_id))

    def assigned(self) -> list[int]:
        """Give the partitions that this worker owns in the present generation."""
        return [int(place.partition) for place in self.app.consumer.assignment() if place.topic == CAMERA_EVENTS.name]

    async def seek(self, partition: int, offset: int) -> None:
        """Read ``partition`` from ``offset`` on.

        Raises:
            RetryableError: It could not be done now, such as while the group is rebalancing.
        """
        place = faust.types.TP(CAMERA_EVENTS.name, partition)
        try:
            await self.app.consumer.seek_wait({place: offset})
        except Exception as error:  # aiokafka's many reasons all mean: not now
            raise RetryableError(f"Faust can't seek now: {error!r}") from error

    async def commit(self, offsets: Mapping[int, int]) -> bool:
        """Commit the group's offsets; False: not now, which only makes the lag look larger."""
        return bool(await self._consumer_thread().call_thread(self._commit_in_consumer_thread, dict(offsets)))

    async def start(self, owner: PartitionOwner) -> None:
        """Join the group and hand every event to ``owner``; a failure of it is put into ``failed``.

        Raises:
            RetryableError: Kafka is away.
        """

        @self.app.agent(self._topic)
        async def camera_events(stream: Any) -> None:
            async for event in stream.noack().events():
                try:
                    await owner.deliver(event.message.generation_id, record_of(event.message))
                except Exception as error:  # nothing may leave this loop: Faust would go on without the event
                    self._fail(error)
                    return

        for handler in logging.getLogger().handlers:
            handler.addFilter(RepeatedOnce())
        try:
            await self.app.start()
        except Exception as error:  # whatever it is, the way out is to be started again
            raise RetryableError(f"Faust can't start: {error!r}") from error

    async def stop(self) -> None:
        """Leave the group."""
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self.app.stop()
        except TimeoutError:
            log.warning("faust.stops_slowly", waited_seconds=_STOP_SECONDS)

    def crash(self) -> FatalError | None:
        """Give why Faust itself has broken down, if it has."""
        reason = self.app.crash_reason
        return None if reason is None else FatalError(f"Faust broke down: {reason!r}")

    def _fail(self, error: Exception) -> None:
        if not self.failed.done():
            self.failed.set_exception(error)

    def _consumer_thread(self) -> Any:
        """Give the thread in which aiokafka's consumer lives; private to Faust."""
        consumer: Any = self.app.consumer
        return consumer._thread

    async def _commit_in_consumer_thread(self, offsets: dict[int, int]) -> bool:
        consumer = self._consumer_thread()._ensure_consumer()
        owned = consumer.assignment()
        places = {TopicPartition(CAMERA_EVENTS.name, number): offset for number, offset in offsets.items()}
        try:
            await consumer.commit({p: OffsetAndMetadata(offset, "") for p, offset in places.items() if p in owned})
        except Exception as error:  # a hint only; the next checkpoint tells it again
            log.info("faust.offsets_not_committed", error=repr(error))
            return False
        return True


class DirectConsumer(Consumer):
    """Faust's consumer, that hands a message on at once where nothing is to be waited for.

    Faust makes four tasks for each message and waits for the first of them, which took as long as everything else that
    it does with the message.
    """

    async def wait_first(self, *awaited: Any, timeout: Any = None) -> WaitResults:
        """Wait for the first of several; the first one, if it is a coroutine, goes as far as it can without a task."""
        first = awaited[0]
        if not asyncio.iscoroutine(first):
            return await super().wait_first(*awaited, timeout=timeout)
        try:
            waits_for = first.send(None)
        except BaseException as over:
            for other in awaited[1:]:
                if asyncio.iscoroutine(other):
                    other.close()
            if isinstance(over, StopIteration):
                return WaitResults([first], [over.value], False)
            raise
        return await super().wait_first(_continued(first, waits_for), *awaited[1:], timeout=timeout)


class _Transport(Transport):
    Consumer = DirectConsumer


async def _continued(begun: Coroutine[Any, Any, Any], waits_for: Any) -> Any:
    """Go on with a coroutine that was begun, from what it waits for."""
    return await _after(begun, waits_for)


@coroutine
def _after(begun: Coroutine[Any, Any, Any], waits_for: Any) -> Generator[Any, Any, Any]:
    yield waits_for
    return (yield from begun.__await__())


def data_folder() -> str:
    """Give the folder that Faust makes at its start and, with its tables in memory, puts nothing into.

    The same one for every process of a user: one that ends by a kill would leave its own behind each time.
    """
    return str(Path(tempfile.gettempdir()) / f"tilik-faust-{os.getuid()}")


def make_app(settings: AggregateSettings, partitions: int, directory: str) -> faust.App:
    """Give a Faust app with everything switched off that the service does not use."""
    app = faust.App(
        settings.group,
        broker=broker_urls(settings.kafka),
        broker_credentials=credentials(settings.kafka),
        broker_session_timeout=settings.session_timeout_seconds,
        broker_heartbeat_interval=settings.session_timeout_seconds / 6,
        broker_rebalance_timeout=max(30.0, settings.session_timeout_seconds),
        broker_max_poll_interval=_MAX_POLL_INTERVAL_SECONDS,
        consumer_auto_offset_reset="earliest",
        store="memory://",
        datadir=directory,
        topic_partitions=partitions,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        stream_buffer_maxsize=_BUFFERED_EVENTS,
        broker_max_poll_records=_POLLED_EVENTS,
        stream_wait_empty=False,  # else it waits on SIGTERM for acknowledgements that never come
        web_enabled=False,
    )
    app.transport = _Transport(app.conf.broker_consumer, app)
    return app


def broker_urls(settings: KafkaSettings) -> str:
    """Give the brokers as Faust writes them."""
    return "kafka://" + ";".join(server.strip() for server in settings.bootstrap_servers.split(","))


def credentials(settings: KafkaSettings) -> Any:
    """Give Faust's form of the Kafka credentials; None for a plaintext connection."""
    context = None
    if settings.security_protocol in ("ssl", "sasl_ssl"):
        context = ssl.create_default_context(cafile=settings.ssl_ca_location or None)
    if settings.security_protocol.startswith("sasl"):
        return faust.SASLCredentials(
            username=settings.sasl_username,
            password=settings.sasl_password.get_secret_value(),
            mechanism=settings.sasl_mechanism or "PLAIN",
            ssl_context=context,
        )
    return None if context is None else faust.SSLCredentials(context)


def record_of(message: Any) -> ConsumedRecord:
    """Give a message of Faust as the record that it was in Kafka."""
    return ConsumedRecord(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp_ms=round(message.timestamp * 1000),
        key=message.key,
        value=message.value or b"",
        headers=(),
    )


class RepeatedOnce(logging.Filter):
    """Let a line through once in ten seconds: aiokafka repeats itself many times a second while a broker is away."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the line has not been logged lately."""
        now, text = time.monotonic(), str(record.msg)
        if now - self._said.get(text, -60.0) < 10.0:
            return False
        self._said[text] = now
        return True
