"""What ClickHouse knows of an episode: its rows as JSON lines, and what the report tells of it."""

from __future__ import annotations

from typing import Any, Final

from clickhouse_connect.driver.client import Client
from msgspec import Struct, convert

from services.record.incidents import troubles_of
from services.runtime.clickhouse import translated_errors
from services.runtime.errors import ConfigurationError

SHORTEST_ID: Final = 6
"""Hex digits of an episode's id that may stand for it, where no other begins with them."""


class EpisodeStory(Struct, frozen=True, kw_only=True):
    """An episode, its camera, and the last verdict. Times are ms since 1970, 0: not yet."""

    episode_id: str
    camera_id: str
    episode_type: str
    kind: str
    zone_id: str
    phase: str
    ruleset: str
    revision: int
    started_ms: int
    last_seen_ms: int
    ended_ms: int
    ended_because: str
    why_names: list[str]
    why_values: list[float]
    why_thresholds: list[float]
    why_units: list[str]
    simulated: bool
    camera_name: str
    kecamatan: str
    kelurahan: str
    verdict: str
    verdict_by: str
    verdict_why: str
    verdict_ms: int


def find_episode(client: Client, start: str) -> EpisodeStory:
    """Give the episode whose id begins with ``start``.

    Raises:
        RetryableError: ClickHouse is away, or its tables are older than this command.
        ConfigurationError: There is none, or there are several, or too little of the id is said.
    """
    if len(start) < SHORTEST_ID or not set(start) <= set("0123456789abcdef"):
        raise ConfigurationError(
            f"{start!r}: an episode's id is 32 hex digits, or the first {SHORTEST_ID} or more of them"
        )
    with translated_errors("reading the episode"):
        found = list(client.query(_STORY, parameters={"start": start}).named_results())
    if not found:
        raise ConfigurationError(
            f"there is no episode {start}…; `tilik decide list` shows those that wait for a person"
        )
    if len(found) > 1:
        raise ConfigurationError(f"several episodes begin with {start}: say more of the id")
    return convert(found[0], EpisodeStory, strict=False)


def rows_of_episode(client: Client, story: EpisodeStory, from_ms: int, until_ms: int) -> dict[str, bytes]:
    """Give the rows about an episode and its camera in this time, as JSON lines by the name of their table.

    Raises:
        RetryableError: ClickHouse is away.
    """
    parameters: dict[str, Any] = {
        "camera": story.camera_id,
        "episode": story.episode_id,
        "from": from_ms,
        "until": until_ms,
    }
    found = {}
    for table, (columns, which, order) in _TABLES.items():
        query = _ROWS.format(columns=columns, table=table, which=which, order=order)
        with translated_errors(f"reading {table}"):
            found[table] = client.raw_query(query, parameters=parameters, fmt="JSONEachRow")
    return {table: data for table, data in found.items() if data}


def withdrawn_minutes(client: Client, camera_id: str, from_ms: int, until_ms: int) -> frozenset[int]:
    """Give the starts, ms since 1970, of minutes that are not to be shown: a quarantine was seen later.

    Raises:
        RetryableError: ClickHouse is away.
    """
    parameters = {"camera": camera_id, "from": from_ms, "until": until_ms}
    with translated_errors("reading recorded_minutes"):
        if not client.query("EXISTS TABLE recorded_minutes").result_rows[0][0]:
            return frozenset()  # no recorder has ever written here
        rows = client.query(_WITHDRAWN, parameters=parameters).result_rows
    return frozenset(int(row[0]) for row in rows)


def times_of_trouble(client: Client, camera_id: str) -> tuple[tuple[int, int], ...]:
    """Give from when to when, ms since 1970, something was wrong with the camera's picture, whatever was seen of it.

    Also of a camera that is not recorded: that one has no minutes that could be withdrawn. The portal goes by the same:
    what it keeps from everybody is in no file that people hand on.

    Raises:
        RetryableError: ClickHouse is away.
    """
    return tuple((one.from_ms, one.until_ms) for one in troubles_of(client, camera_id))


