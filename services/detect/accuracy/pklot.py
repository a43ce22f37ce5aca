"""How well parked vehicles are found: spaces of PKLot that are occupied, against those that look so.

A space counts as occupied when the centre of a reported vehicle's box lies inside its outline. Which vehicle it is
called does not matter: rules judge vehicles as one group.

Source: de Almeida et al. 2015, PKLot: a robust dataset for parking lot classification, Expert Systems with
Applications 42, p. 4937. Licence of the pictures: CC BY 4.0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree.ElementTree import ParseError, parse

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.camera_events import FrameDetections
from services.detect.accuracy.bootstrap import share_figure
from services.detect.accuracy.intervals import wilson_interval
from services.detect.accuracy.measured import Measured
from services.detect.footage import Footage
from services.detect.objects import VEHICLES
from services.detect.offline import judge_footage
from services.detect.pipeline import Tools
from services.runtime.timed_stills import STILL_NAMES

TUNING_SEQUENCES = (0, 3)
"""On these thresholds are chosen."""
TEST_SEQUENCES = (1, 2)
"""On these figures are reported."""
MOST_FALSE_RATE = 0.005
"""Of empty spaces, on the tuning sequences. A false vehicle that stands becomes a false parking case, so it is rare
by a margin: the goal for the test sequences is four times this."""
EMPTY_DAYS = ("2013-03-02", "2013-03-03", "2013-03-05", "2013-03-06", "2013-03-09", "2013-03-10")
"""Of the time-lapse, which the sequences' camera took: days of none of the tuning sequences. In every
``EMPTY_EVERY``-th of their frames the car park is empty; that was seen by eye, for there are no labels."""
EMPTY_EVERY = 6
SCORES = tuple(step / 100 for step in range(5, 100))
"""Thresholds that are tried: from the least score that detectors give out, in steps of .01."""


@dataclass(frozen=True, slots=True)
class ParkingSpace:
    """One space: ``outline_xy_px`` float32 [N, 2] in px of the frame."""

    outline_xy_px: NDArray[np.float32]
    occupied: bool


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Counts over spaces and frames."""

    occupied: int = 0
    found: int = 0
    empty: int = 0
    false: int = 0

    @property
    def recall(self) -> float:
        """Give the share of occupied spaces that look occupied."""
        return self.found / self.occupied if self.occupied else 0.0

    @property
    def false_rate(self) -> float:
        """Give the share of empty spaces that look occupied."""
        return self.false / self.empty if self.empty else 0.0

    @property
    def recall_interval(self) -> tuple[float, float]:
        """Give the 95 % interval of ``recall``."""
        return wilson_interval(self.found, self.occupied)

    @property
    def false_rate_interval(self) -> tuple[float, float]:
        """Give the 95 % interval of ``false_rate``."""
        return wilson_interval(self.false, self.empty)

    def plus(self, space: ParkingSpace, looks_occupied: bool) -> Occupancy:
        """Give the counts with one more space."""
        return Occupancy(
            self.occupied + space.occupied,
            self.found + (space.occupied and looks_occupied),
            self.empty + (not space.occupied),
            self.false + (looks_occupied and not space.occupied),
        )


SpacesAndEvent = tuple[list[ParkingSpace], FrameDetections]


def judged_sequences(
    folder: Path, sequences: Sequence[int], tools: Tools, advance: Callable[[], None] = lambda: None
) -> list[SpacesAndEvent]:
    """Give every frame's spaces and event; ``advance`` is called after each.

    ``folder`` holds ``sequence<N>/frames`` and ``…/bounding_boxes``.
    """
    judged: list[SpacesAndEvent] = []
    for sequence in sequences:
        stills = _stills(folder, sequence)
        frames = stills[0].parent
        events = judge_footage(Footage(frames, camera_id="accuracy"), tools)
        for still, event in zip(stills, events, strict=True):
            assert isinstance(event, FrameDetections), f"{still.name} was not judged: {event}"
            judged.append((read_spaces(frames.parent / "bounding_boxes" / f"{still.stem}.xml"), event))
            advance()
    return judged


