"""Figures and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.portal.pages import written
from services.portal.pages.language import Language

AT = datetime(2026, 11, 26, 17, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "language", "decimals", "text"),
    [(1234.5, "id", 1, "1.234,5"), (1234.5, "en", 1, "1,234.5"), (0.25, "id", 0, "0"), (12, "en", 0, "12")],
)
def test_numbers_have_the_separators_of_the_language(
    value: float, language: Language, decimals: int, text: str
) -> None:
    assert written.number(value, language, decimals) == text


@pytest.mark.parametrize(("ratio", "text"), [(0.0, "0"), (0.001, "1"), (0.5, "50"), (0.999, "99"), (1.0, "100")])
def test_what_is_not_all_is_never_a_hundred_percent(ratio: float, text: str) -> None:
    assert written.percent(ratio, "id") == f"{text}\u00a0%"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(59, "59 dtk"), (60, "1 menit"), (3599, "1 jam"), (7500, "2 jam 5 menit"), (3 * 86400, "3 hari")],
)
def test_a_duration_has_at_most_two_units(seconds: float, text: str) -> None:
    assert written.duration(seconds, "id").replace("\u00a0", " ") == text


def test_times_are_those_of_semarang() -> None:
    assert written.clock(AT, "id") == "00.05"
    assert written.day(AT, "id") == "27\u00a0Nov\u00a02026"
    assert written.moment(AT, "en") == "27\u00a0Nov\u00a02026, 00:05\u00a0WIB"
    assert written.iso(AT) == "2026-11-27T00:05:09+07:00"


def test_a_quarter_is_full_some_minutes_after_its_end() -> None:
    assert written.clock(written.full_quarter_end(AT.replace(minute=47)), "en") == "00:30"
    assert written.clock(written.full_quarter_end(AT.replace(minute=49)), "en") == "00:45"
