"""Minutes of the simulated city, a day of all cameras at a time, by the spans of ``seed_plan``."""

# ruff: noqa: S608  (statements are made of numbers and of this package's own words)

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from services.cli.seed.city import DAY, HOUR, JAKARTA, MINUTE, City
from services.cli.seed.plan import DRY_RATIO, DRY_SECONDS, GRACE_SECONDS, ONSET_RATIO, ONSET_SECONDS

_AT_ONCE: Final = 1500
"""Minutes of a camera in one insertion. Those that go on after the end are few, and go with the last day."""


class _Table(NamedTuple):
    """A table, which cameras have rows in it, the spans that its figures need, and the figures."""

    name: str
    where: str
    spans: tuple[str, ...]
    columns: str


def minute_statements(city: City) -> Iterator[tuple[str, str]]:
    """Give what is inserted in order: the table, and a SELECT whose columns have the names of the table's."""
    first = city.from_s
    while first < city.end_s:
        left = (city.end_s - first) // MINUTE
        stop = city.end_s if left <= _AT_ONCE else first + DAY
        for table in _TABLES:
            yield table.name, _select(city, table, first, stop)
        first = stop


def _select(city: City, table: _Table, first: int, stop: int) -> str:
    """Give the minutes from ``first`` up to ``stop``, by camera and minute: the order of the tables' keys."""
    spans = ", ".join(
        f"arrayFilter(s -> s.1 < {stop + DRY_SECONDS} AND s.2 + {DRY_SECONDS} > {first}, {name}) AS {name}"
        for name in ("gaps", "held", *table.spans)
    )
    kept = "number, camera_id, sample_fps, opens, kind, water_zone, parking_zone, rush_only, lowness"
    return f"""WITH
        cityHash64({city.seed}, number, m) AS h,
        (bitAnd(h, 1023) / 1023) AS u1, (bitAnd(bitShiftRight(h, 10), 1023) / 1023) AS u2,
        (bitAnd(bitShiftRight(h, 20), 1023) / 1023) AS u3,
        toUInt32(m + {JAKARTA}) AS local, intDiv(local % {DAY}, {MINUTE}) AS of_day, intDiv(local, {DAY}) AS day,
        (day + 3) % 7 + 1 AS weekday,
        {_FRAMES}
    SELECT camera_id, toDateTime64(m, 3, 'UTC') AS minute, 1 AS camera_revision, {table.columns},
        60 AS expected_s, NOT arrayExists(s -> m < s.2 AND m + {MINUTE} > s.1, held) AS valid,
        '{city.ruleset}' AS ruleset, toUInt64(m) AS version, minute + INTERVAL 65 SECOND AS inserted_at
    FROM (SELECT {kept}, {spans} FROM (SELECT * FROM seed_plan WHERE {table.where} ORDER BY number))
    ARRAY JOIN arrayMap(n -> toUInt32({first} + n * {MINUTE}), range({(stop - first) // MINUTE})) AS m
    WHERE NOT arrayExists(s -> m >= s.1 AND m < s.2, gaps)"""


_FRAMES: Final = f"""toUInt64(round(sample_fps * {MINUTE})) AS wanted,
        wanted - (h % 16 = 0) AS taken,
        if(cityHash64('load', intDiv(m, {HOUR})) % 40 = 0 AND kind = 'street', toUInt64(taken * (0.1 + 0.2 * u1)), 0)
            AS shed_overload,
        toUInt64(h % 211 = 0) AS shed_stale, toUInt64(number % 149 = 5 AND h % 7 = 0) AS dead_undecodable,
        taken - shed_overload - shed_stale - dead_undecodable AS detected,
        round(least(60, detected * {MINUTE} / wanted), 1) AS observed_s"""

_CAMERA: Final = """taken AS frames, detected, shed_stale, shed_overload, dead_undecodable, observed_s,
        round(0.1 + 0.3 * u1, 2) AS age_appended_p50_s, round(age_appended_p50_s * 2.5, 2) AS age_appended_p95_s,
        round(0.4 + 0.5 * u2 + if(shed_overload > 0, 3, 0), 2) AS age_detected_p50_s,
        round(age_detected_p50_s * 1.8, 2) AS age_detected_p95_s"""

_OPEN: Final = """multiIf(opens = 'market', of_day BETWEEN 240 AND 1019, weekday > 5, false,
        weekday = 5, of_day BETWEEN 480 AND 689 OR of_day BETWEEN 780 AND 899,
        of_day BETWEEN 480 AND 719 OR of_day BETWEEN 780 AND 929)"""
_LOAD: Final = """if(opens = 'market', exp(-pow((of_day - 390) / 110, 2)) + 0.5 * exp(-pow((of_day - 960) / 60, 2)),
        (exp(-pow((of_day - 565) / 65, 2)) + 0.6 * exp(-pow((of_day - 815) / 45, 2))) * if(weekday = 1, 1.4, 1))"""
_OVERLAP: Final = f"least(s.2, m + {MINUTE}) - greatest(s.1, m)"
"""Seconds of the minute that lie in a span, where they touch."""


