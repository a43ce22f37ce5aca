"""Run aggregation workers as processes, and compare their rows with a computation of the same events."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from confluent_kafka import Consumer, TopicPartition

from deploy.local.ports import free_port
from schemas.table import TIME, Row, columns_of, lasting_columns_of
from schemas.topics import CAMERA_EVENTS
from services.aggregate.feed import decode_event
from services.aggregate.judgement import FindCamera, Judgement, UnknownRevisionError
from services.aggregate.rows import ROW_TYPES
from services.runtime.camera_registry import read_registry
from services.runtime.clickhouse import connect
from services.runtime.errors import InvalidMessageError
from services.runtime.kafka import (
    ConsumedRecord,
    OutgoingRecord,
    assign_whole_topic,
    events_producer,
    whole_topic_consumer,
)
from services.runtime.loop import deliver
from services.runtime.settings import ClickHouseSettings, KafkaSettings

GROUP = "tilik-aggregate"
TableRows = dict[str, dict[tuple[Any, ...], tuple[Any, ...]]]


def wait_until(condition: Callable[[], bool], seconds: float = 60.0, what: str = "it") -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come true in {seconds:g} s"
        time.sleep(0.1)


class Worker:
    """One ``python -m services.aggregate``."""

    def __init__(self, kafka: KafkaSettings, clickhouse: ClickHouseSettings, log: Path, **settings: str) -> None:
        self.http_port = free_port()
        self.log = log
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TILIK_")},
            "TILIK_AGGREGATE_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "TILIK_AGGREGATE_CLICKHOUSE__HOST": clickhouse.host,
            "TILIK_AGGREGATE_CLICKHOUSE__PORT": str(clickhouse.port),
            "TILIK_AGGREGATE_CLICKHOUSE__DATABASE": clickhouse.database,
            "TILIK_AGGREGATE_FLUSH_SECONDS": "0.3",
            "TILIK_AGGREGATE_HTTP_PORT": str(self.http_port),
            "TILIK_AGGREGATE_LOG_FORMAT": "json",
            **{f"TILIK_AGGREGATE_{name.upper()}": value for name, value in settings.items()},
        }
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.aggregate"], env=environment, stdout=output, stderr=output
            )

    def get(self, path: str) -> tuple[int, str]:
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.http_port}{path}", timeout=5)
        except httpx.TransportError:
            return 0, ""
        return answer.status_code, answer.text

    def metric(self, name: str) -> float:
        values = [float(line.split()[-1]) for line in self.get("/metrics")[1].splitlines() if line.startswith(name)]
        return sum(values)

    def held_rows(self) -> float:
        return self.metric("tilik_aggregate_unsaved_rows")

    def wait_until_applied(self, events: float) -> None:
        """Wait until it has applied so many events since it started."""

        def applied() -> bool:
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            return self.metric("tilik_aggregate_events_total") >= events

        wait_until(applied, 90, f"applying {events:g} events")

    def wait_until_ready(self) -> None:
        wait_until(lambda: self.get("/readyz")[0] == 200 or self.process.poll() is not None, 60, "readiness")
        assert self.process.poll() is None, self.log.read_text()[-3000:]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it stand still, as a machine does that swaps or is moved."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"it does not leave: {self.log.read_text()[-3000:]}") from error


class Workers:
    """Workers of one test, ended with it."""

    def __init__(self, kafka: KafkaSettings, clickhouse: ClickHouseSettings, folder: Path) -> None:
        self._kafka, self._clickhouse, self._folder = kafka, clickhouse, folder
        self._started: list[Worker] = []

    def start(self, **settings: str) -> Worker:
        worker = Worker(self._kafka, self._clickhouse, self._folder / f"{len(self._started)}.log", **settings)
        self._started.append(worker)
        return worker

    def end(self) -> None:
        for worker in self._started:
            if worker.process.poll() is None:
                worker.kill()


def send(kafka: KafkaSettings, records: Sequence[OutgoingRecord]) -> None:
    deliver(events_producer(kafka), records, 60)


def send_slowly(kafka: KafkaSettings, records: Sequence[OutgoingRecord], seconds: float) -> threading.Thread:
    """Spread ``records`` over ``seconds``, on a thread of its own."""

    def run() -> None:
        producer, started = events_producer(kafka), time.monotonic()
        for number in range(0, len(records), 50):
            deliver(producer, records[number : number + 50], 60)
            time.sleep(max(0.0, started + seconds * number / len(records) - time.monotonic()))

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def positions(kafka: KafkaSettings) -> tuple[dict[int, int], dict[int, int]]:
    """Give by partition what the group has been told, and where the events end."""
    reader = Consumer({**kafka.client_config(), "group.id": GROUP})
    try:
        numbers = list(reader.list_topics(CAMERA_EVENTS.name, 10).topics[CAMERA_EVENTS.name].partitions)
        places = [TopicPartition(CAMERA_EVENTS.name, number) for number in numbers]
        told = {place.partition: max(0, place.offset) for place in reader.committed(places, timeout=10)}
        ends = {place.partition: reader.get_watermark_offsets(place, timeout=10)[1] for place in places}
    finally:
        reader.close()
    return told, ends


def wait_until_caught_up(kafka: KafkaSettings, seconds: float = 90.0) -> None:
    def caught_up() -> bool:
        told, ends = positions(kafka)
        return told == ends

    wait_until(caught_up, seconds, "catching up")


def read_all(kafka: KafkaSettings, topic: str) -> Iterator[ConsumedRecord]:
    """Give every record of a topic, of each partition in its order."""
    reader = whole_topic_consumer(kafka, "reader")
    try:
        unread = set(assign_whole_topic(reader, topic))
        while unread:
            for message in reader.consume(500, 0.1):
                if message.error() is None:
                    yield ConsumedRecord.from_message(message)
                else:
                    unread.discard(message.partition() or 0)
    finally:
        reader.close()


def computed_rows(kafka: KafkaSettings, prefix: str) -> TableRows:
    """Give what the pure core makes of all events of ``prefix``, as columns that a recomputation must reproduce."""
    find_camera = read_registry(kafka).find
    judgements: dict[int, Judgement] = {}
    for record in read_all(kafka, CAMERA_EVENTS.name):
        with suppress(InvalidMessageError, UnknownRevisionError):
            _judge(judgements, record, find_camera, prefix)
    versions: dict[tuple[str, tuple[Any, ...]], Row] = {}
    for judgement in judgements.values():
        for table, rows in judgement.drain().rows.items():
            for row in rows:
                _keep_newest(versions, table, row)
    found: TableRows = {row_type.TABLE: {} for row_type in ROW_TYPES}
    for (table, key), row in versions.items():
        found[table][key] = tuple(_plain(getattr(row, name)) for name in lasting_columns_of(type(row)))
    return found


def _judge(judgements: dict[int, Judgement], record: ConsumedRecord, find: FindCamera, prefix: str) -> None:
    event = decode_event(record)
    if event.camera_id.startswith(prefix):
        judgements.setdefault(record.partition, Judgement(find)).apply(event, record.offset)


def _keep_newest(versions: dict[tuple[str, tuple[Any, ...]], Row], table: str, row: Any) -> None:
    former: Any = versions.get((table, row.key()))
    if former is None or row.version >= former.version:
        versions[table, row.key()] = row


def stored_rows(settings: ClickHouseSettings, prefix: str) -> TableRows:
    """Give the same columns as they are in ClickHouse; more than one row of a key is an error."""
    client = connect(settings, settings.database)
    found: TableRows = {}
    for row_type in ROW_TYPES:
        columns = columns_of(row_type)
        names = (*row_type.KEY, *lasting_columns_of(row_type))
        picked = ", ".join(_picked(name, columns[name].sql) for name in names)
        answer = client.query(f"SELECT {picked} FROM {row_type.TABLE} FINAL WHERE startsWith(camera_id, '{prefix}')")
        rows = [tuple(_plain(value) for value in row) for row in answer.result_rows]
        width = len(row_type.KEY)
        found[row_type.TABLE] = {row[:width]: row[width:] for row in rows}
        assert len(found[row_type.TABLE]) == len(rows), f"{row_type.TABLE}: two rows of one key"
    client.close()
    return found


def _picked(name: str, sql: str) -> str:
    if sql == TIME:
        return f"toUnixTimestamp64Milli({name})"
    if sql.startswith("FixedString"):
        return f"toString({name})"
    return f"hex({name})" if name == "water" else name


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return tuple(value)
    if isinstance(value, dict):
        return tuple(sorted(value.items()))
    return value.hex().upper() if isinstance(value, bytes) else value


def assert_rows_are_exact(kafka: KafkaSettings, settings: ClickHouseSettings, prefix: str) -> TableRows:
    """Compare every row of every table, both ways."""
    stored, computed = stored_rows(settings, prefix), computed_rows(kafka, prefix)
    for table, rows in computed.items():
        assert stored[table].keys() == rows.keys(), table
        for key, row in rows.items():
            assert stored[table][key] == row, (table, key)
    return computed


class Door:
    """A TCP relay to ClickHouse that can be shut: then connections are refused, and those that are open break."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._open: list[socket.socket] = []
        self.shut = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Shut the door until it is opened."""
        self.shut = True
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def open(self) -> None:
        """Let connections through again."""
        self.shut = False

    def _serve(self) -> None:
        while True:
            near, _ = self._listener.accept()
            if self.shut:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._target))
            self._open += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_relay, args=(source, sink), daemon=True).start()


def _relay(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    for one in (source, sink):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
