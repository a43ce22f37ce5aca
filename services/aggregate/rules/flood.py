"""Floods: how much of each water zone is under water, by the minute."""

from __future__ import annotations

from msgspec import Struct, field

from services.aggregate.observation import EXPECTED_SECONDS, MINUTE_MS, Step
from services.aggregate.row_columns import RULESET
from services.aggregate.rows import FloodMinuteRow
from services.aggregate.sights import Sight
from services.aggregate.unsaved import Unsaved
from services.aggregate.view import CameraView, WaterZone


class FloodMinute(Struct, array_like=True):
    """One minute of a zone; ratios and reliability as sums over its frames."""

    frames: int = 0
    ratio_sum: float = 0.0
    ratio_most: float = 0.0
    reliability_sum: float = 0.0
    observed_ms: int = 0
    camera_revision: int = 0
    simulated: bool = False
    amended: int = 0

    def take(self, sight: Sight, ratio: float) -> None:
        """Count a frame."""
        self.frames += 1
        self.ratio_sum += ratio
        self.ratio_most = max(self.ratio_most, ratio)
        self.reliability_sum += sight.reliability
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
            state="dry",
            ratio_mean=self.ratio_sum / self.frames,
            ratio_max=self.ratio_most,
            reliability_mean=self.reliability_sum / self.frames,
            observed_s=self.observed_ms / 1000,
            expected_s=EXPECTED_SECONDS,
            valid=valid,
            simulated=self.simulated,
            ruleset=RULESET,
            revision=self.amended,
            version=version,
        )


class ZoneState(Struct, array_like=True):
    """What the rule remembers of one zone."""

    fingerprint: bytes
    minutes: dict[int, FloodMinute] = field(default_factory=dict)


class State(Struct, array_like=True):
    """What the rule remembers of a camera, by zone."""

    zones: dict[str, ZoneState] = field(default_factory=dict)


def judge(state: State, sight: Sight, step: Step, view: CameraView, unsaved: Unsaved) -> None:
    """Take the next frame of the camera, in order of capture."""
    for known in state.zones.values():
        for minute, observed_ms in step.minutes():
            known.minutes.setdefault(minute, FloodMinute()).observed_ms += observed_ms
    if not sight.water:
        return
    minute = sight.at_ms // MINUTE_MS
    for zone in view.water:
        known = state.zones.setdefault(zone.zone.zone_id, ZoneState(zone.fingerprint))
        known.minutes.setdefault(minute, FloodMinute()).take(sight, _ratio(sight.water, zone))


def amend(state: State, sight: Sight, view: CameraView) -> None:
    """Take a frame that came after its turn: it amends the counts of its minute and nothing else."""


def approve(state: State, at_ms: int) -> None:
    """Take what the camera shows at ``at_ms`` as dry: a person says so."""


def rows(state: State, camera_id: str, minute: int, valid: bool, version: int) -> list[FloodMinuteRow]:
    """Give the rows of a minute, one a zone; none of a zone of which no frame was judged."""
    return [
        window.row(camera_id, zone_id, minute, valid, version)
        for zone_id, zone in sorted(state.zones.items())
        if (window := zone.minutes.get(minute)) is not None and window.frames
    ]


def forget_before(state: State, minute: int) -> None:
    """Let go of the minutes before ``minute``."""
    for zone in state.zones.values():
        zone.minutes = {m: window for m, window in zone.minutes.items() if m >= minute}


def _ratio(water: bytes, zone: WaterZone) -> float:
    return sum(water[cell] for cell in zone.cells) / (255 * len(zone.cells))
