"""One revision of a camera's registry entry, made ready for judging: periods, zones, timetables."""

from __future__ import annotations

from schemas.cameras import Camera, Zone, ZonePurpose
from services.aggregate.timetable import TimetableSpans
from services.aggregate.zones import AnchoredArea, cells_in, fingerprint

_RESET_FLOOR_MS = 60_000


class ParkingZone(AnchoredArea):
    """A ``no_parking`` zone, its timetable, and what tells it from an earlier shape of itself."""

    def __init__(self, zone: Zone) -> None:
        super().__init__(zone)
        self.classes = frozenset(zone.classes)
        self.spans = TimetableSpans(zone.timetable)
        self.fingerprint = fingerprint(zone)


class WaterZone:
    """A ``water`` zone as cells of the grid of probabilities, and what tells it from an earlier shape of itself.

    Attributes:
        cells: Indices, row by row, of the cells whose centre lies in the polygon; the one nearest to its middle where
            the polygon is so small that it holds none.
    """

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.cells = cells_in(zone)
        self.fingerprint = fingerprint(zone)


class ParkingThresholds:
    """The parking rule's thresholds for one revision of a camera, in milliseconds of observed time.

    Attributes:
        window_ms: What stationary means: still for so long, max(30 s, 2 P).
        bridge_ms: How long a vehicle may be unseen and yet have been there, max(60 s, 3 P).
    """

    def __init__(self, camera: Camera) -> None:
        rule = camera.rules.parking
        self.rule = rule
        self.window_ms = max(round(rule.stationary_window_seconds * 1000), round(2 * camera.sampling_period_ms))
        self.bridge_ms = max(round(rule.bridge_seconds * 1000), round(3 * camera.sampling_period_ms))
        self.grace_ms = round(rule.grace_seconds * 1000)
        self.return_ms = round(rule.return_seconds * 1000)


class CameraView:
    """What the rules ask of a registry entry.

    Attributes:
        period_ms: The sampling period, P.
        observes_most_ms: What a frame observes at most, 2 P.
        reset_gap_ms: The gap beyond which runs start over, max(60 s, 3 P); also how long an unseen thing is bridged.
        presence_gap_ms: How long staff may be unseen without having left, min(presence bridge, 3 P). ADR 7.
        has_counter: Whether the counter rule applies: there is a ``queue`` or a ``staff`` zone.
        opening: The opening hours, or None where none are set.
        water_fingerprints, parking_fingerprints: Of the zones, by zone id.
        counter_fingerprint: Changes with any zone or opening hour of the counter.
    """

    def __init__(self, camera: Camera) -> None:
        self.camera = camera
        self.period_ms = camera.sampling_period_ms
        self.observes_most_ms = round(2 * camera.sampling_period_ms)
        self.reset_gap_ms = max(_RESET_FLOOR_MS, round(3 * camera.sampling_period_ms))
        bridge_seconds = camera.rules.counter.presence_bridge_seconds
        self.presence_gap_ms = min(round(bridge_seconds * 1000), round(3 * camera.sampling_period_ms))
        self.exclude = self._areas("exclude")
        self.queue = self._areas("queue")
        self.staff = self._areas("staff")
        self.has_counter = bool(self.queue or self.staff)
        self.water = tuple(WaterZone(zone) for zone in camera.zones if zone.purpose == "water")
        self.parking = tuple(ParkingZone(zone) for zone in camera.zones if zone.purpose == "no_parking")
        self.water_fingerprints = {each.zone.zone_id: each.fingerprint for each in self.water}
        self.parking_fingerprints = {each.zone.zone_id: each.fingerprint for each in self.parking}
        self.parking_thresholds = ParkingThresholds(camera)
        self.opening = None if camera.opening_hours is None else TimetableSpans(camera.opening_hours)
        counter_zones = [zone for zone in camera.zones if zone.purpose in {"queue", "staff", "counter_edge"}]
        self.edges = tuple(zone.line for zone in counter_zones if zone.purpose == "counter_edge" and zone.line)
        self.counter_fingerprint = fingerprint(counter_zones, camera.opening_hours)

    def _areas(self, purpose: ZonePurpose) -> tuple[AnchoredArea, ...]:
        return tuple(AnchoredArea(zone) for zone in self.camera.zones if zone.purpose == purpose)