def _within(spans: str, of: str = _OVERLAP) -> str:
    """Give the seconds of the minute that lie in spans, each weighed by ``of``."""
    return f"arraySum(s -> if(m < s.2 AND m + {MINUTE} > s.1, toFloat64({of}), 0), {spans})"


_COUNTER: Final = f"""detected AS frames, observed_s, if({_OPEN}, 'open', 'closed') AS opening, true AS queue_known,
        {_within("absences")} AS absent_s, {_within("afters")} AS after_s,
        arrayExists(s -> m < s.2 AND m + {MINUTE} > s.1 AND s.3, absences) AS waits,
        round(multiIf(opening = 'closed', after_s / 60 * (0.4 + u1), waits, 2 + 5 * u1, absent_s >= 59, 0,
            (0.4 + cityHash64(number) % 7) * {_LOAD} * (0.6 + 0.8 * u1)), 2) AS queue_mean,
        round(queue_mean) AS queue_median, toUInt64(ceil(queue_mean * (1.1 + 0.6 * u2))) AS queue_max,
        true AS staffed_known,
        round(observed_s / 60 * if(opening = 'closed', after_s * u2, (60 - absent_s) * (0.82 + 0.18 * u3)), 1)
            AS staffed_s,
        if(observed_s > 0, round(staffed_s / observed_s, 4), 0) AS staffed_ratio,
        number % 3 = 0 AS served_known,
        toUInt64(served_known AND opening = 'open' AND absent_s = 0) * toUInt64(least(queue_mean, 4) * u3 + 0.35)
            AS served,
        served >= 3 AS waiting_known, if(waiting_known, round(queue_mean * observed_s / served, 1), 0) AS waiting_s"""

_TRAFFIC: Final = "(0.15 + exp(-pow((of_day - 450) / 90, 2)) + 1.2 * exp(-pow((of_day - 1035) / 110, 2)))"
_CASE_OPEN: Final = f"s.4 >= s.3 + {GRACE_SECONDS} AND m < s.4 AND m + {MINUTE} > s.3 + {GRACE_SECONDS}"
_PARKING: Final = f"""detected AS frames, observed_s, parking_zone AS zone_id,
        NOT rush_only OR (weekday < 6 AND (of_day BETWEEN 360 AND 539 OR of_day BETWEEN 930 AND 1109)) AS in_force,
        {_within("stays")} / 60 AS standing,
        round(standing + {_TRAFFIC} * (0.5 + u1) * 1.4, 2) AS vehicles_mean,
        toUInt64(ceil(vehicles_mean * (1.1 + 0.5 * u2))) AS vehicles_max,
        round(vehicles_mean * observed_s, 1) AS vehicle_seconds,
        toUInt64(arrayCount(s -> {_CASE_OPEN}, stays)) AS cases_open_max"""


def ratio_at(time: str) -> str:
    """Give the part of a zone that is under water at a time (s since 1970), by the span ``s`` of a flood."""
    return (
        f"if({time} < s.3, s.4 * ({time} - s.1) / (s.3 - s.1), s.4 * pow(greatest(0, s.2 - {time}) / (s.2 - s.3), 1.5))"
    )


ONSET_AT: Final = f"(s.1 + toUInt32(ceil((s.3 - s.1) * {ONSET_RATIO} / s.4)))"
"""When a flood's ratio comes to the onset's, and below, when it has fallen to what is dry; by its span ``s``."""
DRY_AT: Final = f"(s.2 - toUInt32(floor((s.2 - s.3) * pow({DRY_RATIO} / s.4, 2 / 3))))"
_FLOODS: Final = f"""(s.4 >= {ONSET_RATIO} AND m < {DRY_AT} + {DRY_SECONDS} AND m + {MINUTE} > {ONSET_AT})"""

_FLOOD: Final = f"""detected AS frames, observed_s, water_zone AS zone_id,
        multiIf(arrayExists(s -> {_FLOODS} AND m + {MINUTE} > {ONSET_AT} + {ONSET_SECONDS}, floods), 'flood',
            arrayExists(s -> {_FLOODS}, floods), 'onset', 'dry') AS state,
        arrayMax(s -> if(m < s.2 AND m + {MINUTE} > s.1, {ratio_at(f"(m + {MINUTE // 2})")}, 0), arrayPushBack(floods,
            (0, 0, 0, 0.)))
            AS water,
        round(water * (0.97 + 0.03 * u1) + 0.012 * u2 * (1 - water), 4) AS ratio_mean,
        round(ratio_mean * (1.01 + 0.05 * u3), 4) AS ratio_max,
        round(if(water > 0, 0.55, 0.8) + 0.15 * u2, 3) AS reliability_mean"""

_TABLES: Final = (
    _Table("camera_minutes", "1", (), _CAMERA),
    _Table("counter_minutes", "opens != ''", ("absences", "afters"), _COUNTER),
    _Table("parking_minutes", "parking_zone != ''", ("stays",), _PARKING),
    _Table("flood_minutes", "water_zone != ''", ("floods",), _FLOOD),
)
