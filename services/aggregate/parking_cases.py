"""Parking cases: a vehicle that stood too long where that is forbidden, with its short absences."""

from __future__ import annotations

from msgspec import Struct

from schemas.camera_events import make_event_id
from schemas.cameras import ParkingRule, VehicleClass
from schemas.episodes import Crossing, EndReason, ParkingCase
from schemas.geometry import BoxXyxy
from services.aggregate.episode_rows import episode_row
from services.aggregate.observation import MINUTE_MS, Mark
from services.aggregate.parking_stays import Stay
from services.aggregate.row_columns import RULESET
from services.aggregate.sights import Evidence
from services.aggregate.unsaved import Unsaved


class Case(Struct, array_like=True):
    """A parking case that has begun and whose end is not published.

    ``present`` is False from the time its vehicle is given up until it is back. ``dwell_before_ms`` is what earlier
    stays of the case add to the present one's dwell.
    """

    case_id: str
    camera_id: str
    zone_id: str
    camera_revision: int
    started_at_ms: int
    vehicle: VehicleClass
    box: BoxXyxy
    last: Mark
    first: Evidence
    best: Evidence
    best_score: float
    last_frame: Evidence
    why: tuple[Crossing, ...]
    dwell_ms: int
    simulated: bool
    present: bool = True
    dwell_before_ms: int = 0
    revision: int = 0
    published_minute: int = -1

    def see(self, stay: Stay, score: float) -> None:
        """Take the latest sight of its vehicle, detected with ``score``."""
        self.box, self.last, self.last_frame = stay.box, stay.last, stay.last_frame
        self.vehicle = stay.label
        self.dwell_ms = self.dwell_before_ms + stay.dwell_ms
        self.simulated = self.simulated or stay.simulated
        if score > self.best_score:
            self.best, self.best_score = stay.last_frame, score

    def come_back(self, stay: Stay) -> None:
        """Go on with a vehicle that stands in the same place again. The absence was no dwell."""
        self.present, self.dwell_before_ms = True, self.dwell_ms
        stay.case_id = self.case_id

    def publish(self, unsaved: Unsaved, ended_at_ms: int = 0, because: EndReason = "") -> None:
        """Publish it as it stands, open or (with a reason) ended."""
        self.revision += 1
        self.published_minute = self.last.at_ms // MINUTE_MS
        episode = ParkingCase(
            episode_id=self.case_id,
            camera_id=self.camera_id,
            zone_id=self.zone_id,
            revision=self.revision,
            ruleset=RULESET,
            camera_revision=self.camera_revision,
            phase="ended" if because else "open",
            review="suspected",
            started_at_ms=self.started_at_ms,
            last_seen_at_ms=self.last.at_ms,
            ended_at_ms=ended_at_ms,
            ended_because=because,
            first=self.first.published(),
            best=self.best.published(),
            last=self.last_frame.published(),
            why=self.why,
            simulated=self.simulated,
            vehicle=self.vehicle,
            box=self.box,
            dwell_seconds=self.dwell_ms / 1000,
        )
        unsaved.publish(episode_row(episode, unsaved.version), episode)


def open_case(camera_id: str, zone_id: str, stay: Stay, counted_from: Mark, rule: ParkingRule) -> Case:
    """Begin the case of a vehicle that has stood for the grace time since ``counted_from``."""
    if stay.first is None or stay.still_from is None:
        raise ValueError("a vehicle that moves has no parking case")
    case_id = make_event_id("parking_case", camera_id, zone_id, stay.first.event_id, stay.first_box, counted_from.at_ms)
    stood_s = (stay.last.clock_ms - counted_from.clock_ms) / 1000
    stay.case_id = case_id
    return Case(
        case_id=case_id,
        camera_id=camera_id,
        zone_id=zone_id,
        camera_revision=stay.camera_revision,
        started_at_ms=stay.still_from.at_ms,
        vehicle=stay.label,
        box=stay.box,
        last=stay.last,
        first=stay.first,
        best=stay.last_frame,
        best_score=0.0,
        last_frame=stay.last_frame,
        why=(
            Crossing(name="stood", value=stood_s, threshold=rule.grace_seconds, unit="s"),
            Crossing(
                name="displacement",
                value=stay.displacement(),
                threshold=rule.stationary_box_heights,
                unit="box heights",
            ),
        ),
        dwell_ms=stay.dwell_ms,
        simulated=stay.simulated,
    )
