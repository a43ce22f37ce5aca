"""How well people are hidden in what is published: on clips with labelled persons, through detect and the join alike.

::

    clip ─► detect ─► events ─┬─► Showable ─► hidden boxes ─► pixels ─┬─► heads hidden
                   verdicts ──┘                                       └─► altered elsewhere

A head is the top quarter of a labelled box that is over 40 px high; it is hidden when nine tenths of its pixels are
destroyed. What lies outside of all labelled boxes, each grown by half, shows nobody and should stay as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from schemas.camera_events import FrameDetections
from schemas.cameras import Camera, Place, Source
from schemas.geometry import BoxXyxy
from schemas.verdicts import CameraVerdict, SceneVerdicts
from services.detect.accuracy.average_precision import Boxes
from services.detect.accuracy.intervals import wilson_interval
from services.detect.accuracy.labelled_footage import person_clips
from services.detect.accuracy.measured import Measured, Progress, unseen
from services.detect.accuracy.mot_truth import read_mot_truth
from services.detect.accuracy.persons import NO_BOXES, LabelledClip
from services.detect.detector import DetectorOptions
from services.detect.offline import judge_footage, offline_tools
from services.detect.pipeline import Tools
from services.privacy.pixel_boxes import pixel_box
from services.privacy.showable import Showable, ShowableFrame

HEAD_PART = 1 / 4
LEAST_HEIGHT_PX = 40
"""Persons who are not taller are not counted: a seventh of it shows no face."""
HIDDEN_RATIO = 0.9
"""Part of a head's pixels that must be destroyed."""
SAMPLING = {"pets": 10, "tud_stadtmitte": 5, "tud_campus": 5}
"""Every how many-th picture is looked at: one a second of PETS09's ten, five of the short TUD clips' twenty-five."""


@dataclass(frozen=True)
class Published:
    """The frames of a clip that may be shown, the size of its pictures, and its truth by sequence number."""

    frames: tuple[ShowableFrame, ...]
    size_hw: tuple[int, int]
    truth: Mapping[int, Boxes]


@dataclass(frozen=True)
class Hiding:
    """What was hidden: heads of all there are, and pixels of those that show nobody."""

    heads: int
    hidden_heads: int
    bare_px: int
    altered_px: int

    def __add__(self, other: Hiding) -> Hiding:
        """Give both together."""
        return Hiding(
            self.heads + other.heads,
            self.hidden_heads + other.hidden_heads,
            self.bare_px + other.bare_px,
            self.altered_px + other.altered_px,
        )

    @property
    def head_ratio(self) -> float:
        """Give the part of heads that are hidden."""
        return self.hidden_heads / self.heads if self.heads else 1.0

    @property
    def altered_ratio(self) -> float:
        """Give the part of pixels that show nobody and are altered."""
        return self.altered_px / self.bare_px if self.bare_px else 0.0


NOTHING_HIDDEN = Hiding(0, 0, 0, 0)


def measure_anonymisation(detector: str, options: DetectorOptions, progress: Progress = unseen) -> list[Measured]:
    """Give, by clip, the part of heads that are hidden, and that of pixels altered elsewhere. Blocks for a minute.

    Raises:
        ConfigurationError: Footage or weights are not there.
    """
    tools = offline_tools(detector, options, "1x1")
    figures = []
    clips = person_clips()
    for index, (name, clip) in enumerate(clips.items()):
        published = published_clip(replace(clip, every=SAMPLING[name]), tools)
        hiding = hiding_in(published.frames, published)
        low, high = wilson_interval(hiding.hidden_heads, hiding.heads)
        altered = hiding.altered_ratio
        figures += [
            Measured(f"heads_hidden_{name}", hiding.head_ratio, low, high, hiding.heads),
            Measured(f"altered_elsewhere_{name}", altered, altered, altered, len(published.frames)),
        ]
        progress(index + 1, len(clips))
    return figures


