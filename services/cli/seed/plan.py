"""What happens in the simulated city, before there is any row of it: tables of spans, which everything rests on.

    seed_cameras ─► seed_floods ─► seed_gaps ─► seed_incidents ─► seed_blocks ─► seed_counters, seed_stays
                                                                      │                   │
                                                     seed_plan: one row a camera, with the spans of all of them

A span is (begins_s, ends_s), s since 1970. Minutes and episodes are made of the same spans, so they agree. The tables
are dropped when the city stands.
"""

# ruff: noqa: S608  (statements are made of numbers and of this package's own words)

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from services.cli.seed.city import DAY, HOUR, JAKARTA, MINUTE, City

CAMERAS: Final = """CREATE TABLE seed_cameras (
    number UInt32, camera_id String, name String, kind String, kecamatan String, kelurahan String, rw String, rt String,
    latitude Float64, longitude Float64, source_kind String, sample_fps Float64, opens String, water_zone String,
    parking_zone String, rush_only Bool, lowness Float64, coastal Bool
) ENGINE = MergeTree ORDER BY number"""
TABLES: Final = (
    "seed_cameras", "seed_floods", "seed_gaps", "seed_incidents", "seed_blocks", "seed_counters", "seed_stays",
    "seed_plan",
)  # fmt: skip

ONSET_RATIO, DRY_RATIO = 0.15, 0.05
ONSET_SECONDS, DRY_SECONDS = 120, 300
"""Thresholds of the flood rule, as docs/semantics.md has them; of parking the grace time is 300 s."""
GRACE_SECONDS: Final = 300
_FLOOD_DEPTH: Final = 0.28
"""Rain below this wets a road and floods none: then its ratio stays below the onset's."""

_SPANS = ("begins_s UInt32", "ends_s UInt32")


def plan_statements(city: City) -> Iterator[tuple[str, str]]:
    """Give what is made in order: what it is, and the statement. ``seed_cameras`` must be filled."""
    yield from _made("seed_floods", ("number UInt32", *_SPANS, "top_s UInt32", "peak Float64"), _floods(city))
    yield from _made("seed_gaps", ("number UInt32", *_SPANS, "reason String"), _gaps(city))
    yield from _made("seed_incidents", ("number UInt32", *_SPANS, "kind String", "held Bool"), _incidents(city))
    yield from _made("seed_blocks", ("number UInt32", "spans Array(Tuple(UInt32, UInt32))"), _BLOCKS)
    yield from _made("seed_counters", ("number UInt32", *_SPANS, "kind String"), _counters(city))
    yield from _made(
        "seed_stays",
        ("number UInt32", *_SPANS, "spot UInt8", "vehicle String", "counted_from_s UInt32", "case_ends_s UInt32"),
        _stays(city),
    )
    yield "seed_plan", _PLAN


def chance(city: City, *of: str) -> str:
    """Give a figure from 0 to 1, which depends on the seed and on what is named."""
    return f"(cityHash64({city.seed}, {', '.join(of)}) / 18446744073709551615)"


def _around_the_end(
    city: City, what: str, *, before_min: tuple[int, int], after_min: tuple[int, int]
) -> tuple[str, str]:
    """Give begin and end of what goes on when the city ends, by chance between the least and the most minutes."""
    before, after = (
        f"floor({MINUTE} * ({least} + {most - least} * {chance(city, 'number', what, when)}))"
        for when, (least, most) in (("'before'", before_min), ("'after'", after_min))
    )
    return f"toUInt32({city.until_s} - {before})", f"toUInt32({city.until_s} + {after})"


def _made(table: str, columns: tuple[str, ...], select: str) -> Iterator[tuple[str, str]]:
    yield table, f"CREATE TABLE {table} ({', '.join(columns)}) ENGINE = MergeTree ORDER BY number AS {select}"


def _numbers(numbers: Iterable[int]) -> str:
    return "(" + ", ".join(map(str, [*numbers, 4_000_000_000])) + ")"


def _days(city: City) -> str:
    first, stop = city.local_days
    return f"arrayMap(day -> toUInt32(day), range({first}, {stop}))"


