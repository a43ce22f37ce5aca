"""What Tilik relies on in Faust beyond its public interface: a new version that changes it fails here, not at night."""

from __future__ import annotations

import inspect
import logging
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from faust.transport.consumer import ThreadDelegateConsumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, ConsumerRebalanceListener
from faust.types.tuples import Message
from pydantic import SecretStr

from services.aggregate.faust_app import RepeatedOnce, broker_urls, credentials, data_folder, make_app, record_of
from services.aggregate.settings import AggregateSettings
from services.runtime.settings import KafkaSettings


def test_the_versions_are_those_that_were_tried_under_kills() -> None:
    assert (version("faust-streaming"), version("aiokafka")) == ("0.15.3", "0.14.0")


def test_the_consumer_still_lives_in_a_thread_that_takes_calls() -> None:
    assert "_thread" in ThreadDelegateConsumer.__annotations__
    assert list(inspect.signature(AIOKafkaConsumerThread._ensure_consumer).parameters) == ["self"]
    assert inspect.iscoroutinefunction(AIOKafkaConsumerThread.call_thread)


def test_a_message_still_bears_the_generation_in_which_it_was_read() -> None:
    assert "generation_id" in Message.__slots__


def test_a_new_assignment_still_sets_the_generation_before_anything_else() -> None:
    source = inspect.getsource(ConsumerRebalanceListener.on_partitions_assigned)
    assert source.index("consumer_generation_id = generation") < source.index("await")


def test_the_app_still_starts_in_no_generation(tmp_path: Any) -> None:
    app = make_app(AggregateSettings(), 8, str(tmp_path))
    assert app.consumer_generation_id == 0
    assert app.rebalancing is False
    assert app.crash_reason is None


def test_the_app_commits_nothing_and_declares_nothing_by_itself(tmp_path: Any) -> None:
    conf: Any = make_app(AggregateSettings(group="g"), 8, str(tmp_path)).conf
    assert conf.id == "g"
    assert conf.topic_partitions == 8
    assert (conf.topic_allow_declare, conf.topic_disable_leader, conf.stream_wait_empty) == (False, True, False)
    assert conf.processing_guarantee.value == "at_least_once"
    assert conf.web_enabled is False
    assert conf.broker_session_timeout == 6.0


def test_every_start_uses_the_same_folder_and_a_start_makes_no_other() -> None:
    assert data_folder() == data_folder()
    assert Path(data_folder()).parent == Path(tempfile.gettempdir())
    conf: Any = make_app(AggregateSettings(), 8, data_folder()).conf
    assert (str(conf.datadir), str(conf.store)) == (data_folder(), "memory:")


def test_brokers_are_written_as_faust_reads_them() -> None:
    assert broker_urls(KafkaSettings(bootstrap_servers="a:1, b:2")) == "kafka://a:1;b:2"


def test_a_plaintext_connection_has_no_credentials() -> None:
    assert credentials(KafkaSettings()) is None


@pytest.mark.parametrize(("protocol", "over_tls"), [("sasl_plaintext", False), ("sasl_ssl", True)])
def test_sasl_settings_become_the_credentials_of_faust(protocol: Any, over_tls: bool) -> None:
    settings = KafkaSettings(
        security_protocol=protocol,
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="tilik",
        sasl_password=SecretStr("secret"),
    )
    found = credentials(settings)
    assert (found.username, found.password, found.mechanism.value) == ("tilik", "secret", "SCRAM-SHA-512")
    assert (found.ssl_context is not None) is over_tls
    assert found.protocol.value == protocol.upper()


def test_tls_without_sasl_becomes_a_context() -> None:
    assert credentials(KafkaSettings(security_protocol="ssl")).context is not None


def test_a_message_becomes_the_record_that_it_was() -> None:
    message: Any = Message("t", 3, 7, 1_700_000_000.123, 0, [], b"k", b"v", None, None, None, None, generation_id=2)
    record = record_of(message)
    assert (record.topic, record.partition, record.offset, record.timestamp_ms) == ("t", 3, 7, 1_700_000_000_123)
    assert (record.key, record.value) == (b"k", b"v")


def test_a_line_that_repeats_itself_is_logged_once() -> None:
    once = RepeatedOnce()

    def line(text: str) -> logging.LogRecord:
        return logging.LogRecord("aiokafka", logging.ERROR, "f", 1, text, (), None)

    assert [once.filter(line(text)) for text in ("away", "away", "other", "away")] == [True, False, True, False]
