"""Accounting: what became of each frame, entered as its outcome arrives. Needs no order; judgement does.

captured = detected + shed + dead-lettered + expired + in flight      per camera, and per minute but for in flight
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

from msgspec import Struct, field

from schemas.camera_events import FrameDetections, FrameOutcome, ShedReason
from schemas.verdicts import SKEW_MS
from services.aggregate.ledger import RANKS, EpochLedger, Gap, Recorded, outcome_version
from services.aggregate.observation import EXPECTED_SECONDS, MINUTE_MS
from services.aggregate.row_columns import RULESET
from services.aggregate.rows import CameraMinuteRow, CaptureCountersRow, FrameOutcomeRow
from services.aggregate.unsaved import Unsaved

_AGE_STEP: Final = math.log(1.1)
"""Ages are counted in classes 10 % wide, so that quantiles are right within 5 %."""

_OUTCOMES: Final = {"": "detected", "undecodable": "dead_lettered", "refused": "dead_lettered"}


class CameraMinute(Struct, array_like=True):
    """One minute of a camera's accounting. ``ended`` counts outcomes by shed reason (empty: detected).

    ``tops`` holds, for each epoch, the largest sequence number of the minute plus one: when the minute is let go, the
    ledger settles all frames below it.
    """

    ended: dict[str, int] = field(default_factory=dict)
    expired: int = 0
    skewed: int = 0
    observed_ms: int = 0
    camera_revision: int = 0
    simulated: bool = False
    late: int = 0
    too_late: int = 0
    tops: dict[int, int] = field(default_factory=dict)
    ages_appended: dict[int, int] = field(default_factory=dict)
    ages_detected: dict[int, int] = field(default_factory=dict)

    def take(self, arrival: Arrival, recorded: Recorded) -> None:
        """Count a frame that ``recorded`` says is new, or better than it was before."""
        event, reason = arrival.event, arrival.reason
        self.ended[reason] = self.ended.get(reason, 0) + 1
        if recorded.kind == "better":
            self.ended[recorded.was] = self.ended.get(recorded.was, 0) - 1
        else:
            if arrival.skewed:
                self.skewed += 1
            if event.sequence >= self.tops.get(event.owner_epoch, 0):
                self.tops[event.owner_epoch] = event.sequence + 1
            _count_age(self.ages_appended, event.frame.appended_at_ms - event.captured_at_ms)
        if recorded.expired:
            self.expired += len(recorded.expired)
        self.camera_revision = max(self.camera_revision, event.camera_revision)
        if event.simulated:
            self.simulated = True
        if isinstance(event, FrameDetections):
            _count_age(self.ages_detected, event.detected_at_ms - event.captured_at_ms)

    def row(self, camera_id: str, minute: int, valid: bool, version: int) -> CameraMinuteRow:
        """Give the minute as it stands."""
        ended, appended, detected = self.ended, self.ages_appended, self.ages_detected
        return CameraMinuteRow(
            camera_id=camera_id,
            minute=minute * MINUTE_MS,
            camera_revision=self.camera_revision,
            frames=sum(ended.values()) + self.expired,
            detected=ended.get("", 0),
            shed_stale=ended.get("stale", 0),
            shed_overload=ended.get("overload", 0),
            dead_undecodable=ended.get("undecodable", 0),
            dead_refused=ended.get("refused", 0),
            expired=self.expired,
            clock_skewed=self.skewed,
            observed_s=self.observed_ms / 1000,
            expected_s=EXPECTED_SECONDS,
            valid=valid,
            simulated=self.simulated,
            ruleset=RULESET,
            late=self.late,
            too_late=self.too_late,
            age_appended_p50_s=_age_quantile_s(appended, 0.5),
            age_appended_p95_s=_age_quantile_s(appended, 0.95),
            age_detected_p50_s=_age_quantile_s(detected, 0.5),
            age_detected_p95_s=_age_quantile_s(detected, 0.95),
            revision=self.late,
            version=version,
        )


class Arrival(Struct, frozen=True, gc=False):
    """A frame's outcome as accounting sees it.

    ``reason`` tells why the frame was not judged; empty: it was. ``skewed``: its capture time is known to be wrong.
    ``minute`` (since 1970) is the one in which it is accounted for: that of its capture or, where the capture time is
    wrong, that in which Kafka took it.
    """

    event: FrameOutcome
    reason: ShedReason | str
    skewed: bool
    minute: int


def arrival_of(event: FrameOutcome) -> Arrival:
    """Give what accounting goes by."""
    skewed = is_skewed(event)
    at_ms = event.frame.appended_at_ms if skewed else event.captured_at_ms
    return Arrival(event, "" if isinstance(event, FrameDetections) else event.reason, skewed, at_ms // MINUTE_MS)


def is_skewed(event: FrameOutcome) -> bool:
    """Tell whether the frame claims to have been taken more than 30 s after Kafka had it."""
    return event.captured_at_ms > event.frame.appended_at_ms + SKEW_MS


def add_outcome_rows(arrival: Arrival, recorded: Recorded, unsaved: Unsaved) -> None:
    """Hold the row of this outcome, and those of the frames that it shows to have expired."""
    add = unsaved.rows[FrameOutcomeRow.TABLE].append
    add(_outcome_row(arrival, outcome_version(RANKS[arrival.reason], unsaved.offset)))
    for sequence in recorded.expired:
        add(_expired_row(arrival, sequence))


def counters_row(camera_id: str, ledger: EpochLedger, version: int) -> CaptureCountersRow:
    """Give what an epoch's reader has done, and who it was."""
    counters, ownership = ledger.counters, ledger.ownership
    return CaptureCountersRow(
        camera_id=camera_id,
        owner_epoch=ledger.epoch,
        captured=max(counters.captured, ledger.top),
        captured_reported=counters.captured,
        captured_proved=ledger.top,
        missed={reason: count for reason, count in counters.missed.items()},
        bytes=counters.bytes,
        reconnects=counters.reconnects,
        ingest_instance=ownership.instance,
        state=ownership.state,
        error_class=ownership.error_class,
        error_detail=ownership.error_detail,
        released_at=ownership.released_at_ms,
        active_at=ledger.active_ms,
        reported_at=ledger.reported_at_ms,
        ruleset=RULESET,
        version=version,
    )


