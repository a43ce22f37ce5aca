"""The way of a frame through detect.

::

    frames ─► shed by age ─► header, decode ─► letterbox ─► infer ─► undo, merge ─► events
                 │                │                │           │           │
             FrameShed        FrameShed         views of   in batches   boxes of the
              stale       undecodable, refused  one size                  picture

``judge`` takes a batch of frames and gives one outcome each. It knows no consumer, no commit and no metric, and keeps
nothing between two calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from schemas.camera_events import DetectorIdentity, FrameOutcome, FrameShed, ShedReason
from services.detect.decode import JpegLimits, Picture, decode, read_size
from services.detect.detector import Detector, Thresholds, Tiles
from services.detect.events import detections_event, reported_objects, shed_event
from services.detect.frame import Frame
from services.detect.objects import Objects
from services.detect.scene import measure_scene
from services.detect.views import least_decoded_hw, look, merge_views, views_of
from services.runtime.clock import Clock, now_ms
from services.runtime.errors import InvalidMessageError


@dataclass(frozen=True, slots=True)
class CameraPolicy:
    """How a camera's frames are treated.

    ``stale_after_ms``: a frame that has lain in Kafka for longer is shed; None: never.
    """

    tiles: Tiles = "1x1"
    stale_after_ms: int | None = 10_000


@dataclass(frozen=True)
class Tools:
    """What ``judge`` works with. ``thresholds`` replace the detector's own, for measuring its accuracy."""

    detector: Detector
    detector_name: str
    policy_of: Callable[[Frame], CameraPolicy]
    limits: JpegLimits = field(default_factory=JpegLimits)
    batch_size: int = 8
    thresholds: Thresholds | None = None
    clock: Clock = now_ms


@dataclass(frozen=True, slots=True)
class _Decoded:
    frame: Frame
    policy: CameraPolicy
    picture: Picture


def judge(frames: Sequence[Frame], tools: Tools) -> list[FrameOutcome]:
    """Give the outcome of each frame, in their order. Blocks for the time of decoding and of the network."""
    prepared = [_shed_or_decode(frame, tools) for frame in frames]
    decoded = [each for each in prepared if isinstance(each, _Decoded)]
    views = [
        view
        for index, each in enumerate(decoded)
        for view in views_of(index, each.picture.image_bgr, each.policy.tiles, tools.detector)
    ]
    found = look(views, tools.detector, tools.batch_size)
    objects = merge_views(views, found)
    at_ms = tools.clock()
    judged = iter([_event(each, objects[index], tools, at_ms) for index, each in enumerate(decoded)])
    return [each if isinstance(each, FrameShed) else next(judged) for each in prepared]


def _shed_or_decode(frame: Frame, tools: Tools) -> FrameShed | _Decoded:
    """Age first, then the header, then the pixels: whatever is refused costs no more than finding that out."""
    policy = tools.policy_of(frame)
    at_ms = tools.clock()
    # The time in Kafka counts, not the time of capture: a file may replay footage of years ago.
    age_ms = at_ms - frame.coordinates.appended_at_ms
    if policy.stale_after_ms is not None and age_ms > policy.stale_after_ms:
        return shed_event(frame, "stale", f"{age_ms} ms in Kafka, at most {policy.stale_after_ms} ms", at_ms)
    try:
        size_hw = read_size(frame.jpeg, tools.limits)
        least_hw = least_decoded_hw(size_hw, policy.tiles, tools.detector)
        return _Decoded(frame, policy, decode(frame.jpeg, size_hw, least_hw))
    except InvalidMessageError as error:
        reason: ShedReason = "refused" if error.reason == "refused" else "undecodable"
        return shed_event(frame, reason, error.detail, at_ms)


def _event(decoded: _Decoded, objects: Objects, tools: Tools, at_ms: int) -> FrameOutcome:
    picture, tiles = decoded.picture, decoded.policy.tiles
    thresholds = tools.thresholds or tools.detector.thresholds[tiles]
    height, width = picture.image_bgr.shape[:2]
    return detections_event(
        decoded.frame,
        (picture.height, picture.width),
        reported_objects(objects, (height, width), thresholds),
        measure_scene(picture.image_bgr),
        DetectorIdentity(tools.detector_name, tools.detector.weights_sha256, tiles),
        at_ms,
    )
