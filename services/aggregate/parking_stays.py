"""Vehicles in a no-parking zone: which box is which vehicle, and how long each has been standing still."""

from __future__ import annotations

import math
from typing import Final

from msgspec import Struct, field

from schemas.camera_events import make_event_id
from schemas.cameras import VehicleClass
from schemas.geometry import BoxXyxy, iou
from services.aggregate.observation import MINUTE_MS, Mark
from services.aggregate.row_columns import RULESET
from services.aggregate.rows import ParkingStayRow
from services.aggregate.sights import Evidence, Sight, Vehicle
from services.aggregate.unsaved import Unsaved
from services.aggregate.view import ParkingThresholds, ParkingZone

LEAST_SEEN_RATIO: Final = 0.25
"""A vehicle that stands must be seen in this share of the frames since it stopped.

Standing vehicles are seen in nine frames of ten. Without this, cars that pass the same spot every few seconds bridge
each other's absence: simulated traffic of 0.8 moving cars a frame made 19 cases an hour, and makes none with it; the
spot is covered in less than a tenth of the frames.
"""


class Place(Struct, frozen=True, array_like=True, gc=False):
    """Where an anchor was, in heights of the frame."""

    at_ms: int
    x: float
    y: float


class Stay(Struct, array_like=True):
    """A vehicle that is followed in a zone.

    ``still_from`` is its first stationary sight, None while it moves; ``first``, ``first_box`` and ``first_number`` (of
    the zone's frames) belong to that sight. ``frames`` are those in which it stood since. ``confirmed`` tells that it
    has been still for the whole stationary window. ``labels`` counts the classes in which it was seen. ``case_id``
    names its parking case.
    """

    box: BoxXyxy
    last: Mark
    last_frame: Evidence
    labels: dict[VehicleClass, int]
    places: list[Place] = field(default_factory=list)
    still_from: Mark | None = None
    first: Evidence | None = None
    first_box: BoxXyxy = (0.0, 0.0, 0.0, 0.0)
    first_number: int = 0
    frames: int = 0
    confirmed: bool = False
    case_id: str = ""
    camera_revision: int = 0
    simulated: bool = False
    published_minute: int = -1

    @property
    def label(self) -> VehicleClass:
        """Give the class in which it was seen most often; of equals the first in the alphabet."""
        return min(self.labels, key=lambda label: (-self.labels[label], label))

    @property
    def dwell_ms(self) -> int:
        """Give the observed time from its first stationary to its last sight."""
        return 0 if self.still_from is None else self.last.clock_ms - self.still_from.clock_ms

    def displacement(self) -> float:
        """Give the largest distance between two of its trailing places, in heights of its box."""
        height = max(self.box[3] - self.box[1], 1e-6)
        return _diameter(self.places) / height

    def is_still(self, thresholds: ParkingThresholds) -> bool:
        """Tell whether it has not moved within the trailing window."""
        limit = thresholds.rule.stationary_box_heights * (self.box[3] - self.box[1])
        return _stays_within(self.places, limit)

    def move_to(self, vehicle: Vehicle, sight: Sight, now: Mark, zone: ParkingZone, window_ms: int) -> None:
        """Take the sight of it in the next frame."""
        x, y = zone.anchor_of(vehicle.box)
        oldest_ms, fresh = now.at_ms - window_ms, 0
        while fresh < len(self.places) and self.places[fresh].at_ms < oldest_ms:
            fresh += 1
        del self.places[:fresh]
        self.places.append(Place(now.at_ms, x * sight.aspect, y))
        self.box, self.last, self.last_frame = vehicle.box, now, sight.evidence
        self.labels[vehicle.label] = self.labels.get(vehicle.label, 0) + 1
        self.camera_revision = sight.camera_revision
        self.simulated = self.simulated or sight.simulated

    def is_seen_enough(self, number: int) -> bool:
        """Tell whether it was seen in enough of the frames since it stopped; ``number`` is the present one's."""
        return self.frames >= LEAST_SEEN_RATIO * (number - self.first_number + 1)

    def start_standing(self, now: Mark, sight: Sight, number: int) -> None:
        """Take this sight, of the zone's frame ``number``, as its first stationary one."""
        self.still_from, self.first, self.first_box = now, sight.evidence, self.box
        self.first_number = number
        self.frames = 0

    def stop_standing(self) -> None:
        """Forget that it stood; it goes on as a vehicle that moves."""
        self.still_from, self.first, self.confirmed = None, None, False
        self.case_id, self.published_minute = "", -1

    def publish(self, camera_id: str, zone_id: str, unsaved: Unsaved, because: str = "") -> None:
        """Hold its row, open or (with a reason) ended. Only a vehicle that has stood for the window has one."""
        if not self.confirmed or self.still_from is None or self.first is None:
            return
        self.published_minute = self.last.at_ms // MINUTE_MS
        left, top, right, bottom = self.box
        row = ParkingStayRow(
            camera_id=camera_id,
            zone_id=zone_id,
            stay_id=make_event_id("parking_stay", camera_id, zone_id, self.first.event_id, self.first_box),
            camera_revision=self.camera_revision,
            vehicle=self.label,
            phase="ended" if because else "open",
            started_at=self.still_from.at_ms,
            last_seen_at=self.last.at_ms,
            ended_because=because,
            dwell_s=self.dwell_ms / 1000,
            frames=self.frames,
            left=left,
            top=top,
            right=right,
            bottom=bottom,
            episode_id=self.case_id,
            first_event_id=self.first.event_id,
            last_event_id=self.last_frame.event_id,
            simulated=self.simulated,
            ruleset=RULESET,
            version=unsaved.version,
        )
        unsaved.publish(row)


def match(stays: list[Stay], vehicles: list[Vehicle], least_iou: float) -> dict[int, int]:
    """Pair vehicles with known stays, one to one, the best overlap first: index of the vehicle to index of the stay.

    Source: greedy assignment by intersection over union with the stay's last box, from ``least_iou`` up.
    """
    pairs: list[tuple[float, int, int]] = []
    for s, stay in enumerate(stays):
        left, top, right, bottom = stay.box
        for v, vehicle in enumerate(vehicles):
            box = vehicle.box
            if box[0] < right and left < box[2] and box[1] < bottom and top < box[3]:
                overlap = iou(stay.box, box)
                if overlap >= least_iou:
                    pairs.append((-overlap, s, v))
    pairs.sort()
    matched: dict[int, int] = {}
    taken: set[int] = set()
    for _, s, v in pairs:
        if s not in taken and v not in matched:
            matched[v] = s
            taken.add(s)
    return matched


def _stays_within(places: list[Place], limit: float) -> bool:
    """Tell whether all distances between two places are below ``limit``; the exact ones only where it is close."""
    xs, ys = [place.x for place in places], [place.y for place in places]
    width, height = max(xs) - min(xs), max(ys) - min(ys)
    if math.hypot(width, height) < limit:
        return True
    return max(width, height) < limit and _diameter(places) < limit


def _diameter(places: list[Place]) -> float:
    return max(math.hypot(a.x - b.x, a.y - b.y) for a in places for b in places)
