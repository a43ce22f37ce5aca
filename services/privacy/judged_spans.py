"""What verdicts have said of a camera's frames, as far as frames may still come that they speak of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from schemas.verdicts import CameraVerdict

Fate = Literal["shown", "held"]

MOST_SPANS = 64
"""Most verdicts of a camera that wait for frames; a minute's at one a second. Of the oldest no frame is shown."""
_MOST_EPOCHS = 8


@dataclass(slots=True)
class _Span:
    """Frames of one verdict: capture times between ``after_ms`` and ``through_ms``, and how many have yet to come."""

    owner_epoch: int
    after_ms: int
    through_ms: int
    awaited: int
    held: tuple[tuple[int, int], ...]

    def speaks_of(self, owner_epoch: int, captured_at_ms: int) -> bool:
        return owner_epoch == self.owner_epoch and self.after_ms < captured_at_ms <= self.through_ms


@dataclass(slots=True)
class JudgedSpans:
    """The verdicts of one camera.

    Each says how many frames it judged, and speaks of so many: a frame that comes after those was not among them (it
    came too late to be judged), and no verdict speaks of it. ``quarantined_from_ms`` and ``held`` are what the newest
    verdict says: that of the highest epoch, and of its verdicts the one that reaches farthest.
    """

    through_ms: int = 0
    quarantined_from_ms: int = 0
    held: bool = False
    _newest: tuple[int, int] = (0, 0)
    _spans: list[_Span] = field(default_factory=list)
    _through_by_epoch: dict[int, int] = field(default_factory=dict)

    def take(self, verdict: CameraVerdict) -> None:
        """Take a verdict. What it withdraws is withdrawn, also if it comes late or again; how the camera stands is then
        for the newer one to say, and frames that were judged are not judged anew.
        """
        self.through_ms = max(self.through_ms, verdict.through_ms)
        held = (*withdrawn_spans(verdict, self.through_ms), *((span.from_ms, span.until_ms) for span in verdict.held))
        for span in self._spans:
            span.held = (*span.held, *withdrawn_spans(verdict, self.through_ms))
        if (verdict.owner_epoch, verdict.through_ms) >= self._newest:
            self._newest = verdict.owner_epoch, verdict.through_ms
            self.quarantined_from_ms = verdict.quarantined_from_ms
            self.held = bool(verdict.quarantined_from_ms) or any(
                low <= verdict.through_ms <= high for low, high in held
            )
        if verdict.through_ms <= self._through_by_epoch.get(verdict.owner_epoch, -1):
            return
        self._remember(verdict.owner_epoch, verdict.through_ms)
        if verdict.judged:
            span = _Span(verdict.owner_epoch, verdict.after_ms, verdict.through_ms, verdict.judged, held)
            self._spans = [*self._spans, span][-MOST_SPANS:]

    def fate_of(self, owner_epoch: int, captured_at_ms: int) -> Fate | None:
        """Give what a verdict says of a frame, None where none speaks of it. To be asked until it answers, then never.

        The frame then counts as one of those that the verdict has judged.
        """
        for span in self._spans:
            if span.speaks_of(owner_epoch, captured_at_ms):
                span.awaited -= 1
                if not span.awaited:
                    self._spans.remove(span)
                return "held" if any(low <= captured_at_ms <= high for low, high in span.held) else "shown"
        return None

    def is_past(self, owner_epoch: int, captured_at_ms: int) -> bool:
        """Tell whether verdicts have gone beyond a frame: one that none of them spoke of is spoken of by none."""
        return any(
            epoch > owner_epoch or (epoch == owner_epoch and captured_at_ms <= through_ms)
            for epoch, through_ms in self._through_by_epoch.items()
        )

    def _remember(self, owner_epoch: int, through_ms: int) -> None:
        self._through_by_epoch[owner_epoch] = through_ms
        while len(self._through_by_epoch) > _MOST_EPOCHS:
            del self._through_by_epoch[min(self._through_by_epoch)]


def withdrawn_spans(verdict: CameraVerdict, through_ms: int) -> list[tuple[int, int]]:
    """Give the capture times, both included, that a verdict takes back from former ones.

    ``through_ms``: how far the camera has been judged.
    """
    spans = [(span.from_ms, span.until_ms) for span in verdict.held if span.from_ms <= verdict.after_ms]
    if verdict.quarantined_from_ms:
        spans.append((verdict.quarantined_from_ms, max(through_ms, verdict.quarantined_from_ms)))
    return spans
