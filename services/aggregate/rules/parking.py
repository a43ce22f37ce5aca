"""Parking: vehicles in no-parking zones by the minute, their stays, and the cases of those that stood too long."""

from __future__ import annotations

from msgspec import Struct, field

from services.aggregate.observation import EXPECTED_SECONDS, MINUTE_MS, Step
from services.aggregate.parking_zone import ZoneStays
from services.aggregate.row_columns import RULESET
from services.aggregate.rows import ParkingMinuteRow
from services.aggregate.sights import Sight, Vehicle
from services.aggregate.unsaved import Unsaved
from services.aggregate.view import CameraView, ParkingZone


class ParkingMinute(Struct, array_like=True):
    """One minute of a zone. ``vehicles`` counts frames by the number of vehicles in the zone."""

    vehicles: dict[int, int] = field(default_factory=dict)
    observed_ms: int = 0
    vehicle_ms: int = 0
    cases_most: int = 0
    camera_revision: int = 0
    in_force: bool = False
    simulated: bool = False
    amended: int = 0

    def take(self, minute: int, count: int, sight: Sight, zone: ParkingZone) -> None:
        """Count a frame that shows ``count`` vehicles in the zone."""
        self.vehicles[count] = self.vehicles.get(count, 0) + 1
        self.simulated = self.simulated or sight.simulated
        if sight.camera_revision > self.camera_revision:
            self.camera_revision = sight.camera_revision
            self.in_force = zone.spans.at(minute * MINUTE_MS).in_force

    def row(self, camera_id: str, zone_id: str, minute: int, valid: bool, version: int) -> ParkingMinuteRow:
        """Give the minute as it stands."""
        frames = sum(self.vehicles.values())
        return ParkingMinuteRow(
            camera_id=camera_id,
            zone_id=zone_id,
            minute=minute * MINUTE_MS,
            camera_revision=self.camera_revision,
            frames=frames,
            in_force=self.in_force,
            vehicles_mean=sum(count * times for count, times in self.vehicles.items()) / frames,
            vehicles_max=max(self.vehicles),
            vehicle_seconds=self.vehicle_ms / 1000,
            cases_open_max=self.cases_most,
            observed_s=self.observed_ms / 1000,
            expected_s=EXPECTED_SECONDS,
            valid=valid,
            simulated=self.simulated,
            ruleset=RULESET,
            revision=self.amended,
            version=version,
        )


class ZoneState(Struct, array_like=True):
    """What the rule remembers of one zone. ``count`` is the number of vehicles in the previous frame."""

    fingerprint: bytes
    count: int = 0
    minutes: dict[int, ParkingMinute] = field(default_factory=dict)
    stays: ZoneStays = field(default_factory=ZoneStays)


class State(Struct, array_like=True):
    """What the rule remembers of a camera, by zone. ``gone`` are minutes of zones that exist no more."""

    zones: dict[str, ZoneState] = field(default_factory=dict)
    gone: dict[str, dict[int, ParkingMinute]] = field(default_factory=dict)


def judge(state: State, sight: Sight, step: Step, view: CameraView, unsaved: Unsaved) -> None:
    """Take the next frame, in order of capture, of a camera that has a no-parking zone or had one."""
    camera_id = view.camera.camera_id
    for known in state.zones.values():
        _credit(known, step)
    if step.no_data:
        for zone_id, known in state.zones.items():
            known.stays.end_all(camera_id, zone_id, "no_data", unsaved)
    _close_changed_zones(state, view, unsaved)
    for zone in view.parking:
        zone_id = zone.zone.zone_id
        known = state.zones.get(zone_id) or _start(state, zone)
        if step.reset:
            known.stays.lose_sight(camera_id, zone_id, unsaved)
        vehicles = _vehicles_in(zone, sight)
        known.count = len(vehicles)
        known.stays.judge(vehicles, sight, step, view, zone, unsaved)
        minute = sight.at_ms // MINUTE_MS
        window = known.minutes.get(minute) or _begun(known.minutes, minute)
        window.take(minute, known.count, sight, zone)
        if known.stays.cases:
            window.cases_most = max(window.cases_most, known.stays.cases_present)


def amend(state: State, sight: Sight, view: CameraView) -> None:
    """Take a frame that came after its turn: it amends the counts of its minute and nothing else."""
    minute = sight.at_ms // MINUTE_MS
    for zone in view.parking:
        known = state.zones.get(zone.zone.zone_id)
        minutes = known.minutes if known is not None else state.gone.setdefault(zone.zone.zone_id, {})
        window = minutes.get(minute) or _begun(minutes, minute)
        window.take(minute, len(_vehicles_in(zone, sight)), sight, zone)
        window.amended += 1


def rows(state: State, camera_id: str, minute: int, valid: bool, version: int) -> list[ParkingMinuteRow]:
    """Give the rows of a minute, one a zone; none for zones of which no frame of it was judged."""
    windows = [(zone_id, zone.minutes.get(minute)) for zone_id, zone in state.zones.items()]
    windows += [(zone_id, minutes.get(minute)) for zone_id, minutes in state.gone.items()]
    return [
        window.row(camera_id, zone_id, minute, valid, version)
        for zone_id, window in windows
        if window is not None and window.vehicles
    ]


def forget_before(state: State, minute: int) -> None:
    """Let go of the minutes before ``minute``."""
    for zone in state.zones.values():
        zone.minutes = {m: window for m, window in zone.minutes.items() if m >= minute}
    kept = {z: {m: w for m, w in minutes.items() if m >= minute} for z, minutes in state.gone.items()}
    state.gone = {zone_id: minutes for zone_id, minutes in kept.items() if minutes}


def _start(state: State, zone: ParkingZone) -> ZoneState:
    zone_id = zone.zone.zone_id
    known = ZoneState(zone.fingerprint, minutes=state.gone.pop(zone_id, {}))
    state.zones[zone_id] = known
    return known


def _close_changed_zones(state: State, view: CameraView, unsaved: Unsaved) -> None:
    shapes = view.parking_fingerprints
    changed = [zone_id for zone_id, known in state.zones.items() if shapes.get(zone_id) != known.fingerprint]
    for zone_id in changed:
        known = state.zones.pop(zone_id)
        known.stays.end_all(view.camera.camera_id, zone_id, "rule_changed", unsaved)
        state.gone[zone_id] = known.minutes


def _credit(zone: ZoneState, step: Step) -> None:
    for minute, observed_ms in step.minutes:
        window = zone.minutes.get(minute) or _begun(zone.minutes, minute)
        window.observed_ms += observed_ms
        window.vehicle_ms += observed_ms * zone.count


def _begun(minutes: dict[int, ParkingMinute], minute: int) -> ParkingMinute:
    window = minutes[minute] = ParkingMinute()
    return window


def _vehicles_in(zone: ParkingZone, sight: Sight) -> list[Vehicle]:
    classes = zone.classes
    return [vehicle for vehicle in sight.vehicles if vehicle.label in classes and zone.holds_box(vehicle.box)]
