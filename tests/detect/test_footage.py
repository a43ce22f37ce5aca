from __future__ import annotations

from pathlib import Path

import av
import cv2
import pytest
from click.testing import CliRunner

from schemas.camera_events import CAMERA_EVENT_CODEC, FrameDetections, FrameShed
from services.cli.detect import camera_id_of, command
from services.cli.detect_water import drawn_grid
from services.detect.detector import DetectorOptions
from services.detect.footage import Footage
from services.detect.offline import judge_footage, offline_tools
from services.runtime.errors import ConfigurationError
from services.runtime.timed_stills import time_of_name
from tests.detect.pictures import jpeg_of, street_bgr


def write_stills(folder: Path, names: list[str]) -> Path:
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(jpeg_of(street_bgr()))
    return folder


def write_clip(path: Path, pictures: int = 10, fps: int = 5) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for _ in range(pictures):
            for packet in stream.encode(av.VideoFrame.from_ndarray(street_bgr(), format="bgr24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def test_stills_have_the_times_of_their_names_in_local_time(tmp_path: Path) -> None:
    folder = write_stills(tmp_path / "lot", ["2013-02-22_07_05_01.jpg", "2013-02-22_06_25_00.jpg"])
    times = [frame.headers.captured_at_ms for frame in Footage(folder, "lot").frames()]
    assert times[1] - times[0] == (40 * 60 + 1) * 1000
    assert times[0] == time_of_name("2013-02-22_06_25_00.jpg")


def test_a_name_states_semarangs_time() -> None:
    assert time_of_name("1970-01-01_07_00_01.jpg") == 1_000
    assert time_of_name("1970-13-01_07_00_01.jpg") is None
    assert time_of_name("frame7.jpg") is None


def test_stills_without_times_are_spaced_by_the_rate(tmp_path: Path) -> None:
    folder = write_stills(tmp_path / "stills", ["a.jpg", "b.jpg", "c.jpg"])
    frames = list(Footage(folder, "cam", still_fps=2, recorded_from_ms=1_000).frames())
    assert [frame.headers.captured_at_ms for frame in frames] == [1_000, 1_500, 2_000]
    assert frames[0].jpeg == (folder / "a.jpg").read_bytes()


def test_png_stills_are_encoded(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), street_bgr())
    (frame,) = Footage(tmp_path / "a.png", "cam").frames()
    assert frame.jpeg.startswith(b"\xff\xd8")


def test_every_nth_picture_of_a_video_keeps_its_time(tmp_path: Path) -> None:
    footage = Footage(write_clip(tmp_path / "clip.mp4"), "cam", every=4)
    frames = list(footage.frames())
    assert [frame.headers.sequence for frame in frames] == [0, 1, 2]
    assert [frame.headers.captured_at_ms for frame in frames] == [0, 800, 1_600]
    assert footage.length() == 3


@pytest.mark.parametrize("content", [b"", b"no video at all" * 50])
def test_what_is_no_video_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.avi"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"clip\.avi"):
        list(Footage(path, "cam").frames())


def test_an_empty_folder_and_an_absent_one_are_said(tmp_path: Path) -> None:
    for source in (tmp_path, tmp_path / "absent"):
        with pytest.raises(ConfigurationError, match=str(source)):
            list(Footage(source, "cam").frames())


def run(*arguments: str) -> None:
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output


def test_detect_writes_one_event_a_frame_and_the_same_bytes_again(tmp_path: Path) -> None:
    folder = write_stills(tmp_path / "stills", ["a.jpg", "b.jpg"])
    (folder / "c.jpg").write_bytes(b"no jpeg")
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    for out in (first, second):
        run(str(folder), "--out", str(out), "--from", "2026-01-01T00:00:00", "--camera-id", "pasar-1")
    events = [CAMERA_EVENT_CODEC.decode(line) for line in first.read_bytes().splitlines()]
    assert [type(event) for event in events] == [FrameDetections, FrameDetections, FrameShed]
    assert {event.camera_id for event in events} == {"pasar-1"}
    assert first.read_bytes() == second.read_bytes()


def test_detect_measures_water_where_asked_and_draws_it(tmp_path: Path) -> None:
    folder, out = write_stills(tmp_path / "stills", ["a.jpg", "b.jpg"]), tmp_path / "wet.jsonl"
    result = CliRunner().invoke(command, [str(folder), "--out", str(out), "--water"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    events = [CAMERA_EVENT_CODEC.decode(line) for line in out.read_bytes().splitlines()]
    grids = [event.water for event in events if isinstance(event, FrameDetections)]
    assert len(grids) == 2
    assert grids[0] is not None
    assert "most water in picture 1, 1970-01-01 00:00:00 UTC" in result.output
    assert drawn_grid(grids[0]).split("\n")[9] in result.output


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (["--camera-id", "Pasar 1"], "--camera-id"),
        (["--from", "1969-01-01"], "--from"),
        (["--out", "absent/e.jsonl"], "--out"),
    ],
)
def test_what_the_command_line_says_is_checked_before_the_model_is_loaded(
    more: list[str], text: str, tmp_path: Path
) -> None:
    folder = write_stills(tmp_path / "stills", ["a.jpg"])
    arguments = [str(folder), "--out", str(tmp_path / "e.jsonl"), "--models", str(tmp_path / "no-models"), *more]
    with pytest.raises(ConfigurationError, match=text):
        CliRunner().invoke(command, arguments, catch_exceptions=False)


def test_a_camera_id_is_made_from_a_name() -> None:
    assert camera_id_of(Path("/x/TUD-Campus (1).mp4")) == "tud-campus-1"
    assert camera_id_of(Path("/x/é.mp4")) == "camera-x"


def test_a_still_that_cannot_be_read_is_shed_and_the_rest_goes_on(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "2026-01-05_08-00-00.png"), street_bgr())
    (tmp_path / "2026-01-05_08-00-01.png").write_bytes(b"no picture")
    first, second = Footage(tmp_path, "cam").frames()
    assert (bool(first.jpeg), second.jpeg) == (True, b"")
    tools = offline_tools("nanodet", DetectorOptions(weights="random"), "1x1")
    detected, shed = judge_footage(Footage(tmp_path, "cam"), tools)
    assert isinstance(detected, FrameDetections)
    assert isinstance(shed, FrameShed)
    assert shed.reason == "undecodable"
