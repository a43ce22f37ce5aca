"""One no-parking zone from frame to frame: its vehicles, and the cases that they become."""

from __future__ import annotations

from msgspec import Struct, field

from schemas.episodes import EndReason
from schemas.geometry import iou
from services.aggregate.observation import MINUTE_MS, Mark, Step
from services.aggregate.parking_cases import Case, open_case
from services.aggregate.parking_stays import Stay, match
from services.aggregate.sights import Sight, Vehicle
from services.aggregate.unsaved import Unsaved
from services.aggregate.view import CameraView, ParkingThresholds, ParkingZone


class ZoneStays(Struct, array_like=True):
    """The vehicles followed in a zone, its cases whose end is not published, and since when its timetable holds.

    ``number`` counts the frames that the zone has seen.
    """

    number: int = 0
    stays: list[Stay] = field(default_factory=list)
    cases: dict[str, Case] = field(default_factory=dict)
    in_force: Mark | None = None
    in_force_until: int = 0

    @property
    def cases_present(self) -> int:
        """Give the number of cases whose vehicle is there."""
        return sum(case.present for case in self.cases.values())

    def judge(
        self, vehicles: list[Vehicle], sight: Sight, step: Step, view: CameraView, zone: ParkingZone, unsaved: Unsaved
    ) -> None:
        """Take the next frame, which shows ``vehicles`` in the zone."""
        self.number += 1
        self._follow_timetable(step, zone, unsaved)
        if not vehicles and not self.stays and not self.cases:
            return
        frame = _Frame(sight, step, view, zone, unsaved)
        self._give_up_unseen(frame)
        self._follow_vehicles(vehicles, frame)
        self._end_left_cases(frame)

    def lose_sight(self, camera_id: str, zone_id: str, unsaved: Unsaved) -> None:
        """End all stays after a gap without frames so long that runs start over. Cases wait for a return."""
        for stay in self.stays:
            self._leave(stay, camera_id, zone_id, "no_data", unsaved)
        self.stays = []

    def end_all(self, camera_id: str, zone_id: str, because: EndReason, unsaved: Unsaved) -> None:
        """End all stays and cases at their last sight."""
        for stay in self.stays:
            stay.publish(camera_id, zone_id, unsaved, because)
        for case in self.cases.values():
            case.publish(unsaved, case.last.at_ms, because)
        self.stays, self.cases = [], {}

    def _follow_timetable(self, step: Step, zone: ParkingZone, unsaved: Unsaved) -> None:
        span = zone.spans.at(step.at_ms)
        if not span.in_force or (self.in_force is not None and span.start_ms > self.in_force_until):
            self._end_timetable(unsaved)
        if span.in_force:
            if self.in_force is None:
                self.in_force = Mark(span.start_ms, step.clock_at(span.start_ms))
            self.in_force_until = span.end_ms

    def _end_timetable(self, unsaved: Unsaved) -> None:
        self.in_force = None
        for case in self.cases.values():
            if case.present:
                case.publish(unsaved, self.in_force_until, "timetable")
            else:
                case.publish(unsaved, case.last.at_ms, "left")
        if self.cases:
            self.cases = {}
            for stay in self.stays:
                stay.case_id = ""

    def _give_up_unseen(self, frame: _Frame) -> None:
        bridge_ms, clock_ms = frame.thresholds.bridge_ms, frame.now.clock_ms
        unseen = [stay for stay in self.stays if clock_ms - stay.last.clock_ms > bridge_ms]
        if unseen:
            for stay in unseen:
                self._leave(stay, frame.camera_id, frame.zone_id, "left", frame.unsaved)
            self.stays = [stay for stay in self.stays if clock_ms - stay.last.clock_ms <= bridge_ms]

    def _leave(self, stay: Stay, camera_id: str, zone_id: str, because: EndReason, unsaved: Unsaved) -> None:
        stay.publish(camera_id, zone_id, unsaved, because)
        case = self.cases.get(stay.case_id)
        if case is not None:
            case.present = False

    def _follow_vehicles(self, vehicles: list[Vehicle], frame: _Frame) -> None:
        known = match(self.stays, vehicles, frame.thresholds.rule.match_iou)
        stays = self.stays
        for index, vehicle in enumerate(vehicles):
            if index in known:
                stay = stays[known[index]]
            else:
                stay = Stay(vehicle.box, frame.now, frame.sight.evidence, {})
                self.stays = [*self.stays, stay]
            self._see(stay, vehicle, frame)

    def _see(self, stay: Stay, vehicle: Vehicle, frame: _Frame) -> None:
        thresholds, now = frame.thresholds, frame.now
        before = (stay.box, stay.last, stay.last_frame)
        stay.move_to(vehicle, frame.sight, now, frame.zone, thresholds.window_ms)
        if not stay.is_still(thresholds):
            if stay.confirmed:
                after = (stay.box, stay.last, stay.last_frame)
                stay.box, stay.last, stay.last_frame = before
                self._leave(stay, frame.camera_id, frame.zone_id, "left", frame.unsaved)
                stay.box, stay.last, stay.last_frame = after
            stay.stop_standing()
            return
        if stay.still_from is None:
            stay.start_standing(now, frame.sight, self.number)
        stay.frames += 1
        seen_enough = stay.is_seen_enough(self.number)
        if not stay.confirmed and stay.dwell_ms >= thresholds.window_ms and seen_enough:
            stay.confirmed = True
            self._continue_case(stay, thresholds)
        if stay.confirmed:
            self._follow_case(stay, vehicle, frame)

    def _continue_case(self, stay: Stay, thresholds: ParkingThresholds) -> None:
        returned = [case for case in self.cases.values() if _is_return(stay, case, thresholds)]
        if returned:
            max(returned, key=lambda case: (iou(case.box, stay.box), case.case_id)).come_back(stay)

    def _follow_case(self, stay: Stay, vehicle: Vehicle, frame: _Frame) -> None:
        case = self.cases.get(stay.case_id)
        if case is None and self.in_force is not None and stay.still_from is not None:
            counted_from = max(stay.still_from, self.in_force, key=_clock_of)
            stood_ms = frame.now.clock_ms - counted_from.clock_ms
            if stood_ms >= frame.thresholds.grace_ms and stay.is_seen_enough(self.number):
                rule = frame.thresholds.rule
                case = open_case(frame.camera_id, frame.zone_id, stay, counted_from, rule)
                self.cases[case.case_id] = case
        if case is not None:
            case.see(stay, vehicle.score)
            if case.published_minute != frame.minute:
                case.publish(frame.unsaved)
        if stay.published_minute != frame.minute:
            stay.publish(frame.camera_id, frame.zone_id, frame.unsaved)

    def _end_left_cases(self, frame: _Frame) -> None:
        thresholds = frame.thresholds
        for case in list(self.cases.values()):
            away_ms = frame.now.clock_ms - case.last.clock_ms
            if case.present or away_ms < thresholds.return_ms:
                continue
            if any(_may_become_return(stay, case, thresholds) for stay in self.stays):
                continue  # a vehicle stands there again; whether it stays is not known yet
            case.publish(frame.unsaved, case.last.at_ms, "left")
            del self.cases[case.case_id]


class _Frame:
    """The frame that is being judged, with what all steps need."""

    def __init__(self, sight: Sight, step: Step, view: CameraView, zone: ParkingZone, unsaved: Unsaved) -> None:
        self.sight, self.zone, self.unsaved = sight, zone, unsaved
        self.now = Mark(sight.at_ms, step.clock_ms)
        self.minute = sight.at_ms // MINUTE_MS
        self.camera_id = view.camera.camera_id
        self.zone_id = zone.zone.zone_id
        self.thresholds = view.parking_thresholds


def _is_return(stay: Stay, case: Case, thresholds: ParkingThresholds) -> bool:
    """Tell whether the vehicle stands where that of the case stood, and came soon enough."""
    if case.present or stay.still_from is None:
        return False
    soon = stay.still_from.clock_ms - case.last.clock_ms <= thresholds.return_ms
    return soon and iou(case.box, stay.box) >= thresholds.rule.match_iou


def _may_become_return(stay: Stay, case: Case, thresholds: ParkingThresholds) -> bool:
    too_young = not stay.confirmed and stay.dwell_ms < thresholds.window_ms
    return too_young and _is_return(stay, case, thresholds)


def _clock_of(mark: Mark) -> int:
    return mark.clock_ms
