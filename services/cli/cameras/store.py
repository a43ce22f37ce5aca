"""What the commands about cameras ask of ClickHouse: how each is, who owns it, and what its readers reported."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from clickhouse_connect.driver.client import Client
from msgspec import Struct

from services.runtime.clickhouse import translated_errors

RowT = TypeVar("RowT", bound=Struct)

NEWS_HOURS = 6
"""How far back a camera's reports are read. With 1,100 cameras that are 400,000 rows, which a small machine reads in a
second; a day of them would keep it busy for longer than the list is shown."""
_RATE_MINUTES = 10
"""Over how long the frame rate is taken: ten statuses, so that one that is late changes little."""
_PICTURE_MINUTES = 15
"""How far back the newest judged picture is looked for; what is older is told by the counters, to the minute."""


class CameraFacts(Struct, frozen=True, kw_only=True):
    """How a camera is. Times are ms since 1970, 0: not known.

    ``since_ms``: when it came into its state, or six hours ago where that was earlier. ``picture_ms``: the
    newest picture was taken then, or after it. ``fps``: captured frames a second over the last ten minutes,
    ``bytes_per_day`` what it makes in a day at the rate of the last six hours. ``told_seconds``: what the reports of
    those ten minutes span; while that is little, rates say nothing.
    """

    camera_id: str
    state: str
    since_ms: int
    error_class: str
    error_detail: str
    decoding: str
    keyframe_seconds: float
    ingest_instance: str
    reported_ms: int
    captured_ms: int
    fps: float
    bytes_per_day: float
    told_seconds: float


class Coverage(Struct, frozen=True, kw_only=True):
    """Who owns an active camera. ``owner`` is empty where nobody does; times are ms since 1970, 0: never."""

    camera_id: str
    covered: bool
    owners_now: int
    owner: str
    owner_epoch: int
    since_ms: int
    last_owner: str
    active_ms: int


class Ownership(Struct, frozen=True, kw_only=True):
    """One epoch of a camera: how it ended, how long nobody owned the camera then, in seconds, and who came next.

    ``next_instance`` is empty where nobody did, or where it is not known.
    """

    owner_epoch: int
    ingest_instance: str
    ended: str
    ended_ms: int
    gap_seconds: float
    next_instance: str = ""


class StatusRow(Struct, frozen=True, kw_only=True):
    """A status as it was reported; counters are absolute within the epoch."""

    at_ms: int
    owner_epoch: int
    ingest_instance: str
    camera_revision: int
    state: str
    captured: int
    missed: dict[str, int]
    bytes: int
    reconnects: int
    error_class: str
    error_detail: str
    decoding: str
    keyframe_seconds: float


def camera_facts(client: Client) -> dict[str, CameraFacts]:
    """Give how each camera is that said something in the last six hours.

    Raises:
        RetryableError: ClickHouse is away, or its tables are older than this command.
    """
    limits = {"hours": NEWS_HOURS, "minutes": _RATE_MINUTES}
    return {row.camera_id: row for row in _rows(client, _FACTS, CameraFacts, "reading how cameras are", limits)}


def newest_pictures(client: Client) -> dict[str, int]:
    """Give when the newest judged picture of each camera was taken, ms since 1970, where that is a short while ago.

    Raises:
        RetryableError: As above.
    """
    with translated_errors("reading the newest pictures"):
        found = client.query(_PICTURES, parameters={"minutes": _PICTURE_MINUTES}).result_rows
    return {str(camera_id): int(at_ms) for camera_id, at_ms in found}


def coverage(client: Client) -> dict[str, Coverage]:
    """Give who owns each camera that is active.

    Raises:
        RetryableError: As above.
    """
    return {row.camera_id: row for row in _rows(client, _COVERAGE, Coverage, "reading who owns cameras", {})}


def statuses(client: Client, camera_id: str, hours: float) -> list[StatusRow]:
    """Give what was reported of a camera in the last ``hours``, epoch by epoch, in the order of each.

    Raises:
        RetryableError: As above.
    """
    parameters = {"camera": camera_id, "seconds": round(hours * 3600)}
    return _rows(client, _STATUSES, StatusRow, "reading a camera's history", parameters)


def ownerships(client: Client, camera_id: str) -> dict[int, Ownership]:
    """Give the epochs of a camera.

    Raises:
        RetryableError: As above.
    """
    found = _rows(client, _OWNERSHIPS, Ownership, "reading a camera's owners", {"camera": camera_id})
    return {row.owner_epoch: row for row in found}


def _rows(client: Client, query: str, kind: type[RowT], doing: str, parameters: dict[str, Any]) -> list[RowT]:
    with translated_errors(doing):
        answer = client.query(query, parameters=parameters)
        return [msgspec.convert(row, kind, strict=False) for row in answer.named_results()]


# Without FINAL, which would double the time: a row that is there twice follows itself, and adds nothing.
_FACTS = """
SELECT
    camera_id,
    argMax(s.state, place) AS state,
    toUnixTimestamp64Milli(maxIf(s.reported_at, s.state != state_before)) AS since_ms,
    argMax(s.error_class, place) AS error_class,
    argMax(s.error_detail, place) AS error_detail,
    argMax(s.decoding, place) AS decoding,
    argMax(s.keyframe_seconds, place) AS keyframe_seconds,
    argMax(s.ingest_instance, place) AS ingest_instance,
    toUnixTimestamp64Milli(max(s.reported_at)) AS reported_ms,
    greatest(toUnixTimestamp64Milli(maxIf(reported_before, new_captured > 0)), 0) AS captured_ms,
    ifNotFinite(
        1000 * sumIf(new_captured, s.reported_at >= now64(3) - INTERVAL {minutes:UInt32} MINUTE)
        / sumIf(gap_ms, s.reported_at >= now64(3) - INTERVAL {minutes:UInt32} MINUTE), 0
    ) AS fps,
    ifNotFinite(86400000 * sum(new_bytes) / sum(gap_ms), 0) AS bytes_per_day,
    sumIf(gap_ms, s.reported_at >= now64(3) - INTERVAL {minutes:UInt32} MINUTE) / 1000 AS told_seconds
