from __future__ import annotations

import pytest

from services.runtime.camera_registry import CameraRegistry, read_registry
from services.runtime.errors import FatalError, RetryableError
from services.runtime.settings import KafkaSettings

pytestmark = pytest.mark.integration


def test_absent_broker_is_named_with_the_cause() -> None:
    with pytest.raises(RetryableError, match=r"at 127\.0\.0\.1:1 could not be read in time: Kafka: .*_TRANSPORT"):
        read_registry(KafkaSettings(bootstrap_servers="127.0.0.1:1"), timeout_seconds=11)


def test_registry_is_read_to_its_end(kafka: KafkaSettings) -> None:
    assert read_registry(kafka).latest("nobody-applied-this") is None


def test_a_registry_that_is_no_longer_followed_says_so(kafka: KafkaSettings) -> None:
    registry = CameraRegistry(kafka, "tests")
    try:
        registry.wait_until_current(20)
        assert registry.failure is None
        registry._hinder(FatalError("Kafka's client can't go on"))
        assert registry.failure is not None
    finally:
        registry.close()
