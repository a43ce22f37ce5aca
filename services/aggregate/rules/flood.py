"""Floods: how much of each water zone is under water by the minute, and the episodes from onset to clearing."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from schemas.times import NO_DATA_MS
from services.aggregate.flood_baseline import LATE_MS, WaterBaseline
from services.aggregate.flood_episodes import FloodRuns, FloodState, Place
from services.aggregate.observation import EXPECTED_SECONDS, MINUTE_MS, Step
from services.aggregate.row_columns import RULESET
from services.aggregate.rows import FloodMinuteRow
from services.aggregate.sights import Sight
from services.aggregate.unsaved import Unsaved
from services.aggregate.view import CameraView, WaterZone

_STATES: Final[tuple[FloodState, ...]] = ("dry", "onset", "flood")
"""From the best to the worst."""


class FloodMinute(Struct, array_like=True):
    """One minute of a zone; ratios and reliability as sums over the frames that were ``judged`` in order.

    ``frames`` counts late ones as well. ``worst`` is an index of ``_STATES``.
    """

    frames: int = 0
    ratio_sum: float = 0.0
    ratio_most: float = 0.0
    reliability_sum: float = 0.0
    observed_ms: int = 0
    camera_revision: int = 0
    simulated: bool = False
    amended: int = 0
    judged: int = 0
    worst: int = 0

    def take(self, sight: Sight, ratio: float, state: FloodState) -> None:
        """Count a frame whose r is ``ratio``."""
        self.count(sight)
        self.judged += 1
        self.ratio_sum += ratio
        self.ratio_most = max(self.ratio_most, ratio)
        self.reliability_sum += sight.reliability
        self.worst = max(self.worst, _STATES.index(state))

    def count(self, sight: Sight) -> None:
        """Count a frame, whether it is judged or late."""
        self.frames += 1
        self.camera_revision = max(self.camera_revision, sight.camera_revision)
        self.simulated = self.simulated or sight.simulated

    def row(self, camera_id: str, zone_id: str, minute: int, valid: bool, version: int) -> FloodMinuteRow:
        """Give the minute as it stands."""
        return FloodMinuteRow(
            camera_id=camera_id,
            zone_id=zone_id,
            minute=minute * MINUTE_MS,
            camera_revision=self.camera_revision,
            frames=self.frames,
            state=_STATES[self.worst],
            ratio_mean=self.ratio_sum / self.judged,
            ratio_max=self.ratio_most,
            reliability_mean=self.reliability_sum / self.judged,
            observed_s=self.observed_ms / 1000,
            expected_s=EXPECTED_SECONDS,
            valid=valid,
            simulated=self.simulated,
            ruleset=RULESET,
            revision=self.amended,
            version=version,
        )


class ZoneState(Struct, array_like=True):
    """What the rule remembers of one zone. ``measured_at_ms``: its last frame with a grid, -1 before the first.

    ``passed_ms`` is the observed time since then, ``reset_gap_ms`` the gap after it beyond which runs start over.
    """

    fingerprint: bytes
    minutes: dict[int, FloodMinute] = field(default_factory=dict)
    measured_at_ms: int = -1
    passed_ms: int = 0
    baseline: WaterBaseline = field(default_factory=WaterBaseline)
    runs: FloodRuns = field(default_factory=FloodRuns)
    reset_gap_ms: int = 0


class State(Struct, array_like=True):
    """What the rule remembers of a camera, by zone.

    ``gone`` are minutes of zones that exist no more. ``approved``: what the first frame of each zone shows is dry.
    ``approved_at_ms`` is when a person last said that it is dry, -1: never.
    """

    zones: dict[str, ZoneState] = field(default_factory=dict)
    gone: dict[str, dict[int, FloodMinute]] = field(default_factory=dict)
    approved: bool = False
    approved_at_ms: int = -1


def judge(state: State, sight: Sight, step: Step, view: CameraView, unsaved: Unsaved) -> None:
    """Take the next frame, in order of capture, of a camera that has a water zone or had one."""
    for known in state.zones.values():
        known.passed_ms += step.observed_ms
        for minute, observed_ms in step.minutes:
            (known.minutes.get(minute) or _begun(known.minutes, minute)).observed_ms += observed_ms
        _notice_gap(known, step, unsaved)
    _close_changed_zones(state, view, unsaved)
    if not sight.water:
        return
    for zone in view.water:
        known = state.zones.get(zone.zone.zone_id) or _start(state, zone, sight.at_ms)
        _judge_zone(known, zone, sight, step, view, unsaved)
    state.approved = False


def amend(state: State, sight: Sight, view: CameraView) -> None:
    """Take a frame that came after its turn: it amends the counts of its minute and nothing else."""
    if not sight.water:
        return
    minute = sight.at_ms // MINUTE_MS
    for zone in view.water:
        known = state.zones.get(zone.zone.zone_id)
        minutes = known.minutes if known is not None else state.gone.setdefault(zone.zone.zone_id, {})
        window = minutes.get(minute) or _begun(minutes, minute)
        window.count(sight)
        window.amended += 1


def approve(state: State, at_ms: int) -> None:
    """Take what the camera has shown lately as dry: a person says so, as of ``at_ms``.

    Each zone's baseline becomes the mean of late (``flood_baseline.LATE_MS``) as of the last frame before; where there
    is none, the next frame. So it is with a zone that is drawn, or drawn anew, in the minute after it: whoever draws
    one approves at once, and its first frame is judged later. Runs and the trailing window start over, an open flood
    stays open.
    """
    state.approved, state.approved_at_ms = not state.zones, at_ms
    for known in state.zones.values():
        known.baseline.approve()
        known.runs.start_over()


def rows(state: State, camera_id: str, minute: int, valid: bool, version: int) -> list[FloodMinuteRow]:
    """Give the rows of a minute, one a zone; none of a zone of which no frame with a grid was judged in order."""
    windows = [(zone_id, zone.minutes.get(minute)) for zone_id, zone in state.zones.items()]
    windows += [(zone_id, minutes.get(minute)) for zone_id, minutes in state.gone.items()]
    return [
        window.row(camera_id, zone_id, minute, valid, version)
        for zone_id, window in sorted(windows, key=_zone_id_of)
        if window is not None and window.judged
    ]


def forget_before(state: State, minute: int) -> None:
    """Let go of the minutes before ``minute``."""
    for zone in state.zones.values():
        zone.minutes = {m: window for m, window in zone.minutes.items() if m >= minute}
    kept = {z: {m: w for m, w in minutes.items() if m >= minute} for z, minutes in state.gone.items()}
    state.gone = {zone_id: minutes for zone_id, minutes in kept.items() if minutes}


def _start(state: State, zone: WaterZone, at_ms: int) -> ZoneState:
    zone_id = zone.zone.zone_id
    known = ZoneState(zone.fingerprint, state.gone.pop(zone_id, {}))
    known.baseline.approved = state.approved or (state.approved_at_ms >= 0 and at_ms - state.approved_at_ms <= LATE_MS)
    state.zones[zone_id] = known
    return known


def _close_changed_zones(state: State, view: CameraView, unsaved: Unsaved) -> None:
    shapes = view.water_fingerprints
    changed = [zone_id for zone_id, known in state.zones.items() if shapes.get(zone_id) != known.fingerprint]
    for zone_id in changed:
        known = state.zones.pop(zone_id)
        known.runs.end("rule_changed", unsaved)
        state.gone[zone_id] = known.minutes


def _notice_gap(known: ZoneState, step: Step, unsaved: Unsaved) -> None:
    """Start runs over where the last frame with a grid is too long ago, and end what is open after half an hour."""
    gap_ms = step.at_ms - known.measured_at_ms
    if step.no_data or gap_ms >= NO_DATA_MS:
        known.runs.end("no_data", unsaved)
    if step.reset or gap_ms > known.reset_gap_ms:
        known.runs.start_over()
        known.baseline.start_over()
        known.passed_ms = 0


def _judge_zone(
    known: ZoneState, zone: WaterZone, sight: Sight, step: Step, view: CameraView, unsaved: Unsaved
) -> None:
    rule, runs = view.camera.rules.flood, known.runs
    was_dry = runs.state == "dry"
    observed_ms, known.passed_ms = known.passed_ms, 0
    known.measured_at_ms, known.reset_gap_ms = sight.at_ms, view.reset_gap_ms
    ratio = known.baseline.take(sight.water, zone, sight.at_ms, observed_ms, rule)
    place = Place(view.camera.camera_id, zone.zone.zone_id, rule)
    runs.judge(ratio, sight, step.clock_ms, place, unsaved)
    state = runs.state
    if was_dry and state == "dry":
        known.baseline.learn(observed_ms, rule)
    minute = sight.at_ms // MINUTE_MS
    (known.minutes.get(minute) or _begun(known.minutes, minute)).take(sight, ratio, state)


def _begun(minutes: dict[int, FloodMinute], minute: int) -> FloodMinute:
    window = minutes[minute] = FloodMinute()
    return window


def _zone_id_of(item: tuple[str, FloodMinute | None]) -> str:
    return item[0]