FROM
(
    SELECT
        camera_id, reported_at, state, error_class, error_detail, decoding, keyframe_seconds, ingest_instance,
        (owner_epoch, reported_at, version) AS place,
        lagInFrame(state) OVER story AS state_before,
        lagInFrame(owner_epoch, 1, owner_epoch) OVER story = owner_epoch AS goes_on,
        lagInFrame(reported_at, 1, reported_at) OVER story AS reported_before,
        if(goes_on, dateDiff('millisecond', reported_before, reported_at), 0) AS gap_ms,
        if(goes_on, greatest(toInt64(captured) - toInt64(lagInFrame(captured, 1, captured) OVER story), 0), 0)
            AS new_captured,
        if(goes_on, greatest(toInt64(bytes) - toInt64(lagInFrame(bytes, 1, bytes) OVER story), 0), 0) AS new_bytes
    FROM camera_statuses
    WHERE reported_at >= now64(3) - INTERVAL {hours:UInt32} HOUR
    WINDOW story AS (
        PARTITION BY camera_id ORDER BY owner_epoch, reported_at, version ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
    )
) AS s
GROUP BY camera_id
"""

_PICTURES = """
SELECT camera_id, toUnixTimestamp64Milli(max(captured_at))
FROM detections
WHERE captured_at >= now64(3) - INTERVAL {minutes:UInt32} MINUTE
GROUP BY camera_id
"""

_COVERAGE = """
SELECT
    camera_id, covered, owners_now, owner, owner_epoch, last_owner,
    toUnixTimestamp64Milli(since) AS since_ms,
    toUnixTimestamp64Milli(active_at) AS active_ms
FROM camera_coverage
"""

_STATUSES = """
SELECT
    toUnixTimestamp64Milli(reported_at) AS at_ms, owner_epoch, ingest_instance, camera_revision, state, captured,
    missed, bytes, reconnects, error_class, error_detail, decoding, keyframe_seconds
FROM camera_statuses FINAL
WHERE camera_id = {camera:String} AND reported_at >= now64(3) - INTERVAL {seconds:UInt32} SECOND
ORDER BY owner_epoch, reported_at, version
"""

_OWNERSHIPS = """
SELECT owner_epoch, ingest_instance, ended, toUnixTimestamp64Milli(owned_until) AS ended_ms, gap_seconds,
    next_instance
FROM camera_ownerships
WHERE camera_id = {camera:String}
"""
