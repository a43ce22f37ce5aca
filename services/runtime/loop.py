"""The Kafka loop, once for every service that turns records into records.

    1 poll → 2 process → 3 produce → 4 flush, check every delivery report → 5 commit

Nothing is committed before all that follows from it is in Kafka. So a process that dies does its last batch again, and
whoever reads the results must take a repeated one for the same (event ids are made from the facts). One batch after the
other, with none under way while the next is processed: what that would give, and larger batches give too, is in ADR 13.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from services.runtime.errors import FatalError, RetryableError
from services.runtime.kafka import ConsumedRecord, OutgoingRecord, translated
from services.runtime.logging import get_logger
from services.runtime.service import Service

log = get_logger(__name__)

PARTITION_UNASSIGNED = -1
"""librdkafka's RD_KAFKA_PARTITION_UA: the partitioner decides by the key."""

Process = Callable[[Sequence[ConsumedRecord]], Sequence[OutgoingRecord]]
"""Turns a batch into what follows from it. May block. Called again with the same batch after RetryableError."""


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How the loop polls. A batch is at most ``batch_records`` and waits at most ``batch_wait_seconds`` to fill."""

    topic: str
    batch_records: int = 32
    batch_wait_seconds: float = 0.05
    flush_timeout_seconds: float = 35.0
    backoff_first_seconds: float = 0.5
    backoff_most_seconds: float = 15.0


def run_loop(
    settings: LoopSettings,
    consumer: Consumer,
    producer: Producer,
    process: Process,
    service: Service,
    most_records: Callable[[], int] | None = None,
) -> None:
    """Run until ``service.stopping`` is set; the batch under way is finished first.

    ``most_records`` is asked before each poll: no more are taken, for whom a whole batch would keep too long.

    Raises:
        FatalError: Kafka's client can't go on.
    """
    revoked = _subscribe(consumer, settings.topic, service)
    try:
        while not service.stopping.is_set():
            service.health.touch()
            most = settings.batch_records if most_records is None else min(settings.batch_records, most_records())
            records = _poll(consumer, most, settings.batch_wait_seconds, revoked)
            if not records:
                continue
            started = time.monotonic()
            if _until_done(records, settings, producer, process, service):
                _commit(consumer, records)
                service.metrics.count("tilik_loop_records_total", len(records))
                service.metrics.observe("tilik_loop_batch_seconds", time.monotonic() - started)
    finally:
        consumer.close()


def _subscribe(consumer: Consumer, topic: str, service: Service) -> set[int]:
    """Join the group. The set that is given gets each partition that is taken away; callbacks run inside polls."""
    service.health.wait_for("partitions")
    gone: set[int] = set()

    def assigned(_: Consumer, partitions: list[TopicPartition]) -> None:
        log.info("loop.assigned", topic=topic, partitions=[p.partition for p in partitions])
        service.health.fulfil("partitions")
        gone.difference_update(p.partition for p in partitions)

    def revoked(_: Consumer, partitions: list[TopicPartition]) -> None:
        log.info("loop.revoked", topic=topic, partitions=[p.partition for p in partitions])
        gone.update(p.partition for p in partitions)

    consumer.subscribe([topic], on_assign=assigned, on_revoke=revoked, on_lost=revoked)
    return gone


def _poll(consumer: Consumer, most: int, wait_seconds: float, revoked: set[int]) -> list[ConsumedRecord]:
    """1: take what is there, and wait a little for more.

    A partition that was taken away meanwhile is somebody else's by now: to commit for it would set the group back, so
    its records are left to its new owner.
    """
    revoked.clear()
    messages = consumer.consume(most, wait_seconds)
    records = [ConsumedRecord.from_message(message) for message in messages if _usable(message)]
    return [record for record in records if record.partition not in revoked] if revoked else records


def _usable(message: Message) -> bool:
    error = message.error()
    if error is None:
        return True
    if error.fatal():
        raise FatalError(f"Kafka consumer: {error.str()}")
    if error.code() != KafkaError._PARTITION_EOF:
        log.warning("loop.poll_error", error=error.str())
    return False


def _until_done(
    records: Sequence[ConsumedRecord], settings: LoopSettings, producer: Producer, process: Process, service: Service
) -> bool:
    """2 to 4, again and again with growing pauses while something is away; False if told to stop meanwhile."""
    backoff = settings.backoff_first_seconds
    while True:
        try:
            deliver(producer, process(records), settings.flush_timeout_seconds)
        except RetryableError as error:
            log.warning("loop.retry", error=str(error), pause_seconds=round(backoff, 1), records=len(records))
            service.metrics.count("tilik_loop_retries_total")
            if _pause(service, backoff):
                return False
            backoff = min(backoff * 2, settings.backoff_most_seconds)
        else:
            return True


def _pause(service: Service, seconds: float) -> bool:
    service.health.touch()
    return service.stopping.wait(seconds * random.uniform(0.5, 1.0))  # noqa: S311  jitter, not secrecy


def deliver(producer: Producer, outgoing: Sequence[OutgoingRecord], timeout_seconds: float) -> None:
    """3 and 4: produce all, wait until Kafka has acknowledged every one.

    Raises:
        RetryableError: At least one record was not acknowledged.
        FatalError: The producer can't go on.
    """
    if not outgoing:
        return
    failures: list[KafkaError] = []
    acknowledged = 0

    def report(error: KafkaError | None, _: Message) -> None:
        nonlocal acknowledged
        if error is None:
            acknowledged += 1
        else:
            failures.append(error)

    for record in outgoing:
        _produce(producer, record, report)
    producer.flush(timeout_seconds)
    if failures:
        raise translated(KafkaException(failures[0]))
    if acknowledged != len(outgoing):
        raise RetryableError(f"Kafka acknowledged {acknowledged} of {len(outgoing)} records in {timeout_seconds:g} s")


def _produce(producer: Producer, record: OutgoingRecord, report: Callable[[KafkaError | None, Message], None]) -> None:
    partition = PARTITION_UNASSIGNED if record.partition is None else record.partition
    while True:
        try:
            producer.produce(
                record.topic,
                record.value,
                record.key,
                partition=partition,
                headers=list(record.headers),
                on_delivery=report,
            )
        except BufferError:  # the queue is full: let reports come in
            producer.poll(0.1)
        except KafkaException as error:
            raise translated(error) from error
        else:
            producer.poll(0)
            return


def _commit(consumer: Consumer, records: Sequence[ConsumedRecord]) -> None:
    """5: commit one past the last record of each partition. A failed commit costs doing the batch again, no more."""
    nexts: dict[tuple[str, int], int] = {}
    for record in records:
        place = (record.topic, record.partition)
        nexts[place] = max(nexts.get(place, 0), record.offset + 1)
    offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in nexts.items()]
    try:
        committed = consumer.commit(offsets=offsets, asynchronous=False) or []
    except KafkaException as error:
        log.warning("loop.commit_failed", error=str(error.args[0]))
        return
    for told in committed:
        if told.error is not None:
            log.warning("loop.commit_failed", partition=told.partition, error=str(told.error))
