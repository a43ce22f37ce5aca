"""A minute's file plays in a browser while it seeks, at the times at which its pictures were captured."""

from __future__ import annotations

import base64
import io
import itertools
import shutil
from collections.abc import Iterator
from typing import Any

import av
import msgspec
import numpy as np
import pytest
from playwright.sync_api import Page, sync_playwright

from schemas.times import MINUTE_MS
from services.record.video import KEYFRAME_EVERY_MS, Encoding, ImageBgr, Picture, VideoFacts, encode_video
from services.runtime.errors import InvalidMessageError
from tests.record.facts import CAMERA, NOON_MS

TIMES_MS = [NOON_MS + 137 + number * 1000 + number % 7 * 40 for number in range(60)]
FACTS = VideoFacts(camera_id=CAMERA, minute_ms=NOON_MS, first_ms=TIMES_MS[0], form="public", simulated=True)

_OPEN = """
async encoded => {
    const bytes = Uint8Array.from(atob(encoded), letter => letter.charCodeAt(0));
    const video = document.createElement("video");
    video.muted = true;
    video.src = URL.createObjectURL(new Blob([bytes], {type: "video/mp4"}));
    document.body.replaceChildren(video);
    await new Promise((done, fail) => { video.onloadeddata = done; video.onerror = () => fail(video.error.message); });
    return [video.videoWidth, video.videoHeight, video.duration];
}
"""
_SHADE_AT = """
async seconds => {
    const video = document.querySelector("video");
    await new Promise(done => { video.onseeked = done; video.currentTime = seconds; });
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth; canvas.height = video.videoHeight;
    const drawing = canvas.getContext("2d");
    drawing.drawImage(video, 0, 0);
    return drawing.getImageData(80, 60, 1, 1).data[1];
}
"""
_PLAY = """
async () => {
    const video = document.querySelector("video");
    video.currentTime = 5;
    await video.play();
    await new Promise(done => { video.ontimeupdate = () => video.currentTime > 5.5 && done(); });
    return video.currentTime;
}
"""


def shade_of(number: int) -> int:
    """Give the brightness of the picture with this number: neighbours differ by far more than encoding changes."""
    return 40 + number * 37 % 180


def make_pictures(height: int = 120, width: int = 160) -> Iterator[Picture]:
    for number, at_ms in enumerate(TIMES_MS):
        yield Picture(at_ms, np.full((height, width, 3), shade_of(number), np.uint8))


def decoded(data: bytes) -> list[Any]:
    with av.open(io.BytesIO(data), "r") as container:
        return list(container.decode(video=0))


@pytest.fixture(scope="module")
def minute() -> bytes:
    return encode_video(make_pictures(), TIMES_MS, FACTS, Encoding())


@pytest.fixture
def page() -> Iterator[Page]:
    program = shutil.which("chromium")
    assert program is not None, "chromium is missing: run deploy/local/test_packages.sh"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program)
        yield chromium.new_page()
        chromium.close()


@pytest.mark.integration
def test_a_browser_plays_a_minute_and_finds_each_picture_at_its_time(page: Page, minute: bytes) -> None:
    width, height, duration = page.evaluate(_OPEN, base64.b64encode(minute).decode())
    assert (width, height) == (160, 120)
    assert duration == pytest.approx((TIMES_MS[-1] - TIMES_MS[0] + 1000) / 1000, abs=0.05)
    for number in (0, 9, 31, 59):
        seconds = (TIMES_MS[number] - TIMES_MS[0]) / 1000 + 0.3
        assert page.evaluate(_SHADE_AT, seconds) == pytest.approx(shade_of(number), abs=12)
    assert page.evaluate(_PLAY) > 5.5


def test_pictures_keep_the_times_at_which_they_were_captured(minute: bytes) -> None:
    times_ms = [FACTS.first_ms + round(frame.time * 1000) for frame in decoded(minute)]
    assert times_ms == TIMES_MS


def test_a_keyframe_comes_every_ten_seconds_at_the_latest(minute: bytes) -> None:
    keys_ms = [round(frame.time * 1000) for frame in decoded(minute) if frame.key_frame]
    assert keys_ms[0] == 0
    assert max(after - before for before, after in itertools.pairwise([*keys_ms, MINUTE_MS])) <= KEYFRAME_EVERY_MS


def test_the_same_pictures_give_the_same_file(minute: bytes) -> None:
    assert encode_video(make_pictures(), TIMES_MS, FACTS, Encoding()) == minute


def test_the_index_comes_before_the_pictures_so_that_a_file_plays_while_it_loads(minute: bytes) -> None:
    assert 0 < minute.index(b"moov") < minute.index(b"mdat")


def test_a_file_says_which_camera_and_minute_it_is_and_whether_it_is_simulated(minute: bytes) -> None:
    with av.open(io.BytesIO(minute), "r") as container:
        said = container.metadata
    assert said["title"] == f"{CAMERA} 2025-11-25T05:00Z (simulated)"
    assert msgspec.json.decode(said["comment"], type=VideoFacts) == FACTS


def test_a_camera_that_changes_its_size_is_fitted_to_the_first_picture() -> None:
    sizes = [(120, 160), (240, 320), (90, 161)]
    pictures = [
        Picture(at_ms, np.full((*size, 3), 100, np.uint8)) for at_ms, size in zip(TIMES_MS, sizes, strict=False)
    ]
    frames = decoded(encode_video(pictures, TIMES_MS[:3], FACTS, Encoding()))
    assert [(frame.width, frame.height) for frame in frames] == [(160, 120)] * 3


@pytest.mark.parametrize("size", [(121, 161), (2, 2), (1, 1)])
def test_odd_and_tiny_pictures_are_encoded_too(size: tuple[int, int]) -> None:
    image: ImageBgr = np.full((*size, 3), 100, np.uint8)
    [frame] = decoded(encode_video([Picture(TIMES_MS[0], image)], TIMES_MS[:1], FACTS, Encoding()))
    assert (frame.height, frame.width) == size


def test_what_the_encoder_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    image: ImageBgr = np.full((8, 70_000, 3), 100, np.uint8)
    with pytest.raises(InvalidMessageError, match="unencodable"):
        encode_video([Picture(TIMES_MS[0], image)], TIMES_MS[:1], FACTS, Encoding())
