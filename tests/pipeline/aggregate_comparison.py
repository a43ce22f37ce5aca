"""What is in ClickHouse beside a recomputation of the same topic, partition by partition: so memory stays small."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, get_type_hints

from clickhouse_connect.driver.client import Client
from confluent_kafka import KafkaError, TopicPartition

from schemas.episodes import EPISODE_CODEC, Episode
from schemas.table import TIME, Row, columns_of, lasting_columns_of
from schemas.topics import CAMERA_EVENTS, EPISODES
from services.aggregate.episode_rows import EpisodeRow, episode_row
from services.aggregate.feed import decode_event
from services.aggregate.judgement import Judgement
from services.aggregate.recomputation import DRAIN_EVERY, NewestRows
from services.aggregate.rows import ROW_TYPES
from services.runtime.camera_registry import read_registry
from services.runtime.clickhouse import connect
from services.runtime.errors import InvalidMessageError
from services.runtime.kafka import ConsumedRecord, whole_topic_consumer
from services.runtime.settings import ClickHouseSettings, KafkaSettings

SHOWN: Final = 5
"""So many differences of each table and partition are told."""
PROCESSES: Final = 2

_READ_SECONDS: Final = 60.0

Values = tuple[Any, ...]
Table = dict[Values, Values]


@dataclass(frozen=True)
class Compared:
    """One partition: its events, those among them that can't be judged, its rows by table, and what differs."""

    partition: int
    events: int
    invalid: int
    rows: dict[str, int]
    differences: list[str]
    tags: frozenset[str]


def compare(kafka: KafkaSettings, clickhouse: ClickHouseSettings, partitions: int) -> list[Compared]:
    """Compare all tables of all partitions, both ways, in processes of their own."""
    pool = ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn"))
    with pool:
        return list(pool.map(partial(compare_partition, kafka, clickhouse), range(partitions)))


def compare_partition(kafka: KafkaSettings, clickhouse: ClickHouseSettings, partition: int) -> Compared:
    """Judge the partition once more without a break, and compare what that gives with what is stored and published."""
    newest, cameras, events, invalid = recomputed(kafka, partition)
    rows = newest.sorted()
    client = connect(clickhouse, clickhouse.database)
    differences: list[str] = []
    for row_type in ROW_TYPES:
        expected = {row.key(): lasting(row) for row in rows[row_type.TABLE]}
        stored, twice = stored_table(client, row_type, cameras)
        differences += [f"{row_type.TABLE}: {key} is there twice" for key in twice[:SHOWN]]
        differences += differing(row_type, expected, stored)
    differences += differing_episodes(kafka, partition, rows[EpisodeRow.TABLE], stored_revisions(client, cameras))
    client.close()
    return Compared(
        partition, events, invalid, {table: len(found) for table, found in rows.items()}, differences, tags_of(rows)
    )


def recomputed(kafka: KafkaSettings, partition: int) -> tuple[NewestRows, set[str], int, int]:
    """Give the rows of a partition, its cameras, how many events it has, and how many of them break their contract."""
    judgement, newest = Judgement(read_registry(kafka).find), NewestRows()
    cameras: set[str] = set()
    events = invalid = 0
    for record in records(kafka, CAMERA_EVENTS.name, partition):
        events += 1
        invalid += 1
        with suppress(InvalidMessageError):
            event = decode_event(record)
            invalid -= 1
            judgement.apply(event, record.offset)
            cameras.add(event.camera_id)
        if events % DRAIN_EVERY == 0:
            newest.add(judgement.drain(blobs=False).rows)
    newest.add(judgement.drain(blobs=False).rows)
    return newest, cameras, events, invalid


def records(kafka: KafkaSettings, topic: str, partition: int) -> Iterator[ConsumedRecord]:
    """Read a partition from its beginning to its end, committed records only."""
    reader = whole_topic_consumer(kafka, "comparison")
    try:
        reader.assign([TopicPartition(topic, partition, 0)])
        while (message := reader.poll(_READ_SECONDS)) is not None:
            if (error := message.error()) is None:
                yield ConsumedRecord.from_message(message)
            else:
                assert error.code() == KafkaError._PARTITION_EOF, error.str()
                return
        raise AssertionError(f"{topic} [{partition}] could not be read to its end")
    finally:
        reader.close()


