"""Kafka that has nothing new to tell is heard all the same; one that can't be asked is not."""

from __future__ import annotations

import pytest

from services.portal.delivery import follower as following
from services.portal.delivery.follower import Follower
from services.portal.delivery.shown import Shown
from services.portal.metrics import PORTAL_METRICS
from services.runtime.camera_registry import CameraRevisions
from services.runtime.metrics import Metrics
from services.runtime.settings import KafkaSettings
from tests.portal.delivery.scene import until

pytestmark = pytest.mark.integration


def test_a_quiet_kafka_is_asked_whether_there_is_more(kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_QUIET_SECONDS", 0.0)
    seconds = 0.0
    shown = Shown(CameraRevisions().find, 600_000, 30_000, seconds=lambda: seconds)
    follower = Follower(kafka, "tests", shown, 600_000, Metrics(PORTAL_METRICS))
    follower.start()
    try:
        until(follower.caught_up.is_set)
        seconds = 100.0  # each end has been told by then, and nothing comes after it
        until(lambda: shown.is_current)
        seconds = 200.0
        until(lambda: shown.is_current)
        monkeypatch.setattr(follower, "_is_at_end", lambda: False)
        beat = follower.beat_at
        until(lambda: follower.beat_at > beat)
        seconds = 300.0
        assert not shown.is_current
    finally:
        follower.close()
    assert follower.failure is None
