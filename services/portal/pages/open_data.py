"""Files of open data, as ClickHouse writes them: bounded, rate-limited, a few at a time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Final, Literal, NamedTuple

import limits
from clickhouse_connect.driver.client import Client
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from services.portal.pages.counter_figures import ms
from services.portal.pages.datasets import Dataset
from services.portal.pages.written import day_start, full_quarter_end
from services.runtime.clickhouse import connect, translated_errors
from services.runtime.errors import RetryableError
from services.runtime.settings import ClickHouseSettings

Format = Literal["csv", "json", "parquet"]
FORMATS: Final[tuple[Format, ...]] = ("csv", "json", "parquet")
KEEP_MINUTES: Final = 5
_AT_ONCE: Final = 2
_WAITING: Final = 20
_MOST_ROWS: Final = 400_000
"""A month of a city's counters in quarters of an hour has 170,000 rows."""
_SECONDS: Final = 30
_CLICKHOUSE_FORMATS: Final[Mapping[Format, str]] = {"csv": "CSVWithNames", "json": "JSONEachRow", "parquet": "Parquet"}
_TOO_MANY_ROWS: Final = ("TOO_MANY_ROWS", "code: 396", "code 396")
_SETTINGS: Final = {
    "max_execution_time": _SECONDS,
    "max_result_rows": _MOST_ROWS,
    "result_overflow_mode": "throw",
    "format_csv_null_representation": "",
    "output_format_json_array_of_rows": 1,
    "output_format_json_quote_64bit_integers": 0,
    "output_format_parquet_string_as_string": 1,
    "join_use_nulls": 0,
}


class TooLargeError(Exception):
    """What was asked for has more rows than one file may have."""


class Period(NamedTuple):
    """Days, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """Give how many."""
        return (self.last - self.first).days + 1


class OpenData:
    """Writes files. Used from one event loop; what blocks runs on threads of its own."""

    def __init__(self, clickhouse: ClickHouseSettings, files_per_minute: int) -> None:
        self._clickhouse = clickhouse
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="open-data")
        self._under_way = 0
        self._client: Client | None = None
        self._connecting = threading.Lock()
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._budget = limits.parse(f"{files_per_minute}/minute")

    def allows(self, client: str) -> bool:
        """Take one file of a client's budget; False where it is used up."""
        return self._limiter.hit(self._budget, client)

    async def file(self, dataset: Dataset, kind: Format, period: Period, kelurahan: str, now: datetime) -> bytes:
        """Give a file of a data set.

        Raises:
            RetryableError: ClickHouse does not answer, or too many files wait already.
            TooLargeError: It would have too many rows.
        """
        if self._under_way >= _AT_ONCE + _WAITING:
            raise RetryableError("too many files of open data wait already")
        end = min(day_start(period.last + timedelta(days=1)), full_quarter_end(now))
        told = {
            "from_day": period.first.isoformat(),
            "to_day": period.last.isoformat(),
            "from_ms": ms(day_start(period.first)),
            "to_ms": ms(end),
            "kelurahan": kelurahan,
        }
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, dataset.sql, kind, told)
        finally:
            self._under_way -= 1

    def close(self) -> None:
        """Let go of the connection. Files under way are given up."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.close()

    def _ask(self, sql: str, kind: Format, told: dict[str, object]) -> bytes:
        with self._connecting:
            if self._client is None:
                self._client = connect(self._clickhouse, self._clickhouse.database)
        try:
            with translated_errors("a file of open data"):
                return self._client.raw_query(
                    sql, parameters=told, settings={"readonly": 1, **_SETTINGS}, fmt=_CLICKHOUSE_FORMATS[kind]
                )
        except RetryableError as error:
            if any(sign in str(error) for sign in _TOO_MANY_ROWS):
                raise TooLargeError from error
            raise
