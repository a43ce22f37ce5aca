"""Everybody sees of a camera what was captured while it was public and hid as much; no network."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from schemas.cameras import Approval, Camera, Source, Zone
from services.portal.delivery.live import Live
from services.portal.delivery.routes import RecentFrames
from services.portal.delivery.streams import Streams
from services.portal.settings import LiveSettings
from services.runtime.errors import RetryableError
from tests.aggregate.make_events import CAMERA_ID, LEFT_HALF, RIGHT_HALF, make_camera, ms
from tests.portal.delivery.small_portal import APPROVED, Answer, SmallPortal, ask


def changed(camera: Camera, **fields: Any) -> Camera:
    return msgspec.structs.replace(camera, revision=camera.revision + 1, **fields)


WAITING = make_camera()
NOW_APPROVED = changed(WAITING, public=True, approval=Approval("ani", ms(4)))


def approved_later() -> SmallPortal:
    """Give a camera that was approved between its frames 3 and 4."""
    portal = SmallPortal(WAITING)
    portal.film(range(4), revision=1)
    portal.cameras.add(NOW_APPROVED)
    portal.film(range(4, 9), revision=2)
    return portal


def test_what_was_captured_before_a_camera_was_public_stays_with_those_who_have_a_role() -> None:
    portal = approved_later()

    async def look() -> None:
        assert [(await portal.frame(number)).status for number in (1, 3, 4, 6)] == [404, 404, 200, 200]
        assert (await portal.frame(6)).headers["cache-control"].startswith("public")
        listed = msgspec.json.decode((await RecentFrames(portal.shown).body(portal.camera)).plain)["frames"]
        assert [each["url"].rpartition("-")[2] for each in listed] == ["4.jpg", "5.jpg", "6.jpg", "7.jpg"]
        portal.signed_in = True
        seen = await portal.frame(1)
        assert (seen.status, seen.headers["cache-control"]) == (200, "private, no-store")

    asyncio.run(look())


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"zones": (Zone("window", "private", LEFT_HALF),)}, 404),
        ({"source": Source("file", "another.avi")}, 404),
        ({"anonymisation": "heads"}, 404),
        ({"zones": (Zone("queue", "queue", LEFT_HALF),), "name": "Loket 2"}, 200),
    ],
)
def test_what_was_captured_while_a_camera_hid_less_is_shown_no_more(change: dict[str, Any], status: int) -> None:
    first = msgspec.structs.replace(APPROVED, anonymisation="persons")
    portal = SmallPortal(first)
    portal.film(range(4), revision=1)

    async def look() -> None:
        assert (await portal.frame(1)).status == 200
        portal.cameras.add(changed(first, **change))
        assert (await portal.frame(1)).status == status

    asyncio.run(look())


def test_what_became_private_later_is_not_shown_to_people_with_a_role_either() -> None:
    portal = SmallPortal(WAITING)
    portal.signed_in = True
    portal.film(range(4), revision=1)

    async def look() -> None:
        assert (await portal.frame(1)).status == 200
        assert len(portal.shown.listed(portal.camera)) == 3
        portal.cameras.add(changed(WAITING, zones=(Zone("window", "private", LEFT_HALF),)))
        assert (await portal.frame(1)).status == 404
        assert portal.shown.listed(portal.camera) == []
        portal.film(range(4, 9), revision=2)
        assert (await portal.frame(6)).status == 200
        assert portal.shown.listed(portal.camera)

    asyncio.run(look())


def test_a_private_zone_is_the_same_whatever_its_name() -> None:
    first = msgspec.structs.replace(APPROVED, zones=(Zone("a", "private", LEFT_HALF), Zone("b", "private", RIGHT_HALF)))
    portal = SmallPortal(first)
    portal.film(range(4), revision=1)
    portal.cameras.add(changed(first, zones=(Zone("c", "private", RIGHT_HALF), Zone("a", "private", LEFT_HALF))))
    assert len(portal.shown.listed(portal.camera)) == 3


@pytest.mark.parametrize("later", [NOW_APPROVED, changed(WAITING, zones=(Zone("window", "private", LEFT_HALF),))])
def test_viewers_are_not_told_of_what_they_may_not_see(later: Camera) -> None:
    portal = SmallPortal(WAITING)
    portal.film(range(4), revision=1)
    portal.cameras.add(later)
    live = Live(portal.cameras, portal.shown, portal.pictures, LiveSettings(), portal.metrics)

    async def watch() -> None:
        running = asyncio.create_task(live.run())
        await asyncio.sleep(0)
        channel, _ = live.join(later, "a")
        assert b"event: frame" not in live.greeting(channel, "")
        live.announce(portal.shown.frames(CAMERA_ID))
        portal.film(range(4, 7), revision=2)
        live.announce(portal.shown.frames(CAMERA_ID))
        while channel.frames == 0:
            await asyncio.sleep(0.01)
        assert b"1-3.jpg" not in channel.newest
        assert b"1-5.jpg" in channel.newest
        running.cancel()

    asyncio.run(watch())


def test_who_signs_out_while_a_picture_is_made_does_not_get_it() -> None:
    portal = SmallPortal(WAITING)
    portal.film(range(4), revision=1)
    portal.signed_in = True
    portal.records.allowed.clear()

    async def look() -> None:
        asking = asyncio.create_task(portal.frame(1))
        await asyncio.to_thread(portal.records.asked.wait, 20)
        portal.signed_in = False
        portal.records.allowed.set()
        assert (await asking).status == 404

    asyncio.run(look())


def test_a_stream_ends_a_minute_after_who_watches_has_signed_out() -> None:
    portal = SmallPortal(WAITING)
    portal.signed_in = True
    live = Live(portal.cameras, portal.shown, portal.pictures, LiveSettings(), portal.metrics)
    streams = Streams(portal.cameras, portal.access, live, portal.metrics, seconds=lambda: portal.seconds)

    async def watch() -> None:
        answer = Answer()
        watching = asyncio.create_task(ask(streams, f"/live/{CAMERA_ID}", answer=answer))
        while not live._channels:
            await asyncio.sleep(0)
        channel = live._channels[CAMERA_ID]
        for signed_in, seconds in ((True, 61.0), (False, 90.0), (False, 122.0)):
            assert not watching.done()
            portal.signed_in, portal.seconds = signed_in, seconds
            sent = len(answer.pieces)
            while len(answer.pieces) == sent:
                channel.rouse()
                await asyncio.sleep(0)
        await asyncio.wait_for(watching, 10)

    asyncio.run(watch())


def test_streams_to_all_addresses_of_one_line_are_bounded_together() -> None:
    portal = SmallPortal(APPROVED)
    live = Live(portal.cameras, portal.shown, portal.pictures, LiveSettings(viewers_each=2), portal.metrics)
    streams = Streams(portal.cameras, portal.access, live, portal.metrics)

    async def watch() -> None:
        path = f"/live/{CAMERA_ID}"
        watching = [asyncio.create_task(ask(streams, path, client=f"2001:db8::{each}")) for each in (1, 2)]
        await asyncio.sleep(0)
        assert (await ask(streams, path, client="2001:db8::3")).status == 429
        assert not any(each.done() for each in watching)
        for each in watching:
            each.cancel()

    asyncio.run(watch())


def test_while_kafka_is_silent_nothing_is_shown_for_a_withdrawal_would_not_be_known() -> None:
    portal = SmallPortal(APPROVED)
    portal.film(range(4), revision=1)
    lists = RecentFrames(portal.shown)

    async def look() -> None:
        portal.seconds = 29.0
        assert (await portal.frame(1)).status == 200
        await lists.body(portal.camera)
        portal.seconds = 31.0
        assert (await portal.frame(1)).status == 503
        with pytest.raises(RetryableError):
            await lists.body(portal.camera)
        portal.shown.heard()
        assert (await portal.frame(1)).status == 200

    asyncio.run(look())


def test_before_kafka_was_read_to_its_end_once_nothing_is_said_to_be_gone_or_never_to_have_been() -> None:
    portal = SmallPortal(APPROVED, heard=False)
    lists = RecentFrames(portal.shown)

    async def look() -> None:
        assert (await portal.frame(1)).status == 503
        with pytest.raises(RetryableError):
            await lists.body(portal.camera)
        portal.shown.heard()
        assert (await portal.frame(1)).status == 404
        await lists.body(portal.camera)

    asyncio.run(look())


def test_frames_grow_old_by_the_wall_clock_where_nothing_comes_after_them() -> None:
    portal = SmallPortal(APPROVED)
    portal.film(range(4), revision=1)
    portal.now_ms = ms(601)
    assert [frame.sequence for frame in portal.shown.frames(CAMERA_ID)] == [1, 2]
    portal.now_ms = ms(700)
    assert portal.shown.frames(CAMERA_ID) == []
    assert portal.shown.newest(CAMERA_ID) is None
    assert asyncio.run(portal.frame(1)).status == 410


def test_a_list_is_made_anew_where_the_state_is_another_one_and_says_how_far_it_knows() -> None:
    portal = SmallPortal(APPROVED)
    portal.now_ms = ms(4)
    lists = RecentFrames(portal.shown)

    async def listed() -> tuple[str, int, int]:
        told = msgspec.json.decode((await lists.body(portal.camera)).plain)
        return told["state"], told["judged_through_ms"], len(told["frames"])

    async def look() -> None:
        assert await listed() == ("silent", 0, 0)
        portal.film(range(4), revision=1)
        assert await listed() == ("live", ms(3), 3)
        portal.now_ms = ms(34)
        assert await listed() == ("silent", ms(3), 3)

    asyncio.run(look())


def test_a_list_is_made_and_compressed_once_for_all_who_ask() -> None:
    portal = SmallPortal(APPROVED)
    portal.film(range(4), revision=1)
    lists = RecentFrames(portal.shown)

    async def look() -> None:
        bodies = await asyncio.gather(*(lists.body(portal.camera) for _ in range(5)))
        assert all(body is bodies[0] for body in bodies)

    asyncio.run(look())
