"""Pictures and live channels in one process, without Kafka: once for all, bounded, and nobody waits for the slowest."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest
import simplejpeg

from schemas.camera_events import FrameCoordinates
from schemas.cameras import Approval, Camera
from schemas.frames import FRAME_SCHEMA, FrameHeaders
from schemas.topics import FRAMES
from services.portal.delivery.live import HEARTBEAT, Live, TooManyError
from services.portal.delivery.pictures import Pictures
from services.portal.delivery.shown import Shown
from services.portal.metrics import PORTAL_METRICS
from services.portal.settings import LimitSettings, LiveSettings, PictureSettings
from services.privacy.showable import ShowableFrame
from services.runtime.camera_registry import CameraRevisions
from services.runtime.errors import RetryableError
from services.runtime.kafka import ConsumedRecord
from services.runtime.metrics import Metrics
from services.runtime.records_at import RecordsAt
from tests.aggregate.make_events import make_camera
from tests.portal.delivery.scene import HEIGHT, WIDTH, picture
from tests.portal.delivery.small_portal import APPROVED, SmallPortal

CAMERA = make_camera(public=True, approval=Approval("ani", 1))


def make_shown_frame(number: int, partition: int = 0) -> ShowableFrame:
    place = FrameCoordinates(FRAMES.name, partition, number, number * 1000)
    return ShowableFrame(CAMERA.camera_id, 1, number, number * 1000, place, 1, False, ((0.25, 0.25, 0.5, 0.75),))


def make_record(number: int) -> ConsumedRecord:
    headers = FrameHeaders(
        schema=FRAME_SCHEMA,
        captured_at_ms=number * 1000,
        owner_epoch=1,
        sequence=number,
        width=WIDTH,
        height=HEIGHT,
        source_kind="file",
        camera_revision=1,
        ingest_instance="test",
        simulated=False,
    )
    jpeg = simplejpeg.encode_jpeg(picture(number), 90, "BGR")
    return ConsumedRecord(FRAMES.name, 0, number, 0, CAMERA.camera_id.encode(), jpeg, list(headers.to_kafka()))


class HeldRecords(RecordsAt):
    """Frames by offset, in memory; reading waits until it is let."""

    def __init__(self) -> None:
        self.reads: list[list[int]] = []
        self.allowed = threading.Event()
        self.allowed.set()
        self.gone: set[int] = set()
        self.error: Exception | None = None

    def read_many(
        self, topic: str, partition: int, offsets: Sequence[int], timeout_seconds: float = 5.0
    ) -> dict[int, ConsumedRecord]:
        self.reads.append(sorted(offsets))
        self.allowed.wait(20)
        if self.error is not None:
            raise self.error
        return {offset: make_record(offset) for offset in offsets if offset not in self.gone}


class Parts:
    def __init__(self, **settings: Any) -> None:
        self.metrics = Metrics(PORTAL_METRICS)
        self.records = HeldRecords()
        self.now = 0.0
        self.pictures = Pictures(self.records, PictureSettings(**settings), self.metrics, lambda: self.now)
        self.cameras = CameraRevisions()
        self.cameras.add(CAMERA)
        self.shown = Shown(self.cameras.find, 600_000, 30_000)
        self.shown.heard()

    def live(self, **settings: Any) -> Live:
        return Live(self.cameras, self.shown, self.pictures, LiveSettings(**settings), self.metrics)


def test_what_is_wanted_together_is_fetched_together_and_made_once() -> None:
    parts = Parts()

    async def ask() -> None:
        frames = [make_shown_frame(number) for number in (3, 1, 2, 1, 3)]
        made = await asyncio.gather(*(parts.pictures.get(frame) for frame in frames))
        assert made[0] is made[4]
        assert made[1] is made[3]
        assert await parts.pictures.get(make_shown_frame(2)) is made[2]

    asyncio.run(ask())
    assert parts.records.reads == [[1, 2, 3]]
    made = parts.metrics.registry.get_sample_value("tilik_portal_pictures_total", {"outcome": "made"})
    assert made == 3


def test_who_leaves_takes_the_picture_from_nobody() -> None:
    parts = Parts()
    parts.records.allowed.clear()

    async def ask() -> None:
        leaving = asyncio.create_task(parts.pictures.get(make_shown_frame(1)))
        staying = asyncio.create_task(parts.pictures.get(make_shown_frame(1)))
        while not parts.records.reads:
            await asyncio.sleep(0)
        leaving.cancel()
        parts.records.allowed.set()
        assert await staying is not None

    asyncio.run(ask())


def test_kept_pictures_are_bounded_in_bytes() -> None:
    parts = Parts(kept_mib=1)
    jpeg_bytes = 0

    async def ask() -> None:
        nonlocal jpeg_bytes
        for number in range(80):
            made = await parts.pictures.get(make_shown_frame(number))
            assert made is not None
            jpeg_bytes += len(made.jpeg)

    asyncio.run(ask())
    assert jpeg_bytes > 1 << 20
    assert parts.pictures._kept_bytes <= 1 << 20
    assert parts.pictures._kept_bytes == sum(len(each.jpeg) for each in parts.pictures._kept.values())


def test_a_failure_is_told_to_all_and_asked_again_after_a_moment() -> None:
    parts = Parts()
    parts.records.error = RetryableError("Kafka is away")

    async def ask() -> None:
        frame = make_shown_frame(1)
        told = await asyncio.gather(*(parts.pictures.get(frame) for _ in range(3)), return_exceptions=True)
        assert all(isinstance(each, RetryableError) for each in told)
        parts.records.error = None
        with pytest.raises(RetryableError):
            await parts.pictures.get(frame)
        assert parts.records.reads == [[1]], "a crowd does not ask Kafka again at once"
        parts.now = 1.5
        assert await parts.pictures.get(frame) is not None
        parts.records.gone.add(2)
        assert await parts.pictures.get(make_shown_frame(2)) is None

    asyncio.run(ask())


def test_what_goes_wrong_in_an_unknown_way_is_told_too_and_leaves_nothing_behind() -> None:
    parts = Parts()
    parts.records.error = ValueError("nobody thought of it")

    async def ask() -> None:
        with pytest.raises(ValueError):
            await asyncio.wait_for(parts.pictures.get(make_shown_frame(1)), 20)

    asyncio.run(ask())
    assert parts.pictures._making == {}


def test_frames_that_have_waited_too_long_for_kafka_are_not_asked_for_any_more() -> None:
    parts = Parts()
    parts.records.allowed.clear()

    async def ask() -> None:
        wanted = [make_shown_frame(number, partition=number) for number in range(3)]
        asked = [asyncio.create_task(parts.pictures.get(frame)) for frame in wanted]
        while len(parts.records.reads) < 2:  # as many as are read at the same time: Kafka is silent
            await asyncio.sleep(0)
        parts.now = 6.0
        parts.records.allowed.set()
        told = await asyncio.gather(*asked, return_exceptions=True)
        assert [isinstance(each, RetryableError) for each in told] == [False, False, True]

    asyncio.run(ask())
    assert parts.records.reads == [[0], [1]]


def test_nobody_waits_for_a_picture_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.portal.delivery.pictures._DRAW_SECONDS", 0.0)
    parts = Parts(fetch_seconds=0.01)
    parts.records.allowed.clear()

    async def ask() -> None:
        with pytest.raises(RetryableError):
            await asyncio.wait_for(parts.pictures.get(make_shown_frame(1)), 20)
        parts.records.allowed.set()

    asyncio.run(ask())


def test_more_pictures_than_may_be_under_way_are_refused() -> None:
    parts = Parts(waiting=2)

    async def ask() -> None:
        asked = [parts.pictures.get(make_shown_frame(number)) for number in range(4)]
        told = await asyncio.gather(*asked, return_exceptions=True)
        assert [isinstance(each, RetryableError) for each in told] == [False, False, True, True]

    asyncio.run(ask())


def test_a_crowd_behind_one_address_shares_finished_pictures_and_few_that_must_be_made() -> None:
    portal = SmallPortal(APPROVED, limits=LimitSettings(requests_per_second=0.001, requests_at_once=2))
    portal.film(range(8), revision=1)

    async def ask() -> None:
        assert [(await portal.frame(number)).status for number in (1, 2)] == [200, 200]
        refused = await portal.frame(3)
        assert (refused.status, refused.headers["retry-after"]) == (429, "2")
        assert {(await portal.frame(1)).status for _ in range(50)} == {200}

    asyncio.run(ask())


def test_who_is_told_that_a_picture_cannot_be_had_now_is_told_when_to_come_back() -> None:
    portal = SmallPortal(APPROVED, heard=False)
    portal.film(range(4), revision=1)
    answer = asyncio.run(portal.frame(1))
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")


def test_a_slow_viewer_skips_to_the_newest() -> None:
    parts = Parts()

    async def watch() -> None:
        live = parts.live()
        channel, slow = live.join(CAMERA, "a")
        _, quick = live.join(CAMERA, "b")
        assert channel.take(slow) == (HEARTBEAT, 0)
        for number in range(5):
            channel.tell(b"%d" % number)
            assert channel.take(quick) == (b"%d" % number, 0)
        assert channel.take(slow) == (b"4", 4)
        assert not channel.has_more(slow)

    asyncio.run(watch())


def test_signs_of_life_come_before_a_page_takes_the_stream_for_dead() -> None:
    async def watch() -> None:
        live = Parts().live(heartbeat_seconds=120, silent_seconds=2)
        running = asyncio.create_task(live.run())
        _, viewer = live.join(CAMERA, "a")
        viewer.wake = asyncio.get_running_loop().create_future()
        await asyncio.wait_for(viewer.wake, 30)
        running.cancel()

    asyncio.run(watch())


def test_a_portal_that_is_behind_leaves_older_frames_out() -> None:
    parts = Parts()
    parts.records.allowed.clear()

    async def watch() -> None:
        live = parts.live()
        running = asyncio.create_task(live.run())
        await asyncio.sleep(0)
        channel, _ = live.join(CAMERA, "a")
        for number in range(6):
            live.announce([make_shown_frame(number)])
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        parts.records.allowed.set()
        while b'"captured_at_ms":5000' not in channel.newest:
            await asyncio.sleep(0.01)
        running.cancel()

    asyncio.run(watch())
    assert [read for read in parts.records.reads if read != [5]] in ([[0]], [[0], [1]])


def test_a_channel_ends_with_its_last_viewer_and_its_frames_are_made_for_nobody() -> None:
    parts = Parts()

    async def watch() -> None:
        live = parts.live(viewers=2, viewers_each=1)
        channel, viewer = live.join(CAMERA, "a")
        with pytest.raises(TooManyError):
            live.join(CAMERA, "a")
        live.leave(channel, viewer)
        live.announce([make_shown_frame(1)])
        again, _ = live.join(CAMERA, "a")
        assert again is not channel

    asyncio.run(watch())
    assert parts.records.reads == []


def test_a_camera_whose_entry_changes_is_what_its_newest_revision_says() -> None:
    parts = Parts()
    paused: Camera = make_camera(revision=2, state="paused")
    parts.cameras.add(paused)
    assert parts.shown.state(paused).name == "paused"
    assert parts.shown.state(CAMERA).name == "silent"