def published_clip(
    clip: LabelledClip,
    tools: Tools,
    shown: Callable[[Sequence[FrameDetections]], list[ShowableFrame]] | None = None,
) -> Published:
    """Judge a clip and give what may be shown of it; ``shown`` says how events and verdicts come, see ``all_shown``."""
    truth = read_mot_truth(clip.truth)
    events = [event for event in judge_footage(clip.footage(), tools) if isinstance(event, FrameDetections)]
    frames = tuple((shown or all_shown)(events))
    by_sequence = {event.sequence: truth.get(event.sequence * clip.every, NO_BOXES) for event in events}
    return Published(frames, (events[0].height, events[0].width), by_sequence)


def all_shown(events: Sequence[FrameDetections]) -> list[ShowableFrame]:
    """Give what may be shown where each event comes in its time and each frame is found good."""
    showable = Showable(street_camera)
    for event in events:
        showable.take_event(event)
    return showable.take_verdicts(verdict_on(events))


def verdict_on(events: Sequence[FrameDetections]) -> SceneVerdicts:
    """Give the verdict that finds all of them good."""
    first, last = events[0], events[-1]
    verdict = CameraVerdict(
        camera_id=first.camera_id,
        owner_epoch=first.owner_epoch,
        after_ms=0,
        through_ms=last.captured_at_ms,
        judged=len(events),
    )
    return SceneVerdicts(at_ms=last.captured_at_ms, cameras=(verdict,))


def street_camera(camera_id: str, revision: int) -> Camera:
    """Give a camera on a street, where whole persons are hidden."""
    place = Place("Semarang Tengah", "Sekayu", -6.98, 110.41)
    return Camera(camera_id, revision, "street", "street", place, Source("file", "clip"))


def hiding_in(frames: Iterable[ShowableFrame], published: Published) -> Hiding:
    """Give what is hidden in these frames, all together."""
    total = NOTHING_HIDDEN
    for frame in frames:
        total += hiding_of(frame.hidden, published.size_hw, published.truth[frame.sequence])
    return total


def hiding_of(hidden: Sequence[BoxXyxy], size_hw: tuple[int, int], truth_xyxy: Boxes) -> Hiding:
    """Give what these boxes hide in a picture of this size in which people stand in ``truth_xyxy``, px."""
    destroyed, peopled = _mask(size_hw), _mask(size_hw)
    for box in hidden:
        left, top, right, bottom = pixel_box(box, size_hw)
        destroyed[top:bottom, left:right] = True
    heads = [head for person in truth_xyxy.tolist() if (head := head_of(person, size_hw)) is not None]
    for left, top, right, bottom in truth_xyxy.tolist():
        x, y = (right - left) / 4, (bottom - top) / 4
        _part(peopled, (left - x, top - y, right + x, bottom + y))[:] = True
    ratios = [float(destroyed[y0:y1, x0:x1].mean()) for x0, y0, x1, y1 in heads]
    altered = destroyed & ~peopled
    return Hiding(
        len(ratios), sum(ratio >= HIDDEN_RATIO for ratio in ratios), int((~peopled).sum()), int(altered.sum())
    )


def head_of(person_xyxy: Sequence[float], size_hw: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Give the pixels of a labelled person's head, right and bottom exclusive; None: too small, or outside."""
    left, top, right, bottom = person_xyxy
    if bottom - top <= LEAST_HEIGHT_PX:
        return None
    x0, x1 = (int(np.clip(round(x), 0, size_hw[1])) for x in (left, right))
    y0, y1 = (int(np.clip(round(y), 0, size_hw[0])) for y in (top, top + HEAD_PART * (bottom - top)))
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def _mask(size_hw: tuple[int, int]) -> NDArray[np.bool_]:
    return np.zeros(size_hw, np.bool_)


def _part(mask: NDArray[np.bool_], box_px: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    left, top, right, bottom = (max(0, round(edge)) for edge in box_px)
    return mask[top:bottom, left:right]
