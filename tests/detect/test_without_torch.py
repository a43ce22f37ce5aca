"""On a CPU detect works where torch can't be imported: from a clip to its events; and never imports it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from schemas.camera_events import CAMERA_EVENT_CODEC, FrameDetections
from tests.detect.pictures import street_bgr

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).parents[2]
REFUSE_TORCH = """
import sys
class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "torchvision"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Refused())
"""


def run_without_torch(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", REFUSE_TORCH + program, *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def run_tilik(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_without_torch("from services.cli.__main__ import main; main()", *arguments)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "street.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 5, (640, 360))
    for _ in range(10):
        writer.write(street_bgr())
    writer.release()
    return path


@pytest.mark.parametrize("tiles", ["1x1", "2x2"])
def test_a_clip_becomes_events(clip: Path, tmp_path: Path, tiles: str) -> None:
    out = tmp_path / "events.jsonl"
    options = ("--every", "2", "--tiles", tiles, "--score-floor", "0.05", "--water")
    done = run_tilik("detect", str(clip), "--out", str(out), *options)
    assert done.returncode == 0, done.stderr
    events = [CAMERA_EVENT_CODEC.decode(line) for line in out.read_bytes().splitlines()]
    assert len(events) == 5
    for event in events:
        assert isinstance(event, FrameDetections)
        assert event.objects
        assert event.water is not None


@pytest.mark.parametrize(
    ("option", "user"),
    [
        (("--detector", "ssdlite320_mobilenet_v3_large"), "the detector ssdlite320_mobilenet_v3_large"),
        (("--device", "cuda"), "device cuda"),
    ],
)
def test_what_needs_torch_says_how_to_get_it(clip: Path, tmp_path: Path, option: tuple[str, ...], user: str) -> None:
    done = run_tilik("detect", str(clip), "--out", str(tmp_path / "events.jsonl"), *option)
    assert done.returncode != 0
    said = " ".join(done.stderr.split())
    assert f"{user} needs torch and torchvision" in said
    assert "pip install 'tilik[detect-cuda]'" in said
    assert "Traceback" not in done.stderr


def test_its_detectors_are_listed_all_the_same() -> None:
    said = run_tilik("detect", "--help").stdout
    assert "nanodet" in said
    assert "ssdlite320_mobilenet_v3_large" in said


def test_the_service_loads_no_torch_even_where_it_is_installed() -> None:
    program = "import sys, services.detect.__main__; print(sorted({'torch', 'torchvision'} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
