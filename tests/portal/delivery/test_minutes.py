"""Recorded minutes on their way out: what may be seen when it is sent, in pieces, to so many at once. No network."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.types import Message

from schemas.cameras import Approval, Camera, Source, Zone
from services.portal.delivery.minute_files import _FILES_EACH, MinuteFiles
from services.portal.delivery.recorded import Minute, RecordedMinutes
from services.portal.questions import Questions
from services.portal.settings import QuestionSettings
from services.privacy.troubles import Trouble
from services.runtime.errors import RetryableError
from services.runtime.object_store import ObjectStore
from services.runtime.settings import ClickHouseSettings
from services.runtime.store_settings import StoreSettings
from tests.aggregate.make_events import CAMERA_ID, LEFT_HALF, ms
from tests.portal.delivery.small_portal import APPROVED, Answer, SmallPortal, ask
from tests.privacy.make_verdicts import make_verdict

FIRST_MS = ms(0) // 60_000 * 60_000
FILM = bytes(range(256)) * 1024
URL = f"/recorded/{CAMERA_ID}/{FIRST_MS + 60_000}.mp4"


class Index(Questions):
    """Answers with three minutes and the camera's incidents, and counts what it was asked."""

    def __init__(self, portal: SmallPortal) -> None:
        super().__init__(ClickHouseSettings(port=1), QuestionSettings(), portal.metrics)
        self.asked, self.camera_revision, self.private_revision = 0, 1, 1
        self.troubles: list[Trouble] = []

    async def query_as(
        self, row_type: Any, sql: str, parameters: Mapping[str, object] | None = None, **how: float
    ) -> list[Any]:
        self.asked += 1
        if row_type is Trouble:
            return self.troubles
        minutes = [FIRST_MS + number * 60_000 for number in range(3)]
        digest = hashlib.sha256(FILM).hexdigest()
        return [
            Minute(
                minute_ms=at,
                object_key="film.mp4",
                sha256=digest,
                bytes=len(FILM),
                frames=60,
                first_ms=at,
                last_ms=at + 59_000,
                gap="",
                withdrawn=False,
                simulated=False,
                camera_revision=self.camera_revision,
                private_revision=self.private_revision,
            )
            for at in minutes
        ]


class SlowStore(ObjectStore):
    """A store that gives its files once it is let."""

    def __init__(self, folder: Path) -> None:
        super().__init__(StoreSettings(url=str(folder)))
        self.allowed, self.asked = threading.Event(), threading.Event()
        self.allowed.set()

    def get(self, key: str) -> bytes | None:
        self.asked.set()
        self.allowed.wait(20)
        return super().get(key)