def stored_table(client: Client, row_type: type[Row], cameras: set[str]) -> tuple[Table, list[Values]]:
    """Give the lasting columns of a table's rows of some cameras, and the keys that are there more than once."""
    columns, types = columns_of(row_type), get_type_hints(row_type)
    names = (*row_type.KEY, *lasting_columns_of(row_type))
    picked = ", ".join(_picked(name, columns[name].sql, types[name]) for name in names)
    query = f"SELECT {picked} FROM {row_type.TABLE} FINAL WHERE camera_id IN {{cameras:Array(String)}}"
    answer = client.query(query, parameters={"cameras": sorted(cameras)})
    width, found, twice = len(row_type.KEY), {}, []
    for row in answer.result_rows:
        values = tuple(plain(value) for value in row)
        if values[:width] in found:
            twice.append(values[:width])
        found[values[:width]] = values[width:]
    return found, twice


def stored_revisions(client: Client, cameras: set[str]) -> dict[str, int]:
    """Give the revision under which each episode of some cameras is stored."""
    query = "SELECT toString(episode_id), revision FROM episodes FINAL WHERE camera_id IN {cameras:Array(String)}"
    answer = client.query(query, parameters={"cameras": sorted(cameras)})
    return {episode_id: revision for episode_id, revision in answer.result_rows}


def lasting(row: Row) -> Values:
    """Give the columns of a row that are not operational."""
    return tuple(plain(getattr(row, name)) for name in lasting_columns_of(type(row)))


def plain(value: Any) -> Any:
    """Give a value as both sides have it."""
    if isinstance(value, list):
        return tuple(value)
    return value.hex() if isinstance(value, bytes) else value


def differing(row_type: type[Row], expected: Table, stored: Table) -> list[str]:
    """Tell what is missing, what nobody expects, and which columns differ."""
    names, table = lasting_columns_of(row_type), row_type.TABLE
    missing, extra = expected.keys() - stored.keys(), stored.keys() - expected.keys()
    changed = [key for key in expected.keys() & stored.keys() if expected[key] != stored[key]]
    told = [f"{table}: {len(missing)} missing: {key}" for key in sorted(missing)[:SHOWN]]
    told += [f"{table}: {len(extra)} extra: {key}" for key in sorted(extra)[:SHOWN]]
    for key in sorted(changed)[:SHOWN]:
        columns = {
            name: (left, right)
            for name, left, right in zip(names, stored[key], expected[key], strict=True)
            if left != right
        }
        told.append(f"{table}: {len(changed)} differ: {key}: (stored, expected) {columns}")
    return told


def differing_episodes(kafka: KafkaSettings, partition: int, rows: list[Row], revisions: dict[str, int]) -> list[str]:
    """Compare each episode's last message with its row: every column, and the revision that is stored."""
    published: dict[Values, Episode] = {}
    told = []
    for record in records(kafka, EPISODES.name, partition):
        episode = EPISODE_CODEC.decode(record.value)
        assert record.key == episode.episode_id.encode()
        published[episode_row(episode, 0).key()] = episode
    for key, episode in published.items():
        stored = revisions.get(episode.episode_id)
        if stored != episode.revision:
            told.append(f"episodes: {key}: revision {stored} is stored, {episode.revision} was published last")
    expected = {row.key(): lasting(row) for row in rows}
    messages = {key: lasting(episode_row(episode, 0)) for key, episode in published.items()}
    return told[:SHOWN] + [f"topic {text}" for text in differing(EpisodeRow, expected, messages)]


def tags_of(rows: dict[str, list[Row]]) -> frozenset[str]:
    """Give which kinds of episodes there are, and how they ended."""
    episodes = [row for row in rows[EpisodeRow.TABLE] if isinstance(row, EpisodeRow)]
    return frozenset(
        {f"{row.episode_type} {row.kind}".strip() for row in episodes}
        | {f"ended because {row.ended_because}" for row in episodes if row.ended_because}
    )


def _picked(name: str, sql: str, kind: Any) -> str:
    if sql == TIME:
        return f"toUnixTimestamp64Milli(`{name}`)"
    if sql.startswith("FixedString"):
        return f"toString(`{name}`)"
    return f"lower(hex(`{name}`))" if kind is bytes else f"`{name}`"
