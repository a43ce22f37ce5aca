"""What may be seen of a camera by verdicts on its frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schemas.camera_events import CameraEvent, FrameDetections
from schemas.verdicts import CameraVerdict
from tests.aggregate.make_events import ms


def is_told(verdicts: Iterable[CameraVerdict], frame: FrameDetections) -> bool:
    """Tell whether one of ``verdicts`` speaks of a frame of their camera."""
    at_ms, epoch = frame.captured_at_ms, frame.owner_epoch
    return any(one.owner_epoch == epoch and one.after_ms < at_ms <= one.through_ms for one in verdicts)


def is_held(verdicts: Iterable[CameraVerdict], frame: FrameDetections) -> bool:
    """Tell whether a span of one of ``verdicts``, whichever it is, holds a frame of their camera."""
    at_ms = frame.captured_at_ms
    return any(span.from_ms <= at_ms <= span.until_ms for one in verdicts for span in one.held)


def seconds_shown(verdicts: Sequence[CameraVerdict], events: Iterable[CameraEvent]) -> list[float]:
    """Give when the frames were taken that may be shown by all that was told, in seconds since the start."""
    taken = {
        event.captured_at_ms
        for event in events
        if isinstance(event, FrameDetections) and is_told(verdicts, event) and not is_held(verdicts, event)
    }
    return [(at_ms - ms(0)) / 1000 for at_ms in sorted(taken)]
