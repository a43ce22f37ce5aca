"""What ``tilik decide`` asks of ClickHouse: the episode that is meant, open incidents, the newest picture."""

from __future__ import annotations

from typing import Final

import msgspec
from clickhouse_connect.driver.client import Client
from msgspec import Struct

from services.runtime.clickhouse import translated_errors


class EpisodeFacts(Struct, frozen=True, kw_only=True):
    """An episode as it was last published, and the last verdict on it. Times are ms since 1970, 0: not yet.

    ``verdict`` is the decision, ``episode_confirmed`` or ``episode_rejected``, and empty where nobody has judged it.
    """

    episode_id: str
    camera_id: str
    episode_type: str
    kind: str
    zone_id: str
    phase: str
    started_ms: int
    last_seen_ms: int
    ended_ms: int
    ended_because: str
    quarantined: bool
    why_names: list[str]
    why_values: list[float]
    why_thresholds: list[float]
    verdict: str
    verdict_by: str


def episodes_that_begin(client: Client, start: str) -> list[EpisodeFacts]:
    """Give the episodes whose id begins with ``start``, two at most.

    Raises:
        RetryableError: ClickHouse is away, or its tables are older than this command.
    """
    return _episodes(client, _LATEST.format(which="startsWith(toString(episode_id), {text:String})"), "1", start, 2)


def open_incidents(client: Client, camera_id: str) -> list[EpisodeFacts]:
    """Give the current incidents of a camera that are open; those of a ruleset that is only tried are none.

    Raises:
        RetryableError: As above.
    """
    which = "e.camera_id = {text:String} AND e.episode_type = 'camera_incident' AND e.phase = 'open'"
    return _episodes(client, "current_episodes", which, camera_id, 100)


def waiting(client: Client, limit: int) -> list[EpisodeFacts]:
    """Give what waits for a person: cameras in quarantine, then the newest current episodes that nobody has judged.

    Raises:
        RetryableError: As above.
    """
    return _episodes(client, "current_episodes", f"{_IS_QUARANTINED} OR d.verdict = ''", "", limit)


def newest_picture_ms(client: Client, camera_id: str) -> int:
    """Give when the newest judged picture of a camera was taken, ms since 1970; 0: there is none.

    Raises:
        RetryableError: As above.
    """
    with translated_errors("reading the newest picture"):
        rows = client.query(_NEWEST_PICTURE, parameters={"camera": camera_id}).result_rows
    return int(rows[0][0]) if rows else 0


def _episodes(client: Client, source: str, which: str, text: str, limit: int) -> list[EpisodeFacts]:
    query = _EPISODES.format(source=source, which=which, first=_IS_QUARANTINED)
    with translated_errors("reading episodes"):
        answer = client.query(query, parameters={"text": text, "limit": limit})
        return [msgspec.convert(row, EpisodeFacts, strict=False) for row in answer.named_results()]


_IS_QUARANTINED: Final = "(e.quarantined AND e.phase = 'open')"

_LATEST: Final = "(SELECT * FROM episodes FINAL WHERE {which} ORDER BY version DESC LIMIT 1 BY camera_id, episode_id)"
"""An episode may lie there once a ruleset: the row that reflects most events tells of it."""

_EPISODES: Final = """
SELECT
    toString(e.episode_id) AS episode_id, e.camera_id AS camera_id, e.episode_type AS episode_type, e.kind AS kind,
    e.zone_id AS zone_id, e.phase AS phase,
    toUnixTimestamp64Milli(e.started_at) AS started_ms,
    toUnixTimestamp64Milli(e.last_seen_at) AS last_seen_ms,
    toUnixTimestamp64Milli(e.ended_at) AS ended_ms,
    e.ended_because AS ended_because, e.quarantined AS quarantined, e.why_names AS why_names,
    e.why_values AS why_values, e.why_thresholds AS why_thresholds,
    d.verdict AS verdict, d.verdict_by AS verdict_by
FROM {source} AS e
LEFT JOIN
(
    SELECT
        camera_id,
        episode_id,
        argMax(decision, (decided_at, version)) AS verdict,
        argMax(decided_by, (decided_at, version)) AS verdict_by
    FROM decisions FINAL
    WHERE decision IN ('episode_confirmed', 'episode_rejected')
    GROUP BY camera_id, episode_id
) AS d ON d.camera_id = e.camera_id AND d.episode_id = toString(e.episode_id)
WHERE {which}
ORDER BY {first} DESC, e.started_at DESC
LIMIT {{limit:UInt32}}
"""

_NEWEST_PICTURE: Final = """
SELECT toUnixTimestamp64Milli(captured_at)
FROM detections
WHERE camera_id = {camera:String}
ORDER BY captured_at DESC
LIMIT 1
"""
