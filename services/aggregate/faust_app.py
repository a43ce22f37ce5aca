"""Faust, which delivers the events of ``camera-events`` and nothing else: the only file that knows it.

No table, no window, no ``take()``, no ``exactly_once``: under kills none of them was exact. The topic is read without
acknowledgements (``acks=False``, ``noack()``), so Faust commits nothing; the owner of the partitions says what is
committed. Faust has no public call for committing a chosen offset, so ``_commit_in_consumer_thread`` uses private ones,
and ``BatchConsumer`` lets it carry what a poll found in a partition as one message: what Faust does with each message
took a third of all that an event costs. ``tests/aggregate/test_faust_app.py`` fails when these change, and the versions
are pinned.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import faust
from aiokafka.structs import ConsumerRecord, OffsetAndMetadata, TopicPartition
from faust.transport.drivers.aiokafka import Consumer, Transport

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

_COMMIT_SECONDS, _THREAD_SECONDS = 5.0, 20.0
_BUFFERED_EVENTS = 32_768
"""What waits between reading and judging at most, some 60 MB, as long as the topic has fewer than 85 partitions."""
_FEWEST_BATCHES, _BATCHES_A_PARTITION = 64, 6
"""How many batches may wait: so many a partition of the topic, if that is more. Faust stops reading a partition when
four fifths of them wait, and looks again after a second. What a poll gives then, a batch a partition, still finds room:
handing it on need not wait."""
_FEWEST_POLLED = 64
"""A poll takes as long as judging two events."""


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
        """Commit the group's offsets; False: not now, which only makes the lag look larger.

        Raises:
            FatalError: The consumer's thread does nothing any more, so that no event comes either.
        """
        try:
            async with asyncio.timeout(_THREAD_SECONDS):
                thread = self._consumer_thread()
                return bool(await thread.call_thread(self._commit_in_consumer_thread, dict(offsets)))
        except TimeoutError as error:
            raise FatalError(f"Kafka's consumer has not answered for {_THREAD_SECONDS:g} s") from error

    async def start(self, owner: PartitionOwner) -> None:
        """Join the group and hand every event to ``owner``; a failure of it is put into ``failed``.

        Raises:
            RetryableError: Kafka is away.
        """

        @self.app.agent(self._topic)
        async def camera_events(stream: Any) -> None:
            async for event in stream.noack().events():
                try:
                    await owner.deliver(event.message.generation_id, event.message.value)
                    await asyncio.sleep(0)  # where the next batch is there already, nothing else would have its turn
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
        """Leave the group. May hang, and hold the event loop."""
        await self.app.stop()

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
            async with asyncio.timeout(_COMMIT_SECONDS):  # it waits for as long as no coordinator is known
                await consumer.commit({p: OffsetAndMetadata(offset, "") for p, offset in places.items() if p in owned})
        except Exception as error:  # a hint only; the next checkpoint tells it again
            log.info("faust.offsets_not_committed", error=repr(error))
            return False
        return True


class BatchConsumer(Consumer):
    """Faust's consumer, whose messages hold all records of a partition that a poll found: ``value`` is a list of them.

    The offset of such a message is that of its last record.
    """

    async def _wait_next_records(self, timeout: float) -> tuple[Any, Any]:
        records, active_partitions = await super()._wait_next_records(timeout)
        batches = {place: [batch_of(found)] for place, found in records.items() if found} if records else records
        return batches, active_partitions


class _Transport(Transport):
    Consumer = BatchConsumer


def data_folder() -> str:
    """Give the folder that Faust makes at its start and, with its tables in memory, puts nothing into.

    The same one for every process of a user: one that ends by a kill would leave its own behind each time.
    """
    return str(Path(tempfile.gettempdir()) / f"tilik-faust-{os.getuid()}")


def make_app(settings: AggregateSettings, partitions: int, directory: str) -> faust.App:
    """Give a Faust app with everything switched off that the service does not use."""
    batches = max(_FEWEST_BATCHES, _BATCHES_A_PARTITION * partitions)
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
        stream_buffer_maxsize=batches,
        broker_max_poll_records=max(_FEWEST_POLLED, _BUFFERED_EVENTS // batches),
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


def batch_of(found: list[ConsumerRecord]) -> ConsumerRecord:
    """Give the records that a poll found in a partition, at least one, as one that holds them all."""
    return replace(found[-1], key=None, headers=(), value=[record_of(record) for record in found])


def record_of(record: ConsumerRecord) -> ConsumedRecord:
    """Give a record of aiokafka as the loop's other readers give theirs; headers are left out."""
    return ConsumedRecord(
        record.topic, record.partition, record.offset, record.timestamp, record.key, record.value or b"", headers=()
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