def _floods(city: City) -> str:
    """Rain and tide over the zones that lie low. One that begins before the former one is over is left out.

    The water zones that nobody sees at the end have none: what a camera did not see is nowhere told.
    """
    rains = ", ".join(f"({r.start_s}, {r.strength}, {int(r.is_tide)})" for r in city.rains)
    u = [chance(city, "number", "rain.1", f"'flood{n}'") for n in range(4)]
    cell = chance(city, "kecamatan", "rain.1")
    return f"""SELECT number, begins_s, ends_s, top_s, peak FROM (
        SELECT *, max(ends_s) OVER (PARTITION BY number ORDER BY begins_s ROWS BETWEEN UNBOUNDED PRECEDING
            AND 1 PRECEDING) AS former_end FROM (
        SELECT number, rain.2 * if(rain.3 = 1, 1, lowness * (0.25 + {cell})) * (0.75 + 0.5 * {u[0]}) AS depth,
            round(if(depth < {_FLOOD_DEPTH}, depth * 0.35, least(0.92, depth)), 3) AS peak,
            toUInt32(rain.1 + {MINUTE} * (10 + 40 * {u[1]})) AS begins_s,
            toUInt32(begins_s + {MINUTE} * (25 + 60 * {u[2]})) AS top_s,
            toUInt32(top_s + {MINUTE} * (60 + 300 * {u[3]}) * (0.6 + peak)) AS ends_s
        FROM seed_cameras ARRAY JOIN [{rains}] AS rain
        WHERE water_zone != '' AND number NOT IN {_numbers(city.trouble.unseen)} AND (rain.3 = 0 OR coastal)
    )) WHERE begins_s > former_end + {HOUR} AND begins_s < {city.until_s} AND begins_s > {city.from_s}"""


def _gaps(city: City) -> str:
    """Times without a frame: a camera's own, a kecamatan's power cut now and then, and what lasts at the end."""
    own, length, start = (chance(city, "number", "day", f"'gap{n}'") for n in range(3))
    cut, cut_start = chance(city, "kecamatan", "day", "'cut'"), chance(city, "kecamatan", "day", "'cut1'")
    blind = chance(city, "number", "'blind'")
    last = city.end_s + 10 * DAY
    midnight = f"day * {DAY} - {JAKARTA}"
    return f"""SELECT number, begins_s, ends_s, reason FROM (
        SELECT number, toUInt32({midnight} + {MINUTE} * floor(1439 * {start})) AS begins_s,
            toUInt32(begins_s + {MINUTE} * floor(5 * pow(60, {length}))) AS ends_s,
            ['timeout', 'connection', 'not_found', 'stalled'][number % 4 + 1] AS reason
        FROM seed_cameras ARRAY JOIN {_days(city)} AS day
        WHERE {own} < if(number % 23 = 0, 0.25, 0.02)
        UNION ALL
        SELECT number, toUInt32({midnight} + {MINUTE} * floor(1200 * {cut_start})) AS begins_s,
            toUInt32(begins_s + {MINUTE} * 95) AS ends_s, 'connection' AS reason
        FROM seed_cameras ARRAY JOIN {_days(city)} AS day
        WHERE {cut} < 0.006
        UNION ALL
        SELECT number, toUInt32({city.until_s} - {MINUTE} * floor(25 + 450 * {blind})), {last}, 'timeout'
        FROM seed_cameras WHERE number IN {_numbers((*city.trouble.blind, *city.trouble.unseen))}
        UNION ALL
        SELECT number, {city.until_s - 40 * HOUR}, {last}, 'connection'
        FROM seed_cameras WHERE number IN {_numbers(city.trouble.lost)}
        UNION ALL
        SELECT number, {city.until_s - 20 * MINUTE}, {last}, 'unowned'
        FROM seed_cameras WHERE number IN {_numbers(city.trouble.unowned)}
    ) AS g
    WHERE begins_s < {city.until_s} AND ends_s > {city.from_s}
        AND (ends_s <= {city.until_s} OR ends_s = {last}) AND (number, 1) NOT IN (
        SELECT number, 1 FROM seed_floods WHERE peak >= {_FLOOD_DEPTH})"""


