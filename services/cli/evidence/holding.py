"""``tilik evidence hold`` and ``release``: legal holds of episodes."""

from __future__ import annotations

import click

from schemas.recordings import LegalHold
from services.cli.clickhouse import clickhouse_client, clickhouse_option, clickhouse_settings
from services.cli.evidence.auditing import AuditedEpisode
from services.cli.evidence.options import by_option, store_option, why_option
from services.cli.evidence.places import open_record
from services.cli.evidence.rows import find_episode
from services.record.holds import end_hold, place_hold
from services.record.object_keys import hold_key
from services.runtime.clock import now_ms
from services.runtime.errors import ConfigurationError


@click.command()
@click.argument("episode", metavar="EPISODE")
@by_option
@why_option
@store_option
@clickhouse_option
def hold(episode: str, by: str, why: str, store: str | None, clickhouse: str | None) -> None:
    """Let nothing of EPISODE be deleted: its frames, and the minutes of its camera around it.

    It holds until `tilik evidence release`, whatever retention says, and grows with an episode that goes on. A later
    hold of the same episode takes the place of the former.

    Exit code 1: the store or ClickHouse is away; 78: there is no such episode or record.
    """
    record = open_record(store)
    with clickhouse_client(clickhouse_settings(clickhouse)) as client:
        story = find_episode(client, episode)
        AuditedEpisode(client, clickhouse_settings(clickhouse), story).note("hold_placed", by, why)
    until_ms = max(story.last_seen_ms, story.ended_ms)
    placed = LegalHold(
        camera_id=story.camera_id,
        episode_id=story.episode_id,
        from_ms=story.started_ms,
        until_ms=until_ms,
        decided_by=by,
        reason=why,
        decided_at_ms=now_ms(),
    )
    place_hold(record.store, placed)
    click.echo(f"nothing of {story.episode_id} at {story.camera_id} is deleted from now on")


@click.command()
@click.argument("episode", metavar="EPISODE")
@by_option
@why_option
@store_option
@clickhouse_option
def release(episode: str, by: str, why: str, store: str | None, clickhouse: str | None) -> None:
    """End the hold of EPISODE: from now on retention counts for it as for others. The hold is kept as one that ended.

    Exit code 1: the store or ClickHouse is away; 78: there is no such episode, record or hold.
    """
    record = open_record(store)
    with clickhouse_client(clickhouse_settings(clickhouse)) as client:
        story = find_episode(client, episode)
        none = ConfigurationError(f"there is no hold of {story.episode_id}")
        if record.store.size(hold_key(story.camera_id, story.episode_id)) is None:
            raise none
        AuditedEpisode(client, clickhouse_settings(clickhouse), story).note("hold_ended", by, why)
    ended = end_hold(record.store, story.camera_id, story.episode_id, by, why)
    if ended is None:
        raise none  # somebody else has just ended it
    click.echo(f"the hold of {story.episode_id}, by {ended.decided_by}, has ended ({ended.reason})")
