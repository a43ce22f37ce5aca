"""What a worker does with cameras of which it does not know whether it still owns them, without a broker."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import cast

from confluent_kafka import Consumer, TopicPartition

from schemas.cameras import CAMERA_CODEC
from schemas.topics import CAMERAS
from services.ingest.engine import Engine
from services.ingest.fence import Fence
from services.ingest.metrics import INGEST_METRICS
from services.ingest.ownership import Ownership
from services.runtime.health import Health
from services.runtime.metrics import Metrics
from services.runtime.service import Service
from tests.ingest.builders import make_camera

Callback = Callable[[object, list[TopicPartition]], None]


class ScriptedConsumer:
    """Calls back as a script says, one step a poll; then tells the service to stop."""

    def __init__(self, service: Service, script: list[Callable[[ScriptedConsumer], object]]) -> None:
        self.service = service
        self.script = script

    def subscribe(self, _: list[str], on_assign: Callback, on_revoke: Callback, on_lost: Callback) -> None:
        self._callbacks = (on_assign, on_revoke, on_lost)

    def assign(self, *numbers: int) -> None:
        self._callbacks[0](self, places(numbers))

    def revoke(self, *numbers: int) -> None:
        self._callbacks[1](self, places(numbers))

    def lose(self, *numbers: int) -> None:
        self._callbacks[2](self, places(numbers))

    def incremental_assign(self, partitions: list[TopicPartition]) -> None: ...

    def poll(self, _: float) -> object:
        if self.script:
            return self.script.pop(0)(self)
        self.service.stopping.set()
        return None

    def close(self) -> None: ...


def places(numbers: Collection[int]) -> list[TopicPartition]:
    return [TopicPartition(CAMERAS.name, number) for number in numbers]


class RevisionMessage:
    """A camera's first revision, in a partition."""

    def __init__(self, partition: int, camera_id: str) -> None:
        self._partition = partition
        self._value = CAMERA_CODEC.encode(make_camera(camera_id))

    def partition(self) -> int:
        return self._partition

    def value(self) -> bytes:
        return self._value

    def error(self) -> None: ...


class NotingEngine:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, list[str]]] = []

    def suspend(self, camera_ids: Collection[str]) -> None:
        self.told.append(("suspend", list(camera_ids)))

    def release(self, camera_ids: Collection[str]) -> None:
        self.told.append(("release", list(camera_ids)))

    def check(self) -> None: ...

    def turns(self, _: float) -> bool:
        return True


def told(*script: Callable[[ScriptedConsumer], object]) -> list[tuple[str, list[str]]]:
    """What the engine is told while two partitions, with a camera each, are assigned, and then the script runs."""
    service = Service(Health(), Metrics(INGEST_METRICS))
    first: list[Callable[[ScriptedConsumer], object]] = [
        lambda consumer: consumer.assign(0, 1),
        lambda _: RevisionMessage(0, "gate"),
        lambda _: RevisionMessage(1, "yard"),
    ]
    consumer, engine = ScriptedConsumer(service, [*first, *script]), NotingEngine()
    Ownership(cast("Consumer", consumer), cast("Engine", engine), Fence(60.0), service).run()
    return engine.told


def test_lost_cameras_are_suspended_and_those_that_do_not_come_back_released() -> None:
    suspended = [("suspend", ["gate"]), ("suspend", ["yard"])]
    assert told(lambda consumer: consumer.lose(0, 1)) == suspended
    back = told(lambda consumer: consumer.lose(0, 1), lambda consumer: consumer.assign(1))
    assert back == [*suspended, ("release", ["gate"])]
    none_back = told(lambda consumer: consumer.lose(0, 1), lambda consumer: consumer.assign())
    assert none_back == [*suspended, ("release", ["gate", "yard"])]
    all_back = told(lambda consumer: consumer.lose(0, 1), lambda consumer: consumer.assign(0, 1))
    assert all_back == suspended


def test_what_was_given_back_once_is_not_released_by_a_later_assignment() -> None:
    again = told(
        lambda consumer: consumer.lose(1),
        lambda consumer: consumer.assign(1),
        lambda consumer: consumer.assign(2),
    )
    assert again == [("suspend", ["yard"])]


def test_revoked_cameras_are_released_at_once() -> None:
    assert told(lambda consumer: consumer.revoke(1)) == [("release", ["yard"])]
