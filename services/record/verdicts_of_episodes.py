"""What people have decided about a camera's episodes, from ClickHouse."""

from __future__ import annotations

from typing import Final, Literal

from clickhouse_connect.driver.client import Client
from msgspec import Struct, convert

from services.runtime.clickhouse import translated_errors

Verdict = Literal["", "episode_confirmed", "episode_rejected"]


class EpisodeVerdict(Struct, frozen=True, kw_only=True):
    """An episode's time, in ms since 1970, and the last decision about it; empty where nobody has judged it."""

    episode_id: str
    from_ms: int
    until_ms: int
    verdict: Verdict


def verdicts_of(client: Client, camera_id: str) -> list[EpisodeVerdict]:
    """Give every episode of a camera. Blocks.

    Raises:
        RetryableError: ClickHouse is away, or its tables are older than this program.
    """
    with translated_errors(f"reading the episodes of {camera_id}"):
        answer = client.query(_VERDICTS, parameters={"camera": camera_id})
        return [convert(row, EpisodeVerdict, strict=False) for row in answer.named_results()]


_VERDICTS: Final = """
SELECT e.episode_id AS episode_id, e.from_ms AS from_ms, e.until_ms AS until_ms, d.verdict AS verdict
FROM
(
    SELECT
        toString(episode_id) AS episode_id,
        toUnixTimestamp64Milli(min(started_at)) AS from_ms,
        toUnixTimestamp64Milli(max(greatest(last_seen_at, ended_at))) AS until_ms
    FROM episodes FINAL
    WHERE camera_id = {camera:String}
    GROUP BY episode_id
) AS e
LEFT JOIN
(
    SELECT episode_id, argMax(decision, (decided_at, version)) AS verdict
    FROM decisions FINAL
    WHERE camera_id = {camera:String} AND decision IN ('episode_confirmed', 'episode_rejected')
    GROUP BY episode_id
) AS d ON d.episode_id = e.episode_id
ORDER BY from_ms, episode_id
"""
