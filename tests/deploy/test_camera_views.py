from __future__ import annotations

from pathlib import Path

import pytest
import simplejpeg

from deploy.local.camera_views import WHOLE, Playback, View, encoded_reels, many_views, parse_view, read_reels
from deploy.local.rendered_street import HEIGHT_PX, WIDTH_PX, render_street

SECONDS = 60.0
FPS = 1.0


def playback_of(clip: Path, *views: View) -> Playback:
    return Playback(encoded_reels(clip, [view.window for view in views], FPS), views, FPS)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("footage") / "street.avi"
    render_street(path)
    return path


def test_a_view_is_read_from_its_text() -> None:
    assert parse_view("gate") == View("gate", WHOLE, 0.0)
    assert parse_view("gate=0.1,0,0.5,1") == View("gate", (0.1, 0.0, 0.5, 1.0), 0.0)
    assert parse_view("gate=0.1,0,0.5,1@12.5") == View("gate", (0.1, 0.0, 0.5, 1.0), 12.5)


@pytest.mark.parametrize("text", ["", "gate=0.5,0,0.1,1", "gate=0,0,1", "gate=0,0,1,2", "a/b", "gate=0,0,1,x"])
def test_a_view_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_view(text)


def test_a_camera_shows_its_window_and_starts_over_at_the_end(clip: Path) -> None:
    playback = playback_of(clip, parse_view("kerb=0.5,0,1,0.25"))
    height, width, *_ = simplejpeg.decode_jpeg_header(playback.picture_at("kerb", 0.0).jpeg)
    assert (width, height) == (WIDTH_PX // 2, HEIGHT_PX // 4)
    assert playback.picture_at("kerb", 3.0) == playback.picture_at("kerb", 3.0 + SECONDS)


def test_equal_windows_share_their_jpegs_and_an_offset_plays_ahead(clip: Path) -> None:
    playback = playback_of(clip, View("a"), View("b", offset_seconds=7.0))
    assert playback.picture_at("b", 0.0) is playback.picture_at("a", 7.0)
    assert playback.picture_at("a", 0.0).etag != playback.picture_at("a", 7.0).etag


def test_hundreds_of_cameras_have_names_of_their_own_and_few_windows() -> None:
    views = many_views(300)
    assert len({view.name for view in views}) == 300
    assert len({view.window for view in views}) <= 4
    assert len({view.offset_seconds for view in views}) == 300


def test_an_unknown_camera_is_a_key_error(clip: Path) -> None:
    with pytest.raises(KeyError):
        playback_of(clip, View("a")).picture_at("b", 0.0)


def test_pictures_that_were_encoded_before_play_as_they_are(tmp_path: Path) -> None:
    for number in (2, 1, 0):
        file = tmp_path / "0,0,0.5,1" / f"{number}.jpg"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"picture %d" % number)
    playback = Playback(read_reels(tmp_path), [parse_view("gate=0,0,0.5,1@1.25")], 2.0)
    shown = [playback.picture_at("gate", at).jpeg for at in (0.0, 0.3, 0.8)]
    assert shown == [b"picture 2", b"picture 0", b"picture 1"]
    assert playback.seconds_to_next("gate", 0.0) == 0.25


def test_a_view_of_no_pictures_is_refused() -> None:
    with pytest.raises(ValueError, match="gate"):
        Playback({WHOLE: []}, [View("gate")], 1.0)
