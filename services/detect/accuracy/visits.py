"""How well persons are found who stand with their back to the camera: Intel's clip of six visits to a table.

Each visitor stands for some seconds, whole in view, seen from behind and from above; between visits nobody is there.
Comings and goings, when a part of a person shows, are left out. The clip has no labels: the spans below were read off
its frames by eye.

Source: Intel sample-videos, one-by-one-person-detection.mp4, CC BY 4.0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schemas.camera_events import FrameDetections
from services.detect.accuracy.altered_footage import Alteration, AlteredFootage
from services.detect.accuracy.bootstrap import share_figure
from services.detect.accuracy.measured import Measured
from services.detect.offline import judge_footage
from services.detect.pipeline import Tools

CLIP = "intel_one-by-one-person-detection.mp4"
VISITS = ((80, 180), (245, 430), (525, 680), (765, 845), (945, 1175), (1255, 1340))
"""First and last frame, counted from 0, in which a visitor stands."""
NOBODY = ((0, 55), (205, 225), (455, 500), (705, 740), (880, 920), (1205, 1230), (1365, 1390))
"""First and last frame of what lies between."""
EVERY = 10
"""A second: visitors hardly move."""
FRAMES = 1394 // EVERY + 1
HIDDEN_BELOW_RATIO = {"shoulders": 0.27, "elbows": 0.4, "hips": 0.5}
"""Parts of the picture's height at which the visitors have these."""
_COUNTER_BGR = (96, 110, 122)
"""A dull brown, as of wood."""


def counter_from(height_ratio: float) -> Alteration:
    """Give what hides a picture below a part of its height: what a seat or counter leaves of who is behind it."""

    def altered(image_bgr: NDArray[np.uint8], _: float) -> NDArray[np.uint8]:
        hidden_bgr = image_bgr.copy()
        hidden_bgr[round(image_bgr.shape[0] * height_ratio) :] = _COUNTER_BGR
        return hidden_bgr

    return altered


def persons_reported(
    folder: Path, tools: Tools, alteration: Alteration | None = None, advance: Callable[[], None] = lambda: None
) -> list[int]:
    """Give how many persons are reported in every ``EVERY``-th frame. ``folder`` holds the clip. Blocks for seconds."""
    unchanged: Alteration = lambda image_bgr, _: image_bgr  # noqa: E731  a typed value
    footage = AlteredFootage(folder / CLIP, camera_id="accuracy", every=EVERY, alteration=alteration or unchanged)
    counts = []
    for index, event in enumerate(judge_footage(footage, tools)):
        assert isinstance(event, FrameDetections), f"frame {index} of {CLIP} was not judged: {event}"
        counts.append(sum(each.label == "person" for each in event.objects))
        advance()
    return counts


def visit_figures(name: str, counts: Sequence[int]) -> list[Measured]:
    """Give the share of frames with a visitor in which a person is reported, and of those without in which one is.

    Names: ``person_recall_<name>``, ``person_false_frames_<name>``. ``counts`` as ``persons_reported`` gives them.
    Frames of one visit are nearly the same, so it is visits and pauses that are drawn anew for the intervals.
    """
    reported = np.array(counts) > 0
    return [
        share_figure(f"person_recall_{name}", *_by_span(reported, VISITS), block=1),
        share_figure(f"person_false_frames_{name}", *_by_span(reported, NOBODY), block=1),
    ]


def _by_span(reported: NDArray[np.bool_], spans: Sequence[tuple[int, int]]) -> tuple[list[list[int]], list[list[int]]]:
    """Give frames with a report, and all frames, of each span: one "clip" of spans."""
    parts = [reported[-(-first // EVERY) : last // EVERY + 1] for first, last in spans]
    return [[int(part.sum()) for part in parts]], [[len(part) for part in parts]]
