"""Which frames were judged since the last checkpoint, and which of them nobody may see: ``schemas/verdicts.py``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from schemas.verdicts import CameraVerdict, HeldSpan


@dataclass(slots=True)
class JudgedFrames:
    """Frames of one ownership, judged one after the other in order of capture.

    Attributes:
        after_ms: The frame that was judged before the first of them, as a former checkpoint told; of a new ownership
            the millisecond before its first frame.
        through_ms: The last of them.
        former_ms: The one before the last.
        held: Capture times [first, last] of frames without one between them that may be shown.
    """

    owner_epoch: int
    after_ms: int
    through_ms: int
    former_ms: int
    judged: int = 0
    held: list[tuple[int, int]] = field(default_factory=list)

    def hold(self, from_ms: int) -> None:
        """Hold the last frame, and those from ``from_ms`` on."""
        joins_ms = min(from_ms, self.former_ms)
        while self.held and self.held[-1][1] >= joins_ms:
            from_ms = min(from_ms, self.held.pop()[0])
        self.held.append((from_ms, self.through_ms))

    def verdict(self, camera_id: str, quarantined_from_ms: int) -> CameraVerdict:
        """Give what is told of them."""
        return CameraVerdict(
            camera_id=camera_id,
            owner_epoch=self.owner_epoch,
            after_ms=self.after_ms,
            through_ms=self.through_ms,
            judged=self.judged,
            held=tuple([HeldSpan(first, last) for first, last in self.held]),
            quarantined_from_ms=quarantined_from_ms,
        )


class Verdicts:
    """The frames of several cameras that were judged and not told yet. Lives in memory only, never in a state blob."""

    def __init__(self) -> None:
        self._of: dict[str, list[JudgedFrames]] = defaultdict(list)

    def take(self, camera_id: str, owner_epoch: int, former_ms: int, at_ms: int) -> JudgedFrames:
        """Take the next frame of a camera that was judged, and give those of its ownership, to hold it or not.

        Args:
            camera_id: The camera.
            owner_epoch: The frame's. Never a lower one than that of the frame before.
            former_ms: When the frame before was captured, of the same ownership; -1 where this is its first one.
            at_ms: When the frame was captured.
        """
        known = self._of[camera_id]
        if known and known[-1].owner_epoch == owner_epoch:
            frames = known[-1]
        else:
            after_ms = former_ms if former_ms >= 0 else max(0, at_ms - 1)
            frames = JudgedFrames(owner_epoch, after_ms, after_ms, after_ms)
            known.append(frames)
        frames.former_ms, frames.through_ms = frames.through_ms, at_ms
        frames.judged += 1
        return frames

    def mention(self, camera_id: str, owner_epoch: int, former_ms: int) -> None:
        """Tell of a camera even where none of its frames is judged until the next checkpoint."""
        if not self._of[camera_id]:
            told_ms = max(0, former_ms)
            self._of[camera_id].append(JudgedFrames(owner_epoch, told_ms, told_ms, told_ms))

    def told(self, quarantines: Mapping[str, int]) -> list[CameraVerdict]:
        """Give all of it, by camera id; ``quarantines`` says which cameras are in quarantine, and from when on."""
        return [
            frames.verdict(camera_id, quarantines.get(camera_id, 0))
            for camera_id in sorted(self._of)
            for frames in self._of[camera_id]
        ]

    def put_back(self, verdicts: Iterable[CameraVerdict]) -> None:
        """Hold again what was to be told and could not be, before what has been judged since."""
        former: dict[str, list[JudgedFrames]] = defaultdict(list)
        for one in verdicts:
            held = [(span.from_ms, span.until_ms) for span in one.held]
            former[one.camera_id].append(
                JudgedFrames(one.owner_epoch, one.after_ms, one.through_ms, one.through_ms, one.judged, held)
            )
        for camera_id, older in former.items():
            newer = self._of[camera_id]
            if newer and newer[0].owner_epoch == older[-1].owner_epoch:
                last = older.pop()
                newer[0].after_ms = last.after_ms
                newer[0].judged += last.judged
                newer[0].held = last.held + newer[0].held
            newer[:0] = older
