"""Which frames of a camera have which outcome, one small ledger an ownership epoch.

Sequence numbers of an epoch are dense from 0, so the ledger only keeps what is not ``detected``: the gaps (frames that
no detector has spoken of, ``expired`` for now) and the sets of frames that were not judged, by reason.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec import Struct, field

from schemas.camera_events import CameraStatus, CaptureCounters, ShedReason
from services.aggregate import intervals

RANK_DETECTED: Final = 5
RANKS: Final[dict[str, int]] = {"": RANK_DETECTED, "refused": 4, "undecodable": 3, "overload": 2, "stale": 1}
"""Which outcome of a frame rules, by shed reason (empty: detected): detected > dead_lettered > shed.

No two reasons rank alike, so that which of them rules does not depend on the order in which they came. Within a kind
the one that says more about the frame ranks higher: it was looked at further, or later.
"""

_VERSION_BITS: Final = 60
_VERSION_MASK: Final = (1 << _VERSION_BITS) - 1


def outcome_version(rank: int, order: int) -> int:
    """Give the row version under which the higher rank wins, then the lower ``order`` (a source offset)."""
    return rank << _VERSION_BITS | (_VERSION_MASK - order)


LARGEST_GAP: Final = 100_000
"""Of a longer gap only the last frames are entered as expired: more than an hour at 25 frames a second, while Kafka
keeps frames for ten minutes. So much is missing only where earlier events are, not frames."""


class Gap(Struct, array_like=True, gc=False):
    """Frames [start, end) without an outcome; accounted for in the minute of the frame right after them."""

    start: int
    end: int
    minute: int


class Recorded(NamedTuple):
    """What a frame's outcome changed.

    ``kind``: ``new`` (first outcome of the frame), ``better`` (outranks the one that it had under the reason ``was``),
    ``repeated`` (changes nothing), ``settled`` (the ledger no longer reaches back so far). ``expired`` are the frames
    right before it that are now accounted for in its minute; ``filled`` the gap that it fell into, as it was before.
    """

    kind: str
    was: str = ""
    expired: range = range(0)
    filled: Gap | None = None


_REPEATED, _SETTLED, _NEW = Recorded("repeated"), Recorded("settled"), Recorded("new")


_FOOTAGE_OVER: Final = "ended"
"""Error class of a camera whose footage is over: nothing is read any more, and yet its owner keeps it."""


class Ownership(Struct, frozen=True, array_like=True, gc=False):
    """Who owns the camera in an epoch, and what was last said of it: the status with the largest offset.

    ``released_at_ms`` is when the owner said that it had let the camera go, 0 while it has not. An epoch that was ended
    by a delivery that failed, or by a kill, is never released.
    """

    offset: int = -1
    instance: str = ""
    state: str = ""
    error_class: str = ""
    error_detail: str = ""
    released_at_ms: int = 0


class EpochLedger(Struct, array_like=True):
    """The frames and the counters of one epoch.

    ``top`` is the largest sequence number seen plus one; below ``floor`` all is settled. ``active_ms`` is the latest
    and ``since_ms`` the earliest wall time that an event of the epoch bears; -1: none yet.
    """

    epoch: int
    top: int = 0
    floor: int = 0
    active_ms: int = 0
    reported_at_ms: int = 0
    gaps: list[Gap] = field(default_factory=list)
    shed: dict[str, list[int]] = field(default_factory=dict)
    counters: CaptureCounters = CaptureCounters()
    since_ms: int = -1
    ownership: Ownership = Ownership()

    def touch(self, at_ms: int) -> None:
        """Take note of an event's wall time."""
        self.active_ms = max(self.active_ms, at_ms)
        if at_ms < self.since_ms or self.since_ms < 0:
            self.since_ms = at_ms

    def record(self, sequence: int, reason: ShedReason | str, minute: int) -> Recorded:
        """Enter a frame's outcome (``reason`` empty: detected) that is accounted for in ``minute``."""
        if sequence == self.top:  # nearly always
            self.top += 1
            self._enter(sequence, reason)
            return _NEW
        if sequence > self.top:
            return self._append(sequence, reason, minute)
        if sequence < self.floor:
            return _SETTLED
        for index, gap in enumerate(self.gaps):
            if gap.start <= sequence < gap.end:
                return self._fill(index, sequence, reason, minute)
        return self._improve(sequence, reason)

    def report(self, counters: CaptureCounters, at_ms: int) -> None:
        """Take counters that ingest reported; of each the largest stays."""
        old = self.counters
        reasons = old.missed.keys() | counters.missed.keys()
        self.counters = CaptureCounters(
            captured=max(old.captured, counters.captured),
            missed={r: max(old.missed.get(r, 0), counters.missed.get(r, 0)) for r in sorted(reasons)},
            bytes=max(old.bytes, counters.bytes),
            reconnects=max(old.reconnects, counters.reconnects),
        )
        self.reported_at_ms = max(self.reported_at_ms, at_ms)

    def tell(self, status: CameraStatus, offset: int) -> None:
        """Take what a status says of the owner. Of several the one with the largest offset rules: it was said last."""
        if offset < self.ownership.offset:
            return
        released = status.state == "stopped" and status.error_class != _FOOTAGE_OVER
        self.ownership = Ownership(
            offset=offset,
            instance=status.ingest_instance,
            state=status.state,
            error_class=status.error_class,
            error_detail=status.error_detail,
            released_at_ms=status.at_ms if released else 0,
        )

    def settle_below(self, floor: int) -> None:
        """Forget what is known of frames below ``floor``."""
        if floor <= self.floor:
            return
        self.floor = floor
        self.gaps = [Gap(max(gap.start, floor), gap.end, gap.minute) for gap in self.gaps if gap.end > floor]
        for reason in list(self.shed):
            intervals.drop_below(self.shed[reason], floor)
            if not self.shed[reason]:
                del self.shed[reason]

    def _append(self, sequence: int, reason: str, minute: int) -> Recorded:
        if sequence - self.top > LARGEST_GAP:
            self.settle_below(sequence - LARGEST_GAP)
        missing = range(max(self.top, self.floor), sequence)
        self.top = sequence + 1
        self._enter(sequence, reason)
        if not missing:
            return _NEW
        self.gaps.append(Gap(missing.start, missing.stop, minute))
        return Recorded("new", expired=missing)

    def _fill(self, index: int, sequence: int, reason: str, minute: int) -> Recorded:
        gap = self.gaps[index]
        before = [Gap(gap.start, sequence, minute)] if sequence > gap.start else []
        after = [Gap(sequence + 1, gap.end, gap.minute)] if sequence + 1 < gap.end else []
        self.gaps[index : index + 1] = before + after
        self._enter(sequence, reason)
        return Recorded("new", expired=range(gap.start, sequence), filled=gap)

    def _improve(self, sequence: int, reason: str) -> Recorded:
        was = next((r for r, numbers in self.shed.items() if intervals.contains(numbers, sequence)), "")
        if RANKS[reason] <= RANKS[was]:
            return _REPEATED
        intervals.remove(self.shed[was], sequence)
        self._enter(sequence, reason)
        return Recorded("better", was=was)

    def _enter(self, sequence: int, reason: str) -> None:
        if reason:
            intervals.add(self.shed.setdefault(reason, []), sequence)
