"""What cameras saw: who watches for water now, a zone's water over a day, and how much of each hour was observed."""

# ruff: noqa: S608  (statements are made of this package's own words; values go in as parameters)

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from msgspec import Struct

from services.portal.pages.counter_figures import PUBLIC, ms
from services.portal.pages.written import day_start
from services.portal.questions import Questions

WATCHED_WITHIN: Final = timedelta(minutes=15)
_KEEP_SECONDS: Final = 30.0


class WaterQuarter(Struct, frozen=True):
    """A quarter of an hour of a camera's water areas: the wettest one's mean part under water."""

    start: datetime
    minutes: int
    ratio: float


class ObservedHour(Struct, frozen=True):
    """An hour of a camera, with its valid minutes."""

    start: datetime
    minutes: int


_WATCHERS: Final = f"""SELECT DISTINCT toString(camera_id) AS camera_id
FROM current_flood_minutes
WHERE minute >= fromUnixTimestamp64Milli({{start:Int64}}, 'UTC')
    AND minute < fromUnixTimestamp64Milli({{end:Int64}}, 'UTC') AND valid AND NOT simulated
    AND camera_id IN ({PUBLIC})"""

_SPAN: Final = """camera_id = {camera_id:String} AND minute >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
    AND minute < fromUnixTimestamp64Milli({end:Int64}, 'UTC')"""

_WATER: Final = f"""SELECT start, max(minutes) AS minutes, max(ratio) AS ratio
FROM
(
    SELECT toStartOfInterval(minute, INTERVAL 15 MINUTE) AS start, zone_id, count() AS minutes,
        sum(ratio_mean * observed_s) / sum(observed_s) AS ratio
    FROM current_flood_minutes
    WHERE {_SPAN} AND valid AND NOT simulated AND observed_s > 0
    GROUP BY start, zone_id
)
GROUP BY start
ORDER BY start"""

_OBSERVED: Final = f"""SELECT toStartOfHour(minute) AS start, countIf(valid AND detected > 0) AS minutes
FROM current_camera_minutes
WHERE {_SPAN}
GROUP BY start
ORDER BY start"""


async def water_watchers(ask: Questions, now: datetime) -> set[str]:
    """Give the public cameras that have reported about a water area within ``WATCHED_WITHIN``.

    Raises:
        RetryableError: ClickHouse does not answer.
    """
    minute = now.replace(second=0, microsecond=0)
    told = {"start": ms(minute - WATCHED_WITHIN), "end": ms(minute + timedelta(minutes=1))}
    rows = await ask.query(_WATCHERS, told, keep_seconds=_KEEP_SECONDS)
    return {str(row["camera_id"]) for row in rows}


async def water_day(ask: Questions, camera_id: str, day: date, until: datetime) -> list[WaterQuarter]:
    """Give the quarters of a day in which a camera's water areas were observed.

    Raises:
        RetryableError: ClickHouse does not answer.
    """
    return await ask.query_as(WaterQuarter, _WATER, _day_span(camera_id, day, until), keep_seconds=_KEEP_SECONDS)


async def observed_day(ask: Questions, camera_id: str, day: date, until: datetime) -> list[ObservedHour]:
    """Give the hours of a day of which a camera has minutes.

    Raises:
        RetryableError: ClickHouse does not answer.
    """
    return await ask.query_as(ObservedHour, _OBSERVED, _day_span(camera_id, day, until), keep_seconds=_KEEP_SECONDS)


def _day_span(camera_id: str, day: date, until: datetime) -> dict[str, object]:
    start = day_start(day)
    return {
        "camera_id": camera_id,
        "start": ms(start),
        "end": ms(max(start, min(start + timedelta(days=1), until.replace(second=0, microsecond=0)))),
    }
