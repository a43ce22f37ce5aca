"""A camera's events out of ClickHouse's raw tables, in the order in which they once lay in the topic.

    detections ──── every 20,000th offset ──► spans of offsets
    span ──► detections, frame_outcomes (shed), camera_statuses, decisions ──► events, sorted by offset

So memory holds one span of one camera. Rows are read without FINAL: a row that was written twice has the same offset
twice and counts once, and an earlier outcome of a frame that no merge has removed yet is one that the topic held too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any, Final, TypeVar

from clickhouse_connect.driver.client import Client

from schemas.camera_events import CameraEvent
from schemas.table import TIME, Row, columns_of
from schemas.verdicts import SKEW_MS
from services.aggregate.feed import LATEST_MS
from services.aggregate.observation import MINUTE_MS
from services.aggregate.recomputation import PlacedEvent
from services.aggregate.recompute_events import (
    decision_event,
    detections_event,
    shed_event,
    shed_offset,
    status_event,
)
from services.aggregate.recompute_period import END_OF_TIME_MS, CameraStart, Period
from services.aggregate.rows import CameraStatusRow, DecisionRow, DetectionsRow, FrameOutcomeRow
from services.aggregate.windows import LATENESS_MS
from services.runtime.clickhouse import translated_errors

SPAN_FRAMES: Final = 20_000
"""Judged frames in one span: some 40 MB while they are being read."""

LATE_MS: Final = 2 * LATENESS_MS
"""Frames from before a reading starts that are read with it if they came later: twice as old as any that counts."""

_NO_END: Final = 2**63 - 1
_ORDER_MASK: Final = (1 << 60) - 1
_OUTCOME_OFFSET: Final = f"bitXor(bitAnd(version, {_ORDER_MASK}), {_ORDER_MASK})"
"""What ``ledger.outcome_version`` made of the offset, undone."""

_TIME: Final = (
    f"if(toUnixTimestamp64Milli(captured_at) > toUnixTimestamp64Milli(appended_at) + {SKEW_MS},"
    " toUnixTimestamp64Milli(appended_at), toUnixTimestamp64Milli(captured_at))"
)
"""``recompute_period.time_of``."""

_IN_TIME: Final = f"{_TIME} >= {{since:Int64}} AND {_TIME} < {{until:Int64}}"
_TO_READ: Final = f"{_TIME} >= {{earliest:Int64}} AND {_TIME} < {{until:Int64}}"
"""Beside its offset: what a reading that has begun reads."""

_IS_SHED: Final = "outcome IN ('shed', 'dead_lettered')"

R = TypeVar("R", bound=Row)


def cameras_in_store(client: Client, period: Period) -> list[str]:
    """Give the ids of the cameras that have frames or minutes in the period, sorted.

    By times that the tables are sorted by, so that a day is soon found; minutes tell of cameras whose clock is wrong.

    Raises:
        RetryableError: ClickHouse is away, or refuses.
    """
    between = "%s >= fromUnixTimestamp64Milli({since:Int64}) AND %s < fromUnixTimestamp64Milli({until:Int64})"
    text = (
        f"SELECT DISTINCT camera_id FROM detections WHERE {between % ('captured_at', 'captured_at')}"  # noqa: S608  names of ours
        f" UNION DISTINCT SELECT DISTINCT camera_id FROM camera_minutes WHERE {between % ('minute', 'minute')}"
    )
    parameters = {"since": period.reading_from_ms, "until": min(period.until_ms, LATEST_MS)}
    with translated_errors("reading which cameras have frames"):
        return sorted(str(row[0]) for row in client.query(text, parameters=parameters).result_rows)


def kept_period(client: Client, camera_id: str, period: Period) -> Period:
    """Give the part of a period of which a camera's detections are still kept; the whole, where none are gone yet.

    Outcomes of frames are kept longer: without this, frames whose detections are gone would seem to have expired.
    """
    parameters = {"camera": camera_id, "since": period.reading_from_ms, "until": period.reading_until_ms}
    oldest = f"""
        SELECT if(count() = 0, {END_OF_TIME_MS}, min({_TIME}))
        FROM detections WHERE camera_id = {{camera:String}} AND {_IN_TIME}
    """  # noqa: S608  names of ours
    gone_before = f"""
        SELECT count() FROM frame_outcomes
        WHERE camera_id = {{camera:String}} AND outcome = 'detected' AND {_IN_TIME} AND {_TIME} < ({oldest})
    """  # noqa: S608  names of ours
    with translated_errors(f"reading what is kept of {camera_id}"):
        ((oldest_ms, gone),) = client.query(f"SELECT ({oldest}), ({gone_before})", parameters=parameters).result_rows
    if not gone:
        return period
    since_ms = max(period.since_ms, -(-oldest_ms // MINUTE_MS) * MINUTE_MS)
    return Period(since_ms, max(period.until_ms, since_ms), since_ms - max(oldest_ms, period.reading_from_ms))


class StoredCamera:
    """One camera's raw rows.

    Args:
        client: Connected to the database.
        camera_id: The camera.
        period: What is read of it: its reading time.
        end_ms: Where its history ends: nothing is read from the first frame on that Kafka took then, or later.
    """

    def __init__(self, client: Client, camera_id: str, period: Period, end_ms: int = END_OF_TIME_MS) -> None:
        self._client = client
        self._camera_id = camera_id
        self._period = period
        self._parameters = {
            "camera": camera_id,
            "since": period.reading_from_ms,
            "until": period.reading_until_ms,
            "earliest": max(0, period.reading_from_ms - LATE_MS),
            "end": end_ms,
        }

    def frame_count(self) -> int:
        """Give how many judged frames will be read. Blocks."""
        text = f"SELECT count() FROM detections WHERE camera_id = {{camera:String}} AND {_IN_TIME}"  # noqa: S608  names of ours
        return int(self._ask(text)[0][0])

    def start(self) -> CameraStart:
        """Give what is known of the camera where its reading starts; nothing, where that is its first event. Blocks."""
        start = CameraStart(self._camera_id)
        if not self._period.is_cut:
            return start
        first = self._first
        text = f"""
            SELECT owner_epoch, max(sequence), toUnixTimestamp64Milli(min(appended_at)),
                toUnixTimestamp64Milli(max(appended_at))
            FROM frame_outcomes
            WHERE camera_id = {{camera:String}} AND outcome != 'expired' AND {_OUTCOME_OFFSET} < {{low:UInt64}}
            GROUP BY owner_epoch
        """  # noqa: S608  names of ours
        for epoch, sequence, *times in self._ask(text, low=first):
            for appended_at_ms in times:
                start.note(epoch, sequence, appended_at_ms)
        for row in sorted(self._rows(DecisionRow, "version < {low:UInt64}", first), key=attrgetter("version")):
            start.decide(decision_event(row), row.version)
        return start

    def spans(self, start_offset: int = 0) -> Iterator[list[PlacedEvent]]:
        """Give the events from an offset on, sorted by offset, a span at a time. Blocks.

        Raises:
            RetryableError: ClickHouse is away, or refuses.
        """
        low = max(start_offset, self._first if self._period.is_cut else 0)
        edges = [edge for edge in self._edges(low) if low < edge < self._end]
        for start, end in zip([low, *edges], [*edges, self._end], strict=True):
            yield self._span(start, end)

    @cached_property
    def _first(self) -> int:
        """Give the lowest offset among the frames that are read; beyond all offsets where there are none."""
        return self._lowest_offset(_IN_TIME)

    @cached_property
    def _end(self) -> int:
        """Give the lowest offset among the frames that come after the end of history; beyond all where there are none.

        An offset, so that what has no picture ends there too. Kafka's time, since recorded footage bears old ones.
        """
        return self._lowest_offset("toUnixTimestamp64Milli(appended_at) >= {end:Int64}")

    def _lowest_offset(self, condition: str) -> int:
        text = (
            f"SELECT min(at), count() FROM (SELECT min(source_offset) AS at, count() AS n FROM detections"  # noqa: S608  names of ours
            f" WHERE camera_id = {{camera:String}} AND {condition}"
            f" UNION ALL SELECT min({_OUTCOME_OFFSET}), count() FROM frame_outcomes"
            f" WHERE camera_id = {{camera:String}} AND {_IS_SHED} AND {condition}) WHERE n > 0"
        )
        ((offset, count),) = self._ask(text)
        return int(offset) if count else _NO_END

    def _edges(self, low: int) -> list[int]:
        text = (
            "SELECT source_offset FROM (SELECT source_offset, row_number() OVER (ORDER BY source_offset) AS number"  # noqa: S608  names of ours
            f" FROM detections WHERE camera_id = {{camera:String}} AND {_TO_READ} AND source_offset >= {{low:UInt64}})"
            f" WHERE number % {SPAN_FRAMES} = 0 ORDER BY source_offset"
        )
        return [int(row[0]) for row in self._ask(text, low=low)]

    def _span(self, low: int, high: int) -> list[PlacedEvent]:
        """Give the events with low ≤ offset < high."""
        between = "{low:UInt64} <= %s AND %s < {high:UInt64}"
        places: dict[int, CameraEvent] = {}
        for status in self._rows(CameraStatusRow, between % ("version", "version"), low, high):
            places[status.version] = status_event(status)
        for decision in self._rows(DecisionRow, between % ("version", "version"), low, high):
            places[decision.version] = decision_event(decision)
        outcomes = f"{_IS_SHED} AND {_TO_READ} AND {between % (_OUTCOME_OFFSET, _OUTCOME_OFFSET)}"
        for outcome in self._rows(FrameOutcomeRow, outcomes, low, high):
            places[shed_offset(outcome)] = shed_event(outcome)
        judged = f"{_TO_READ} AND {between % ('source_offset', 'source_offset')}"
        for detections in self._rows(DetectionsRow, judged, low, high):
            places[detections.source_offset] = detections_event(detections)
        return [PlacedEvent(offset, places[offset]) for offset in sorted(places)]

    def _rows(self, row_type: type[R], condition: str, low: int, high: int = _NO_END) -> list[R]:
        columns = columns_of(row_type)
        picked = ", ".join(_picked(name, column.sql) for name, column in columns.items())
        text = f"SELECT {picked} FROM {row_type.TABLE} PREWHERE camera_id = {{camera:String}} AND {condition}"  # noqa: S608  names of ours
        tables = self._ask(text, low=low, high=high, by_column=True)
        if not tables:
            return []
        made = [_made(name, values) for name, values in zip(columns, tables, strict=True)]
        return [row_type(**dict(zip(columns, values, strict=True))) for values in zip(*made, strict=True)]

    def _ask(self, text: str, *, low: int = 0, high: int = _NO_END, by_column: bool = False) -> Sequence[Any]:
        parameters = {**self._parameters, "low": low, "high": high}
        with translated_errors(f"reading events of {self._camera_id}"):
            answer = self._client.query(text, parameters=parameters)
            return answer.result_columns if by_column else answer.result_rows


def _picked(name: str, sql: str) -> str:
    if sql == TIME:
        return f"toUnixTimestamp64Milli({name})"
    if sql.startswith("FixedString"):
        return f"toString({name})"
    return f"hex({name})" if name == "water" else name


def _made(name: str, values: Sequence[Any]) -> Sequence[Any]:
    make: Callable[[Any], Any] | None = _MAKERS.get(name)
    if make is not None:
        return [make(value) for value in values]
    return [tuple(value) for value in values] if values and isinstance(values[0], list) else values


_MAKERS: Final[dict[str, Callable[[Any], Any]]] = {"water": bytes.fromhex, "missed": dict}
