from __future__ import annotations

import pytest

from services.runtime.camera_registry import read_registry
from services.runtime.errors import RetryableError
from services.runtime.settings import KafkaSettings

pytestmark = pytest.mark.integration


def test_absent_broker_is_named_with_the_cause() -> None:
    with pytest.raises(RetryableError, match=r"at 127\.0\.0\.1:1 could not be read in time: Kafka: .*_TRANSPORT"):
        read_registry(KafkaSettings(bootstrap_servers="127.0.0.1:1"), timeout_seconds=11)


def test_registry_is_read_to_its_end(kafka: KafkaSettings) -> None:
    assert read_registry(kafka).latest("nobody-applied-this") is None