class Minutes:
    """The recorded minutes of a camera that was approved before, or between them."""

    def __init__(self, folder: Path, approved_at_ms: int = 0) -> None:
        camera = msgspec.structs.replace(APPROVED, record=True, approval=Approval("ani", approved_at_ms))
        self.portal = SmallPortal(camera)
        self.portal.now_ms = FIRST_MS + 600_000
        self.index, self.store = Index(self.portal), SlowStore(folder)
        self.store.put("film.mp4", FILM)
        self.recorded = RecordedMinutes(
            self.index, self.store, self.portal.cameras.find, self.portal.shown, clock=lambda: self.portal.now_ms
        )
        self.files = MinuteFiles(self.portal.cameras, self.portal.access, self.recorded)

    async def told(self, camera: Camera | None = None) -> list[tuple[int, bool]]:
        """Give the minutes of the day by their number, and which of them were withdrawn."""
        minutes = await self.recorded.of_day(camera or self.portal.camera, TODAY)
        return [((each.minute_ms - FIRST_MS) // 60_000, each.withdrawn) for each in minutes]


TODAY = date.fromtimestamp(FIRST_MS / 1000)


@pytest.fixture
def make_minutes(tmp_path: Path) -> Iterator[Any]:
    made: list[Minutes] = []

    def make(approved_at_ms: int = 0) -> Minutes:
        made.append(Minutes(tmp_path, approved_at_ms))
        return made[-1]

    yield make
    for each in made:
        each.recorded.close()
        each.index.close()


def test_minutes_from_before_the_approval_stay_with_those_who_have_a_role(make_minutes: Any) -> None:
    minutes: Minutes = make_minutes(approved_at_ms=FIRST_MS + 60_001)

    async def look() -> None:
        assert await minutes.told() == [(2, False)]
        assert (await ask(minutes.files, URL)).status == 404
        minutes.portal.signed_in = True
        seen = await ask(minutes.files, URL)
        assert (seen.status, seen.headers["cache-control"]) == (200, "private, no-store")

    asyncio.run(look())


def changed(minutes: Minutes, **fields: Any) -> None:
    """Let the camera's next revision be another one."""
    camera = minutes.portal.camera
    minutes.portal.cameras.add(msgspec.structs.replace(camera, revision=camera.revision + 1, **fields))


WINDOW = (Zone("window", "private", LEFT_HALF),)


def test_a_minute_of_before_a_private_zone_stays_nobodys_though_a_slow_clock_approved_the_camera(
    make_minutes: Any,
) -> None:
    minutes: Minutes = make_minutes()
    changed(minutes, public=False, approval=None, zones=WINDOW)
    changed(minutes, public=True, approval=Approval("ani", FIRST_MS - 600_000))

    async def look() -> None:
        assert await minutes.told() == []
        for minutes.portal.signed_in in (False, True):
            assert (await ask(minutes.files, URL)).status == 404, "the zone is not black in it"
        minutes.index.private_revision = 2
        assert (await ask(minutes.files, URL)).headers["cache-control"] == "private, no-store"
        minutes.portal.signed_in = False
        assert (await ask(minutes.files, URL)).status == 404, "it began before the approval"
        assert await minutes.told() == []
        minutes.index.camera_revision = 3
        assert (await ask(minutes.files, URL)).headers["cache-control"].startswith("public")
        assert len(await minutes.told()) == 3

    asyncio.run(look())


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": "Kali"}, 200),
        ({"approval": Approval("ani", FIRST_MS - 600_000)}, 404),
        ({"source": Source("file", "another.avi")}, 404),
        ({"anonymisation": "heads"}, 404),
    ],
)
def test_a_minute_is_everybodys_if_its_revision_has_the_approval_of_now(
    make_minutes: Any, change: dict[str, Any], status: int
) -> None:
    minutes: Minutes = make_minutes()
    changed(minutes, **change)
    assert asyncio.run(ask(minutes.files, URL)).status == status
    assert bool(asyncio.run(minutes.told())) == (status == 200)


def test_a_minute_of_unknown_revisions_is_not_public_and_is_nobodys_where_something_is_private(
    make_minutes: Any,
) -> None:
    minutes: Minutes = make_minutes()
    minutes.index.camera_revision = minutes.index.private_revision = 0

    async def look() -> None:
        assert await minutes.told() == []
        assert (await ask(minutes.files, URL)).status == 404
        minutes.portal.signed_in = True
        assert (await ask(minutes.files, URL)).status == 200
        changed(minutes, zones=WINDOW)
        assert (await ask(minutes.files, URL)).status == 404

    asyncio.run(look())


def test_people_with_a_role_are_not_told_of_films_in_which_a_later_zone_is_not_black(make_minutes: Any) -> None:
    minutes: Minutes = make_minutes()
    changed(minutes, public=False, approval=None, zones=WINDOW)

    async def look() -> None:
        assert await minutes.told() == []
        minutes.index.private_revision = 2
        assert len(await minutes.told()) == 3

    asyncio.run(look())


def test_minutes_that_reach_into_a_quarantine_are_not_shown_while_it_lasts(make_minutes: Any) -> None:
    minutes: Minutes = make_minutes()
    at = (FIRST_MS + 90_000 - ms(0)) / 1000  # in the middle of the second minute

    async def look() -> None:
        assert (await ask(minutes.files, URL)).status == 200
        minutes.portal.shown.take([], [make_verdict(at - 1, at + 5, quarantined_from=at)])
        assert (await ask(minutes.files, URL)).status == 404
        assert await minutes.told() == [(0, False), (1, True), (2, True)]

    asyncio.run(look())


