"""When something holds: periods of the day in Asia/Jakarta, with holidays, as spans of absolute time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.cameras import Period, Timetable, Weekday

LOCAL_TIME = ZoneInfo("Asia/Jakarta")
BEGINNING_OF_TIME_MS, END_OF_TIME_MS = 0, 1 << 62

_WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HORIZON_DAYS = 8
"""How far a span is followed. A week and a day, so that a timetable of one weekday finds its next period."""


class Span(NamedTuple):
    """The longest stretch of time around an instant in which nothing changes: [start_ms, end_ms)."""

    in_force: bool
    start_ms: int
    end_ms: int


ALWAYS = Span(True, BEGINNING_OF_TIME_MS, END_OF_TIME_MS)


class TimetableSpans:
    """A timetable that answers for any instant, and remembers its last answer.

    Args:
        timetable: None means: always in force.
    """

    def __init__(self, timetable: Timetable | None) -> None:
        self._timetable = timetable
        self._last = ALWAYS if timetable is None else Span(False, 0, 0)

    def at(self, instant_ms: int) -> Span:
        """Give the span that holds ``instant_ms`` (ms since 1970).

        Adjoining periods are one span: a counter open 00:00-24:00 on two days does not close at midnight. A span is
        followed for eight days each way at most.
        """
        if not self._last.start_ms <= instant_ms < self._last.end_ms:
            self._last = self._span_around(instant_ms)
        return self._last

    def _span_around(self, instant_ms: int) -> Span:
        today = datetime.fromtimestamp(instant_ms / 1000, LOCAL_TIME).date()
        days = [today + timedelta(days=shift) for shift in range(-_HORIZON_DAYS, _HORIZON_DAYS + 1)]
        start_ms = _instant_ms(days[0], 0)
        for from_ms, to_ms in _joined(interval for day in days for interval in self._intervals_of(day)):
            if instant_ms < from_ms:
                return Span(False, start_ms, from_ms)
            if instant_ms < to_ms:
                return Span(True, from_ms, to_ms)
            start_ms = to_ms
        return Span(False, start_ms, _instant_ms(days[-1], 0))

    def _intervals_of(self, day: date) -> list[tuple[int, int]]:
        timetable = self._timetable
        if timetable is None:
            return [(_instant_ms(day, 0), _instant_ms(day, 24 * 60))]
        if day.isoformat() in timetable.holidays:
            periods = timetable.on_holidays
        else:
            periods = timetable.weekdays.get(_WEEKDAYS[day.weekday()], ())
        return [_interval_of(day, period) for period in periods if period.start != period.end]


def _interval_of(day: date, period: Period) -> tuple[int, int]:
    start, end = _minute_of_day(period.start), _minute_of_day(period.end)
    return _instant_ms(day, start), _instant_ms(day, end if end > start else end + 24 * 60)


def _minute_of_day(clock_time: str) -> int:
    hours, minutes = clock_time.split(":")
    return int(hours) * 60 + int(minutes)


def _instant_ms(day: date, minute_of_day: int) -> int:
    local = datetime.combine(day, time(0), LOCAL_TIME) + timedelta(minutes=minute_of_day)
    return int(local.astimezone(UTC).timestamp() * 1000)


def _joined(intervals: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start_ms, end_ms in sorted(intervals):
        if joined and start_ms <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end_ms))
        else:
            joined.append((start_ms, end_ms))
    return joined