def judged_empty_frames(folder: Path, tools: Tools, advance: Callable[[], None] = lambda: None) -> list[SpacesAndEvent]:
    """Give the time-lapse's empty frames, from dawn over hard sun to dusk; ``advance`` is called after each.

    ``folder`` holds ``timelapse`` and ``sequence0``, whose spaces are the same.
    """
    truth = sorted((folder / "sequence0" / "bounding_boxes").iterdir())[0]
    spaces = [replace(space, occupied=False) for space in read_spaces(truth)]
    judged: list[SpacesAndEvent] = []
    for still in empty_stills(folder):
        (event,) = judge_footage(Footage(still, camera_id="accuracy"), tools)
        assert isinstance(event, FrameDetections), f"{still.name} was not judged: {event}"
        judged.append((spaces, event))
        advance()
    return judged


def empty_stills(folder: Path) -> list[Path]:
    """Give the time-lapse's stills in which the car park is empty, by time."""
    stills = sorted(path for path in (folder / "timelapse").iterdir() if path.name.startswith(EMPTY_DAYS))
    return stills[::EMPTY_EVERY]


def sequence_length(folder: Path, sequence: int) -> int:
    """Give how many frames a sequence has."""
    return len(_stills(folder, sequence))


def chosen_threshold(judged: Sequence[SpacesAndEvent]) -> float:
    """Give the lowest of ``SCORES`` at which at most ``MOST_FALSE_RATE`` of the empty spaces look occupied.

    Raises:
        ValueError: More look so at all of them.
    """
    for score in SCORES:
        if occupancy(judged, score).false_rate <= MOST_FALSE_RATE:
            return score
    raise ValueError(f"more than {MOST_FALSE_RATE:.1%} of the empty spaces look occupied at every threshold")


def occupancy(judged: Sequence[SpacesAndEvent], least_score: float = 0.0) -> Occupancy:
    """Count spaces, taking vehicles from ``least_score`` up."""
    counts = Occupancy()
    for spaces, event in judged:
        centres = [
            ((each.box[0] + each.box[2]) / 2 * event.width, (each.box[1] + each.box[3]) / 2 * event.height)
            for each in event.objects
            if each.label in VEHICLES and each.score >= least_score
        ]
        for space in spaces:
            inside = any(cv2.pointPolygonTest(space.outline_xy_px, centre, False) >= 0 for centre in centres)
            counts = counts.plus(space, inside)
    return counts


def occupancy_figures(how: str, counts: Occupancy) -> list[Measured]:
    """Give ``pklot_recall_<how>`` and ``pklot_false_rate_<how>`` with Wilson's intervals.

    Frames are not drawn anew, as those of clips are: a share that is 0 or 1 in every one of few frames would seem
    certain.
    """
    return [
        Measured(f"pklot_recall_{how}", counts.recall, *counts.recall_interval, counts.occupied),
        Measured(f"pklot_false_rate_{how}", counts.false_rate, *counts.false_rate_interval, counts.empty),
    ]


def empty_figure(how: str, judged: Sequence[SpacesAndEvent], least_score: float) -> Measured:
    """Give ``pklot_false_rate_timelapse_<how>``: the share of empty spaces that look occupied, frames drawn anew."""
    counts = [occupancy([each], least_score) for each in judged]
    name = f"pklot_false_rate_timelapse_{how}"
    return share_figure(name, [[count.false for count in counts]], [[count.empty for count in counts]])


def read_spaces(path: Path) -> list[ParkingSpace]:
    """Read a frame's spaces; those whose occupancy is not stated are left out.

    Raises:
        ValueError: The file is not of PKLot's form.
    """
    try:
        root = parse(path).getroot()  # noqa: S314  the data set's own files, not the network's
    except ParseError as error:
        raise ValueError(f"{path.name}: {error}") from error
    spaces = []
    for space in root.iter("space"):
        points = [(float(point.attrib["x"]), float(point.attrib["y"])) for point in space.iterfind("contour/point")]
        if "occupied" in space.attrib and points:
            spaces.append(ParkingSpace(np.array(points, np.float32), space.attrib["occupied"] == "1"))
    return spaces


def _stills(folder: Path, sequence: int) -> list[Path]:
    frames = folder / f"sequence{sequence}" / "frames"
    return sorted(path for path in frames.iterdir() if path.suffix.lower() in STILL_NAMES)
