"""Episodes, stays and people's decisions of the simulated city, by the same spans as its minutes.

A figure that minutes show as well, such as a flood's peak, is read from them.
"""

# ruff: noqa: S608  (statements are made of numbers and of this package's own words)

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from schemas.topics import FRAMES
from services.cli.seed.city import DAY, HOUR, JAKARTA, MINUTE, City
from services.cli.seed.minutes import DRY_AT, ONSET_AT
from services.cli.seed.plan import DRY_SECONDS, GRACE_SECONDS, ONSET_RATIO, ONSET_SECONDS, chance

_PUBLISHED_AFTER: Final = 180
"""Observed seconds without the vehicle after which a case's end is published."""
_NEVER: Final = "toDateTime64(0, 3, 'UTC')"
REVIEWERS: Final = ("Simulated reviewer A", "Simulated reviewer B", "Simulated reviewer C")


def episode_statements(city: City) -> Iterator[tuple[str, str]]:
    """Give what is inserted in order: the table, and a SELECT whose columns have the names of the table's."""
    for select in (_floods(city), _cases(city), _counters(city), _incidents(city)):
        yield "episodes", select  # not a topic: a table
    yield "parking_stays", _stays(city)
    yield "decisions", _verdicts(city)
    yield "decisions", _verdicts_at_once(city)
    yield "decisions", _releases(city)


def hex_id(*of: str) -> str:
    """Give an id of 32 hex digits, which depends on what is named."""
    return f"lower(hex(MD5(concat({', '.join(f'toString({name})' for name in of)}))))"


def at(seconds: str) -> str:
    """Give a time of seconds since 1970."""
    return f"toDateTime64({seconds}, 3, 'UTC')"


def _episode(city: City, of: str, crossings: str, columns: str, source: str) -> str:
    """Give rows of episodes.

    ``source`` has number, camera_id, sample_fps, zone_id, begins_s, ends_s (its last sight), known_s (when it is told
    for the first time) and over_s (when its end is told).
    """
    return f"""SELECT camera_id, {of}, zone_id, 1 AS camera_revision,
        {hex_id("camera_id", "zone_id", "episode_type", "kind", "begins_s")} AS episode_id,
        over_s > {city.until_s} AS is_open, if(is_open, 'open', 'ended') AS phase, 'suspected' AS review,
        toUInt32(if(is_open, least(seen_s, {city.until_s - 7}), seen_s)) AS last_s, {at("begins_s")} AS started_at,
            {at("last_s")} AS last_seen_at,
        if(is_open, {_NEVER}, {at("ends_s")}) AS ended_at, if(is_open, '', because) AS ended_because,
        {hex_id("camera_id", "begins_s")} AS first_event_id, {hex_id("camera_id", "best_s")} AS best_event_id,
        {hex_id("camera_id", "last_s")} AS last_event_id,
        '{FRAMES.name}' AS frame_topic, number % 48 AS frame_partition,
        {_offset(city, "begins_s")} AS first_frame_offset, {_offset(city, "best_s")} AS best_frame_offset,
        {_offset(city, "last_s")} AS last_frame_offset, {crossings}, {columns},
        '{city.ruleset}' AS ruleset, toUInt32(1 + intDiv(last_s - begins_s, {MINUTE})) AS revision,
        toUInt64(last_s) AS version, {at("greatest(known_s, if(is_open, last_s, over_s))")} + INTERVAL 2 SECOND
            AS inserted_at
    FROM ({source}) WHERE known_s <= {city.until_s}"""


def _offset(city: City, time: str) -> str:
    return f"toUInt64(({time} - {city.from_s}) * 6 + number)"


def _why(*crossings: tuple[str, str, float, str]) -> str:
    """Give the figures that crossed a threshold: name, value, threshold and unit of each."""
    names, values, thresholds, units = zip(*crossings, strict=True)
    return (
        f"{list(names)} AS why_names, [{', '.join(f'toFloat64({v})' for v in values)}] AS why_values, "
        f"{[float(t) for t in thresholds]} AS why_thresholds, {list(units)} AS why_units"
    )


