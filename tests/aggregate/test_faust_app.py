"""What Tilik relies on in Faust beyond its public interface: a new version that changes it fails here, not at night."""

from __future__ import annotations

import asyncio
import inspect
import logging
import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from aiokafka.structs import ConsumerRecord
from faust.transport.consumer import Consumer, ThreadDelegateConsumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, ConsumerRebalanceListener
from faust.types.tuples import TP, Message
from pydantic import SecretStr

from services.aggregate.faust_app import (
    BatchConsumer,
    FaustFeed,
    RepeatedOnce,
    broker_urls,
    credentials,
    data_folder,
    make_app,
    record_of,
)
from services.aggregate.settings import AggregateSettings
from services.runtime.errors import FatalError
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


def test_a_poll_is_still_waited_for_where_batches_are_made() -> None:
    source = inspect.getsource(Consumer.getmany)
    assert "records, active_partitions = await self._wait_next_records(timeout)" in source


def record(partition: int, offset: int) -> ConsumerRecord[bytes, bytes]:
    return ConsumerRecord("t", partition, offset, 1_700_000_000_123, 0, b"k", b"v%d" % offset, None, 1, 1, ())


def test_what_a_poll_finds_in_a_partition_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {TP("t", 0): [record(0, 7), record(0, 8)], TP("t", 1): [record(1, 5)], TP("t", 2): []}

    async def poll(self: Any, timeout: float) -> tuple[Any, Any]:
        return found, set(found)

    async def run() -> list[Any]:
        app: Any = make_app(AggregateSettings(), 8, str(tmp_path))
        consumer = app.consumer
        try:
            consumer.resume_flow()
            consumer.highwater = lambda place: 9
            return [message async for _, message in consumer.getmany(timeout=1.0)]
        finally:
            consumer._thread.thread_loop.close()

    monkeypatch.setattr(Consumer, "_wait_next_records", poll)
    messages = asyncio.run(run())
    assert [(m.topic, m.partition, m.offset) for m in messages] == [("t", 0, 8), ("t", 1, 5)]
    assert [[(r.partition, r.offset, r.value) for r in m.value] for m in messages] == [
        [(0, 7, b"v7"), (0, 8, b"v8")],
        [(1, 5, b"v5")],
    ]


def test_a_poll_that_finds_nothing_gives_no_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def poll(self: Any, timeout: float) -> tuple[Any, Any]:
        return None, None

    async def run() -> tuple[Any, Any]:
        app: Any = make_app(AggregateSettings(), 8, str(tmp_path))
        try:
            found: tuple[Any, Any] = await app.consumer._wait_next_records(1.0)
            return found
        finally:
            app.consumer._thread.thread_loop.close()

    monkeypatch.setattr(Consumer, "_wait_next_records", poll)
    assert asyncio.run(run()) == (None, None)


class HangingThread:
    """A consumer's thread in which nothing ever answers, or only a commit does not."""

    def __init__(self, *, runs_calls: bool) -> None:
        self._runs_calls = runs_calls

    async def call_thread(self, call: Any, *arguments: Any) -> Any:
        if self._runs_calls:
            return await call(*arguments)
        return await asyncio.Event().wait()

    def _ensure_consumer(self) -> HangingThread:
        return self

    def assignment(self) -> set[Any]:
        return set()

    async def commit(self, _: Any) -> None:
        await asyncio.Event().wait()


def feed_on(thread: HangingThread) -> FaustFeed:
    feed = object.__new__(FaustFeed)
    feed._consumer_thread = lambda: thread  # type: ignore[method-assign]
    return feed


def test_a_commit_that_does_not_come_back_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.aggregate.faust_app._COMMIT_SECONDS", 0.01)
    assert asyncio.run(feed_on(HangingThread(runs_calls=True)).commit({0: 7})) is False


def test_a_consumer_that_answers_nothing_any_more_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.aggregate.faust_app._THREAD_SECONDS", 0.01)
    with pytest.raises(FatalError, match="has not answered"):
        asyncio.run(feed_on(HangingThread(runs_calls=False)).commit({0: 7}))


def test_the_app_still_starts_in_no_generation(tmp_path: Any) -> None:
    app = make_app(AggregateSettings(), 8, str(tmp_path))
    assert app.consumer_generation_id == 0
    assert app.rebalancing is False
    assert app.crash_reason is None


def test_the_app_commits_nothing_and_declares_nothing_by_itself(tmp_path: Any) -> None:
    app: Any = make_app(AggregateSettings(group="g"), 8, str(tmp_path))
    assert type(app.consumer) is BatchConsumer
    app.consumer._thread.thread_loop.close()
    conf = app.conf
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


@pytest.mark.parametrize("partitions", [1, 8, 64, 500])
def test_what_a_poll_gives_finds_room_where_reading_stops(tmp_path: Path, partitions: int) -> None:
    conf: Any = make_app(AggregateSettings(), partitions, str(tmp_path)).conf
    assert 0.8 * conf.stream_buffer_maxsize + partitions < conf.stream_buffer_maxsize


@pytest.mark.parametrize(("partitions", "events"), [(1, 32_768), (8, 32_768), (64, 32_768), (500, 192_000)])
def test_what_waits_to_be_judged_is_bounded(tmp_path: Path, partitions: int, events: int) -> None:
    conf: Any = make_app(AggregateSettings(), partitions, str(tmp_path)).conf
    assert conf.stream_buffer_maxsize * conf.broker_max_poll_records <= events


def test_a_record_of_aiokafka_becomes_ours() -> None:
    found = record_of(record(3, 7))
    assert (found.topic, found.partition, found.offset, found.timestamp_ms) == ("t", 3, 7, 1_700_000_000_123)
    assert (found.key, found.value) == (b"k", b"v7")
    assert record_of(replace(record(3, 7), value=None)).value == b""


def test_a_line_that_repeats_itself_is_logged_once() -> None:
    once = RepeatedOnce()

    def line(text: str) -> logging.LogRecord:
        return logging.LogRecord("aiokafka", logging.ERROR, "f", 1, text, (), None)

    assert [once.filter(line(text)) for text in ("away", "away", "other", "away")] == [True, False, True, False]
