"""Timetables in Asia/Jakarta: weekdays, holidays, nights, and what never changes."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from schemas.cameras import Period, Timetable
from services.aggregate.timetable import ALWAYS, TimetableSpans
from tests.aggregate.make_events import every_day

OFFICE = Timetable(
    weekdays={"mon": (Period("08:00", "12:00"), Period("13:00", "15:00")), "tue": (Period("08:00", "15:00"),)},
    holidays=("2025-10-14",),
    on_holidays=(Period("09:00", "10:00"),),
)
NIGHT = Timetable(weekdays={"mon": (Period("22:00", "04:00"),)})


def jakarta(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Jakarta")).timestamp() * 1000)


@pytest.mark.parametrize(
    ("timetable", "instant", "in_force"),
    [
        (OFFICE, "2025-10-13T07:59:59", False),
        (OFFICE, "2025-10-13T08:00:00", True),
        (OFFICE, "2025-10-13T11:59:59", True),
        (OFFICE, "2025-10-13T12:00:00", False),
        (OFFICE, "2025-10-13T13:00:00", True),
        (OFFICE, "2025-10-14T08:30:00", False),  # a holiday
        (OFFICE, "2025-10-14T09:30:00", True),
        (OFFICE, "2025-10-21T08:30:00", True),  # the same weekday, no holiday
        (OFFICE, "2025-10-15T09:00:00", False),  # a weekday without an entry
        (NIGHT, "2025-10-13T23:00:00", True),
        (NIGHT, "2025-10-14T03:59:59", True),  # belongs to Monday, on which it starts
        (NIGHT, "2025-10-14T04:00:00", False),
        (NIGHT, "2025-10-13T03:00:00", False),  # would belong to Sunday
    ],
)
def test_an_instant_is_in_force_as_the_timetable_says(timetable: Timetable, instant: str, in_force: bool) -> None:
    assert TimetableSpans(timetable).at(jakarta(instant)).in_force is in_force


def test_a_span_tells_when_it_began_and_when_it_ends() -> None:
    span = TimetableSpans(OFFICE).at(jakarta("2025-10-13T12:30:00"))
    assert span == (False, jakarta("2025-10-13T12:00:00"), jakarta("2025-10-13T13:00:00"))


def test_adjoining_periods_are_one_span_over_midnight() -> None:
    span = TimetableSpans(every_day("00:00", "24:00")).at(jakarta("2025-10-13T23:59:59"))
    assert span.in_force
    assert span.end_ms > jakarta("2025-10-15T00:00:00")


def test_an_answer_does_not_depend_on_what_was_asked_before() -> None:
    asked_before = TimetableSpans(OFFICE)
    for instant in ("2025-10-14T09:30:00", "2025-10-13T08:00:00", "2025-10-13T12:00:00"):
        assert asked_before.at(jakarta(instant)) == TimetableSpans(OFFICE).at(jakarta(instant))


def test_a_period_of_no_length_is_never_in_force() -> None:
    empty = TimetableSpans(every_day("08:00", "08:00"))
    assert not empty.at(jakarta("2025-10-13T08:00:00")).in_force


def test_no_timetable_is_always_in_force() -> None:
    assert TimetableSpans(None).at(0) == ALWAYS
