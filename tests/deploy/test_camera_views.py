from __future__ import annotations

from pathlib import Path

import pytest
import simplejpeg

from deploy.local.camera_views import WHOLE, Playback, View, many_views, parse_view
from deploy.local.rendered_street import HEIGHT_PX, WIDTH_PX, render_street

SECONDS = 60.0
FPS = 1.0


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
    playback = Playback(clip, [parse_view("kerb=0.5,0,1,0.25")], FPS)
    height, width, *_ = simplejpeg.decode_jpeg_header(playback.picture_at("kerb", 0.0).jpeg)
    assert (width, height) == (WIDTH_PX // 2, HEIGHT_PX // 4)
    assert playback.picture_at("kerb", 3.0) == playback.picture_at("kerb", 3.0 + SECONDS)


def test_equal_windows_share_their_jpegs_and_an_offset_plays_ahead(clip: Path) -> None:
    playback = Playback(clip, [View("a"), View("b", offset_seconds=7.0)], FPS)
    assert playback.picture_at("b", 0.0) is playback.picture_at("a", 7.0)
    assert playback.picture_at("a", 0.0).etag != playback.picture_at("a", 7.0).etag


def test_hundreds_of_cameras_have_names_of_their_own_and_few_windows() -> None:
    views = many_views(300)
    assert len({view.name for view in views}) == 300
    assert len({view.window for view in views}) <= 4
    assert len({view.offset_seconds for view in views}) == 300


def test_an_unknown_camera_is_a_key_error(clip: Path) -> None:
    with pytest.raises(KeyError):
        Playback(clip, [View("a")], FPS).picture_at("b", 0.0)
