"""How well parked vehicles are found: spaces of PKLot that are occupied, against those that look so.

A space counts as occupied when the centre of a reported vehicle's box lies inside its outline. Which vehicle it is
called does not matter: rules judge vehicles as one group.

Source: de Almeida et al. 2015, PKLot: a robust dataset for parking lot classification, Expert Systems with
Applications 42, p. 4937. Licence of the pictures: CC BY 4.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import ParseError, parse

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.camera_events import FrameDetections
from services.detect.accuracy.intervals import wilson_interval
from services.detect.footage import Footage
from services.detect.objects import VEHICLES
from services.detect.offline import judge_footage
from services.detect.pipeline import Tools
from services.runtime.timed_stills import STILL_NAMES

TUNING_SEQUENCES = (0, 3)
"""On these thresholds are chosen."""
TEST_SEQUENCES = (1, 2)
"""On these figures are reported."""


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


def judged_sequences(folder: Path, sequences: tuple[int, ...], tools: Tools) -> list[SpacesAndEvent]:
    """Give every frame's spaces and event. ``folder`` holds ``sequence<N>/frames`` and ``…/bounding_boxes``."""
    judged: list[SpacesAndEvent] = []
    for sequence in sequences:
        frames = folder / f"sequence{sequence}" / "frames"
        stills = sorted(path for path in frames.iterdir() if path.suffix.lower() in STILL_NAMES)
        events = judge_footage(Footage(frames, camera_id="accuracy"), tools)
        for still, event in zip(stills, events, strict=True):
            assert isinstance(event, FrameDetections), f"{still.name} was not judged: {event}"
            judged.append((read_spaces(frames.parent / "bounding_boxes" / f"{still.stem}.xml"), event))
    return judged


def occupancy(judged: list[SpacesAndEvent], least_score: float = 0.0) -> Occupancy:
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
