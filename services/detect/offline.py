"""Judge footage with the running service's pipeline, without Kafka."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import islice

from msgspec.structs import replace

from schemas.camera_events import FrameOutcome, FrameShed
from services.detect.detector import DetectorOptions, Tiles, load_detector
from services.detect.footage import Footage
from services.detect.objects import CLASSES
from services.detect.pipeline import CameraPolicy, Tools, judge
from services.detect.preparation import preparation_for
from services.detect.water import load_water

FRAMES_AT_ONCE = 32
"""As the service takes many between two commits: at the start of each lot the networks wait for the first decoding."""


def offline_tools(
    name: str, options: DetectorOptions, tiles: Tiles, score_floor: float | None = None, water: bool = False
) -> Tools:
    """Load the detector ``name``, and with ``water`` the water network, for footage, which is never stale.

    ``score_floor`` replaces the detector's thresholds, for all classes: accuracy is measured over all scores. The
    detector's own floor is lowered to it.

    Raises:
        ConfigurationError: There is no such detector, or weights are not there.
    """
    if score_floor is not None:
        options = dataclasses.replace(options, score_floor=min(options.score_floor, score_floor))
    policy = CameraPolicy(tiles=tiles, stale_after_ms=None, water=water)
    detector = load_detector(name, options)
    return Tools(
        detector,
        name,
        policy_of=lambda _: policy,
        thresholds=None if score_floor is None else dict.fromkeys(CLASSES, score_floor),
        water=load_water(options) if water else None,
        preparation=preparation_for(detector.device),
    )


def judge_footage(footage: Footage, tools: Tools) -> Iterator[FrameOutcome]:
    """Give the outcome of every frame of ``footage``, in order; the same ones however often it is called.

    Raises:
        ConfigurationError: The footage can't be read.
    """
    frames = footage.frames()
    while batch := list(islice(frames, FRAMES_AT_ONCE)):
        yield from (_judged_when_captured(outcome) for outcome in judge(batch, tools))


def _judged_when_captured(outcome: FrameOutcome) -> FrameOutcome:
    """Footage has no age: the time of judging is set to that of capture, and equal runs write equal bytes."""
    if isinstance(outcome, FrameShed):
        return replace(outcome, shed_at_ms=outcome.captured_at_ms)
    return replace(outcome, detected_at_ms=outcome.captured_at_ms)
