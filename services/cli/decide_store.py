"""What ``tilik decide`` asks of ClickHouse: the episode that is meant, open incidents, the newest picture."""

from __future__ import annotations

from typing import Final

import msgspec
from clickhouse_connect.driver.client import Client
from msgspec import Struct

from services.aggregate.store_client import translated_errors


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
    return _episodes(client, "startsWith(toString(e.episode_id), {text:String})", start, 2)


def open_incidents(client: Client, camera_id: str) -> list[EpisodeFacts]:
    """Give the incidents of a camera that are open.

    Raises:
        RetryableError: As above.
    """
    which = "e.camera_id = {text:String} AND e.episode_type = 'camera_incident' AND e.phase = 'open'"
    return _episodes(client, which, camera_id, 100)


def waiting(client: Client, limit: int) -> list[EpisodeFacts]:
    """Give what waits for a person: cameras in quarantine, then the newest current episodes that nobody has judged.

    A quarantine counts whatever ruleset is current: it is the live service that is to be told.

    Raises:
        RetryableError: As above.
    """
    unjudged = "d.verdict = '' AND e.episode_id IN (SELECT episode_id FROM current_episodes)"
    return _episodes(client, f"{_IS_QUARANTINED} OR {unjudged}", "", limit)


def newest_picture_ms(client: Client, camera_id: str) -> int:
    """Give when the newest judged picture of a camera was taken, ms since 1970; 0: there is none.

    Raises:
        RetryableError: As above.
    """
    with translated_errors("reading the newest picture"):
        rows = client.query(_NEWEST_PICTURE, parameters={"camera": camera_id}).result_rows
    return int(rows[0][0]) if rows else 0


def _episodes(client: Client, which: str, text: str, limit: int) -> list[EpisodeFacts]:
    with translated_errors("reading episodes"):
        answer = client.query(
            _EPISODES.format(which=which, first=_IS_QUARANTINED), parameters={"text": text, "limit": limit}
        )
        return [msgspec.convert(row, EpisodeFacts, strict=False) for row in answer.named_results()]


_IS_QUARANTINED: Final = "(e.quarantined AND e.phase = 'open')"

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
FROM
(
    SELECT * FROM episodes FINAL ORDER BY version DESC LIMIT 1 BY camera_id, episode_id
) AS e
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
"""An episode may lie there once a ruleset: the row that was written last tells of it."""

_NEWEST_PICTURE: Final = """
SELECT toUnixTimestamp64Milli(captured_at)
FROM detections
WHERE camera_id = {camera:String}
ORDER BY captured_at DESC
LIMIT 1
"""
