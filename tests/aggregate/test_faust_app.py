"""What Tilik relies on in Faust beyond its public interface: a new version that changes it fails here, not at night."""

from __future__ import annotations

import asyncio
import inspect
import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from faust.transport.consumer import Consumer, ThreadDelegateConsumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, ConsumerRebalanceListener
from faust.types.tuples import Message
from pydantic import SecretStr

from services.aggregate.faust_app import (
    DirectConsumer,
    RepeatedOnce,
    broker_urls,
    credentials,
    data_folder,
    make_app,
    record_of,
)
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


def test_a_message_is_still_handed_on_by_waiting_for_its_callback_first() -> None:
    source = inspect.getsource(Consumer._drain_messages)
    assert "self.wait_first(\n" in source
    assert "callback(message), self.suspend_flow.wait()\n" in source


@contextmanager
def direct_consumer(folder: Path) -> Iterator[Any]:
    app: Any = make_app(AggregateSettings(), 8, str(folder))
    assert type(app.consumer) is DirectConsumer
    try:
        yield app.consumer
    finally:
        app.consumer._thread.thread_loop.close()


def test_what_need_not_wait_is_done_without_a_task(tmp_path: Path) -> None:
    async def callback() -> int:
        return 7 if len(asyncio.all_tasks()) == 1 else 0

    async def run() -> None:
        with direct_consumer(tmp_path) as consumer:
            found = await consumer.wait_first(callback(), asyncio.Event().wait())
        assert (found.results, found.stopped) == ([7], False)

    asyncio.run(run())


def test_what_waits_goes_on_where_it_was_and_is_done_once(tmp_path: Path) -> None:
    steps: list[str] = []

    async def callback(room: asyncio.Event) -> int:
        steps.append("begun")
        await asyncio.sleep(0)
        steps.append("waits")
        await room.wait()
        steps.append("done")
        return 7

    async def run() -> None:
        room = asyncio.Event()
        asyncio.get_running_loop().call_later(0.01, room.set)
        with direct_consumer(tmp_path) as consumer:
            found = await consumer.wait_first(callback(room), asyncio.Event().wait())
        assert found.results == [7]

    asyncio.run(run())
    assert steps == ["begun", "waits", "done"]


def test_what_fails_fails_where_it_is_awaited(tmp_path: Path) -> None:
    async def callback(waits: bool) -> None:
        if waits:
            await asyncio.sleep(0)
        raise ValueError("broken")

    async def run(waits: bool) -> None:
        with direct_consumer(tmp_path) as consumer:
            await consumer.wait_first(callback(waits), asyncio.Event().wait())

    for waits in (False, True):
        with pytest.raises(ValueError, match="broken"):
            asyncio.run(run(waits))


def test_a_suspended_flow_ends_a_wait(tmp_path: Path) -> None:
    async def run() -> None:
        suspended = asyncio.Event()
        asyncio.get_running_loop().call_later(0.01, suspended.set)
        with direct_consumer(tmp_path) as consumer:
            found = await consumer.wait_first(asyncio.Event().wait(), suspended.wait())
        assert found.results == [True]

    asyncio.run(run())


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
    assert 0.8 * conf.stream_buffer_maxsize + conf.broker_max_poll_records < conf.stream_buffer_maxsize


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
