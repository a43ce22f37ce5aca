"""The way of a frame through detect.

::

    frames ─► admission ─► header ─► decode, letterbox ─► look ─► events
                 │            │             │               │
             FrameShed    FrameShed     FrameShed     objects and water,
          stale, overload  refused     undecodable    in batches of one size

``judge`` takes a batch of frames and gives one outcome each. It knows no consumer, no commit and no metric. Between two
calls is kept whose turn it is under overload (``admission.py``); no event depends on it but for being shed.
How a camera's frames are treated is asked first, once for a batch (``policies_for``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from schemas.camera_events import DetectorIdentity, FrameOutcome, FrameShed, ShedReason
from services.detect.admission import Admission, Verdict, Waiting
from services.detect.decode import JpegLimits, read_size
from services.detect.detector import Detector, Thresholds, Tiles
from services.detect.events import Judges, detections_event, shed_event
from services.detect.faint import LEAST_FAINT_SCORE
from services.detect.frame import Frame
from services.detect.looking import Networks, Sight, StageSeconds, WaterMeter, look
from services.detect.preparation import CpuPreparation, Preparation
from services.detect.views import Asked
from services.runtime.clock import Clock, now_ms
from services.runtime.errors import InvalidMessageError


@dataclass(frozen=True, slots=True)
class CameraPolicy:
    """How a camera's frames are treated.

    ``stale_after_ms``: a frame that has lain in Kafka for longer is shed; None: never. ``priority`` under overload: 0
    is served first, 1 after it. ``water``: measured too, where a network for it is loaded.
    """

    tiles: Tiles = "1x1"
    stale_after_ms: int | None = 10_000
    priority: int = 1
    water: bool = False


@dataclass(frozen=True)
class Tools:
    """What ``judge`` works with. ``thresholds`` replace the detector's own, for measuring its accuracy.

    ``look_up`` is called with all frames of a batch before ``policy_of`` is asked of each, and may block. ``alive`` is
    called each time the networks are done with a batch of theirs.
    """

    detector: Detector
    detector_name: str
    policy_of: Callable[[Frame], CameraPolicy]
    look_up: Callable[[Sequence[Frame]], None] = lambda _: None
    limits: JpegLimits = field(default_factory=JpegLimits)
    batch_size: int = 8
    thresholds: Thresholds | None = None
    clock: Clock = now_ms
    admission: Admission = field(default_factory=Admission)
    water: WaterMeter | None = None
    preparation: Preparation = field(default_factory=CpuPreparation)
    times: StageSeconds = field(default_factory=StageSeconds)
    alive: Callable[[], None] = lambda: None


def judge(frames: Sequence[Frame], tools: Tools) -> list[FrameOutcome]:
    """Give the outcome of each frame, in their order. Blocks for the time of ``policies_for`` and ``judge_under``."""
    return judge_under(policies_for(frames, tools), frames, tools)


def policies_for(frames: Sequence[Frame], tools: Tools) -> list[CameraPolicy]:
    """Give how each frame is treated, in their order. Blocks while that is looked up; raises what ``look_up`` does."""
    tools.look_up(frames)
    return [tools.policy_of(frame) for frame in frames]


def judge_under(policies: Sequence[CameraPolicy], frames: Sequence[Frame], tools: Tools) -> list[FrameOutcome]:
    """Give the outcome of each frame, in their order. Blocks for the time of decoding and of the networks.

    Frames are decoded while the networks are busy with those before them.
    """
    verdicts = _admit(frames, policies, tools)
    asked = [_ask(*each, tools) for each in zip(frames, policies, verdicts, strict=True)]
    prepared = tools.preparation.prepare([each for each in asked if isinstance(each, Asked)])
    networks = Networks(tools.detector, tools.water, tools.batch_size, _least_score(tools))
    sights = iter(look(prepared, networks, tools.times, tools.alive))
    return [
        each if isinstance(each, FrameShed) else _outcome(frame, each, next(sights), tools)
        for frame, each in zip(frames, asked, strict=True)
    ]


def _least_score(tools: Tools) -> float:
    """Give the least score that an event may show, of any class, faint ones included.

    With tiles too: a box that reaches it yields only to one that counts or scores as much.
    """
    used = tools.detector.thresholds.values() if tools.thresholds is None else [tools.thresholds]
    return min(LEAST_FAINT_SCORE, *(score for thresholds in used for score in thresholds.values()))


def _admit(frames: Sequence[Frame], policies: Sequence[CameraPolicy], tools: Tools) -> list[Verdict | None]:
    """Say of each frame why it is shed before anything of it is looked at, or None."""
    waiting = [
        Waiting(frame.camera_id, frame.coordinates.appended_at_ms, policy.stale_after_ms, policy.priority)
        for frame, policy in zip(frames, policies, strict=True)
    ]
    return tools.admission.decide(waiting, tools.clock())


def _ask(frame: Frame, policy: CameraPolicy, verdict: Verdict | None, tools: Tools) -> FrameShed | Asked:
    """Read the header alone: whatever is refused costs no more than finding that out."""
    if verdict is not None:
        return shed_event(frame, verdict.reason, verdict.detail, tools.clock())
    try:
        size_hw = read_size(frame.jpeg, tools.limits)
    except InvalidMessageError as error:
        return _not_decoded(frame, error, tools)
    water = policy.water and tools.water is not None
    return Asked(frame.jpeg, size_hw, policy.tiles, water, tools.detector.input_hw)


def _outcome(frame: Frame, asked: Asked, sight: Sight | InvalidMessageError, tools: Tools) -> FrameOutcome:
    if isinstance(sight, InvalidMessageError):
        return _not_decoded(frame, sight, tools)
    thresholds = tools.thresholds or tools.detector.thresholds[asked.tiles]
    judges = Judges(
        DetectorIdentity(tools.detector_name, tools.detector.weights_sha256, asked.tiles),
        tools.water.identity if asked.water and tools.water else None,
    )
    return detections_event(frame, asked.size_hw, sight, thresholds, judges, tools.clock())


def _not_decoded(frame: Frame, error: InvalidMessageError, tools: Tools) -> FrameShed:
    reason: ShedReason = "refused" if error.reason == "refused" else "undecodable"
    return shed_event(frame, reason, error.detail, tools.clock())