def _incidents(city: City) -> str:
    """Faults of the picture. Those that are held end when a person releases them, some hours later.

    None lies within an hour of a gap or of another one, and none at a camera that floods.
    """
    drawn, kind, start, length = (chance(city, "number", "day", f"'fault{n}'") for n in range(4))
    ending = ", ".join(f"({n}, {city.until_s - 3 * HOUR - 97 * (n % 60)})" for n in city.trouble.held)
    return f"""SELECT number, begins_s, ends_s, kind, held FROM (
        SELECT *, max(ends_s) OVER (PARTITION BY number ORDER BY begins_s ROWS BETWEEN UNBOUNDED PRECEDING
            AND 1 PRECEDING) AS former_end FROM (
        SELECT number, toUInt32(day * {DAY} - {JAKARTA} + {DAY} * {start}) AS begins_s,
            ['shifted', 'covered', 'covered', 'frozen', 'defocused', 'dark', 'dark'][toUInt8(floor(6.99 * {kind})) + 1]
                AS kind,
            kind IN ('shifted', 'covered', 'frozen') AS held,
            toUInt32(begins_s + {MINUTE} * if(held, 45 + 900 * {length}, 4 + 180 * {length})) AS ends_s
        FROM seed_cameras ARRAY JOIN {_days(city)} AS day
        WHERE {drawn} < 0.005 AND begins_s < {city.until_s}
        UNION ALL
        SELECT held_now.1, held_now.2, if(held_now.1 % 2 = 0, 'covered', 'shifted'), true, {city.end_s + 2 * DAY}
        FROM (SELECT arrayJoin(CAST([{ending}], 'Array(Tuple(UInt32, UInt32))')) AS held_now)
    )) AS i
    LEFT JOIN (SELECT number, groupArray((begins_s, ends_s)) AS spans FROM seed_gaps GROUP BY number) AS g USING number
    WHERE begins_s > former_end + {HOUR} AND begins_s > {city.from_s}
        AND NOT arrayExists(s -> begins_s < s.2 + {HOUR} AND ends_s + {HOUR} > s.1, spans)
        AND number NOT IN (SELECT number FROM seed_floods WHERE peak >= {_FLOOD_DEPTH})"""


_BLOCKS: Final = f"""SELECT number, groupArray((toUInt32(begins_s - {MINUTE}), toUInt32(ends_s + {MINUTE}))) AS spans
    FROM (
    SELECT number, begins_s, ends_s FROM seed_gaps UNION ALL SELECT number, begins_s, ends_s FROM seed_incidents
        WHERE held
) GROUP BY number"""

_SEES: Final = "NOT arrayExists(s -> begins_s < s.2 AND ends_s > s.1, spans)"

_WINDOWS: Final = """if(opens = 'office',
    [(535, 600, 'unattended'), (600, 680, 'unattended'), (782, 840, 'unattended'), (840, 895, 'unattended'),
        (480, 481, 'not_open'), (945, 1080, 'after_hours')],
    [(300, 480, 'unattended'), (480, 660, 'unattended'), (660, 840, 'unattended'), (840, 1010, 'unattended'),
        (240, 241, 'not_open'), (1035, 1080, 'after_hours')])"""
"""In minutes of the day (Asia/Jakarta): where an episode of a counter may begin and must end."""


def _counters(city: City) -> str:
    """Unattended, opened late, in use after hours: a few counters are lax, and most are not."""
    lax = chance(city, "number", "'lax'")
    drawn, start, length = (chance(city, "number", "day", "window.1", f"'desk{n}'") for n in range(3))
    now = f"SELECT number FROM seed_cameras WHERE number IN {_numbers(city.trouble.unattended)}"
    local = f"({city.until_s} + {JAKARTA})"
    began, goes_on = _around_the_end(city, "'desk'", before_min=(4, 13), after_min=(2, 7))
    return f"""SELECT number, begins_s, ends_s, kind FROM (
        SELECT number, window.3 AS kind,
            if(kind = 'not_open', 0, {MINUTE} * floor((window.2 - window.1 - 4) * {start}) + number % 50) AS late_s,
            toUInt32(day * {DAY} - {JAKARTA} + window.1 * {MINUTE} + late_s) AS begins_s,
            toUInt32(if(kind = 'not_open', begins_s + {MINUTE} * (12 + 35 * {length}),
                least(toUInt32(begins_s + {MINUTE} * (3 + 22 * {length} * {length})),
                    toUInt32(day * {DAY} - {JAKARTA} + window.2 * {MINUTE})))) AS ends_s
        FROM seed_cameras ARRAY JOIN {_days(city)} AS day
        ARRAY JOIN {_WINDOWS} AS window
        WHERE opens != '' AND (opens = 'market' OR toDayOfWeek(toDate(day)) < 6)
            AND {drawn} < multiIf(kind = 'unattended', 0.02 + 0.5 * pow({lax}, 4), kind = 'not_open',
                0.01 + 0.2 * pow({lax}, 6), 0.04)
            AND NOT (number IN ({now}) AND ends_s > {city.until_s - HOUR})
            AND begins_s < {city.until_s} AND begins_s > {city.from_s}
        UNION ALL
        SELECT number, 'unattended', 0, {began}, {goes_on} FROM ({now})
        WHERE toDayOfWeek(toDate(intDiv({local}, {DAY}))) < 6 AND intDiv({local} % {DAY}, {MINUTE}) IN (
            SELECT arrayJoin(arrayConcat(range(495, 680), range(795, 890))))
    ) AS e LEFT JOIN seed_blocks AS b USING number
    WHERE {_SEES}"""


