"""Ask ClickHouse for pages: read only, bounded, and once for however many ask the same at the same time."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import msgspec
from clickhouse_connect.driver.client import Client

from services.portal.settings import QuestionSettings
from services.runtime.clickhouse import connect, translated_errors
from services.runtime.errors import RetryableError
from services.runtime.metrics import Metrics
from services.runtime.settings import ClickHouseSettings

Row = Mapping[str, Any]
"""One row of an answer, by column; times are aware, in UTC. Shared by all who asked: not to be changed."""
Rows = tuple[Row, ...]
T = TypeVar("T")

_AWAY_SECONDS = 1.0
_GRACE_SECONDS = 2.0
"""How much longer than ClickHouse may work its answer may take to come."""


class _Kept(NamedTuple):
    rows: Rows
    until: float


class _Turns:
    """Threads of one kind of questions, and which of these are under way: one kind never waits for the other."""

    def __init__(self, settings: QuestionSettings, name: str) -> None:
        self.threads = ThreadPoolExecutor(settings.at_once, thread_name_prefix=name)
        self.asked: dict[bytes, asyncio.Task[Rows]] = {}


class Questions:
    """Questions of one process to one database. Used from one event loop; what blocks runs on threads of its own.

    What is asked anew has threads of its own: people who decide about cameras never wait for a crowd of citizens.

    Args:
        clickhouse: Where ClickHouse is.
        settings: The bounds.
        metrics: Counts questions.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        clickhouse: ClickHouseSettings,
        settings: QuestionSettings,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        most_seconds = settings.most_seconds + _GRACE_SECONDS
        self._clickhouse = clickhouse.model_copy(update={"write_timeout_seconds": math.ceil(most_seconds)})
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._most_seconds = most_seconds
        self._turns = _Turns(settings, "questions")
        self._turns_anew = _Turns(settings, "questions-anew")
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._kept_rows = 0
        self._alone = 0
        self._client: Client | None = None
        self._connecting = threading.Lock()
        self._away: tuple[float, str] = (0.0, "")

    async def query(
        self, sql: str, parameters: Mapping[str, object] | None = None, *, keep_seconds: float | None = None
    ) -> Rows:
        """Give the rows of a SELECT. Values go in by ``parameters`` (``{name:Type}`` in the text), never by formatting.

        The answer may be up to ``keep_seconds`` old; None: as the settings say; 0: asked anew.

        Raises:
            RetryableError: ClickHouse is away, did not answer in time, or too many questions wait already.
        """
        key = msgspec.msgpack.encode((sql, sorted((parameters or {}).items())), enc_hook=str)
        turns = self._turns
        if keep_seconds == 0:
            turns = self._turns_anew
            key += self._alone.to_bytes(8)  # one under way may have been asked before what the caller has just done
            self._alone += 1
        kept = self._kept.get(key)
        if kept is not None and kept.until > self._clock():
            self._metrics.count("tilik_portal_questions_total", outcome="kept")
            return kept.rows
        task = turns.asked.get(key)
        if task is None:
            task = self._begin(turns, key, self._answer(turns, key, sql, dict(parameters or {}), keep_seconds))
        else:
            self._metrics.count("tilik_portal_questions_total", outcome="joined")
        try:
            async with asyncio.timeout(self._most_seconds):
                return await asyncio.shield(task)  # who leaves does not take the answer from the others
        except TimeoutError as error:
            raise RetryableError(f"ClickHouse did not answer in {self._most_seconds:.0f} s") from error

    async def query_as(
        self, row_type: type[T], sql: str, parameters: Mapping[str, object] | None = None, **how: float
    ) -> list[T]:
        """Give the rows as values of a struct, whose fields are the columns' names.

        Raises:
            RetryableError: As ``query`` does.
        """
        return msgspec.convert(await self.query(sql, parameters, **how), list[row_type], strict=False)  # type: ignore[valid-type]

    def close(self) -> None:
        """Let go of the connection. Questions under way are given up."""
        for turns in (self._turns, self._turns_anew):
            turns.threads.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.close()

    def _begin(self, turns: _Turns, key: bytes, answer: Coroutine[Any, Any, Rows]) -> asyncio.Task[Rows]:
        if len(turns.asked) >= self._settings.at_once + self._settings.waiting:
            answer.close()
            self._metrics.count("tilik_portal_questions_total", outcome="refused")
            raise RetryableError("too many questions to ClickHouse wait already")
        task = asyncio.create_task(answer)
        turns.asked[key] = task
        task.add_done_callback(lambda done: (turns.asked.pop(key, None), done.cancelled() or done.exception()))
        return task

    async def _answer(
        self, turns: _Turns, key: bytes, sql: str, parameters: dict[str, object], keep: float | None
    ) -> Rows:
        started = self._clock()
        try:
            rows = await asyncio.get_running_loop().run_in_executor(turns.threads, self._ask, sql, parameters)
        except RetryableError:
            self._metrics.count("tilik_portal_questions_total", outcome="failed")
            raise
        self._metrics.count("tilik_portal_questions_total", outcome="asked")
        self._metrics.observe("tilik_portal_question_seconds", self._clock() - started)
        self._keep(key, rows, self._settings.keep_seconds if keep is None else keep)
        return rows

    def _keep(self, key: bytes, rows: Rows, seconds: float) -> None:
        former = self._kept.pop(key, None)
        if former is not None:
            self._kept_rows -= _weight(former.rows)
        if seconds <= 0:
            return
        self._kept[key] = _Kept(rows, self._clock() + seconds)
        self._kept_rows += _weight(rows)
        while self._kept_rows > self._settings.kept_rows:
            _, oldest = self._kept.popitem(last=False)
            self._kept_rows -= _weight(oldest.rows)

    def _ask(self, sql: str, parameters: dict[str, object]) -> Rows:
        client = self._connected()
        with translated_errors("a question of the portal"):
            answer = client.query(
                sql,
                parameters=parameters,
                tz_mode="aware",
                settings={
                    "readonly": 1,
                    "max_execution_time": self._settings.most_seconds,
                    "max_result_rows": self._settings.most_rows,
                    "result_overflow_mode": "throw",
                },
            )
            return tuple(answer.named_results())

    def _connected(self) -> Client:
        """Connect where that is yet to be done; a failure stands for a moment, for a crowd would try again at once."""
        with self._connecting:
            until, why = self._away
            if self._client is None and self._clock() < until:
                raise RetryableError(why)
            if self._client is None:
                try:
                    self._client = connect(self._clickhouse, self._clickhouse.database)
                except RetryableError as error:
                    self._away = (self._clock() + _AWAY_SECONDS, str(error))
                    raise
            return self._client


def _weight(rows: Rows) -> int:
    """An answer without rows takes room too."""
    return len(rows) + 10