def expired_in(gap: Gap, sequence: int) -> int:
    """Give how many frames stop being expired in the gap's minute when the frame ``sequence`` turns up in it."""
    return sequence - gap.start + 1


def _outcome_row(arrival: Arrival, version: int) -> FrameOutcomeRow:
    event, reason = arrival.event, arrival.reason
    return FrameOutcomeRow(
        camera_id=event.camera_id,
        owner_epoch=event.owner_epoch,
        sequence=event.sequence,
        outcome=_OUTCOMES.get(reason, "shed"),
        reason=reason,
        minute=arrival.minute * MINUTE_MS,
        captured_at=event.captured_at_ms,
        appended_at=event.frame.appended_at_ms,
        judged_at=event.detected_at_ms if isinstance(event, FrameDetections) else event.shed_at_ms,
        clock_skewed=arrival.skewed,
        event_id=event.event_id,
        camera_revision=event.camera_revision,
        source_kind=event.source_kind,
        simulated=event.simulated,
        ruleset=RULESET,
        version=version,
    )


def _expired_row(arrival: Arrival, sequence: int) -> FrameOutcomeRow:
    after = arrival.event
    return FrameOutcomeRow(
        camera_id=after.camera_id,
        owner_epoch=after.owner_epoch,
        sequence=sequence,
        outcome="expired",
        reason="",
        minute=arrival.minute * MINUTE_MS,
        captured_at=after.captured_at_ms,
        appended_at=after.frame.appended_at_ms,
        judged_at=0,
        clock_skewed=arrival.skewed,
        event_id="",
        camera_revision=after.camera_revision,
        source_kind=after.source_kind,
        simulated=after.simulated,
        ruleset=RULESET,
        # Of several frames that showed the gap the nearest one rules, whatever the order in which they came.
        version=outcome_version(0, after.sequence),
    )


def _count_age(ages: dict[int, int], age_ms: int) -> None:
    step = _age_class(age_ms)
    ages[step] = ages.get(step, 0) + 1


@lru_cache(maxsize=16_384)  # a logarithm takes six times as long, and most ages are below a few seconds
def _age_class(age_ms: int) -> int:
    return round(math.log(max(age_ms, 1)) / _AGE_STEP)


def _age_quantile_s(ages: dict[int, int], quantile: float) -> float:
    """Give the quantile of counted ages in seconds, 0 where there are none."""
    left = quantile * sum(ages.values())
    for step in sorted(ages):
        left -= ages[step]
        if left <= 0:
            return math.exp(step * _AGE_STEP) / 1000
    return 0.0
