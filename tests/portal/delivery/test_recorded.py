"""Recorded minutes as everybody gets them: the index in ClickHouse, the files in a store, both real."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from schemas.cameras import Approval
from schemas.times import LOCAL_TIME
from services.aggregate.migrate import choose_own_ruleset, known_migrations, migrate
from services.record.index_rows import RecordedMinuteRow
from services.record.index_tables import ensure_tables
from services.runtime.clock import now_ms
from services.runtime.object_store import ObjectStore
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from services.runtime.store_settings import StoreSettings
from tests.aggregate.camera_stories import LEARNED, incidents, shown
from tests.aggregate.scene_looks import shifted
from tests.portal.delivery.scene import FilmedCamera, RunningPortal, running_portal, until

pytestmark = pytest.mark.integration

MINUTE_MS = now_ms() // 86_400_000 * 86_400_000 - 30 * 86_400_000
A_DAY = 1440
FILM = bytes(range(256)) * 40


class Recorded:
    """A store and an index, and a portal that reads both."""

    def __init__(self, portal: RunningPortal, store: ObjectStore, rows: RowStore) -> None:
        self.portal = portal
        self.store = store
        self._rows = rows

    def minute(self, camera_id: str, number: int, data: bytes = FILM, **fields: Any) -> str:
        """Record a minute; its URL is given."""
        minute_ms = MINUTE_MS + number * 60_000
        key = fields.pop("object_key", f"minutes/{camera_id}/{number}.mp4")
        values: dict[str, Any] = {
            "camera_id": camera_id,
            "minute": minute_ms,
            "form": "public",
            "object_key": key,
            "bytes": len(data),
            "sha256": hashlib.sha256(FILM).hexdigest(),
            "frames": 60,
            "first_at": minute_ms + 200,
            "last_at": minute_ms + 59_200,
            "gap": "",
            "camera_revision": 1 if key else 0,
            "private_revision": 1 if key else 0,
            "withdrawn": False,
            "simulated": False,
            "version": 1,
            **fields,
        }
        if key:
            self.store.put(key, data)
        self._rows.write([RecordedMinuteRow(**values)])
        return f"/recorded/{camera_id}/{minute_ms}.mp4"

    def quarantine(self, camera_id: str, from_minute: int, until_minute: int) -> None:
        """Let a camera have been in quarantine; it was released."""
        start_ms, end_ms = (MINUTE_MS + minute * 60_000 for minute in (from_minute, until_minute))
        (incident,) = incidents(shown([*LEARNED, *[shifted] * 70]))
        times = {"started_at": start_ms, "last_seen_at": end_ms, "ended_at": end_ms}
        ended = {"phase": "ended", "ended_because": "released", "released_by": "ani"}
        self._rows.write([msgspec.structs.replace(incident, camera_id=camera_id, **times, **ended)])

    def day(self, camera_id: str, number: int = 0) -> httpx.Response:
        day = datetime.fromtimestamp(MINUTE_MS / 1000 + number * 60, UTC).astimezone(LOCAL_TIME).date()
        return self.portal.get(f"/recorded/{camera_id}/{day}")


@pytest.fixture(scope="module")
def recorded(
    kafka: KafkaSettings, clickhouse_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Recorded]:
    place: Path = tmp_path_factory.mktemp("record")
    clickhouse = ClickHouseSettings(port=clickhouse_port, database="portal_recorded")
    migrate(clickhouse, known_migrations())
    choose_own_ruleset(clickhouse)
    ensure_tables(clickhouse)
    store = StoreSettings(url=str(place))
    for camera_id, public in (("recorded-open", True), ("recorded-released", True), ("recorded-shut", False)):
        approval = Approval("ani", 1) if public else None
        FilmedCamera(kafka, camera_id, public=public, record=True, approval=approval)
    with running_portal(kafka, clickhouse=clickhouse, store=store) as portal:
        until(lambda: portal.get("/cameras/recorded-open/recent").status_code == 200)
        yield Recorded(portal, ObjectStore(store), RowStore(clickhouse))


def test_a_film_is_served_whole_and_in_parts(recorded: Recorded) -> None:
    url = recorded.minute("recorded-open", 0)
    whole = recorded.portal.get(url)
    assert (whole.status_code, whole.content) == (200, FILM)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["accept-ranges"] == "bytes"
    assert "content-encoding" not in whole.headers
    part = recorded.portal.get(url, range="bytes=1000-1999")
    assert (part.status_code, part.content) == (206, FILM[1000:2000])
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(FILM)}"
    assert recorded.portal.get(url, range="bytes=-10").content == FILM[-10:]
    assert recorded.portal.get(url, range=f"bytes={len(FILM)}-").status_code == 416
    assert recorded.portal.get(url, range="bytes=0-9", if_range='"another"').status_code == 200
    assert recorded.portal.get(url, if_none_match=whole.headers["etag"]).status_code == 304


def test_a_day_lists_films_and_why_others_are_missing(recorded: Recorded) -> None:
    first = A_DAY  # each test has a day of its own, for answers are kept for a while
    shown = recorded.minute("recorded-open", first)
    recorded.minute("recorded-open", first + 1, withdrawn=True)
    recorded.minute("recorded-open", first + 2, object_key="", gap="held", frames=0)
    recorded.minute("recorded-open", first + 3, form="original", object_key="minutes/secret.mp4.sealed")
    minutes = recorded.day("recorded-open", first).json()["minutes"]
    told = [(minute["url"], minute["gap"]) for minute in minutes]
    assert told == [(shown, ""), ("", "quarantined"), ("", "held")]
    for number in range(first + 1, first + 5):
        assert recorded.portal.get(f"/recorded/recorded-open/{MINUTE_MS + number * 60_000}.mp4").status_code == 404


def test_a_minute_of_a_quarantine_whose_row_came_later_stays_hidden_after_the_release(recorded: Recorded) -> None:
    recorded.quarantine("recorded-released", 1, 2)
    before, within, after = (recorded.minute("recorded-released", number) for number in (0, 1, 3))
    minutes = recorded.day("recorded-released").json()["minutes"]
    assert [(minute["url"], minute["gap"]) for minute in minutes] == [(before, ""), ("", "quarantined"), (after, "")]
    assert [recorded.portal.get(url).status_code for url in (before, within, after)] == [200, 404, 200]


def test_a_file_that_is_not_what_the_chain_says_is_not_served(recorded: Recorded) -> None:
    url = recorded.minute("recorded-open", 2 * A_DAY, data=FILM[:-1] + b"x")
    assert recorded.portal.get(url).status_code == 503


def test_films_of_a_camera_that_is_not_public_are_served_to_nobody(recorded: Recorded) -> None:
    url = recorded.minute("recorded-shut", 0)
    assert recorded.portal.get(url).status_code == 404
    assert recorded.day("recorded-shut").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/recorded/recorded-open/../recorded-shut/1.mp4",
        "/recorded/recorded-open/%2e%2e%2f%2e%2e%2fetc%2fpasswd.mp4",
        f"/recorded/recorded-open/{MINUTE_MS + 1}.mp4",
        "/recorded/recorded-open/99999999999999999999.mp4",
        "/recorded/recorded-open/-1.mp4",
        "/recorded/recorded-open/yesterday",
    ],
)
def test_no_other_path_leads_to_a_file(recorded: Recorded, path: str) -> None:
    assert recorded.portal.get(path).status_code in (400, 404)
