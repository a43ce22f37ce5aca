"""Kafka that has nothing new to tell is heard all the same; one of which a partition can't be read or asked is not.

The registry's partitions count as those of events and verdicts do.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from deploy.local.platform import LocalStack
from schemas.camera_events import CameraEvent
from schemas.topics import CAMERAS, SCENE_VERDICTS
from schemas.verdicts import SCENE_VERDICTS_CODEC, SceneVerdicts
from services.portal.delivery import follower as following
from services.portal.delivery import shown as showing
from services.portal.delivery.follower import Follower
from services.portal.delivery.shown import Shown
from services.portal.metrics import PORTAL_METRICS
from services.privacy.judged_spans import MOST_SPANS
from services.privacy.showable import ShowableFrame
from services.runtime.camera_registry import CameraRegistry, CameraRevisions
from services.runtime.kafka import whole_topic_consumer
from services.runtime.metrics import Metrics
from services.runtime.settings import KafkaSettings
from tests.portal.delivery.scene import WAIT_SECONDS, FilmedCamera, until

pytestmark = pytest.mark.integration

NOTHING = SCENE_VERDICTS_CODEC.encode(SceneVerdicts(at_ms=1, cameras=()))
PLACE = (SCENE_VERDICTS.name, 0)


class WatchedShown(Shown):
    """Remembers whether it was current whenever something was taken."""

    def __init__(self, cameras: CameraRevisions) -> None:
        super().__init__(cameras.find, 600_000, 30_000)
        self.was_current: list[bool] = []

    def take(self, events: Iterable[CameraEvent], verdicts: Iterable[SceneVerdicts]) -> list[ShowableFrame]:
        self.was_current.append(self.is_current)
        return super().take(events, verdicts)


@contextmanager
def followed(kafka: KafkaSettings, shown: Shown) -> Iterator[Follower]:
    """Follow until all that Kafka has at the start has been read, and then on."""
    registry = CameraRegistry(kafka, "tests")
    follower = Follower(kafka, "tests", shown, registry, Metrics(PORTAL_METRICS))
    follower.start()
    try:
        until(follower.caught_up.is_set)
        until(lambda: shown.is_current)
        yield follower
    finally:
        follower.close()
        registry.close()
    assert follower.failure is None


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a second of silence count, and a tenth be cause to ask."""
    monkeypatch.setattr(showing, "_HEARD_SECONDS", 1.0)
    monkeypatch.setattr(following, "_QUIET_SECONDS", 0.1)
    monkeypatch.setattr(following, "_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(following, "_ASK_SECONDS", 0.5)


class Between:
    """What the follower has in place of its consumer: that consumer, but for ``consume``."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._consumer, name)


class HalfDeaf(Between):
    """Nothing of one partition comes through any more."""

    is_deaf = True

    def consume(self, most: int, seconds: float) -> list[Message]:
        messages = self._consumer.consume(most, seconds)
        return [each for each in messages if not self.is_deaf or (each.topic(), each.partition()) != PLACE]


class DeafRegistry(Between):
    """Nothing comes through any more, as from partitions without a leader."""

    def __init__(self, consumer: Consumer) -> None:
        super().__init__(consumer)
        self.polled, self.hears = threading.Event(), threading.Event()

    def poll(self, seconds: float) -> Message | None:
        self.polled.set()
        return self._consumer.poll(seconds) if self.hears.wait(seconds) else None


class UnheardOf(Between):
    """Nobody leads the registry's partitions: Kafka can't say where they end."""

    def offsets_for_times(self, places: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        if any(place.topic == CAMERAS.name for place in places):
            raise KafkaException(KafkaError(KafkaError.LEADER_NOT_AVAILABLE))
        return self._consumer.offsets_for_times(places, timeout=timeout)


class AllAtOnce(Between):
    """The first batch is all that Kafka has: every partition to its end."""

    has_all = False

    def consume(self, most: int, seconds: float) -> list[Message]:
        batch = self._consumer.consume(most, seconds)
        while not self.has_all:
            batch += self._consumer.consume(most, seconds)
            ends = {(each.topic(), each.partition()) for each in batch if each.error() is not None}
            self.has_all = len(ends) == len(self._consumer.assignment())
        return batch


def tell_nothing(producer: Producer, partition: int) -> None:
    """Write verdicts on no camera."""
    producer.produce(SCENE_VERDICTS.name, NOTHING, partition=partition)
    producer.flush(30)


@pytest.mark.usefixtures("impatient")
def test_partitions_that_are_quiet_after_a_transaction_are_heard_by_asking(kafka: KafkaSettings) -> None:
    teller = Producer({**kafka.client_config(), "transactional.id": "tests-quiet"})
    teller.init_transactions(30)
    shown = Shown(CameraRevisions().find, 600_000, 30_000)
    with followed(kafka, shown) as follower:
        teller.begin_transaction()
        tell_nothing(teller, 0)
        teller.commit_transaction(30)
        end = follower.beat_at + 2.0
        until(lambda: follower.beat_at > end or not shown.is_current)
        assert shown.is_current


@pytest.mark.usefixtures("impatient")
def test_one_partition_that_is_not_read_is_not_made_up_for_by_the_others(
    kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    teller = Producer(kafka.client_config())
    shown = Shown(CameraRevisions().find, 600_000, 30_000)
    with followed(kafka, shown) as follower:
        consumer = HalfDeaf(follower._consumer)
        monkeypatch.setattr(follower, "_consumer", consumer)
        end = follower.beat_at + WAIT_SECONDS
        while shown.is_current and follower.beat_at < end:
            tell_nothing(teller, 0)
            tell_nothing(teller, 1)
        assert not shown.is_current
        consumer.is_deaf = False
        tell_nothing(teller, 0)
        until(lambda: shown.is_current)


@pytest.mark.usefixtures("impatient")
def test_a_withdrawal_that_the_registry_has_not_read_is_not_made_up_for_by_events(
    kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = FilmedCamera(kafka, "follower-withdrawn")
    shown = Shown(CameraRevisions().find, 600_000, 30_000)
    with followed(kafka, shown) as follower:
        cameras = follower._registry.revisions
        deaf = DeafRegistry(follower._registry._consumer)
        monkeypatch.setattr(follower._registry, "_consumer", deaf)
        until(deaf.polled.is_set)
        camera.withdraw()
        until(lambda: not shown.is_current)
        assert cameras.find(camera.camera.camera_id, camera.camera.revision + 1) is None
        deaf.hears.set()
        until(lambda: shown.is_current)
        assert cameras.find(camera.camera.camera_id, camera.camera.revision + 1) is not None


@pytest.mark.usefixtures("impatient")
def test_a_registry_whose_end_nobody_tells_is_not_heard(kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown(CameraRevisions().find, 600_000, 30_000)
    with followed(kafka, shown) as follower:
        consumer = follower._consumer
        monkeypatch.setattr(follower, "_consumer", UnheardOf(consumer))
        until(lambda: not shown.is_current)
        monkeypatch.setattr(follower, "_consumer", consumer)
        until(lambda: shown.is_current)


@pytest.mark.usefixtures("impatient")
def test_a_kafka_that_does_not_answer_is_not_heard(local_platform: LocalStack) -> None:
    shown = Shown(CameraRevisions().find, 600_000, 30_000)
    with followed(local_platform.kafka, shown):
        os.kill(local_platform.pid("kafka"), signal.SIGSTOP)
        try:
            until(lambda: not shown.is_current)
        finally:
            os.kill(local_platform.pid("kafka"), signal.SIGCONT)
        until(lambda: shown.is_current)


def test_what_kafka_has_at_the_start_is_all_taken_before_anything_is_answered(
    kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "whole_topic_consumer", lambda *told: AllAtOnce(whole_topic_consumer(*told)))
    camera = FilmedCamera(kafka, "follower-behind")
    frames = MOST_SPANS + 16
    for number in range(frames):
        camera.film([number])
    for number in range(frames):
        camera.judge(through=number, judged=1)
    cameras = CameraRevisions()
    cameras.add(camera.camera)
    shown = WatchedShown(cameras)
    with followed(kafka, shown):
        listed = [frame.sequence for frame in shown.frames(camera.camera.camera_id)]
    assert listed == list(range(frames - 1)), "all but the last, whose neighbour is not known"
    assert shown.was_current == [False]
