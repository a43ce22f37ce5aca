from __future__ import annotations

import pytest

from schemas.topics import FRAMES, TOPICS
from services.runtime.errors import ConfigurationError, RetryableError
from services.runtime.settings import KafkaSettings
from services.runtime.topics import ensure_topics, topic_settings

pytestmark = pytest.mark.integration


def test_table_of_topics_is_on_the_cluster_and_a_second_call_creates_nothing(kafka: KafkaSettings) -> None:
    assert ensure_topics(kafka, "local") == []

    for topic in TOPICS:
        actual = topic_settings(kafka, topic.name)
        assert {key: actual[key] for key in topic.settings_for("local")} == topic.settings_for("local")


def test_frames_carry_the_brokers_time(kafka: KafkaSettings) -> None:
    assert topic_settings(kafka, FRAMES.name)["message.timestamp.type"] == "LogAppendTime"


def test_other_number_of_partitions_is_refused_before_anything_is_created(kafka: KafkaSettings) -> None:
    with pytest.raises(ConfigurationError, match=r"has 8 partitions, the profile 'production' wants 48"):
        ensure_topics(kafka, "production")


def test_absent_broker_is_named() -> None:
    with pytest.raises(RetryableError, match=r"127\.0\.0\.1:1"):
        ensure_topics(KafkaSettings(bootstrap_servers="127.0.0.1:1"), "local")
