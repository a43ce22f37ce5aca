"""The questions that people ask the store, as ``docs/questions.md`` lists them: one statement each."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

Parameters = dict[str, Any]
Period = tuple[date, date]
"""First and last full day of the data, Asia/Jakarta."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its statement with ``{name:Type}`` for what varies, and how to draw that."""

    name: str
    asks: str
    sql: str
    draw: Callable[[random.Random, Period], Parameters]


def _some_days(chance: random.Random, period: Period) -> Parameters:
    first, last = period
    length = chance.randint(0, (last - first).days)
    start = first + timedelta(days=chance.randint(0, (last - first).days - length))
    return {"from_day": start, "to_day": start + timedelta(days=length)}


def _a_day(chance: random.Random, period: Period) -> Parameters:
    first, last = period
    return {"day": first + timedelta(days=chance.randint(0, (last - first).days))}


def _a_week(chance: random.Random, period: Period) -> Parameters:
    day: date = _a_day(chance, period)["day"]
    return {"week": day - timedelta(days=day.weekday())}


QUESTIONS = (
    Question(
        "flood_minutes",
        "For how many minutes was each kelurahan flooded, by day?",
        """SELECT kecamatan, kelurahan, day, flood_minutes, zones_flooded, zones, ratio_max, observed_ratio
FROM flood_daily_by_kelurahan
WHERE day BETWEEN {from_day:Date} AND {to_day:Date}
ORDER BY flood_minutes DESC, kelurahan, day
LIMIT 1000""",
        _some_days,
    ),
    Question(
        "parking_cases",
        "Where and at which hour do vehicles stand where they must not, by street and hour?",
        """SELECT camera_id, name, kelurahan, hour, sum(cases) AS all_cases, sum(confirmed) AS all_confirmed
FROM parking_cases_by_hour
WHERE day BETWEEN {from_day:Date} AND {to_day:Date}
GROUP BY camera_id, name, kelurahan, hour
ORDER BY all_cases DESC, camera_id, hour
LIMIT 1000""",
        _some_days,
    ),
    Question(
        "counters",
        "How long was each counter's queue in a week, and for which part of its hours was it staffed?",
        """SELECT camera_id, name, kelurahan, open_minutes, queue_mean, queue_max, staffed_known, staffed_ratio,
    unattended, not_valid_minutes
FROM counters_by_week
WHERE week = {week:Date}
ORDER BY staffed_known DESC, staffed_ratio, camera_id""",
        _a_week,
    ),
    Question(
        "blind_now",
        "Which cameras see nothing now, since when, and why?",
        """SELECT camera_id, name, kelurahan, blind_since, reason, error_detail
FROM cameras_blind_now
ORDER BY blind_since, camera_id""",
        lambda chance, period: {},
    ),
    Question(
        "accounting",
        "What was captured on a day, and what became of it, by camera?",
        """SELECT camera_id, name, captured, missed, frames, detected, shed, dead_lettered, expired, observed_s
FROM accounting_by_day
WHERE day = {day:Date}
ORDER BY camera_id""",
        _a_day,
    ),
    Question(
        "precision",
        "How often do people agree with a rule, by camera, rule and week?",
        """SELECT camera_id, name, episode_type, kind, episodes, confirmed, rejected, precision_known, precision
FROM precision_by_week
WHERE week = {week:Date}
ORDER BY confirmed + rejected DESC, camera_id, episode_type, kind
LIMIT 1000""",
        _a_week,
    ),
    Question(
        "hours_without_data",
        "For how many hours was there no data, by camera, and which?",
        """SELECT camera_id, name, kelurahan, day, hours, which
FROM hours_without_data
WHERE day BETWEEN {from_day:Date} AND {to_day:Date} AND hours > 0
ORDER BY hours DESC, camera_id, day
LIMIT 1000""",
        _some_days,
    ),
)
"""Each answers from 30 days of a whole city in less than a second; ``tilik bench store`` measures it."""