def _floods(city: City) -> str:
    """Floods with what their minutes say about the peak. A flood is told once its onset has lasted."""
    why = _why(("water_ratio_least", "least_ratio", ONSET_RATIO, "ratio"), ("onset", "120 + number % 5", 120, "s"))
    columns = f"""toFloat64(peak) AS peak_ratio, {at("best_s")} AS peak_at,
        if(is_open AND receding_s + {MINUTE} >= last_s, {_NEVER}, {at("receding_s")}) AS recession_at,
        if(is_open, {_NEVER}, {at("ends_s")}) AS cleared_at"""
    source = f"""
        SELECT any(f.number) AS number, any(f.camera_id) AS camera_id, any(f.zone_id) AS zone_id,
            f.begins_s AS begins_s,
            any(f.dry_s) AS ends_s, begins_s + {ONSET_SECONDS} AS known_s, ends_s + {DRY_SECONDS} AS over_s,
                ends_s AS seen_s,
            'cleared' AS because, max(m.ratio_max) AS peak, min(m.ratio_mean) AS lowest,
            round({ONSET_RATIO} + any(f.number) % 10 / 1000, 3) AS least_ratio,
            toUInt32(toUnixTimestamp(argMax(m.minute, m.ratio_max))) + 31 AS best_s,
            toUInt32(toUnixTimestamp(maxIf(m.minute, m.ratio_max >= 0.9 * f.peak_planned))) + 31 AS receding_s
        FROM (SELECT number, camera_id, water_zone AS zone_id, {ONSET_AT} AS begins_s, {DRY_AT} AS dry_s,
            s.4 AS peak_planned,
                arrayJoin(range(toUInt32(intDiv(begins_s, {MINUTE}) * {MINUTE}), toUInt32(least(dry_s,
                    {city.until_s})), {MINUTE})) AS m_s
            FROM seed_plan ARRAY JOIN floods AS s WHERE s.4 >= {ONSET_RATIO}) AS f
        INNER JOIN (SELECT camera_id, minute, ratio_max, ratio_mean FROM flood_minutes WHERE state != 'dry') AS m
            ON m.camera_id = f.camera_id AND m.minute = {at("f.m_s")}
        GROUP BY f.camera_id, f.begins_s"""
    return _episode(city, "'flood_episode' AS episode_type, '' AS kind", why, columns, source)


def _cases(city: City) -> str:
    why = _why(
        ("stood", f"{GRACE_SECONDS} + number % 5", GRACE_SECONDS, "s"), ("displacement", "0.02", 0.25, "box heights")
    )
    columns = f"""vehicle, {_box()}, toFloat64(last_s - begins_s) AS dwell_s"""
    source = f"""SELECT number, camera_id, parking_zone AS zone_id, s.begins_s AS begins_s, s.spot AS spot,
        s.vehicle AS vehicle,
            s.case_ends_s AS ends_s, s.case_ends_s AS seen_s, s.counted_from_s + {GRACE_SECONDS} AS known_s,
            ends_s + if(s.ends_s > s.case_ends_s, 0, {_PUBLISHED_AFTER}) AS over_s,
            if(s.ends_s > s.case_ends_s, 'timetable', 'left') AS because, known_s AS best_s
        FROM seed_stays AS s INNER JOIN seed_cameras AS c USING number
        WHERE s.case_ends_s >= s.counted_from_s + {GRACE_SECONDS}"""
    return _episode(city, "'parking_case' AS episode_type, concat('', '') AS kind", why, columns, source)


def _box() -> str:
    """Give the box of a vehicle by the spot in which it stands."""
    return (
        "0.66 + spot % 3 * 0.09 AS left, 0.5 + intDiv(spot, 3) * 0.2 AS top, left + 0.08 AS right, top + 0.16 AS bottom"
    )


