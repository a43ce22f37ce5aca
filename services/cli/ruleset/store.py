"""What ``tilik ruleset`` asks of ClickHouse. Rulesets are compared where both have rows: by camera, the common time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from schemas.table import Row, lasting_columns_of
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.recompute_period import END_OF_TIME_MS
from services.aggregate.rows import (
    CameraMinuteRow,
    CounterMinuteRow,
    FloodMinuteRow,
    ParkingMinuteRow,
    ParkingStayRow,
)
from services.cli.ruleset.comparison import MINUTE_MS, DayMinutes, DaySum, EpisodeFacts
from services.runtime.clickhouse import translated_errors

MINUTE_TABLES: Final[tuple[type[Row], ...]] = (CameraMinuteRow, CounterMinuteRow, ParkingMinuteRow, FloodMinuteRow)
COUNTED_TABLES: Final[tuple[type[Row], ...]] = (*MINUTE_TABLES, ParkingStayRow, EpisodeRow)

_BATCH_CAMERAS: Final = 50

_PICKED = (
    "ruleset = {ruleset:String} AND toUnixTimestamp64Milli(minute) >= {since:Int64}"
    " AND toUnixTimestamp64Milli(minute) < {until:Int64}"
)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, [since, until) in ms since 1970."""

    since_ms: int = 0
    until_ms: int = END_OF_TIME_MS

    def common(self, other: Span) -> Span:
        """Give what two have in common; it may be empty."""
        return Span(max(self.since_ms, other.since_ms), min(self.until_ms, other.until_ms))

    def __bool__(self) -> bool:
        """Tell whether there is any time in it."""
        return self.since_ms < self.until_ms


@dataclass(frozen=True, slots=True)
class RulesetFacts:
    """A ruleset in ClickHouse. ``rows`` by table, as stored: rows that another one replaced may still be among them."""

    ruleset: str
    camera_count: int
    span: Span
    rows: dict[str, int]


@dataclass(frozen=True, slots=True)
class CurrentPeriod:
    """A period in which a ruleset is current."""

    ruleset: str
    span: Span


def rulesets(client: Client) -> list[RulesetFacts]:
    """Give the rulesets that there are minutes of, the newest name last."""
    minutes = _ask(
        client,
        "SELECT ruleset, uniqExact(camera_id), toUnixTimestamp64Milli(min(minute)), toUnixTimestamp64Milli(max(minute))"
        " FROM camera_minutes GROUP BY ruleset ORDER BY ruleset",
    )
    counts: dict[str, dict[str, int]] = {}
    for row_type in COUNTED_TABLES:
        for ruleset, count in _ask(client, f"SELECT ruleset, count() FROM {row_type.TABLE} GROUP BY ruleset"):  # noqa: S608
            counts.setdefault(ruleset, {})[row_type.TABLE] = count
    return [
        RulesetFacts(ruleset, cameras, Span(first, last + MINUTE_MS), counts.get(ruleset, {}))
        for ruleset, cameras, first, last in minutes
    ]


def current_periods(client: Client) -> list[CurrentPeriod]:
    """Give which ruleset is current when, in the order of time."""
    found = _ask(
        client,
        "SELECT ruleset, toUnixTimestamp64Milli(from_at), toUnixTimestamp64Milli(until_at) FROM current_rulesets"
        " ORDER BY from_at",
    )
    return [CurrentPeriod(ruleset, Span(since, until)) for ruleset, since, until in found]


def camera_spans(client: Client, ruleset: str, within: Span) -> dict[str, Span]:
    """Give from when until when each camera has minutes under a ruleset."""
    text = (
        "SELECT camera_id, toUnixTimestamp64Milli(min(minute)), toUnixTimestamp64Milli(max(minute))"  # noqa: S608
        f" FROM camera_minutes WHERE {_PICKED} GROUP BY camera_id ORDER BY camera_id"
    )
    found = _ask(client, text, ruleset=ruleset, since=within.since_ms, until=within.until_ms)
    return {camera_id: Span(first, last + MINUTE_MS) for camera_id, first, last in found}


def differing_minutes(client: Client, a: str, b: str, spans: dict[str, Span]) -> list[DayMinutes]:
    """Give how many rows of each table of minutes differ in a lasting column, by camera and day."""
    found = []
    for row_type in MINUTE_TABLES:
        keys = ", ".join(name for name in row_type.KEY if name != "ruleset")
        values = ", ".join(name for name in lasting_columns_of(row_type) if name not in row_type.KEY)
        text = f"""
            SELECT camera_id, toString(toDate(minute, 'Asia/Jakarta')) AS day,
                countIf(in_a AND in_b AND hash_a != hash_b), countIf(in_a AND NOT in_b), countIf(in_b AND NOT in_a)
            FROM (
                SELECT {keys},
                    maxIf(hash, ruleset = {{a:String}}) AS hash_a, maxIf(hash, ruleset = {{b:String}}) AS hash_b,
                    countIf(ruleset = {{a:String}}) > 0 AS in_a, countIf(ruleset = {{b:String}}) > 0 AS in_b
                FROM (
                    SELECT {keys}, ruleset, cityHash64({values}) AS hash FROM {row_type.TABLE} FINAL
                    WHERE ruleset IN ({{a:String}}, {{b:String}}) AND {_within("minute")}
                )
                GROUP BY {keys}
            )
            GROUP BY camera_id, day
            ORDER BY camera_id, day
        """  # noqa: S608  names of ours
        for batch in _batches(spans):
            for camera_id, day, changed, only_a, only_b in _ask(client, text, **_between(a, b, batch)):
                found.append(DayMinutes(camera_id, day, row_type.TABLE, changed, only_a, only_b))
    return found