@pytest.mark.parametrize(
    ("trouble", "withdrawn"),
    [
        (Trouble(FIRST_MS + 90_000, FIRST_MS + 100_000, quarantined=True), [False, True, False]),
        (Trouble(FIRST_MS + 119_000, FIRST_MS + 200_000, quarantined=True), [False, True, True]),
        (Trouble(FIRST_MS + 119_001, FIRST_MS + 119_999, quarantined=True), [False, False, False]),
        (Trouble(FIRST_MS, FIRST_MS + 200_000, quarantined=False), [False, False, False]),
    ],
)
def test_minutes_of_a_quarantine_that_was_released_stay_hidden_though_the_index_does_not_say_so(
    make_minutes: Any, trouble: Trouble, withdrawn: list[bool]
) -> None:
    minutes: Minutes = make_minutes()
    minutes.index.troubles = [trouble]

    async def look() -> None:
        assert await minutes.told() == list(enumerate(withdrawn))
        for minutes.portal.signed_in in (False, True):
            assert (await ask(minutes.files, URL)).status == (404 if withdrawn[1] else 200)

    asyncio.run(look())


def test_films_of_a_camera_that_is_recorded_no_more_are_not_public_and_listed_nowhere(make_minutes: Any) -> None:
    minutes: Minutes = make_minutes()
    changed(minutes, record=False)

    async def look() -> None:
        assert await minutes.told() == []
        assert (await ask(minutes.files, URL)).status == 404
        minutes.portal.signed_in = True
        assert (await ask(minutes.files, URL)).headers["cache-control"] == "private, no-store"

    asyncio.run(look())


def test_who_signs_out_while_a_film_is_read_does_not_get_it(make_minutes: Any) -> None:
    minutes: Minutes = make_minutes(approved_at_ms=FIRST_MS + 600_000)
    minutes.portal.signed_in = True
    minutes.store.allowed.clear()

    async def look() -> None:
        asking = asyncio.create_task(ask(minutes.files, URL))
        while not minutes.store.asked.is_set():
            await asyncio.sleep(0)
        minutes.portal.signed_in = False
        minutes.store.allowed.set()
        assert (await asking).status == 404

    asyncio.run(look())


def test_while_kafka_is_silent_no_film_is_given(make_minutes: Any) -> None:
    minutes: Minutes = make_minutes()
    minutes.portal.seconds = 31.0

    async def look() -> None:
        assert (await ask(minutes.files, URL)).status == 503
        with pytest.raises(RetryableError):
            await minutes.told()

    asyncio.run(look())


@pytest.mark.parametrize("day", [date.max, date.min, date(2019, 12, 31)])
def test_a_day_of_which_nothing_can_be_there_is_not_asked_for(make_minutes: Any, day: date) -> None:
    minutes: Minutes = make_minutes()
    minutes.portal.now_ms = ms(0) + 4_000 * 86_400_000

    async def look() -> None:
        assert await minutes.recorded.of_day(minutes.portal.camera, day) == []
        assert (await ask(minutes.files, f"/recorded/{CAMERA_ID}/{60_000 * 10**9}.mp4")).status == 404

    asyncio.run(look())
    assert minutes.index.asked == 0


def test_a_film_goes_out_in_pieces_and_who_takes_none_is_let_go(
    make_minutes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes: Minutes = make_minutes()
    monkeypatch.setattr("services.portal.delivery.minute_files._STUCK_SECONDS", 0.01)

    class Stuck(Answer):
        async def send(self, message: Message) -> None:
            await super().send(message)
            if len(self.pieces) == 2:
                await asyncio.get_running_loop().create_future()

    async def look() -> None:
        whole = await ask(minutes.files, URL)
        assert (whole.body, {len(piece) for piece in whole.pieces}) == (FILM, {1 << 16})
        stuck = Stuck()
        await asyncio.wait_for(ask(minutes.files, URL, answer=stuck), 20)
        assert len(stuck.pieces) == 2

    asyncio.run(look())


def test_one_line_is_sent_only_so_many_films_at_once(make_minutes: Any) -> None:
    minutes: Minutes = make_minutes()
    minutes.store.allowed.clear()

    async def look() -> None:
        line = [f"2001:db8::{number:x}" for number in range(_FILES_EACH + 1)]
        asking = [asyncio.create_task(ask(minutes.files, URL, client=each)) for each in line[:-1]]
        while not minutes.store.asked.is_set():
            await asyncio.sleep(0)
        assert (await ask(minutes.files, URL, client=line[-1])).status == 429
        other = asyncio.create_task(ask(minutes.files, URL, client="192.0.2.2"))
        minutes.store.allowed.set()
        assert {answer.status for answer in await asyncio.gather(*asking, other)} == {200}
        assert (await ask(minutes.files, URL, client=line[-1])).status == 200

    asyncio.run(look())
