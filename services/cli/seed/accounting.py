"""What ingest reports of the simulated city: statuses and ownerships that add up to the frames of its minutes.

Statuses come each hour, and each minute in the last two hours or longer. Each camera has had three ownerships: one
from the beginning, one since a roll-out, one since before the raw hours. Captured is what the minutes count; missed is
the rest of what was wanted.
"""

# ruff: noqa: S608  (statements are made of numbers and of this package's own words)

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.cli.seed.city import HOUR, MINUTE, City
from services.cli.seed.episodes import at, hex_id
from services.cli.seed.plan import chance

_MINUTELY_HOURS: Final = 2
_WORKERS: Final = 4


def accounting_statements(city: City) -> Iterator[tuple[str, str]]:
    """Give what is inserted in order: the table, and a SELECT whose columns have the names of the table's."""
    yield "camera_statuses", _statuses(city)
    yield "capture_counters", _counters(city)


def _statuses(city: City) -> str:
    first, second, third = city.epochs_s
    minutely = min(third, city.until_s // HOUR * HOUR - (_MINUTELY_HOURS - 1) * HOUR)
    hourly = f"range({first + HOUR}, {minutely} + 1, {HOUR})"
    reports = f"arrayConcat({hourly}, range({minutely + MINUTE}, {city.end_s} + 1, {MINUTE}))"
    began = f"if(t <= {minutely}, t - {HOUR}, t - {MINUTE})"
    seconds = f"greatest(0, toInt64(t) - greatest({began}, {city.from_s}))"
    down = f"arraySum(g -> greatest(0, toInt64(least(g.2, t)) - toInt64(greatest(g.1, {began}))), gaps)"
    weight = chance(city, "number", "'size'")
    return f"""SELECT camera_id, {at("t")} - INTERVAL 1 SECOND AS reported_at, {hex_id("camera_id", "'status'", "t")}
        AS event_id,
        toUInt64(epoch_s) * 1000 + number AS owner_epoch, 1 AS camera_revision,
        concat('ingest-', toString((number + intDiv(epoch_s, {HOUR})) % {_WORKERS})) AS ingest_instance, source_kind,
        if(reason = '', 'live', 'backing_off') AS state, sum(taken) OVER epoch AS captured,
        map('source_down', sum(down) OVER epoch, 'late', sum(late) OVER epoch) AS missed,
        toUInt64(captured * (42000 + 50000 * {weight})) AS bytes, sum(again) OVER epoch AS reconnects,
        if(reason = 'unowned', '', reason) AS error_class, if(error_class = '', '',
            'simulated: the camera does not answer') AS error_detail,
        if(source_kind IN ('rtsp', 'hls'), 'keyframes', 'passthrough') AS decoding, '{city.ruleset}' AS ruleset,
        toUInt64(t) AS version, reported_at + INTERVAL 1 SECOND AS inserted_at
    FROM (
        SELECT g.number AS number, g.camera_id AS camera_id, g.source_kind AS source_kind, g.t AS t,
            g.reason AS reason, g.again AS again,
            multiIf({began} >= {third}, {third}, {began} >= {second}, {second}, {first}) AS epoch_s,
            f.frames AS taken, toUInt64(greatest(0, toInt64(g.wanted) - toInt64(taken))) AS lost,
            least(lost, toUInt64(g.down)) AS down, lost - down AS late
        FROM (
            SELECT number, camera_id, source_kind, t, {seconds} * sample_fps AS wanted, {down} * sample_fps AS down,
                toUInt64(arrayCount(g -> g.2 > {began} AND g.2 <= t, gaps)) AS again,
                arrayFirst(g -> g.1 < t AND g.2 >= t, reasons).3 AS reason
            FROM (SELECT p.*, r.reasons AS reasons FROM seed_plan AS p LEFT JOIN (
                SELECT number, groupArray((begins_s, ends_s, reason)) AS reasons FROM seed_gaps GROUP BY number
            ) AS r ON r.number = p.number)
            ARRAY JOIN arrayMap(x -> toUInt32(x), {reports}) AS t
            WHERE NOT (reason = 'unowned' AND t > {city.until_s - 20 * MINUTE})
        ) AS g
        LEFT JOIN (
            SELECT camera_id, toUInt32(if(m < {minutely}, intDiv(m, {HOUR}) * {HOUR} + {HOUR}, m + {MINUTE})) AS t,
                sum(frames) AS frames
            FROM (SELECT camera_id, toUInt32(toUnixTimestamp(minute)) AS m, frames FROM camera_minutes)
            GROUP BY camera_id, t
        ) AS f ON f.camera_id = g.camera_id AND f.t = g.t
    )
    WINDOW epoch AS (PARTITION BY number, epoch_s ORDER BY t ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"""


def _counters(city: City) -> str:
    """An ownership is what its last status says; it was let go before the next one, or else taken over."""
    _, second, third = city.epochs_s
    next_s = f"multiIf(began_s < {second}, {second}, began_s < {third}, {third}, 0)"
    return f"""SELECT camera_id, owner_epoch, argMax(s.captured, s.reported_at) AS captured,
        captured AS captured_reported,
        captured AS captured_proved, argMax(s.missed, s.reported_at) AS missed, max(s.bytes) AS bytes,
        max(s.reconnects) AS reconnects, max(s.reported_at) AS reported_at, any(s.ingest_instance) AS ingest_instance,
        argMax(s.state, s.reported_at) AS state, argMax(s.error_class, s.reported_at) AS error_class,
        argMax(s.error_detail, s.reported_at) AS error_detail,
        intDiv(owner_epoch, 1000) AS began_s, {next_s} AS next_s,
        if(next_s > 0 AND cityHash64(camera_id) % 20 != 0, {at("next_s - 1")}, {at("0")}) AS released_at,
        reported_at + INTERVAL 1 SECOND AS active_at, '{city.ruleset}' AS ruleset, max(s.version) AS version,
        reported_at + INTERVAL 1 SECOND AS inserted_at
    FROM camera_statuses AS s GROUP BY camera_id, owner_epoch"""