def _counters(city: City) -> str:
    """Episodes of counters, with the longest queue that their minutes show."""
    crossing = "multiIf(kind = 'unattended', 120, kind = 'not_open', 600, 60)"
    why = (
        "if(kind = 'after_hours', ['presence'], ['staff_absence']) AS why_names, "
        f"[toFloat64({crossing} + number % 4)] AS why_values, [toFloat64({crossing})] AS why_thresholds, "
        "['s'] AS why_units"
    )
    source = f"""
        SELECT e.number AS number, any(e.camera_id) AS camera_id, '' AS zone_id, e.kind AS kind,
            e.begins_s AS begins_s, any(e.ends_s) AS ends_s,
            ends_s AS seen_s, begins_s + multiIf(kind = 'unattended', 120, kind = 'not_open', 600, 60) AS known_s,
                ends_s AS over_s,
            multiIf(kind = 'after_hours', 'left', cityHash64(number, begins_s) % 5 = 0 AND kind = 'unattended',
                'left', 'cleared') AS because,
            toUInt32(toUnixTimestamp(argMax(m.minute, m.queue_max))) + 20 AS best_s, max(m.queue_max) AS waiting
        FROM (SELECT c.number AS number, camera_id, kind, begins_s, ends_s,
                arrayJoin(range(toUInt32(intDiv(begins_s, {MINUTE}) * {MINUTE}), toUInt32(least(ends_s,
                    {city.until_s})), {MINUTE})) AS m_s
            FROM (SELECT number, kind, begins_s, ends_s FROM seed_counters) AS k
            INNER JOIN (SELECT number, camera_id FROM seed_cameras) AS c USING number) AS e
        INNER JOIN (SELECT camera_id, minute, queue_max FROM counter_minutes) AS m
            ON m.camera_id = e.camera_id AND m.minute = {at("e.m_s")}
        GROUP BY e.number, e.kind, e.begins_s"""
    columns = "if(kind = 'unattended', waiting, 0) AS people_waiting_max"
    return _episode(city, "'counter_episode' AS episode_type, kind", why, columns, source)


def _incidents(city: City) -> str:
    why = _why(
        ("steady_bits_lost", "0.24 + number % 50 / 100", 0.24, "ratio"),
    )
    source = f"""SELECT number, camera_id, '' AS zone_id, i.kind AS kind, i.begins_s AS begins_s, i.ends_s AS ends_s,
        i.held AS held,
            if(held, least(ends_s, {city.until_s - 11}), ends_s) AS seen_s, begins_s + {MINUTE} AS known_s,
                ends_s + if(held, 0, {MINUTE}) AS over_s,
            if(held, 'released', 'cleared') AS because, begins_s + {MINUTE} AS best_s
        FROM seed_incidents AS i INNER JOIN (SELECT number, camera_id FROM seed_cameras) AS c USING number"""
    columns = f"held AS quarantined, if(held AND NOT is_open, {_reviewer('begins_s')}, '') AS released_by"
    return _episode(city, "'camera_incident' AS episode_type, kind", why, columns, source)


def _stays(city: City) -> str:
    """Vehicles that stood, once they are known: after 30 s."""
    case_id = hex_id("camera_id", "zone_id", "'parking_case'", "''", "begins_s")
    return f"""SELECT camera_id, parking_zone AS zone_id, {hex_id("camera_id", "'stay'", "begins_s", "spot")}
        AS stay_id,
        1 AS camera_revision, vehicle, s.ends_s + {_PUBLISHED_AFTER} > {city.until_s} AS is_open, if(is_open, 'open',
            'ended') AS phase,
        toUInt32(least(s.ends_s, {city.until_s - 7})) AS last_s, {at("s.begins_s")} AS started_at,
            {at("last_s")} AS last_seen_at,
        if(is_open, '', 'left') AS ended_because, toFloat64(last_s - s.begins_s) AS dwell_s,
        toUInt64((last_s - s.begins_s) * sample_fps * 0.9) AS frames, {_box()},
        if(case_ends_s >= counted_from_s + {GRACE_SECONDS} AND counted_from_s + {GRACE_SECONDS} <= {city.until_s},
            {case_id}, '') AS episode_id,
        {hex_id("camera_id", "s.begins_s")} AS first_event_id, {hex_id("camera_id", "last_s")} AS last_event_id,
        '{city.ruleset}' AS ruleset, toUInt64(last_s) AS version, {at("last_s")} + INTERVAL 65 SECOND AS inserted_at
    FROM seed_stays AS s INNER JOIN seed_cameras AS c USING number WHERE s.begins_s + 30 <= {city.until_s}"""


