"""What pages and lists open for themselves is made once, and ends with the portal. No network."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from services.portal.app import build_app
from services.portal.pages import open_data
from services.portal.pages.datasets import DATASETS
from services.portal.pages.open_data import OpenData, Period
from services.portal.pages.rendering import utc_now
from tests.portal.delivery.small_portal import APPROVED
from tests.portal.pages.small_city import NOBODY, portal_of

DATASET = DATASETS["floods"]


class Connection:
    """Answers as ClickHouse does, at once."""

    def __init__(self) -> None:
        self.is_closed = False

    def raw_query(self, *asked: Any, **how: Any) -> bytes:
        """Give a file."""
        return b"a file"

    def close(self) -> None:
        """Close."""
        self.is_closed = True


def test_two_files_at_once_make_one_connection_and_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Connection] = []
    second = threading.Event()

    def connect(*_: Any) -> Connection:
        made.append(Connection())
        if len(made) == 1:
            second.wait(0.3)
        else:
            second.set()
        return made[-1]

    monkeypatch.setattr(open_data, "connect", connect)
    files = OpenData(NOBODY, 10)
    now = utc_now()
    period = Period(now.date(), now.date())

    async def ask() -> None:
        asking = [files.file(DATASET, "csv", period, "", now) for _ in range(2)]
        assert await asyncio.gather(*asking) == [b"a file"] * 2

    asyncio.run(ask())
    files.close()
    assert [each.is_closed for each in made] == [True]


def test_no_thread_of_a_portal_outlives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection()
    monkeypatch.setattr(open_data, "connect", lambda *_: connection)
    before = set(threading.enumerate())

    async def ask(app: Any, camera_id: str) -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal.test") as client:
            assert (await client.get(f"/cameras/{camera_id}/recent")).status_code == 200
            assert (await client.get("/data/floods.csv")).status_code == 200

    with portal_of([replace(APPROVED, record=True)]) as portal:
        portal.shown.heard()
        asyncio.run(ask(build_app(portal), APPROVED.camera_id))
        begun = set(threading.enumerate()) - before
        assert {"lists_0", "open-data_0"} <= {thread.name for thread in begun}
    assert connection.is_closed
    for thread in begun:
        thread.join(10)
    assert [thread.name for thread in begun if thread.is_alive()] == []
