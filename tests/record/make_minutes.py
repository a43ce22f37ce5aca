"""Builders of what a recorder holds: frames, events and verdicts of one camera. Times: seconds after ``NOON_MS``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import simplejpeg

from schemas.camera_events import FrameCoordinates, FrameDetections, FrameShed, make_event_id
from schemas.cameras import Camera
from schemas.times import MINUTE_MS
from schemas.topics import FRAMES
from schemas.verdicts import CameraVerdict, HeldSpan, SceneVerdicts
from services.privacy.showable import ShowableFrame
from services.record.minute_videos import Asked
from services.record.minutes import ClosedMinute, HeldFrame, PartitionMinutes, Waits
from tests.record.facts import CAMERA, NOON_MS
from tests.record.recorded_city import EPOCH, detections_at, make_camera

WAITS = Waits(frame_wait_seconds=20.0, verdict_wait_seconds=300.0)


class Clock:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Give them."""
        return self.now


class Camera1:
    """One camera before a recorder: what is sent here is taken by ``minutes``."""

    def __init__(self, waits: Waits = WAITS) -> None:
        self.clock = Clock()
        self.camera: Camera = make_camera(CAMERA)
        self.minutes = PartitionMinutes(
            0, lambda _, revision: self.camera if revision == 1 else None, waits, self.clock
        )
        self._through_ms = 0

    def frames(self, seconds: Iterable[int], jpeg: bytes = b"jpeg", epoch: int = EPOCH) -> list[bool]:
        """Take frames, each with its second for its sequence and its offset, and tell of each whether it was held."""
        return [self.minutes.take_frame(CAMERA, make_held(second, jpeg, epoch)) for second in seconds]

    def found(self, seconds: Iterable[int]) -> None:
        """Take what was found in those frames."""
        for second in seconds:
            self.minutes.take_event(make_found(second))

    def shed(self, seconds: Iterable[int]) -> None:
        """Take it that no detector judged those frames."""
        for second in seconds:
            place = FrameCoordinates(FRAMES.name, 0, second, at_ms(second) + 100)
            self.minutes.take_event(
                FrameShed(
                    event_id=make_event_id("shed", second),
                    camera_id=CAMERA,
                    owner_epoch=EPOCH,
                    sequence=second,
                    captured_at_ms=at_ms(second),
                    camera_revision=1,
                    source_kind="file",
                    simulated=False,
                    frame=place,
                    shed_at_ms=at_ms(second) + 500,
                    reason="stale",
                )
            )

    def judged(self, seconds: range, held: tuple[int, int] | None = None, quarantined_from: int | None = None) -> None:
        """Take the verdict on them."""
        through_ms = at_ms(seconds[-1])
        spans = () if held is None else (HeldSpan(at_ms(held[0]), at_ms(held[1])),)
        verdict = CameraVerdict(
            camera_id=CAMERA,
            owner_epoch=EPOCH,
            after_ms=self._through_ms,
            through_ms=through_ms,
            judged=len(seconds),
            held=spans,
            quarantined_from_ms=0 if quarantined_from is None else at_ms(quarantined_from),
        )
        self._through_ms = through_ms
        self.minutes.take_verdicts(SceneVerdicts(at_ms=through_ms, cameras=(verdict,)))

    def _find(self, _: str, revision: int) -> Camera | None:
        return self.camera if revision == 1 else None

    def close(self, caught_up: bool = False) -> list[ClosedMinute]:
        """Give what can be closed now, and say that it is stored, and in the index."""
        closed = list(self.minutes.close(lambda: caught_up))
        for one in closed:
            self.minutes.stored(one.camera_id, one.minute_ms)
            self.minutes.indexed(one.camera_id, one.minute_ms)
        return closed

    def wait_and_close(self) -> list[ClosedMinute]:
        """Give all that can be closed once all waits have passed, and say that it is stored."""
        found = self.close(caught_up=True)
        for _ in range(8):
            self.clock.now += WAITS.verdict_wait_seconds
            found += self.close(caught_up=True)
        return found


def at_ms(second: int) -> int:
    """Give the time at which the frame of a second was captured."""
    return NOON_MS + second * 1000 + 137


def make_held(second: int, jpeg: bytes = b"jpeg", epoch: int = EPOCH) -> HeldFrame:
    """Give a frame as it is held."""
    return HeldFrame(epoch, second, at_ms(second), at_ms(second) + 100, 1, False, second, jpeg)


def make_found(second: int) -> FrameDetections:
    """Give what was found in the frame of a second: one person."""
    place = FrameCoordinates(FRAMES.name, 0, second, at_ms(second) + 100)
    return detections_at(CAMERA, second, at_ms(second), place)


def make_asked(originals: Sequence[HeldFrame] = ()) -> Asked:
    """Give what a camera asks that has nothing private."""
    return Asked(originals, defaultdict(tuple), 1)


def make_closed(seconds: Iterable[int], shown: Iterable[int], **changes: object) -> ClosedMinute:
    """Give a closed minute of these seconds. Those in ``shown`` may be shown, their middle hidden."""
    frames = [make_held(second, striped_jpeg()) for second in seconds]
    may = set(shown)
    values = ClosedMinute(
        partition=0,
        camera_id=CAMERA,
        minute_ms=frames[0].captured_at_ms - frames[0].captured_at_ms % MINUTE_MS,
        frames=frames,
        shown=[(frame, _showable(frame)) for frame in frames if frame.sequence in may],
        withheld={frame.offset: "held" for frame in frames if frame.sequence not in may},
        missing=[],
        before="no_frames",
    )
    return values._replace(**changes)  # type: ignore[arg-type]


def striped_jpeg(height: int = 120, width: int = 160) -> bytes:
    """Give a grey picture with stripes in its middle."""
    image = np.full((height, width, 3), 90, np.uint8)
    image[height // 4 : -height // 4, width // 4 : -width // 4 : 4] = 255
    image[height // 4 : -height // 4, width // 4 + 1 : -width // 4 : 4] = 255
    jpeg: bytes = simplejpeg.encode_jpeg(image, quality=90, colorspace="BGR")
    return jpeg


def huge_jpeg() -> bytes:
    """Give a JPEG of a few bytes that claims to be 65,535 px wide and high."""
    jpeg = striped_jpeg()
    size_at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:size_at] + b"\xff\xff\xff\xff" + jpeg[size_at + 4 :]


def _showable(frame: HeldFrame) -> ShowableFrame:
    place = FrameCoordinates(FRAMES.name, 0, frame.offset, frame.captured_at_ms)
    hidden = ((0.2, 0.2, 0.8, 0.8),)
    return ShowableFrame(CAMERA, frame.owner_epoch, frame.sequence, frame.captured_at_ms, place, 1, False, hidden)
