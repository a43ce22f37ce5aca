"""Everything that a worker leaves behind or shows, as bytes that can be searched."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
import psutil
from clickhouse_connect.driver.client import Client
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from services.runtime.kafka import whole_topic_consumer
from services.runtime.settings import KafkaSettings


@dataclass(frozen=True, slots=True)
class Place:
    """Bytes, and where they were found."""

    where: str
    data: bytes


def needles(user: str, secret: str) -> dict[str, bytes]:
    """Give the shapes in which a password or token could show."""
    pair = f"{user}:{secret}"
    digests = [
        hashlib.md5(f"{user}:{realm}:{secret}".encode(), usedforsecurity=False)
        for realm in ("cam", "GStreamer RTSP Server")
    ]
    return {
        "plain": secret.encode(),
        "percent-encoded": quote(secret, safe="").encode(),
        "base64": base64.b64encode(secret.encode()).rstrip(b"="),
        "base64 with user": base64.b64encode(pair.encode()).rstrip(b"="),
        "repr": repr(secret)[1:-1].encode(),
        "user and password": pair.encode(),
    } | {f"digest {number}": digest.hexdigest().encode() for number, digest in enumerate(digests)}


def found_in(places: Iterator[Place], wanted: dict[str, bytes]) -> list[str]:
    """Give every place that shows one of ``wanted``, and in which shape."""
    return [f"{shape} in {place.where}" for place in places for shape, needle in wanted.items() if needle in place.data]


def kafka_places(kafka: KafkaSettings) -> Iterator[Place]:
    """Give keys, values and headers of every record of every topic, those of Kafka's own too."""
    for topic in sorted(AdminClient(kafka.client_config()).list_topics(timeout=10).topics):
        yield from _topic_places(kafka, topic)


def _topic_places(kafka: KafkaSettings, topic: str) -> Iterator[Place]:
    consumer = whole_topic_consumer(kafka, "search")
    try:
        partitions = consumer.list_topics(topic, 10).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
        unread = set(partitions)
        while unread:
            for message in consumer.consume(500, 0.2):
                if message.error() is not None:
                    unread.discard(message.partition() or 0)
                    continue
                headers = repr(message.headers()).encode()
                data = b"\x00".join((message.key() or b"", message.value() or b"", headers))
                yield Place(f"topic {topic}", data)
    finally:
        consumer.close()


def clickhouse_places(client: Client, database: str) -> Iterator[Place]:
    """Give every row of every table, as text."""
    for (table,) in client.query(f"SELECT name FROM system.tables WHERE database = '{database}'").result_rows:
        rows = client.raw_query(f"SELECT * FROM `{database}`.`{table}` FORMAT TSV")
        yield Place(f"table {table}", rows)


def process_places(pid: int) -> Iterator[Place]:
    """Give what ``ps`` and ``top`` show of a process, its threads and its children."""
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        folder = Path(f"/proc/{process.pid}")
        for path in [*folder.glob("task/*/comm"), *(folder / name for name in ("cmdline", "comm", "stat", "status"))]:
            with suppress(ProcessLookupError, FileNotFoundError):  # one that has died meanwhile shows nothing any more
                yield Place(f"{path.relative_to(folder)} of {process.pid}", path.read_bytes())


def environments(pid: int) -> Iterator[Place]:
    """Give the environment of each living child of a process, which who runs as the same user can read."""
    for process in psutil.Process(pid).children(recursive=True):
        with suppress(ProcessLookupError, FileNotFoundError):  # one that has died meanwhile has none any more
            yield Place(f"environment of child {process.pid}", Path(f"/proc/{process.pid}/environ").read_bytes())


def page(url: str) -> Place:
    """Give what a web page shows."""
    answer = httpx.get(url, timeout=10)
    return Place(url.rpartition("/")[2], answer.content + repr(answer.headers).encode())
