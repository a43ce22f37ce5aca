"""What it costs a portal to follow a whole city: events decoded, verdicts taken, frames released. Without Kafka.

Memory is measured in a process of its own (``benchmarks/measured/portal_memory.py``), where nothing was freed before.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from schemas.camera_events import (
    CAMERA_EVENT_CODEC,
    DetectedObject,
    DetectorIdentity,
    FrameCoordinates,
    FrameDetections,
    SceneFacts,
    make_event_id,
)
from schemas.cameras import Camera
from schemas.topics import FRAMES
from schemas.verdicts import SCENE_VERDICTS_CODEC, CameraVerdict, SceneVerdicts
from services.cli.bench.measuring.portal_city import HEIGHT, PEOPLE, WIDTH, public_cameras
from services.portal.delivery.shown import Shown
from services.runtime.camera_registry import CameraRevisions
from services.runtime.errors import FatalError

CAMERAS: Final = 1_100
_SECONDS: Final = 30
_KEPT_SECONDS: Final = 600
_MOST_MEMORY_SECONDS: Final = 900.0
_REPOSITORY: Final = Path(__file__).parents[4]
_MEMORY: Final = "benchmarks.measured.portal_memory"
_PARTITIONS: Final = 48
_JUDGED_AFTER: Final = 5
"""Seconds between a frame's event and the verdict that speaks of it, as the aggregation's watermark has it."""


def following_core_share() -> float:
    """Give the part of a core that following 1,100 cameras at one frame a second takes."""
    city = FollowedCity(CAMERAS)
    seconds = [city.second(number) for number in range(_SECONDS)]
    started = time.process_time()
    for events, verdicts in seconds:
        city.follow(events, verdicts)
    used = time.process_time() - started
    city.check(_SECONDS)
    return used / _SECONDS


def memory_mb() -> float:
    """Give the memory, in MB, that what may be shown of 1,100 cameras takes: ten minutes at one frame a second.

    Raises:
        FatalError: It could not be measured.
    """
    command = [sys.executable, "-m", _MEMORY, str(CAMERAS), str(_KEPT_SECONDS)]
    done = subprocess.run(
        command, cwd=_REPOSITORY, capture_output=True, text=True, timeout=_MOST_MEMORY_SECONDS, check=False
    )
    if done.returncode != 0:
        raise FatalError(f"memory can't be measured: {done.stderr.strip()[-500:]}")
    return float(done.stdout.strip().splitlines()[-1])


class FollowedCity:
    """Cameras of which a portal is told, and what it then holds of them (``shown``)."""

    def __init__(self, cameras: int) -> None:
        self._cameras = public_cameras(cameras)
        self._released = 0
        revisions = CameraRevisions()
        for camera in self._cameras:
            revisions.add(camera)
        self.shown = Shown(revisions.find, _KEPT_SECONDS * 1000, 30_000)

    def second(self, number: int) -> tuple[list[bytes], list[bytes]]:
        """Give the events of a second, and the verdicts that come with them: on an earlier one."""
        return _events(self._cameras, number), _verdicts(self._cameras, number - _JUDGED_AFTER)

    def follow(self, events: list[bytes], verdicts: list[bytes]) -> None:
        """Take them as the follower does."""
        decoded = [CAMERA_EVENT_CODEC.decode(event) for event in events]
        self._released += len(self.shown.take(decoded, [SCENE_VERDICTS_CODEC.decode(one) for one in verdicts]))

    def check(self, seconds: int) -> None:
        """See that frames of so many seconds were released.

        Raises:
            FatalError: Most were not: what was measured is not what a portal does.
        """
        if self._released < len(self._cameras) * (seconds - _JUDGED_AFTER - 1):
            raise FatalError(f"only {self._released} frames were released: what was measured is not what a portal does")


def _events(cameras: list[Camera], second: int) -> list[bytes]:
    event = FrameDetections(
        event_id=make_event_id(second),
        camera_id="bench",
        owner_epoch=1,
        sequence=second,
        captured_at_ms=_captured_ms(second),
        camera_revision=1,
        source_kind="snapshot",
        simulated=False,
        frame=FrameCoordinates(FRAMES.name, 0, second, _captured_ms(second)),
        detected_at_ms=_captured_ms(second) + 500,
        width=WIDTH,
        height=HEIGHT,
        detector=DetectorIdentity("bench", "0" * 64),
        objects=tuple(DetectedObject("person", 0.9, box) for box in PEOPLE),
        scene=SceneFacts(0.5, 0.2, 100.0, f"{second:016x}", "0" * 64),
        reliability=0.9,
    )
    return [CAMERA_EVENT_CODEC.encode(msgspec.structs.replace(event, camera_id=camera.camera_id)) for camera in cameras]


def _verdicts(cameras: list[Camera], second: int) -> list[bytes]:
    """Verdicts on the frames of a second; none before the first."""
    if second < 0:
        return []
    return [
        SCENE_VERDICTS_CODEC.encode(
            SceneVerdicts(
                at_ms=_captured_ms(second),
                cameras=tuple(
                    CameraVerdict(
                        camera_id=camera.camera_id,
                        owner_epoch=1,
                        after_ms=_captured_ms(second - 1),
                        through_ms=_captured_ms(second),
                        judged=1,
                    )
                    for camera in cameras[partition::_PARTITIONS]
                ),
            )
        )
        for partition in range(_PARTITIONS)
    ]


def _captured_ms(second: int) -> int:
    """Give when a frame is captured: none at 0, for what comes after nothing would not be judged."""
    return (second + 1) * 1000
