"""Figures and times as people read them, in both languages; times are those of Semarang (WIB)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from schemas.times import LOCAL_TIME
from services.portal.pages.language import Language

JAKARTA: Final = LOCAL_TIME
_MONTHS: Final[dict[Language, tuple[str, ...]]] = {
    "id": ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}
_UNITS: Final[dict[Language, tuple[str, str, str, str]]] = {
    "id": ("dtk", "menit", "jam", "hari"),
    "en": ("s", "min", "h", "days"),
}


def number(value: float, language: Language, decimals: int = 0) -> str:
    """Give a number: ``1.234,5`` in Bahasa Indonesia, ``1,234.5`` in English."""
    text = f"{value:,.{decimals}f}"
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))


def percent(ratio: float, language: Language) -> str:
    """Give a ratio of 0 to 1 as whole percent. What is not all is never 100, and what is not nothing is never 0."""
    whole = round(ratio * 100)
    if 0 < ratio < 1:
        whole = min(99, max(1, whole))
    return f"{number(whole, language)}\u00a0%"


def duration(seconds: float, language: Language) -> str:
    """Give how long something took, in one or two units, such as ``2 jam 5 menit``."""
    second, minute, hour, days = _UNITS[language]
    whole = round(seconds)
    if whole < 60:
        return f"{whole}\u00a0{second}"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes}\u00a0{minute}"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours}\u00a0{hour}" + (f" {rest}\u00a0{minute}" if rest else "")
    return f"{round(hours / 24)}\u00a0{days}"


def local(at: datetime) -> datetime:
    """Give a moment in the time of Semarang. A time without a zone is UTC, as the store writes it."""
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(JAKARTA)


def clock(at: datetime, language: Language) -> str:
    """Give the time of day: ``14.05`` or ``14:05``."""
    return local(at).strftime("%H.%M" if language == "id" else "%H:%M")


def day(at: datetime | date, language: Language) -> str:
    """Give a day: ``26 Nov 2026``."""
    on = local(at).date() if isinstance(at, datetime) else at
    return f"{on.day}\u00a0{_MONTHS[language][on.month - 1]}\u00a0{on.year}"


def moment(at: datetime, language: Language) -> str:
    """Give a day and its time of day, with the zone's name."""
    return f"{day(at, language)}, {clock(at, language)}\u00a0WIB"


def iso(at: datetime) -> str:
    """Give a moment for machines, such as ``<time datetime>``."""
    return local(at).isoformat(timespec="seconds")


def from_ms(at_ms: int) -> datetime:
    """Give a moment that is told in ms since 1970."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def day_start(on: date) -> datetime:
    """Give the beginning of a day in Semarang."""
    return datetime(on.year, on.month, on.day, tzinfo=JAKARTA)


def quarter_start(at: datetime) -> datetime:
    """Give the beginning of the quarter of an hour in which a moment lies."""
    here = local(at)
    return here.replace(minute=here.minute // 15 * 15, second=0, microsecond=0)


def full_quarter_end(now: datetime, settle: timedelta = timedelta(minutes=3)) -> datetime:
    """Give the end of the last quarter of an hour whose minutes are all judged: they are told some time later."""
    return quarter_start(now - settle)
