"""The audit log: who did what, when and why. A table of the portal's own in ClickHouse, since several replicas write.

What is sensitive is done only once its entry is durable: ``note`` raises where it is not, and whoever calls it stops.
"""

from __future__ import annotations

import secrets
import threading
from contextlib import closing
from typing import Annotated, Final, Literal, get_args

from schemas.cameras import Camera
from schemas.table import INSERTED_AT, STRING, TIME, WORD, Column, Row, columns_of
from services.portal.roles import Person
from services.runtime.clickhouse import connect, translated_errors
from services.runtime.clock import Clock, now_ms
from services.runtime.errors import RetryableError
from services.runtime.metrics import Metrics
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings

Action = Literal[
    "signed_in",
    "sign_in_refused",
    "signed_out",
    "original_viewed",
    "episode_confirmed",
    "episode_rejected",
    "quarantine_released",
    "zones_changed",
    "camera_probed",
    "camera_added",
    "camera_approved",
    "camera_withdrawn",
    "account_set",
    "account_removed",
    "hold_placed",
    "hold_ended",
]
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
KEPT_DAYS: Final = 1_095
SESSION_LETTERS: Final = 8
"""Of a session's id, so many are kept: nobody else has the same, and no cookie can be made of them."""


class AuditRow(Row, frozen=True, kw_only=True):
    """One thing that somebody did, or tried to."""

    TABLE = "portal_audit"
    KEY = ("at", "entry_id")

    at: Annotated[int, Column(TIME, "When")]
    entry_id: Annotated[str, Column(STRING, "Id of the entry")]
    who: Annotated[str, Column(STRING, "Name of the person; of a refused sign-in the name that was given")]
    role: Annotated[str, Column(WORD, "The person's role, or empty")]
    action: Annotated[str, Column(WORD, "What was done")]
    camera_id: Annotated[str, Column(WORD, "The camera that it concerns, or empty")]
    kecamatan: Annotated[str, Column(WORD, "Where that camera stands, or empty")]
    kelurahan: Annotated[str, Column(WORD, "Where that camera stands, or empty")]
    subject: Annotated[str, Column(STRING, "What it concerns: an episode's id, a revision, a picture; or empty")]
    why: Annotated[str, Column(STRING, "The reason that was given, or empty")]
    detail: Annotated[str, Column(STRING, "What else must be known of it, or empty")]
    client: Annotated[str, Column(STRING, "Address that the request came from")]
    session: Annotated[str, Column(STRING, "First characters of the session's id, or empty")]
    version: Annotated[int, Column("UInt64", "Always 1: an entry is never changed", True)] = 1


class AuditLog:
    """Writes entries. Blocks; safe to use from any thread."""

    def __init__(self, settings: ClickHouseSettings, metrics: Metrics, clock: Clock = now_ms) -> None:
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._store = RowStore(settings)
        self._made = False
        self._writing = threading.Lock()

    def note(self, action: Action, client: str, person: Person | None = None, **facts: str) -> None:
        """Keep an entry; ``facts`` are columns by name.

        Raises:
            RetryableError: It is not known to be durable: what it tells of must not be done.
        """
        row = AuditRow(
            at=self._clock(),
            entry_id=secrets.token_hex(8),
            who=person.name if person is not None else facts.get("who", ""),
            role=person.role if person is not None else "",
            action=action,
            camera_id=facts.get("camera_id", ""),
            kecamatan=facts.get("kecamatan", ""),
            kelurahan=facts.get("kelurahan", ""),
            subject=facts.get("subject", ""),
            why=facts.get("why", ""),
            detail=facts.get("detail", ""),
            client=client,
            session=person.session[:SESSION_LETTERS] if person is not None else "",
        )
        try:
            with self._writing:
                self._make_table()
                self._store.write([row])
        except RetryableError:
            self._metrics.count("tilik_portal_audit_entries_total", action=action, outcome="failed")
            raise
        self._metrics.count("tilik_portal_audit_entries_total", action=action, outcome="written")

    def close(self) -> None:
        """Close the connection."""
        self._store.close()

    def _make_table(self) -> None:
        if not self._made:
            client = connect(self._settings, self._settings.database)
            with closing(client), translated_errors(f"making the table {AuditRow.TABLE}"):
                client.command(create_statement())
            self._made = True


def create_statement() -> str:
    """Give the statement that makes the table; run again, it changes nothing."""
    declared = {**columns_of(AuditRow), "inserted_at": INSERTED_AT}
    columns = [f"`{name}` {column.sql} COMMENT {_quoted(column.doc)}" for name, column in declared.items()]
    return (
        f"CREATE TABLE IF NOT EXISTS {AuditRow.TABLE} ({', '.join(columns)}) "
        f"ENGINE = ReplacingMergeTree(version) ORDER BY ({', '.join(AuditRow.KEY)}) "
        f"TTL toDateTime(inserted_at) + INTERVAL {KEPT_DAYS} DAY "
        "COMMENT 'What signed-in people did on the portal: who, when, what and why'"
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def place_of(camera: Camera) -> dict[str, str]:
    """Give the columns that say which camera an entry concerns."""
    return {"camera_id": camera.camera_id, "kecamatan": camera.place.kecamatan, "kelurahan": camera.place.kelurahan}
