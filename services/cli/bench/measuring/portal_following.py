"""What it costs a portal to follow a whole city: events decoded, verdicts taken, frames released. Without Kafka."""

from __future__ import annotations

import time
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

CAMERAS: Final = 1_100
_SECONDS: Final = 30
_PARTITIONS: Final = 48
_JUDGED_AFTER: Final = 5
"""Seconds between a frame's event and the verdict that speaks of it, as the aggregation's watermark has it."""


def following_core_share() -> float:
    """Give the part of a core that following 1,100 cameras at one frame a second takes."""
    cameras = public_cameras(CAMERAS)
    revisions = CameraRevisions()
    for camera in cameras:
        revisions.add(camera)
    shown = Shown(revisions.find, 600_000, 30_000)
    seconds = [(_events(cameras, n), _verdicts(cameras, n - _JUDGED_AFTER)) for n in range(_SECONDS)]
    released = 0
    started = time.process_time()
    for events, verdicts in seconds:
        decoded = [CAMERA_EVENT_CODEC.decode(event) for event in events]
        released += len(shown.take(decoded, [SCENE_VERDICTS_CODEC.decode(verdict) for verdict in verdicts]))
    used = time.process_time() - started
    if released < CAMERAS * (_SECONDS - _JUDGED_AFTER - 1):
        raise RuntimeError(f"only {released} frames were released: what was measured is not what a portal does")
    return used / _SECONDS


def _events(cameras: list[Camera], second: int) -> list[bytes]:
    event = FrameDetections(
        event_id=make_event_id(second),
        camera_id="bench",
        owner_epoch=1,
        sequence=second,
        captured_at_ms=second * 1000,
        camera_revision=1,
        source_kind="snapshot",
        simulated=False,
        frame=FrameCoordinates(FRAMES.name, 0, second, second * 1000),
        detected_at_ms=second * 1000 + 500,
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
                at_ms=second * 1000,
                cameras=tuple(
                    CameraVerdict(
                        camera_id=camera.camera_id,
                        owner_epoch=1,
                        after_ms=max(0, (second - 1) * 1000) if second else 0,
                        through_ms=second * 1000,
                        judged=1,
                    )
                    for camera in cameras[partition::_PARTITIONS]
                ),
            )
        )
        for partition in range(_PARTITIONS)
    ]
