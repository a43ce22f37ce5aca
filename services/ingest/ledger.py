"""What became of each sampling instant of a camera, epoch by epoch.

Every instant is counted once: captured (Kafka acknowledged its frame), missed for a reason, or still in flight. An
epoch ends with a frame that Kafka did not acknowledge: whether it lies there after all is not known, so its sequence
number must not be used again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from schemas.camera_events import CaptureCounters, MissReason


@dataclass(slots=True)
class EpochLedger:
    """Counters of one epoch; they only grow. ``captured`` is also the next frame's sequence number: no gaps."""

    owner_epoch: int
    captured: int = 0
    bytes: int = 0
    reconnects: int = 0
    missed: dict[MissReason, int] = field(default_factory=dict)
    statuses: int = 0

    def capture(self, size_bytes: int) -> None:
        """Count a frame that Kafka acknowledged."""
        self.captured += 1
        self.bytes += size_bytes

    def miss(self, reason: MissReason, count: int = 1) -> None:
        """Count instants without a frame."""
        if count:
            self.missed[reason] = self.missed.get(reason, 0) + count

    def counters(self) -> CaptureCounters:
        """Give the counters as events carry them."""
        return CaptureCounters(
            captured=self.captured, missed=dict(self.missed), bytes=self.bytes, reconnects=self.reconnects
        )

    def next_epoch(self, now_ms: int) -> EpochLedger:
        """Give the ledger of the epoch after this one."""
        return EpochLedger(owner_epoch=max(now_ms, self.owner_epoch + 1))
