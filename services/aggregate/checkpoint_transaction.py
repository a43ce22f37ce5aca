"""One transaction of one source partition: fence its former owner, and commit what a checkpoint holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from confluent_kafka import KafkaException, Producer

from schemas.topics import AGGREGATE_STATE
from services.aggregate.checkpoint_calls import KafkaCalls
from services.runtime.errors import FatalError
from services.runtime.kafka import OutgoingRecord, translated
from services.runtime.logging import get_logger
from services.runtime.settings import KafkaSettings

log = get_logger(__name__)

Outcome = Literal["saved", "retry", "fenced"]
"""saved: it is in Kafka. retry: it is not, try again. fenced: a newer owner exists, never use this state again."""

SaveOutcome = Outcome | Literal["store_away"]
"""Of a whole checkpoint of a partition. store_away: neither its rows nor anything else is known to be saved."""

_CALL_SECONDS = 10.0
_FENCE_SECONDS = 20.0
_LARGEST_BLOB_BYTES = int(AGGREGATE_STATE.settings["max.message.bytes"])


def transactional_id(group: str, partition: int) -> str:
    """Give the id that at most one living producer has: that of the partition's owner."""
    return f"{group}-state-{partition}"


def fence(settings: KafkaSettings, group: str, partition: int, calls: KafkaCalls) -> Producer:
    """Become the partition's owner: whatever a former owner has under way is aborted, and it can't commit any more.

    Blocks for up to half a minute.

    Raises:
        RetryableError: Kafka is away.
        FatalError: The producer can't be used.
    """
    producer = Producer(
        {
            **settings.client_config(),
            "transactional.id": transactional_id(group, partition),
            "transaction.timeout.ms": 20_000,
            "message.max.bytes": _LARGEST_BLOB_BYTES,
            "compression.type": "zstd",  # states of a partition are much alike: half of what lz4 leaves, as fast
            "compression.level": 1,
            "linger.ms": 5,
            "log_level": 2,  # being fenced is expected, and logged here
        }
    )
    try:
        producer.list_topics(AGGREGATE_STATE.name, _CALL_SECONDS)
        calls.call(lambda: producer.init_transactions(_CALL_SECONDS), _FENCE_SECONDS)
    except KafkaException as error:
        raise translated(error) from error
    return producer


def commit_records(producer: Producer, partition: int, records: Sequence[OutgoingRecord], calls: KafkaCalls) -> Outcome:
    """Write ``records`` to ``partition`` of their topics, all or none.

    Blocks. After a broker's outage several tries in a row may give ``retry``: librdkafka times out, finds its state
    inconsistent and its sequence numbers out of order before it works again, some seconds later.

    Raises:
        FatalError: A record is larger than Kafka takes, which no retry would change.
    """
    try:
        producer.begin_transaction()
        for record in records:
            _produce(producer, partition, record)
        calls.call(lambda: producer.commit_transaction(_CALL_SECONDS))
    except KafkaException as error:
        return _abort(producer, partition, error, calls)
    return "saved"


def _produce(producer: Producer, partition: int, record: OutgoingRecord) -> None:
    if len(record.value) + len(record.key) + 1024 > _LARGEST_BLOB_BYTES:
        raise FatalError(f"{len(record.value)} bytes of {record.key!r} for {record.topic} are more than Kafka takes")
    while True:
        try:
            producer.produce(record.topic, record.value, record.key, partition=partition)
        except BufferError:  # the queue is full: let it drain
            producer.poll(0.1)
        else:
            return


def _abort(producer: Producer, partition: int, error: KafkaException, calls: KafkaCalls) -> Outcome:
    cause = error.args[0]
    log.warning("checkpoint.not_committed", partition=partition, error=str(cause), fatal=cause.fatal())
    if cause.fatal() or not cause.txn_requires_abort():
        return "fenced"
    try:
        calls.call(lambda: producer.abort_transaction(_CALL_SECONDS))
    except KafkaException as failure:
        log.warning("checkpoint.not_aborted", partition=partition, error=str(failure.args[0]))
        return "fenced"
    return "retry"
