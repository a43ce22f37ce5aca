"""What a person did with evidence at the command line, in the audit log beside what people did in the portal."""

from __future__ import annotations

import secrets
from contextlib import closing

from clickhouse_connect.driver.client import Client

from services.cli.evidence.rows import EpisodeStory
from services.portal.operations.audit import Action, AuditRow, create_statement
from services.runtime.clickhouse import translated_errors
from services.runtime.clock import now_ms
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings


class AuditedEpisode:
    """Tells the audit log what is done about an episode, before it is done: raises where that can't be kept.

    Args:
        client: Connected to the database of these settings.
        settings: Where the audit log lies.
        story: The episode.
    """

    def __init__(self, client: Client, settings: ClickHouseSettings, story: EpisodeStory) -> None:
        self._client = client
        self._settings = settings
        self._story = story

    def note(self, action: Action, by: str, why: str, detail: str = "") -> None:
        """Keep an entry.

        Raises:
            RetryableError: It is not known to be durable.
        """
        row = AuditRow(
            at=now_ms(),
            entry_id=secrets.token_hex(8),
            who=by,
            role="",
            action=action,
            camera_id=self._story.camera_id,
            kecamatan=self._story.kecamatan,
            kelurahan=self._story.kelurahan,
            subject=self._story.episode_id,
            why=why,
            detail=detail,
            client="tilik evidence",
            session="",
        )
        with translated_errors("making the audit log's table"):
            self._client.command(create_statement())
        with closing(RowStore(self._settings)) as rows:
            rows.write([row])