def _reviewer(of: str) -> str:
    return f"{list(REVIEWERS)}[cityHash64(camera_id, {of}) % {len(REVIEWERS)} + 1]"


def _verdicts(city: City) -> str:
    """What people thought of ended episodes, in working hours; of some rules and cameras they think less."""
    drawn, right, later = (chance(city, "toString(episode_id)", f"'verdict{n}'") for n in range(3))
    asked = "multiIf(episode_type = 'flood_episode', 0.75, episode_type = 'parking_case', 0.35, 0.45)"
    holds = (
        "multiIf(episode_type = 'flood_episode', 0.93, kind = 'after_hours', 0.6, 0.85)"
        " - if(cityHash64(camera_id) % 12 = 0, 0.45, 0)"
    )
    local = f"(ended_s + {JAKARTA})"
    day = f"(intDiv({local}, {DAY}) + toUInt8({local} % {DAY} > {15 * HOUR}))"
    morning = f"({day} * {DAY} - {JAKARTA} + {8 * HOUR})"
    return f"""SELECT camera_id, {hex_id("episode_id", "'verdict'")} AS event_id,
        if({right} < {holds}, 'episode_confirmed', 'episode_rejected') AS decision,
        toUInt32(toUnixTimestamp(ended_at)) AS ended_s,
        toUInt32(greatest(ended_s + {10 * MINUTE}, {morning}) + {6 * HOUR} * {later}) AS decided_s,
            {at("decided_s")} AS decided_at,
        decided_at AS effective_at, {_reviewer("episode_id")} AS decided_by, toString(e.episode_id) AS episode_id,
        '{city.ruleset}' AS ruleset, toUInt64(decided_s) AS version, decided_at AS inserted_at
    FROM episodes AS e WHERE phase = 'ended' AND {drawn} < {asked} AND decided_s <= {city.until_s}"""


def _verdicts_at_once(city: City) -> str:
    """What people thought of floods that go on: some are looked at within the hour, at any time of the day."""
    drawn, right, later = (chance(city, "toString(episode_id)", f"'look{n}'") for n in range(3))
    return f"""SELECT camera_id, {hex_id("episode_id", "'look'")} AS event_id,
        if({right} < 0.93, 'episode_confirmed', 'episode_rejected') AS decision,
        toUInt32(toUnixTimestamp(started_at) + {MINUTE} * (5 + 50 * {later})) AS decided_s,
            {at("decided_s")} AS decided_at,
        decided_at AS effective_at, {_reviewer("episode_id")} AS decided_by, toString(e.episode_id) AS episode_id,
        '{city.ruleset}' AS ruleset, toUInt64(decided_s) AS version, decided_at AS inserted_at
    FROM episodes AS e WHERE phase = 'open' AND episode_type = 'flood_episode' AND {drawn} < 0.5
        AND decided_s <= {city.until_s}"""


def _releases(city: City) -> str:
    """The releases that ended quarantines."""
    return f"""SELECT camera_id, {hex_id("episode_id", "'release'")} AS event_id, 'quarantine_released' AS decision,
        ended_at AS decided_at, ended_at AS effective_at, released_by AS decided_by, '' AS episode_id,
        '{city.ruleset}' AS ruleset, version, ended_at + INTERVAL 1 SECOND AS inserted_at
    FROM episodes WHERE episode_type = 'camera_incident' AND quarantined AND phase = 'ended'"""
