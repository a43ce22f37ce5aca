"""Pages ask ClickHouse: read only, bounded, and once for a crowd."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from msgspec import Struct

from services.portal.metrics import PORTAL_METRICS
from services.portal.questions import Questions
from services.portal.settings import QuestionSettings
from services.runtime.errors import RetryableError
from services.runtime.metrics import Metrics
from services.runtime.settings import ClickHouseSettings

pytestmark = pytest.mark.integration


@asynccontextmanager
async def asking(port: int, settings: QuestionSettings | None = None) -> AsyncIterator[tuple[Questions, Metrics]]:
    metrics = Metrics(PORTAL_METRICS)
    clickhouse = ClickHouseSettings(port=port, database="default")
    questions = Questions(clickhouse, settings or QuestionSettings(), metrics)
    try:
        yield questions, metrics
    finally:
        questions.close()


def counted(metrics: Metrics, outcome: str) -> float:
    value = metrics.registry.get_sample_value("tilik_portal_questions_total", {"outcome": outcome})
    return value or 0.0


class Counted(Struct):
    number: int
    at: datetime


def test_a_crowd_that_asks_the_same_asks_once(clickhouse_port: int) -> None:
    async def ask() -> None:
        async with asking(clickhouse_port) as (questions, metrics):
            sql = "SELECT number, sleepEachRow(0.05) FROM numbers({n:UInt8})"
            answers = await asyncio.gather(*(questions.query(sql, {"n": 3}) for _ in range(20)))
            assert all(answer is answers[0] for answer in answers)
            assert await questions.query(sql, {"n": 3}) is answers[0]
            assert (counted(metrics, "asked"), counted(metrics, "joined"), counted(metrics, "kept")) == (1, 19, 1)
            assert len(await questions.query(sql, {"n": 2})) == 2

    asyncio.run(ask())


def test_rows_become_values_with_aware_times(clickhouse_port: int) -> None:
    async def ask() -> None:
        async with asking(clickhouse_port) as (questions, _):
            sql = "SELECT 7 AS number, toDateTime64('2026-01-02 03:04:05', 3, 'UTC') AS at"
            assert await questions.query_as(Counted, sql) == [Counted(7, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))]

    asyncio.run(ask())


def test_a_question_can_change_nothing(clickhouse_port: int) -> None:
    async def ask() -> None:
        async with asking(clickhouse_port) as (questions, _):
            with pytest.raises(RetryableError, match=r"(?i)readonly"):
                await questions.query("CREATE TABLE default.made_by_a_page (a UInt8) ENGINE = Memory")

    asyncio.run(ask())


def test_a_question_that_gives_too_much_is_refused(clickhouse_port: int) -> None:
    async def ask() -> None:
        async with asking(clickhouse_port, QuestionSettings(most_rows=100)) as (questions, _):
            with pytest.raises(RetryableError, match=r"(?i)limit"):
                await questions.query("SELECT number FROM numbers(200)")

    asyncio.run(ask())


def test_more_questions_than_may_wait_are_refused(clickhouse_port: int) -> None:
    async def ask() -> None:
        async with asking(clickhouse_port, QuestionSettings(at_once=1, waiting=1)) as (questions, metrics):
            asked = [questions.query("SELECT {n:UInt8}, sleep(0.1)", {"n": n}) for n in range(4)]
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert sum(isinstance(answer, RetryableError) for answer in answers) == 2
            assert counted(metrics, "refused") == 2

    asyncio.run(ask())


def test_kept_answers_are_bounded(clickhouse_port: int) -> None:
    async def ask() -> None:
        async with asking(clickhouse_port, QuestionSettings(kept_rows=1_000, keep_seconds=60)) as (questions, metrics):
            for n in range(3):
                await questions.query("SELECT number FROM numbers({n:UInt32})", {"n": 400 + n})
            await questions.query("SELECT number FROM numbers({n:UInt32})", {"n": 402})
            assert counted(metrics, "kept") == 1
            await questions.query("SELECT number FROM numbers({n:UInt32})", {"n": 400})
            assert counted(metrics, "asked") == 4

    asyncio.run(ask())


def test_what_is_asked_anew_does_not_wait_for_a_crowd_of_other_questions(clickhouse_port: int) -> None:
    async def ask() -> None:
        async with asking(clickhouse_port, QuestionSettings(at_once=1, waiting=1)) as (questions, _):
            crowd = [asyncio.create_task(questions.query("SELECT {n:UInt8}, sleep(1)", {"n": n})) for n in range(2)]
            await asyncio.sleep(0)
            assert len(await questions.query("SELECT 1", keep_seconds=0)) == 1
            assert not crowd[1].done()
            await asyncio.gather(*crowd)

    asyncio.run(ask())


def test_a_silent_database_is_not_waited_for_longer_than_a_question_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.portal.questions._GRACE_SECONDS", 0.1)

    async def ask(port: int) -> None:
        async with asking(port, QuestionSettings(most_seconds=0.2)) as (questions, _), asyncio.timeout(20):
            with pytest.raises(RetryableError):
                await questions.query("SELECT 1")

    with socket.create_server(("127.0.0.1", 0)) as silent:
        asyncio.run(ask(silent.getsockname()[1]))