def minute_sums(client: Client, a: str, b: str, spans: dict[str, Span]) -> list[DaySum]:
    """Give the figures of a day that are sums over minutes: flood minutes, minutes that are not valid."""
    found = []
    for name, table, counted in (
        ("flood_minutes", FloodMinuteRow.TABLE, "state = 'flood'"),
        ("invalid_minutes", CameraMinuteRow.TABLE, "NOT valid"),
    ):
        text = f"""
            SELECT camera_id, toString(toDate(minute, 'Asia/Jakarta')) AS day,
                countIf(ruleset = {{a:String}} AND {counted}), countIf(ruleset = {{b:String}} AND {counted})
            FROM {table} FINAL
            WHERE ruleset IN ({{a:String}}, {{b:String}}) AND {_within("minute")}
            GROUP BY camera_id, day
            ORDER BY camera_id, day
        """  # noqa: S608  names of ours
        for batch in _batches(spans):
            answer = _ask(client, text, **_between(a, b, batch))
            found += [DaySum(camera, day, name, in_a, in_b) for camera, day, in_a, in_b in answer]
    return found


def episodes(client: Client, ruleset: str, spans: dict[str, Span]) -> list[EpisodeFacts]:
    """Give the episodes of a ruleset that begin in the span of their camera."""
    text = f"""
        SELECT camera_id, toString(episode_id), trim(concat(episode_type, ' ', kind)), zone_id,
            toUnixTimestamp64Milli(started_at),
            toUnixTimestamp64Milli(if(phase = 'ended', ended_at, last_seen_at)), toBool(phase = 'open')
        FROM episodes FINAL
        WHERE ruleset = {{a:String}} AND {_within("started_at")}
        ORDER BY camera_id, started_at, episode_id
    """  # noqa: S608  names of ours
    found = _ask(client, text, **_between(ruleset, ruleset, spans))
    return [EpisodeFacts(*values) for values in found]


def missing_minutes(client: Client, ruleset: str, within: Span) -> dict[str, int]:
    """Give how many minutes more the current ruleset has of each camera, summed by hour; only where any.

    An hour in which both have as many minutes, but other ones, is not found.
    """
    between = "toUnixTimestamp64Milli(minute) >= {since:Int64} AND toUnixTimestamp64Milli(minute) < {until:Int64}"
    text = f"""
        SELECT camera_id, sum(lacking) AS total FROM (
            SELECT camera_id, toStartOfHour(minute) AS hour,
                greatest(toInt64(uniqExactIf(minute, is_current)) - toInt64(uniqExactIf(minute, NOT is_current)), 0)
                    AS lacking
            FROM (
                SELECT camera_id, minute, true AS is_current FROM current_camera_minutes WHERE {between}
                UNION ALL
                SELECT camera_id, minute, false FROM camera_minutes WHERE {_PICKED}
            )
            GROUP BY camera_id, hour
        )
        GROUP BY camera_id HAVING total > 0 ORDER BY camera_id
    """  # noqa: S608  names of ours
    found = _ask(client, text, ruleset=ruleset, since=within.since_ms, until=within.until_ms)
    return {camera_id: int(count) for camera_id, count in found}


def _within(time: str) -> str:
    """Give the condition that a row lies in the span of its camera; the first part of it is what an index can use."""
    at = f"toUnixTimestamp64Milli({time})"
    place = "indexOf({cameras:Array(String)}, camera_id)"
    return (
        "camera_id IN {cameras:Array(String)}"
        f" AND {time} >= fromUnixTimestamp64Milli({{low:Int64}}) AND {time} < fromUnixTimestamp64Milli({{high:Int64}})"
        f" AND {at} >= arrayElement({{sinces:Array(Int64)}}, {place})"
        f" AND {at} < arrayElement({{untils:Array(Int64)}}, {place})"
    )


def _batches(spans: dict[str, Span]) -> Iterator[dict[str, Span]]:
    """Give the spans of a few cameras at a time: a month of these is two million minutes in the engine's memory."""
    cameras = sorted(spans)
    for start in range(0, len(cameras), _BATCH_CAMERAS):
        yield {camera_id: spans[camera_id] for camera_id in cameras[start : start + _BATCH_CAMERAS]}


def _between(a: str, b: str, spans: dict[str, Span]) -> dict[str, Any]:
    cameras = sorted(spans)
    sinces, untils = [spans[one].since_ms for one in cameras], [spans[one].until_ms for one in cameras]
    low, high = min(sinces, default=0), max(untils, default=0)
    return {"a": a, "b": b, "cameras": cameras, "sinces": sinces, "untils": untils, "low": low, "high": high}


def _ask(client: Client, text: str, **parameters: Any) -> Sequence[Any]:
    with translated_errors("reading rulesets"):
        return client.query(text, parameters=parameters).result_rows
