"""How many of the people who leave a queue across a counter's edge are counted as served.

A queue is drawn on one half of the PETS09-S2L1 clip and an edge between the halves, at seven places across and five
along, each in both directions. The truth is what the people of the ground truth, whose identities are known in each of
7 frames a second, do; the count is what the counter rule makes of the detector's boxes at a camera's own rate.

Two dozen people walk about freely and cover one another there: that is harder than a queue. Source of the method:
counting across a line ("tripwire"), as in Chan, Liang and Vasconcelos 2008, Privacy preserving crowd monitoring, CVPR.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from schemas.camera_events import FrameDetections
from schemas.cameras import Camera, Place, Source, Zone
from schemas.geometry import Line, Point, Polygon
from services.aggregate.sights import sight_of
from services.aggregate.tracks import PeopleTracks, crosses
from services.aggregate.view import CameraView
from services.detect.accuracy.bootstrap import LEVEL, ROUNDS, SEED
from services.detect.accuracy.labelled_footage import person_clips
from services.detect.accuracy.measured import Measured, Progress, unseen
from services.detect.detector import DetectorOptions
from services.detect.footage import Footage
from services.detect.offline import judge_footage, offline_tools

EVERY: Final[Mapping[str, int]] = {"1fps": 7, "1.75fps": 4, "3.5fps": 2}
"""Name in figures → of how many frames of the clip, which has 7 a second, one is judged."""
_ACROSS: Final = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_ALONG: Final = (0.3, 0.4, 0.5, 0.6, 0.7)

Way = Mapping[int, Point]
"""Where a person's feet are, 0 to 1, by frame."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A queue and the edge at which it ends."""

    queue: Polygon
    edge: Line

    def view(self) -> CameraView:
        """Give a camera that watches it."""
        return CameraView(
            Camera(
                camera_id="served",
                revision=1,
                name="PETS09-S2L1",
                kind="counter",
                place=Place("Semarang Tengah", "Sekayu", -6.98, 110.41),
                source=Source("file", "vtest.avi"),
                zones=(Zone("queue", "queue", self.queue), Zone("edge", "counter_edge", line=self.edge)),
            )
        )


def counters() -> list[Counter]:
    """Give all counters: halves of the picture, each with its edge from the queue's left to its right side."""
    found: list[Counter] = []
    for x in _ACROSS:
        found.append(Counter(((0.0, 0.0), (x, 0.0), (x, 1.0), (0.0, 1.0)), ((x, 1.0), (x, 0.0))))
        found.append(Counter(((x, 0.0), (1.0, 0.0), (1.0, 1.0), (x, 1.0)), ((x, 0.0), (x, 1.0))))
    for y in _ALONG:
        found.append(Counter(((0.0, 0.0), (1.0, 0.0), (1.0, y), (0.0, y)), ((0.0, y), (1.0, y))))
        found.append(Counter(((0.0, y), (1.0, y), (1.0, 1.0), (0.0, 1.0)), ((1.0, y), (0.0, y))))
    return found


def measure_served(
    detector: str, options: DetectorOptions, progress: Progress = unseen, rates: Mapping[str, int] = EVERY
) -> list[Measured]:
    """Give ``served_ratio_<rate>``, counted by true, and ``served_error_<rate>``, mean difference by true, of all.

    Intervals are of counters drawn anew; all see the same people, so they are too narrow rather than too wide. Blocks
    for half a minute.

    Raises:
        ConfigurationError: Footage or weights are not there.
    """
    clip = person_clips()["pets"]
    tools, views = offline_tools(detector, options, "1x1"), [counter.view() for counter in counters()]
    figures: list[Measured] = []
    for done, (rate, every) in enumerate(rates.items()):
        progress(done, len(rates))
        events = list(judge_footage(Footage(clip.video, camera_id="served", every=every), tools))
        seen = [event for event in events if isinstance(event, FrameDetections)]
        people = people_of(clip.truth, (seen[0].width, seen[0].height))
        true = [sum(served_in(path, view) for path in people) for view in views]
        figures += served_figures(rate, true, [counted_in(seen, view) for view in views])
    progress(len(rates), len(rates))
    return figures


def people_of(truth: Path, size_px: tuple[int, int]) -> list[Way]:
    """Give the way of each person of a MOTChallenge file; ``size_px`` is the picture's width and height."""
    people: dict[int, dict[int, Point]] = defaultdict(dict)
    for line in truth.read_text().splitlines():
        frame, person, left, top, width, height = (float(field) for field in line.split(",")[:6])
        people[int(person)][int(frame) - 1] = ((left + width / 2) / size_px[0], (top + height) / size_px[1])
    return list(people.values())


def served_in(path: Way, view: CameraView) -> int:
    """Give how often a person of known identity leaves the queue across the edge."""
    served, queued, before = 0, False, None
    for frame in sorted(path):
        foot = path[frame]
        if before is not None and queued and any(crosses(edge, before, foot) for edge in view.edges):
            served, queued = served + 1, False
        queued = queued or any(zone.holds(foot) for zone in view.queue)
        before = foot
    return served


def counted_in(events: Sequence[FrameDetections], view: CameraView) -> int:
    """Give how many the counter rule counts."""
    tracks = PeopleTracks()
    return sum(tracks.follow(sight_of(event, view), view) for event in events)


def served_figures(rate: str, true: Sequence[int], counted: Sequence[int]) -> list[Measured]:
    """Give both figures of one rate, from the two counts of each counter."""
    truth, count = np.array(true), np.array(counted)
    drawn = np.random.default_rng(SEED).integers(0, len(truth), (ROUNDS, len(truth)))
    ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    figures = []
    for name, parts in (("ratio", count), ("error", abs(count - truth))):
        low, high = np.quantile(parts[drawn].sum(axis=1) / truth[drawn].sum(axis=1), ends)
        value = float(parts.sum() / truth.sum())
        figures.append(Measured(f"served_{name}_{rate}", value, float(low), float(high), int(truth.sum())))
    return figures