def _within(column: str) -> str:
    since, until = (f"fromUnixTimestamp64Milli({{{bound}:Int64}}, 'UTC')" for bound in ("from", "until"))
    return f"{column} BETWEEN {since} AND {until}"


_ROWS: Final = "SELECT {columns} FROM {table} FINAL WHERE camera_id = {{camera:String}} AND {which} ORDER BY {order}"
_ALL: Final = "* EXCEPT (inserted_at)"
_TABLES: Final = {
    "episodes": (_ALL, "toString(episode_id) = {episode:String}", "ruleset"),
    "decisions": (
        _ALL,
        f"(toString(episode_id) = {{episode:String}} OR {_within('decided_at')})",
        "decided_at, event_id",
    ),
    "cameras": (_ALL, "1", "revision"),
    "camera_statuses": (_ALL, _within("reported_at"), "reported_at, event_id"),
    "camera_minutes": (_ALL, _within("minute"), "minute, ruleset"),
    "flood_minutes": (_ALL, _within("minute"), "minute, zone_id, ruleset"),
    "parking_minutes": (_ALL, _within("minute"), "minute, zone_id, ruleset"),
    "counter_minutes": (_ALL, _within("minute"), "minute, ruleset"),
    "detections": (
        "* EXCEPT (inserted_at, water), base64Encode(water) AS water_base64",
        _within("captured_at"),
        "captured_at, owner_epoch, sequence",
    ),
}
"""Columns, condition and order by table; all rows are of the episode's camera."""

_WITHDRAWN: Final = """
SELECT DISTINCT toUnixTimestamp64Milli(minute)
FROM recorded_minutes FINAL
WHERE camera_id = {camera:String} AND withdrawn
    AND minute > fromUnixTimestamp64Milli({from:Int64}, 'UTC') - INTERVAL 1 MINUTE
    AND minute <= fromUnixTimestamp64Milli({until:Int64}, 'UTC')
"""

_STORY: Final = """
SELECT
    toString(e.episode_id) AS episode_id, e.camera_id AS camera_id, e.episode_type AS episode_type, e.kind AS kind,
    e.zone_id AS zone_id, e.phase AS phase, e.ruleset AS ruleset, e.revision AS revision,
    toUnixTimestamp64Milli(e.started_at) AS started_ms,
    toUnixTimestamp64Milli(e.last_seen_at) AS last_seen_ms,
    toUnixTimestamp64Milli(e.ended_at) AS ended_ms,
    e.ended_because AS ended_because,
    e.why_names AS why_names, e.why_values AS why_values, e.why_thresholds AS why_thresholds, e.why_units AS why_units,
    e.simulated AS simulated,
    c.name AS camera_name, c.kecamatan AS kecamatan, c.kelurahan AS kelurahan,
    d.verdict AS verdict, d.verdict_by AS verdict_by, d.verdict_why AS verdict_why, d.verdict_ms AS verdict_ms
FROM
(
    SELECT * FROM episodes FINAL
    WHERE startsWith(toString(episode_id), {start:String})
    ORDER BY version DESC
    LIMIT 1 BY camera_id, episode_id
    LIMIT 2
) AS e
LEFT JOIN (SELECT * FROM cameras FINAL) AS c ON c.camera_id = e.camera_id AND c.revision = e.camera_revision
LEFT JOIN
(
    SELECT
        camera_id,
        episode_id,
        argMax(decision, (decided_at, version)) AS verdict,
        argMax(decided_by, (decided_at, version)) AS verdict_by,
        argMax(reason, (decided_at, version)) AS verdict_why,
        toUnixTimestamp64Milli(max(decided_at)) AS verdict_ms
    FROM decisions FINAL
    WHERE decision IN ('episode_confirmed', 'episode_rejected')
    GROUP BY camera_id, episode_id
) AS d ON d.camera_id = e.camera_id AND d.episode_id = toString(e.episode_id)
"""
