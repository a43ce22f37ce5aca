"""What a finished run has left behind, read from Kafka and from ClickHouse by ways that the services do not use."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any, get_type_hints

from clickhouse_connect.driver.client import Client
from confluent_kafka import KafkaError, Message
from msgspec import Struct

from schemas.camera_events import CAMERA_EVENT_CODEC, CameraEvent
from schemas.frames import FrameHeaders
from schemas.table import TIME, Row, columns_of, lasting_columns_of
from schemas.topics import CAMERA_EVENTS, FRAMES
from services.aggregate.judgement import Judgement
from services.aggregate.recomputation import NewestRows
from services.runtime.camera_registry import read_registry
from services.runtime.kafka import ConsumedRecord, assign_whole_topic, whole_topic_consumer
from services.runtime.settings import KafkaSettings

Values = dict[str, Any]


class FrameId(Struct, frozen=True, order=True):
    """A frame is this."""

    camera_id: str
    owner_epoch: int
    sequence: int


def frames_in_kafka(kafka: KafkaSettings) -> set[FrameId]:
    """Give every frame that lies in Kafka."""
    frames = set()
    for record in _records(kafka, FRAMES.name):
        headers = FrameHeaders.from_kafka(record.headers)
        frames.add(FrameId((record.key or b"").decode(), headers.owner_epoch, headers.sequence))
    return frames


def outcomes_in_clickhouse(client: Client) -> dict[FrameId, list[str]]:
    """Give the outcomes of every frame that has one, as a reader of the table sees them."""
    rows = client.query("SELECT camera_id, owner_epoch, sequence, outcome FROM frame_outcomes FINAL").result_rows
    outcomes: dict[FrameId, list[str]] = defaultdict(list)
    for camera_id, owner_epoch, sequence, outcome in rows:
        outcomes[FrameId(camera_id, owner_epoch, sequence)].append(outcome)
    return dict(outcomes)


def recomputed_rows(kafka: KafkaSettings) -> dict[str, list[Row]]:
    """Judge all of ``camera-events`` once more, partition by partition, without a break."""
    cameras, newest = read_registry(kafka), NewestRows()
    by_partition: dict[int, list[tuple[int, CameraEvent]]] = defaultdict(list)
    for record in _records(kafka, CAMERA_EVENTS.name):
        by_partition[record.partition].append((record.offset, CAMERA_EVENT_CODEC.decode(record.value)))
    for events in by_partition.values():
        judgement = Judgement(cameras.find)
        for offset, event in events:
            judgement.apply(event, offset)
        newest.add(judgement.drain(blobs=False).rows)
    return newest.sorted()


def lasting_values(row: Row) -> Values:
    """Give the columns of a recomputed row that are not operational."""
    return {name: _plain(getattr(row, name)) for name in lasting_columns_of(type(row))}


def stored_values(client: Client, row_type: type[Row]) -> list[Values]:
    """Give the same columns of the stored table, in the order of its key."""
    names = lasting_columns_of(row_type)
    kinds, types = columns_of(row_type), get_type_hints(row_type)
    selected = ", ".join(f"lower(hex(`{name}`))" if types[name] is bytes else f"`{name}`" for name in names)
    order = ", ".join(f"`{name}`" for name in row_type.KEY)
    result = client.query(f"SELECT {selected} FROM {row_type.TABLE} FINAL ORDER BY {order}")
    return [
        {name: _stored(value, kinds[name].sql) for name, value in zip(names, values, strict=True)}
        for values in result.result_rows
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return list(value) if isinstance(value, tuple) else value


def _stored(value: Any, sql: str) -> Any:
    if sql == TIME:
        assert isinstance(value, datetime)
        return math.floor(value.timestamp() * 1000 + 0.5)
    if sql.startswith("FixedString"):
        assert isinstance(value, bytes)
        return value.rstrip(b"\0").decode()
    return _plain(value)


def _records(kafka: KafkaSettings, topic: str) -> Iterator[ConsumedRecord]:
    """Read a topic from its beginning to its end."""
    consumer = whole_topic_consumer(kafka, "evidence")
    try:
        left = set(assign_whole_topic(consumer, topic))
        while left:
            message = consumer.poll(30)
            assert message is not None, f"{topic} could not be read to its end"
            if (error := message.error()) is None:
                yield ConsumedRecord.from_message(message)
            else:
                left.discard(_ended_partition(message, error))
    finally:
        consumer.close()


def _ended_partition(message: Message, error: KafkaError) -> int:
    assert error.code() == KafkaError._PARTITION_EOF, error.str()
    partition = message.partition()
    assert partition is not None
    return partition
