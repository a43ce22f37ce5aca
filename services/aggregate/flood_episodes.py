"""When a zone is flooded: runs of wet and dry frames, and the episode from onset to clearing."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from schemas.camera_events import make_event_id
from schemas.cameras import FloodRule
from schemas.episodes import Crossing, EndReason, FloodEpisode
from services.aggregate.episode_rows import episode_row
from services.aggregate.observation import MINUTE_MS, Mark
from services.aggregate.row_columns import RULESET
from services.aggregate.sights import Evidence, Sight
from services.aggregate.unsaved import Unsaved

FloodState = Literal["dry", "onset", "flood"]
RECESSION_RATIO: Final = 0.9
"""The water recedes once r is below this part of its peak."""
_LOW_SHARE: Final = 0.5
"""Reliability is low where it is in more than this share of a run's frames: where its median is."""


class Place(Struct, frozen=True, gc=False):
    """The zone that is judged, and its thresholds."""

    camera_id: str
    zone_id: str
    rule: FloodRule


class Peak(Struct, frozen=True, array_like=True, gc=False):
    """The largest r so far, and the first frame that shows it."""

    ratio: float
    evidence: Evidence


class WetRun(Struct, array_like=True):
    """Frames in a row with r from the onset ratio up.

    ``ratio_least`` is the smallest r among them; ``high_at_ms`` when r was last at ``RECESSION_RATIO`` of the peak.
    """

    began: Mark
    first: Evidence
    peak: Peak
    ratio_least: float
    high_at_ms: int
    frames: int = 0
    frames_low: int = 0
    simulated: bool = False

    def see(self, ratio: float, sight: Sight, rule: FloodRule) -> None:
        """Take the next frame of the run."""
        self.frames += 1
        self.frames_low += sight.reliability < rule.low_reliability
        self.ratio_least = min(self.ratio_least, ratio)
        self.simulated = self.simulated or sight.simulated
        if ratio > self.peak.ratio:
            self.peak = Peak(ratio, sight.evidence)
        if ratio >= RECESSION_RATIO * self.peak.ratio:
            self.high_at_ms = sight.at_ms

    def why(self, clock_ms: int, rule: FloodRule) -> tuple[Crossing, ...]:
        """Give the figures that make it a flood, none where it is not (yet) one."""
        low_share = self.frames_low / self.frames
        is_low = low_share > _LOW_SHARE
        lasted_s, threshold_s = (clock_ms - self.began.clock_ms) / 1000, rule.onset_seconds * (2 if is_low else 1)
        if lasted_s < threshold_s:
            return ()
        figures: tuple[Crossing, ...] = (
            Crossing(name="water_ratio_least", value=self.ratio_least, threshold=rule.onset_ratio, unit="ratio"),
            Crossing(name="onset", value=lasted_s, threshold=threshold_s, unit="s"),
        )
        if is_low:
            figures += (Crossing(name="low_reliability", value=low_share, threshold=_LOW_SHARE, unit="ratio"),)
        return figures