_PER_HOUR: Final = (
    0.05, 0.05, 0.05, 0.05, 0.05, 0.1, 0.3, 0.6, 0.6, 0.45, 0.35, 0.4,
    0.5, 0.45, 0.35, 0.35, 0.55, 0.65, 0.6, 0.4, 0.3, 0.2, 0.1, 0.05,
)  # fmt: skip
"""How likely a vehicle comes to stand at a kerb in an hour of the day."""


def _stays(city: City) -> str:
    """Vehicles that stand at a kerb; two of five for long.

    Spots take turns by the hour, so that no two vehicles stand in one at a time. ``counted_from_s`` is when the case
    counts from, and ``case_ends_s`` when the vehicle goes or the timetable's period ends: 0 where nothing is forbidden.
    """
    drawn, start, length, busy = (chance(city, "number", "day", "slot", f"'stay{n}'") for n in range(4))
    midnight = f"day * {DAY} - {JAKARTA}"
    began, goes_on = _around_the_end(city, "'kerb'", before_min=(12, 65), after_min=(5, 45))
    return f"""SELECT number, begins_s, ends_s, spot, vehicle, counted_from_s, case_ends_s FROM (
        SELECT number, slot % 24 AS hour, toUInt8(intDiv(slot, 24) * 3 + hour % 3) AS spot,
            toUInt32({midnight} + hour * {HOUR} + 3300 * {start}) AS begins_s,
            toUInt32(begins_s + if({busy} < 0.6, 45 + 240 * {length}, 330 + 5000 * {length} * {length})) AS ends_s,
            ['car', 'car', 'motorcycle', 'motorcycle', 'truck', 'car'][begins_s % 6 + 1] AS vehicle,
            multiIf(NOT rush_only, 'always', toDayOfWeek(toDate(day)) > 5, 'never', hour < 9, 'morning',
                hour BETWEEN 14 AND 18, 'evening', 'never') AS forbidden,
            multiIf(forbidden = 'always', begins_s, forbidden = 'never', 0,
                greatest(begins_s, toUInt32({midnight} + {HOUR} * if(forbidden = 'morning', 6, 15.5))))
                AS counted_from_s,
            multiIf(forbidden = 'always', ends_s, forbidden = 'never', 0,
                least(ends_s, toUInt32({midnight} + {HOUR} * if(forbidden = 'morning', 9, 18.5)))) AS case_ends_s
        FROM seed_cameras ARRAY JOIN {_days(city)} AS day ARRAY JOIN range(48) AS slot
        WHERE parking_zone != ''
            AND {drawn} < arrayElement({list(_PER_HOUR)},
                slot % 24 + 1) * (0.2 + 0.9 * {chance(city, "number", "'busy'")})
                * if(toDayOfWeek(toDate(day)) > 5, 0.7, 1) * if(slot < 24, 1, 0.4)
            AND begins_s < {city.until_s} AND begins_s > {city.from_s}
        UNION ALL
        SELECT number, 0, 6, {began}, {goes_on}, 'car', 'always', {began}, {goes_on}
        FROM seed_cameras WHERE number IN {_numbers(city.trouble.parked)}
    ) AS e LEFT JOIN seed_blocks AS b USING number
    WHERE {_SEES}"""


def _spans_of(table: str, columns: str, where: str = "1") -> str:
    return f"(SELECT number, groupArray(({columns})) AS spans FROM {table} WHERE {where} GROUP BY number)"


_PLAN: Final = f"""CREATE TABLE seed_plan ENGINE = MergeTree ORDER BY number AS
SELECT c.number AS number, c.* EXCEPT (number), g.spans AS gaps, i.spans AS held, f.spans AS floods,
    u.spans AS absences, a.spans AS afters, s.spans AS stays
FROM seed_cameras AS c
LEFT JOIN {_spans_of("seed_gaps", "begins_s, ends_s")} AS g ON g.number = c.number
LEFT JOIN {_spans_of("seed_incidents", "begins_s, ends_s", "held")} AS i ON i.number = c.number
LEFT JOIN {_spans_of("seed_floods", "begins_s, ends_s, top_s, peak")} AS f ON f.number = c.number
LEFT JOIN {_spans_of("seed_counters", "begins_s, ends_s, kind = 'unattended'", "kind != 'after_hours'")} AS u
    ON u.number = c.number
LEFT JOIN {_spans_of("seed_counters", "begins_s, ends_s", "kind = 'after_hours'")} AS a ON a.number = c.number
LEFT JOIN {_spans_of("seed_stays", "begins_s, ends_s, counted_from_s, case_ends_s")} AS s ON s.number = c.number"""
