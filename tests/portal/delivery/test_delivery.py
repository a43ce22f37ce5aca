"""Frames on their way to a crowd, with a real Kafka: what may be shown is, once for all, and nothing else ever is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import numpy as np
import pytest
import simplejpeg

from services.runtime.settings import KafkaSettings
from tests.portal.delivery.scene import PERSON, FilmedCamera, RunningPortal, picture, running_portal, until, within

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def portal(kafka: KafkaSettings) -> Iterator[RunningPortal]:
    with running_portal(kafka, live={"heartbeat_seconds": 1, "viewers_each": 4}) as running:
        yield running


class Listening:
    """A live stream that is read on a thread."""

    def __init__(self, portal: RunningPortal, camera_id: str, **headers: str) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.beats = 0
        self.ended = threading.Event()
        self._sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self._place = (portal, f"/live/{camera_id}")
        threading.Thread(target=self._read, daemon=True).start()
        until(lambda: self.events)

    def frames(self) -> list[str]:
        return [told["url"] for kind, told in self.events if kind == "frame"]

    def states(self) -> list[str]:
        return [told["state"] for kind, told in self.events if kind == "state"]

    def _read(self) -> None:
        portal, url = self._place
        kind = ""
        with portal.client.stream("GET", url, headers=self._sent) as answer:
            for line in answer.iter_lines():
                self.beats += line == "event: beat"
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                if line.startswith("data: ") and kind != "beat":
                    self.events.append((kind, msgspec.json.decode(line.removeprefix("data: "))))
        self.ended.set()


def test_a_judged_frame_is_shown_and_the_person_in_it_is_not(kafka: KafkaSettings, portal: RunningPortal) -> None:
    camera = FilmedCamera(kafka, "delivery-shown")
    camera.film(range(6))
    assert portal.get(camera.url(2)).status_code == 404  # no verdict: not yet
    camera.judge(through=3, judged=4)
    answer = portal.until_status(camera.url(2), 200)
    shown = simplejpeg.decode_jpeg(answer.content, "BGR").astype(int)
    source = picture(2).astype(int)
    hidden = within(PERSON.box)
    assert shown.shape == source.shape
    elsewhere = np.abs(shown - source)[:, 200:]
    assert elsewhere.mean() < 12  # what JPEG does
    assert np.corrcoef(shown[hidden].ravel(), source[hidden].ravel())[0, 1] < 0.5
    assert portal.get(camera.url(4)).status_code == 404  # no verdict speaks of it
    assert portal.get(camera.url(9)).status_code == 404  # there is no such frame


def test_a_crowd_costs_one_picture(kafka: KafkaSettings, portal: RunningPortal) -> None:
    camera = FilmedCamera(kafka, "delivery-crowd")
    camera.film(range(4))
    camera.judge(through=1, judged=2)
    portal.until_status(camera.url(0), 200)
    made = portal.count("tilik_portal_pictures_total", outcome="made")
    with ThreadPoolExecutor(16) as crowd:
        answers = list(crowd.map(lambda _: portal.get(camera.url(1)), range(48)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert portal.count("tilik_portal_pictures_total", outcome="made") == made + 1


def test_a_picture_can_be_kept_by_caches_for_a_moment(kafka: KafkaSettings, portal: RunningPortal) -> None:
    camera = FilmedCamera(kafka, "delivery-caches")
    camera.film(range(3))
    camera.judge(through=0, judged=1)
    answer = portal.until_status(camera.url(0), 200)
    assert answer.headers["cache-control"] == "public, max-age=10"
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = portal.get(camera.url(0), if_none_match=answer.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    head = portal.client.head(camera.url(0))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))
    assert portal.client.post(camera.url(0)).status_code == 405


def test_quarantine_takes_back_what_was_shown(kafka: KafkaSettings, portal: RunningPortal) -> None:
    camera = FilmedCamera(kafka, "delivery-quarantine")
    camera.film(range(8))
    camera.judge(through=5, judged=6)
    portal.until_status(camera.url(5), 200)
    viewer = Listening(portal, "delivery-quarantine")
    camera.judge(through=6, judged=1, quarantine=4)
    portal.until_status(camera.url(5), 410)
    assert portal.get(camera.url(4)).status_code == 410
    assert portal.get(camera.url(3)).status_code == 200
    assert portal.get(camera.url(6)).status_code == 404
    until(lambda: "quarantined" in viewer.states())
    recent = portal.get("/cameras/delivery-quarantine/recent").json()
    assert recent["state"] == "quarantined"
    until(lambda: len(portal.get("/cameras/delivery-quarantine/recent").json()["frames"]) == 4)


def test_held_frames_are_never_shown(kafka: KafkaSettings, portal: RunningPortal) -> None:
    camera = FilmedCamera(kafka, "delivery-held")
    camera.film(range(8))
    camera.judge(through=5, judged=6, held=(2, 3))
    portal.until_status(camera.url(4), 200)
    assert [portal.get(camera.url(number)).status_code for number in range(6)] == [200, 200, 410, 410, 200, 200]


def test_without_a_detector_nothing_new_is_shown(kafka: KafkaSettings, portal: RunningPortal) -> None:
    camera = FilmedCamera(kafka, "delivery-detector")
    camera.film(range(4))
    camera.judge(through=3, judged=4)
    portal.until_status(camera.url(1), 200)
    for number in range(4, 9):
        camera.capture(number)
    camera.judge(through=8, judged=5)  # whatever is claimed of frames that no detector saw
    other = FilmedCamera(kafka, "delivery-detector-other")  # by when it is shown, the claim has been read long since
    other.film(range(4))
    other.judge(through=3, judged=4)
    portal.until_status(other.url(1), 200)
    assert [portal.get(camera.url(number)).status_code for number in range(4, 9)] == [404] * 5


def test_a_camera_that_is_not_public_is_shown_to_nobody(kafka: KafkaSettings, portal: RunningPortal) -> None:
    secret, public = FilmedCamera(kafka, "delivery-secret", public=False), FilmedCamera(kafka, "delivery-public")
    for camera in (secret, public):
        camera.film(range(4))
        camera.judge(through=2, judged=3)
    portal.until_status(public.url(0), 200)
    for url in (secret.url(0), "/live/delivery-secret", "/cameras/delivery-secret/recent"):
        assert portal.get(url).status_code == 404, url
    viewer = Listening(portal, "delivery-public")
    public.withdraw()
    assert viewer.ended.wait(20)
    for url in (public.url(0), "/live/delivery-public", "/cameras/delivery-public/recent"):
        portal.until_status(url, 404)


def test_another_frame_at_the_same_place_is_not_taken_for_it(kafka: KafkaSettings, portal: RunningPortal) -> None:
    camera = FilmedCamera(kafka, "delivery-place")
    camera.film(range(2))
    camera.capture(2)
    camera._places[2] = camera._places[1]  # an event that names where another frame lies
    camera.detect(2)
    camera.film(range(3, 6))
    camera.judge(through=3, judged=4)
    portal.until_status(camera.url(1), 200)
    assert portal.get(camera.url(2)).status_code == 410


def test_viewers_are_told_of_each_new_frame_and_of_states(kafka: KafkaSettings, portal: RunningPortal) -> None:
    camera = FilmedCamera(kafka, "delivery-live")
    camera.film(range(4))
    camera.judge(through=1, judged=2)
    portal.until_status(camera.url(1), 200)
    viewer = Listening(portal, "delivery-live")
    assert (viewer.states(), viewer.frames()) == (["live"], [camera.url(1)])
    camera.film([4, 5])
    camera.judge(through=3, judged=2)
    until(lambda: viewer.frames() == [camera.url(number) for number in (1, 2, 3)])
    assert all(portal.get(url).status_code == 200 for url in viewer.frames())
    until(lambda: viewer.beats)
    back = Listening(portal, "delivery-live", last_event_id=f"{camera.epoch}-3")
    assert (back.states(), back.frames()) == (["live"], [])
    camera.film([6, 7])
    camera.judge(through=5, judged=2, held=(5, 5))
    until(lambda: back.states() == ["live", "held"])
    assert back.frames() == [camera.url(4)]


def test_streams_of_one_client_are_bounded(kafka: KafkaSettings, portal: RunningPortal) -> None:
    camera = FilmedCamera(kafka, "delivery-many")
    camera.film(range(3))
    until(lambda: portal.get("/cameras/delivery-many/recent").status_code == 200)
    open_before = int(portal.count("tilik_portal_viewers"))
    listening = [Listening(portal, "delivery-many") for _ in range(4 - open_before)]
    refused = portal.get("/live/delivery-many")
    assert refused.status_code == 429
    assert refused.headers["retry-after"]
    assert not any(viewer.ended.is_set() for viewer in listening)


def test_a_portal_that_starts_later_shows_the_last_minutes(kafka: KafkaSettings) -> None:
    camera = FilmedCamera(kafka, "delivery-later")
    camera.film(range(6))
    camera.judge(through=4, judged=5, held=(3, 3))
    with running_portal(kafka) as portal:
        frames = portal.get("/cameras/delivery-later/recent").json()["frames"]
        assert [frame["url"] for frame in frames] == [camera.url(number) for number in (0, 1, 2, 4)]
        assert portal.get(frames[0]["url"]).status_code == 200
        viewer = Listening(portal, "delivery-later")
    assert viewer.ended.wait(10)
