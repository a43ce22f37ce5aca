"""Records by their coordinates: topic, partition and offset, as events name frames."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from services.runtime.errors import RetryableError
from services.runtime.kafka import ConsumedRecord, records_at_consumer, translated
from services.runtime.settings import KafkaSettings

READ_THROUGH_RECORDS = 8
"""Up to so many records that nobody asked for are read over. To jump costs a request, about as much as some frames."""
_POLL_SECONDS = 0.2


class RecordsAt:
    """Read single records out of Kafka. Safe to use from several threads.

    To assign a partition anew at each read costs about a millisecond; to seek in one that stays assigned was seen to
    cost a second, for a fetch may be under way that has to end first.

    Args:
        settings: The Kafka cluster.
        name: Name of the reader, for the broker's logs.
        connections: Reads at the same time; each has a consumer, made when it is first needed.
    """

    def __init__(self, settings: KafkaSettings, name: str, connections: int = 2) -> None:
        self._settings = settings
        self._name = name
        self._places = threading.BoundedSemaphore(connections)
        self._idle: list[Consumer] = []
        self._changing = threading.Lock()
        self._closed = False

    def read(self, topic: str, partition: int, offset: int, timeout_seconds: float = 5.0) -> ConsumedRecord | None:
        """Give one record; None: Kafka no longer holds it, or does not have it yet. Blocks.

        Raises:
            RetryableError: Kafka is away or slow.
            FatalError: Kafka's client can't go on.
        """
        return self.read_many(topic, partition, (offset,), timeout_seconds).get(offset)

    def read_many(
        self, topic: str, partition: int, offsets: Sequence[int], timeout_seconds: float = 5.0
    ) -> dict[int, ConsumedRecord]:
        """Give those records of a partition that Kafka holds, by offset. Blocks.

        Raises:
            RetryableError: Kafka is away or slow; then none are given.
            FatalError: Kafka's client can't go on.
        """
        deadline = time.monotonic() + timeout_seconds
        with self._consumer(deadline) as consumer:
            return _Reading(consumer, topic, partition, offsets).run(deadline)

    def close(self) -> None:
        """Close what is idle; a reading that is under way closes its own when it ends."""
        with self._changing:
            self._closed = True
            idle, self._idle = self._idle, []
        for consumer in idle:
            consumer.close()

    @contextmanager
    def _consumer(self, deadline: float) -> Iterator[Consumer]:
        if not self._places.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise RetryableError("Kafka: other records are still being read")
        try:
            with self._changing:
                consumer = self._idle.pop() if self._idle else None
            consumer = consumer or records_at_consumer(self._settings, self._name)
            try:
                yield consumer
            except BaseException:
                consumer.close()  # who knows what state it is in
                raise
            with self._changing:
                keep = not self._closed
                if keep:
                    self._idle.append(consumer)
            if not keep:
                consumer.close()
        except KafkaException as error:
            raise translated(error) from error
        finally:
            self._places.release()


class _Reading:
    """One call: from the smallest offset up, over small gaps, jumping large ones."""

    def __init__(self, consumer: Consumer, topic: str, partition: int, offsets: Sequence[int]) -> None:
        self._consumer = consumer
        self._topic = topic
        self._partition = partition
        self._wanted = sorted(set(offsets), reverse=True)
        self._found: dict[int, ConsumedRecord] = {}

    def run(self, deadline: float) -> dict[int, ConsumedRecord]:
        self._jump()
        while self._wanted:
            left = deadline - time.monotonic()
            if left <= 0:
                raise RetryableError(f"Kafka: offset {self._wanted[-1]} of {self._place()} could not be read in time")
            message = self._consumer.poll(min(left, _POLL_SECONDS))
            if message is not None and message.topic() == self._topic and message.partition() == self._partition:
                self._take(message)
        self._consumer.assign([])
        return self._found

    def _take(self, message: Message) -> None:
        error, offset = message.error(), message.offset() or 0
        if error is not None:
            self._take_error(error)
            return
        if offset == self._wanted[-1]:
            self._found[offset] = ConsumedRecord.from_message(message)
        self._drop_until(offset + 1)
        if self._wanted and self._wanted[-1] - offset > READ_THROUGH_RECORDS:
            self._jump()

    def _take_error(self, error: KafkaError) -> None:
        code = error.code()
        if code == KafkaError._PARTITION_EOF:  # nothing is there yet from the next wanted one on
            self._wanted.clear()
        elif code == KafkaError._AUTO_OFFSET_RESET:  # what is wanted next lies outside of what Kafka holds
            place = TopicPartition(self._topic, self._partition)
            low, high = self._consumer.get_watermark_offsets(place, timeout=5.0)
            self._drop_until(low)
            if self._wanted and self._wanted[-1] >= high:
                self._wanted.clear()
            elif self._wanted:
                self._jump()
        else:
            raise translated(KafkaException(error))

    def _drop_until(self, offset: int) -> None:
        while self._wanted and self._wanted[-1] < offset:
            self._wanted.pop()

    def _jump(self) -> None:
        if self._wanted:
            self._consumer.assign([TopicPartition(self._topic, self._partition, self._wanted[-1])])

    def _place(self) -> str:
        return f"{self._topic} [{self._partition}]"
