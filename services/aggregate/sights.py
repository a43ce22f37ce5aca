"""What the rules see of a judged frame, small enough to wait in the state until its turn comes."""

from __future__ import annotations

from msgspec import Struct, structs

from schemas.camera_events import FrameCoordinates, FrameDetections, SceneFacts
from schemas.cameras import VehicleClass
from schemas.episodes import EvidenceFrame
from schemas.geometry import BoxXyxy
from services.aggregate.view import CameraView
from services.aggregate.zones import Area

VEHICLES: frozenset[str] = frozenset({"car", "motorcycle", "bus", "truck"})


class Evidence(Struct, frozen=True, array_like=True, gc=False):
    """A frame that something rests on."""

    event_id: str
    captured_at_ms: int
    topic: str
    partition: int
    offset: int
    appended_at_ms: int

    def published(self) -> EvidenceFrame:
        """Give it as episodes carry it."""
        frame = FrameCoordinates(self.topic, self.partition, self.offset, self.appended_at_ms)
        return EvidenceFrame(event_id=self.event_id, captured_at_ms=self.captured_at_ms, frame=frame)


class Vehicle(Struct, frozen=True, array_like=True, gc=False):
    """A vehicle in a frame."""

    label: VehicleClass
    score: float
    box: BoxXyxy


class Sight(Struct, frozen=True, array_like=True, tag="s", gc=False):
    """A judged frame after its camera's ``exclude`` zones were applied.

    ``aspect`` is width / height of the frame in px: it makes distances in x and in y comparable. ``people`` are boxes.
    ``water`` is the grid of probabilities, a byte a cell, 255 = 1, row by row; empty: the camera has no ``water`` zone,
    or no network was asked. ``reliability`` says how far the picture can be trusted, 0 to 1.
    """

    at_ms: int
    event_id: str
    owner_epoch: int
    camera_revision: int
    simulated: bool
    aspect: float
    people: tuple[BoxXyxy, ...]
    vehicles: tuple[Vehicle, ...]
    evidence: Evidence
    scene: SceneFacts
    reliability: float
    water: bytes = b""

    def without(self, masks: tuple[Area, ...]) -> Sight:
        """Give the sight without what stands in one of the masks."""
        if not masks:
            return self
        people = tuple(box for box in self.people if not _in_any(masks, box))
        vehicles = tuple(vehicle for vehicle in self.vehicles if not _in_any(masks, vehicle.box))
        return structs.replace(self, people=people, vehicles=vehicles)


def sight_of(event: FrameDetections, view: CameraView) -> Sight:
    """Give what the camera's rules need of ``event``; classes that none of them asks for are left out."""
    exclude, wants_people, wants_vehicles = view.exclude, view.has_counter, bool(view.parking)
    people: list[BoxXyxy] = []
    vehicles: list[Vehicle] = []
    for thing in event.objects:
        label, box = thing.label, thing.box
        if label == "person":
            if wants_people and not (exclude and any(area.holds_box(box) for area in exclude)):
                people.append(box)
        elif wants_vehicles and label in VEHICLES and not (exclude and any(area.holds_box(box) for area in exclude)):
            vehicles.append(Vehicle(label, thing.score, box))  # type: ignore[arg-type]
    frame = event.frame
    return Sight(
        event.captured_at_ms,
        event.event_id,
        event.owner_epoch,
        event.camera_revision,
        event.simulated,
        event.width / event.height,
        tuple(people),
        tuple(vehicles),
        Evidence(
            event.event_id, event.captured_at_ms, frame.topic, frame.partition, frame.offset, frame.appended_at_ms
        ),
        event.scene,
        event.reliability,
        (event.water or b"") if view.water else b"",
    )


def _in_any(masks: tuple[Area, ...], box: BoxXyxy) -> bool:
    foot = ((box[0] + box[2]) / 2, box[3])
    return any(mask.holds(foot) for mask in masks)
