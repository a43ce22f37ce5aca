"""A recorder on threads of this process, and a way to its object store that can be cut."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from schemas.topics import FRAMES
from services.record.metrics import RECORD_METRICS
from services.record.settings import RecordSettings
from services.record.worker import run
from services.runtime.health import Health
from services.runtime.kafka import frames_consumer
from services.runtime.metrics import Metrics
from services.runtime.service import Service
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from services.runtime.store_settings import StoreSettings

_PATIENCE_SECONDS = 60.0


class Recorder:
    """A recorder that runs. ``failure`` is what ended it, if it was not told to; ``ended`` is set then."""

    def __init__(self, settings: RecordSettings) -> None:
        self.service = Service(Health(), Metrics(RECORD_METRICS))
        self.failure: BaseException | None = None
        self.ended = threading.Event()
        self._settings = settings
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def metric(self, name: str) -> float:
        """Give the sum over the labels of a metric."""
        lines = self.service.metrics.exposition().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name)

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until something has come true."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not condition():
            assert self.failure is None, self.failure
            assert time.monotonic() < deadline, f"waited in vain for {what}"
            time.sleep(0.05)

    def stop(self) -> None:
        """Tell it to stop, and wait until it has."""
        self.service.stopping.set()
        self._thread.join(30)
        assert self.failure is None, self.failure

    def _run(self) -> None:
        try:
            run(self._settings, self.service)
        except BaseException as error:
            self.failure = error
            self.ended.set()


@contextmanager
def running_recorder(
    kafka: KafkaSettings, clickhouse: ClickHouseSettings, store: StoreSettings, **settings: Any
) -> Iterator[Recorder]:
    """Run a recorder whose waits are short, until the block ends. It begins with the frames that are yet to come."""
    waits = {"frame_wait_seconds": 1.0, "verdict_wait_seconds": 3.0, "evidence_wait_seconds": 1.0}
    told = RecordSettings(kafka=kafka, clickhouse=clickhouse, store=store, **{**waits, **settings})
    _skip_frames(frames_consumer(kafka, told.group))
    recorder = Recorder(told)
    try:
        recorder.wait_for(lambda: not recorder.service.health.missing, "the recorder to be ready")
        yield recorder
    finally:
        recorder.stop()


def _skip_frames(consumer: Consumer) -> None:
    """Commit the ends of all partitions, so that the group reads no frame of another test, nor any event since then."""
    partitions = consumer.list_topics(FRAMES.name, timeout=20).topics[FRAMES.name].partitions
    places = [TopicPartition(FRAMES.name, partition) for partition in partitions]
    ends = [TopicPartition(FRAMES.name, one.partition, consumer.get_watermark_offsets(one)[1]) for one in places]
    consumer.commit(offsets=ends, asynchronous=False)
    consumer.close()


class CutWire:
    """A way to an address that can be cut: then connections end, and none is taken."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._cut = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection, and take none."""
        self._cut.set()
        for one in list(self._sockets):
            _end(one)

    def mend(self) -> None:
        """Take connections again."""
        self._cut.clear()

    def close(self) -> None:
        """Be gone."""
        self.cut()
        _end(self._server)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            if self._cut.is_set():
                _end(near)
                continue
            far = socket.create_connection(("127.0.0.1", self._to))
            self._sockets |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65_536):
                other.sendall(data)
        except OSError:
            pass  # one side has ended: so does the other
        for each in (one, other):
            _end(each)
            self._sockets.discard(each)


def _end(one: socket.socket) -> None:
    with suppress(OSError):  # it may have ended already
        one.shutdown(socket.SHUT_RDWR)
    one.close()