class OpenFlood(Struct, array_like=True):
    """A flood that has begun and not ended.

    ``last`` is the last frame with r above the clearing ratio. ``receding``: the latest frame is below
    ``RECESSION_RATIO`` of the peak.
    """

    camera_id: str
    zone_id: str
    camera_revision: int
    started_at_ms: int
    first: Evidence
    peak: Peak
    last: Evidence
    high_at_ms: int
    why: tuple[Crossing, ...]
    simulated: bool
    receding: bool = False
    revision: int = 0
    published_minute: int = -1

    def see(self, ratio: float, sight: Sight, rule: FloodRule) -> None:
        """Take the next frame with a ratio."""
        self.simulated = self.simulated or sight.simulated
        if ratio > self.peak.ratio:
            self.peak = Peak(ratio, sight.evidence)
        self.receding = ratio < RECESSION_RATIO * self.peak.ratio
        if not self.receding:
            self.high_at_ms = sight.at_ms
        if ratio > rule.cleared_ratio:
            self.last = sight.evidence

    def publish(self, unsaved: Unsaved, ended_at_ms: int = 0, because: EndReason = "") -> None:
        """Publish it as it stands, open or (with a reason) ended."""
        self.revision += 1
        self.published_minute = self.last.captured_at_ms // MINUTE_MS
        episode = FloodEpisode(
            episode_id=make_event_id("flood_episode", self.camera_id, self.zone_id, self.started_at_ms),
            camera_id=self.camera_id,
            zone_id=self.zone_id,
            revision=self.revision,
            ruleset=RULESET,
            camera_revision=self.camera_revision,
            phase="ended" if because else "open",
            review="suspected",
            started_at_ms=self.started_at_ms,
            last_seen_at_ms=self.last.captured_at_ms,
            ended_at_ms=ended_at_ms,
            ended_because=because,
            first=self.first.published(),
            best=self.peak.evidence.published(),
            last=self.last.published(),
            why=self.why,
            simulated=self.simulated,
            peak_ratio=self.peak.ratio,
            peak_at_ms=self.peak.evidence.captured_at_ms,
            recession_at_ms=self.high_at_ms if self.receding else 0,
            cleared_at_ms=ended_at_ms if because == "cleared" else 0,
        )
        unsaved.publish(episode_row(episode, unsaved.version), episode)


class FloodRuns(Struct, array_like=True):
    """Where a zone stands between dry and flooded.

    ``wet`` is the onset run that is going on, ``dry_from`` the start of the run that may clear the open flood.
    """

    wet: WetRun | None = None
    flood: OpenFlood | None = None
    dry_from: Mark | None = None

    @property
    def state(self) -> FloodState:
        """Give how things stand after the latest frame."""
        if self.flood is not None:
            return "flood"
        return "dry" if self.wet is None else "onset"

    def start_over(self) -> None:
        """Forget all runs; an open flood stays open."""
        self.wet = self.dry_from = None

    def end(self, because: EndReason, unsaved: Unsaved) -> None:
        """End what is open at its last sight."""
        if self.flood is not None:
            self.flood.publish(unsaved, self.flood.last.captured_at_ms, because)
        self.flood = None
        self.start_over()

    def judge(self, ratio: float, sight: Sight, clock_ms: int, place: Place, unsaved: Unsaved) -> None:
        """Take the next frame, whose r is ``ratio``. ``clock_ms`` is the clock of observed time."""
        now = Mark(sight.at_ms, clock_ms)
        if self.flood is None:
            self._follow_onset(ratio, sight, now, place, unsaved)
        else:
            self._follow_flood(self.flood, ratio, sight, now, place.rule, unsaved)

    def _follow_onset(self, ratio: float, sight: Sight, now: Mark, place: Place, unsaved: Unsaved) -> None:
        rule = place.rule
        if ratio < rule.onset_ratio:
            self.wet = None
            return
        if self.wet is None:
            self.wet = WetRun(now, sight.evidence, Peak(ratio, sight.evidence), ratio, sight.at_ms)
        run = self.wet
        run.see(ratio, sight, rule)
        why = run.why(now.clock_ms, rule)
        if why:
            self.wet = None
            self.flood = OpenFlood(
                place.camera_id,
                place.zone_id,
                sight.camera_revision,
                run.began.at_ms,
                run.first,
                run.peak,
                sight.evidence,
                run.high_at_ms,
                why,
                run.simulated,
                ratio < RECESSION_RATIO * run.peak.ratio,
            )
            self.flood.publish(unsaved)

    def _follow_flood(
        self, flood: OpenFlood, ratio: float, sight: Sight, now: Mark, rule: FloodRule, unsaved: Unsaved
    ) -> None:
        flood.see(ratio, sight, rule)
        if ratio > rule.cleared_ratio:
            self.dry_from = None
            if sight.at_ms // MINUTE_MS != flood.published_minute:
                flood.publish(unsaved)
            return
        self.dry_from = self.dry_from or now
        if now.clock_ms - self.dry_from.clock_ms >= rule.cleared_seconds * 1000:
            flood.publish(unsaved, self.dry_from.at_ms, "cleared")
            self.flood = self.dry_from = None
