"""Figures of service counters, for everybody: full quarters of an hour, of public cameras, valid minutes only."""

# ruff: noqa: S608  (statements are made of this package's own words; values go in as parameters)

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from msgspec import Struct

from services.portal.pages.written import day_start
from services.portal.questions import Questions

STEP: Final = timedelta(minutes=15)
"""Nothing about a counter is told in finer steps: with a minute's figures one could follow who works there."""
HOUR: Final = timedelta(hours=1)
LEAST_MINUTES: Final = 5
"""With fewer observed minutes of a quarter a counter is not ranked: one lucky minute would make it the shortest."""
LEAST_SERVED: Final = 10
"""Below so many people served in an hour a waiting time is not told: one of them would move it by a tenth and more."""
_KEEP_SECONDS: Final = 30.0

PUBLIC: Final = "SELECT camera_id FROM current_cameras WHERE public AND state != 'removed'"
_COUNTED: Final = "valid AND NOT simulated AND opening != 'closed'"
_SPAN: Final = (
    "minute >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND minute < fromUnixTimestamp64Milli({end:Int64}, 'UTC')"
)
_RECENT: Final = "minute >= fromUnixTimestamp64Milli({quarter:Int64}, 'UTC')"


class CounterNow(Struct, frozen=True):
    """One counter, as it was in the last full quarter and the hour that ends with it.

    ``open_minutes`` and ``closed_minutes`` are observed minutes of the quarter, ``hour_minutes`` those of the hour in
    opening hours. None: not known.
    """

    camera_id: str
    open_minutes: int
    closed_minutes: int
    queue_mean: float | None
    hour_minutes: int
    staffed_ratio: float | None
    waiting_s: float | None


class CounterQuarter(Struct, frozen=True):
    """One quarter of an hour of one counter. None: not known, or closed."""

    start: datetime
    minutes: int
    queue_mean: float | None
    staffed_ratio: float | None


_NOW: Final = f"""SELECT toString(camera_id) AS camera_id,
    countIf({_RECENT} AND {_COUNTED}) AS open_minutes,
    countIf({_RECENT} AND valid AND NOT simulated AND opening = 'closed') AS closed_minutes,
    sumIf(m.queue_mean * observed_s, {_RECENT} AND {_COUNTED} AND queue_known) AS queue_person_s,
    sumIf(observed_s, {_RECENT} AND {_COUNTED} AND queue_known) AS queue_s,
    if(queue_s > 0, queue_person_s / queue_s, NULL) AS queue_mean,
    countIf({_COUNTED}) AS hour_minutes,
    sumIf(observed_s, {_COUNTED} AND staffed_known) AS staff_s,
    if(staff_s > 0, sumIf(m.staffed_s, {_COUNTED} AND staffed_known) / staff_s, NULL) AS staffed_ratio,
    sumIf(served, {_COUNTED} AND served_known AND queue_known) AS departed,
    if(departed >= {LEAST_SERVED},
        sumIf(m.queue_mean * observed_s, {_COUNTED} AND served_known AND queue_known) / departed, NULL) AS waiting_s
FROM current_counter_minutes AS m
WHERE {_SPAN} AND camera_id IN ({PUBLIC})
GROUP BY camera_id
ORDER BY camera_id"""

_DAY: Final = f"""SELECT toStartOfInterval(minute, INTERVAL 15 MINUTE) AS start, countIf({_COUNTED}) AS minutes,
    sumIf(observed_s, {_COUNTED} AND queue_known) AS queue_s,
    if(queue_s > 0, sumIf(m.queue_mean * observed_s, {_COUNTED} AND queue_known) / queue_s, NULL) AS queue_mean,
    sumIf(observed_s, {_COUNTED} AND staffed_known) AS staff_s,
    if(staff_s > 0, sumIf(m.staffed_s, {_COUNTED} AND staffed_known) / staff_s, NULL) AS staffed_ratio
FROM current_counter_minutes AS m
WHERE camera_id = {{camera_id:String}} AND {_SPAN}
GROUP BY start
HAVING minutes > 0
ORDER BY start"""


async def counters_now(ask: Questions, end: datetime) -> dict[str, CounterNow]:
    """Give each public counter that has minutes in the hour before ``end``, the end of a full quarter.

    Raises:
        RetryableError: ClickHouse does not answer.
    """
    span = {"start": ms(end - HOUR), "quarter": ms(end - STEP), "end": ms(end)}
    rows = await ask.query_as(CounterNow, _NOW, span, keep_seconds=_KEEP_SECONDS)
    return {row.camera_id: row for row in rows}


async def counter_day(ask: Questions, camera_id: str, day: date, until: datetime) -> list[CounterQuarter]:
    """Give the quarters of a day with observed minutes in opening hours, up to ``until``, the end of a full one.

    Raises:
        RetryableError: ClickHouse does not answer.
    """
    start = day_start(day)
    end = min(start + timedelta(days=1), until)
    if end <= start:
        return []
    span = {"camera_id": camera_id, "start": ms(start), "end": ms(end)}
    return await ask.query_as(CounterQuarter, _DAY, span, keep_seconds=_KEEP_SECONDS)


def ms(at: datetime) -> int:
    """Give a moment in ms since 1970, as statements take it."""
    return round(at.timestamp() * 1000)
