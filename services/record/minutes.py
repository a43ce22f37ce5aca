"""The minutes of the cameras of one partition, from frames, events and verdicts to minutes that may be closed. Pure.

::

    frames ──────────────► open minutes ──┐
    camera-events ──┐                     ├─► the minute is over ─► all its frames judged, or waited ─► closed minute
    scene-verdicts ─┴─► Showable ─────────┘

A minute is over for a camera once a later frame has come, or none has for ``frame_wait_seconds`` although Kafka had no
more; with one that comes all the same it goes on. It is closed, in the order of minutes, once all its frames may be
shown, a verdict speaks of later ones, or ``verdict_wait_seconds`` have passed. What then may not be shown never enters
the public form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.camera_events import CameraEvent, FrameShed
from schemas.recordings import GapReason
from schemas.times import MINUTE_MS
from schemas.verdicts import SKEW_MS, SceneVerdicts
from services.privacy.showable import NEIGHBOUR_MS, CameraStanding, FindCamera, Showable, ShowableFrame

KEEP_MS = 1_200_000
"""How long the fate of a frame is remembered: longer than Kafka holds it, which deletes by whole segments."""
MOST_SHED = 600
"""Frames of a camera that no detector judged, of which that is remembered: ten minutes' at 1 frame/s."""
_LOSS_COUNTS_SECONDS = 600.0
"""So long after a loss the first frame of a camera may have had others before it: all that Kafka holds is younger."""
_MOST_LATE = 60
"""Minutes of a camera for which frames came too late, of which that is remembered until its next one is closed."""
_SETTLED_MS = NEIGHBOUR_MS + 500
"""A verdict that far beyond a minute's end: its last frame's neighbours are known too, or lost."""

Seconds = Callable[[], float]
"""Gives monotonic seconds."""


class Missing(NamedTuple):
    """Frames are missing from a time until before another, ms since 1970, and why."""

    from_ms: int
    until_ms: int
    reason: GapReason


class HeldFrame(NamedTuple):
    """A frame that is held until its minute is closed."""

    owner_epoch: int
    sequence: int
    captured_at_ms: int
    appended_at_ms: int
    camera_revision: int
    simulated: bool
    offset: int
    jpeg: bytes


class ClosedMinute(NamedTuple):
    """A camera's minute that nothing is added to any more.

    ``shown`` are those of ``frames`` that may be shown, in order of capture; ``withheld`` says of each other, by its
    offset, why it may not. ``missing`` is what Kafka had lost of the minute, or what came while the camera was not
    recorded; ``before`` says why nothing is there since the minute before, if that is so. ``late`` is what came of
    former minutes after they were closed.
    """

    partition: int
    camera_id: str
    minute_ms: int
    frames: list[HeldFrame]
    shown: list[tuple[HeldFrame, ShowableFrame]]
    withheld: dict[int, GapReason]
    missing: list[Missing]
    before: GapReason
    late: tuple[Missing, ...] = ()


class Waits(NamedTuple):
    """How long is waited before a minute is closed without what it lacks, in seconds."""

    frame_wait_seconds: float
    verdict_wait_seconds: float


class _Hole(NamedTuple):
    """Why nothing is there from a time until another, and the numbers, ``last`` included, of frames that may come yet.

    None may of what was not recorded: ``last`` lies before ``first`` then.
    """

    missing: Missing
    owner_epoch: int = 0
    first: int = 0
    last: int = -1

    def without(self, frame: HeldFrame) -> list[_Hole]:
        """Give what is left of it now that a frame has come: all, one or two parts, or nothing."""
        if frame.owner_epoch != self.owner_epoch or not self.first <= frame.sequence <= self.last:
            return [self]
        from_ms, until_ms, _ = self.missing
        at_ms = min(max(frame.captured_at_ms, from_ms), until_ms)
        before = self._replace(missing=self.missing._replace(until_ms=at_ms), last=frame.sequence - 1)
        behind = self._replace(missing=self.missing._replace(from_ms=at_ms), first=frame.sequence + 1)
        return [part for part in (before, behind) if part.first <= part.last]


@dataclass(slots=True, eq=False)
class _OpenMinute:
    frames: dict[tuple[int, int], HeldFrame] = field(default_factory=dict)
    over_since: float | None = None


@dataclass(slots=True, eq=False)
class _Camera:
    owner_epoch: int = 0
    sequence: int = -1
    newest_ms: int = 0
    came_at: float = 0.0
    closed_until_ms: int = 0
    closed_epoch: int = 0
    late: dict[int, Missing] = field(default_factory=dict)
    holes: list[_Hole] = field(default_factory=list)
    was_off: bool = False
    shed: dict[tuple[int, int], int] = field(default_factory=dict)
    closing: int | None = None
    open: dict[int, _OpenMinute] = field(default_factory=dict)

    def has_not_had(self, owner_epoch: int, sequence: int) -> bool:
        """Tell whether a frame comes after all others: Kafka has some twice, such as after a producer's retry."""
        return (owner_epoch, sequence) > (self.owner_epoch, self.sequence)


class PartitionMinutes:
    """See the file's head. For one thread.

    Args:
        partition: Its number.
        find_camera: Gives a revision of a camera.
        waits: How long is waited.
        seconds: The clock of those waits.
    """

    def __init__(self, partition: int, find_camera: FindCamera, waits: Waits, seconds: Seconds) -> None:
        self.partition = partition
        self.showable = Showable(find_camera, KEEP_MS)
        self.held_bytes = 0
        self._waits = waits
        self._seconds = seconds
        self._cameras: dict[str, _Camera] = {}
        self._loss_counts_until = 0.0
        self._needed: dict[tuple[str, int], tuple[int, int]] = {}

    def take_frame(self, camera_id: str, frame: HeldFrame) -> bool:
        """Hold a frame.

        False: its minute is closed already, or a later ownership has begun, or it claims to be of the future: then all
        until that time would be closed with it.
        """
        if frame.captured_at_ms > frame.appended_at_ms + SKEW_MS:
            return False
        camera = self._cameras.setdefault(camera_id, _Camera())
        if frame.owner_epoch < camera.owner_epoch:
            return False
        is_new = camera.has_not_had(frame.owner_epoch, frame.sequence)
        if is_new:
            self._note_missing(camera, frame)
        if frame.captured_at_ms < camera.closed_until_ms:
            if is_new:
                _note_late(camera, frame)
            return False
        if not is_new:
            camera.holes = [part for hole in camera.holes for part in hole.without(frame)]
        camera.newest_ms = max(camera.newest_ms, frame.captured_at_ms)
        camera.came_at = self._seconds()
        minute_ms = minute_of(frame.captured_at_ms)
        minute = camera.open.setdefault(minute_ms, _OpenMinute())
        if camera.newest_ms < minute_ms + MINUTE_MS:
            minute.over_since = None
        key = frame.owner_epoch, frame.sequence
        if key not in minute.frames:
            minute.frames[key] = frame
            self.held_bytes += len(frame.jpeg)
            offset, size = self._needed.get((camera_id, minute_ms), (frame.offset, 0))
            self._needed[camera_id, minute_ms] = min(offset, frame.offset), size + len(frame.jpeg)
        return True

    def take_event(self, event: CameraEvent) -> None:
        """Take an event of a camera of the partition."""
        self.showable.take_event(event)
        if isinstance(event, FrameShed):
            shed = self._cameras.setdefault(event.camera_id, _Camera()).shed
            shed[event.owner_epoch, event.sequence] = event.captured_at_ms
            while len(shed) > MOST_SHED:
                del shed[next(iter(shed))]

    def take_verdicts(self, verdicts: SceneVerdicts) -> None:
        """Take verdicts on cameras of the partition."""
        self.showable.take_verdicts(verdicts)

    def frames_were_lost(self) -> None:
        """Say that Kafka no longer had frames that would have come next.

        Cameras of which none has come yet may have lost some; of others the numbers of their frames tell.
        """
        self._loss_counts_until = self._seconds() + _LOSS_COUNTS_SECONDS

    def pass_over(self, camera_id: str, owner_epoch: int, sequence: int) -> None:
        """Leave a frame out, for its camera is not recorded."""
        if (camera := self._cameras.get(camera_id)) is not None and camera.has_not_had(owner_epoch, sequence):
            camera.owner_epoch, camera.sequence, camera.was_off = owner_epoch, sequence, True

    def close(self, caught_up: Callable[[], bool]) -> Iterator[ClosedMinute]:
        """Give minutes that can be closed, one a camera; the camera's next comes after ``stored`` was told of it.

        Args:
            caught_up: Tells whether all frames that Kafka has of the partition now have been taken; may ask Kafka.
        """
        for camera_id, camera in self._cameras.items():
            if camera.closing is None and camera.open:
                minute_ms = min(camera.open)
                standing = self.showable.standing(camera_id)
                if self._is_over(camera, minute_ms, caught_up) and self._is_judged(camera_id, minute_ms, standing):
                    yield self._closed(camera_id, camera, minute_ms, standing)

    def stored(self, camera_id: str, minute_ms: int) -> None:
        """Say that a minute is stored: its frames are let go, and the camera's next one may be closed."""
        offset, size = self._needed[camera_id, minute_ms]
        self._needed[camera_id, minute_ms] = offset, 0
        self.held_bytes -= size
        self._cameras[camera_id].closing = None

    def indexed(self, camera_id: str, minute_ms: int) -> None:
        """Say that the index has a minute, so that its frames need not be read again."""
        del self._needed[camera_id, minute_ms]

    def first_needed_offset(self) -> int | None:
        """Give the offset of the first frame whose minute the index does not have yet, None where there is none."""
        return min((offset for offset, _ in self._needed.values()), default=None)

    def why_withheld(self, camera_id: str, at_ms: int) -> GapReason:
        """Tell why a frame of this capture time, in which something was looked for, may not be shown now."""
        return _why_withheld(at_ms, self.showable.standing(camera_id))

    def waiting_cameras(self) -> int:
        """Give how many cameras have a minute whose pictures wait to be judged."""
        now_open = (minute for camera in self._cameras.values() for minute in camera.open.values())
        return sum(1 for minute in now_open if minute.over_since is not None)

    def is_idle(self, camera_id: str, until_ms: int) -> bool:
        """Tell whether nothing of a camera is held, or was stored, of the time from ``until_ms`` on."""
        camera = self._cameras.get(camera_id)
        return camera is None or not (camera.open or camera.closing is not None or camera.closed_until_ms > until_ms)

    def _note_missing(self, camera: _Camera, frame: HeldFrame) -> None:
        """Note that frames before this one are missing: within an ownership their numbers have no holes."""
        is_first = camera.sequence < 0
        expected = camera.sequence + 1 if frame.owner_epoch == camera.owner_epoch else 0
        if camera.was_off:
            camera.holes.append(_Hole(Missing(camera.newest_ms, frame.captured_at_ms, "not_recorded")))
        elif self._seconds() < self._loss_counts_until if is_first else frame.sequence > expected:
            missing = Missing(camera.newest_ms, frame.captured_at_ms, "lost")
            camera.holes.append(_Hole(missing, frame.owner_epoch, expected, frame.sequence - 1))
        camera.owner_epoch, camera.sequence, camera.was_off = frame.owner_epoch, frame.sequence, False

    def _is_over(self, camera: _Camera, minute_ms: int, caught_up: Callable[[], bool]) -> bool:
        minute = camera.open[minute_ms]
        if minute.over_since is None:
            idle = self._seconds() - camera.came_at
            if camera.newest_ms < minute_ms + MINUTE_MS and (idle < self._waits.frame_wait_seconds or not caught_up()):
                return False
            minute.over_since = self._seconds()
        return True

    def _is_judged(self, camera_id: str, minute_ms: int, standing: CameraStanding) -> bool:
        minute = self._cameras[camera_id].open[minute_ms]
        if standing.through_ms >= minute_ms + MINUTE_MS + _SETTLED_MS:
            return True
        since = minute.over_since if minute.over_since is not None else self._seconds()
        if self._seconds() - since >= self._waits.verdict_wait_seconds:
            return True
        shown = {(one.owner_epoch, one.sequence) for one in self._shown(camera_id, minute_ms)}
        return all(key in shown for key in minute.frames)

    def _shown(self, camera_id: str, minute_ms: int) -> list[ShowableFrame]:
        return self.showable.frames(camera_id, minute_ms, minute_ms + MINUTE_MS)

    def _closed(self, camera_id: str, camera: _Camera, minute_ms: int, standing: CameraStanding) -> ClosedMinute:
        minute = camera.open.pop(minute_ms)
        camera.closing = minute_ms
        camera.closed_until_ms = minute_ms + MINUTE_MS
        camera.closed_epoch = camera.owner_epoch
        late, camera.late = tuple(camera.late.values()), {}
        before, within = _missing_of([hole.missing for hole in camera.holes], minute_ms)
        camera.holes = [hole for hole in camera.holes if hole.missing.until_ms > camera.closed_until_ms]
        frames = sorted(minute.frames.values(), key=lambda frame: (frame.captured_at_ms, frame.sequence))
        shown = [
            (minute.frames[key], one)
            for one in self._shown(camera_id, minute_ms)
            if (key := (one.owner_epoch, one.sequence)) in minute.frames
        ]
        known = {frame.offset for frame, _ in shown}
        withheld: dict[int, GapReason] = {
            frame.offset: "not_judged"
            if (frame.owner_epoch, frame.sequence) in camera.shed
            else _why_withheld(frame.captured_at_ms, standing)
            for frame in frames
            if frame.offset not in known
        }
        return ClosedMinute(self.partition, camera_id, minute_ms, frames, shown, withheld, within, before, late)


def minute_of(at_ms: int) -> int:
    """Give the beginning of the minute in which a time lies."""
    return at_ms - at_ms % MINUTE_MS


def _note_late(camera: _Camera, frame: HeldFrame) -> None:
    """Note a frame whose minute was closed without it; footage that begins anew, under another epoch, is there."""
    minute_ms = minute_of(frame.captured_at_ms)
    if frame.owner_epoch == camera.closed_epoch and (minute_ms in camera.late or len(camera.late) < _MOST_LATE):
        before = camera.late.get(minute_ms)
        from_ms = min(frame.captured_at_ms, before.from_ms if before else frame.captured_at_ms)
        until_ms = max(frame.captured_at_ms + 1, before.until_ms if before else 0)
        camera.late[minute_ms] = Missing(from_ms, until_ms, "lost")


def _missing_of(missing: list[Missing], minute_ms: int) -> tuple[GapReason, list[Missing]]:
    """Give why nothing is there before a minute, if that is so, and what is missing of the minute itself."""
    end_ms = minute_ms + MINUTE_MS
    before = [one.reason for one in missing if one.from_ms < minute_ms]
    within = [
        Missing(max(one.from_ms + 1, minute_ms), min(one.until_ms, end_ms), one.reason)
        for one in missing
        if one.from_ms < end_ms and one.until_ms > minute_ms
    ]
    return before[-1] if before else "no_frames", within


def _why_withheld(at_ms: int, standing: CameraStanding) -> GapReason:
    """Tell why a frame may not be shown. The last one before a camera ends lacks neighbours: it is not judged whole."""
    if standing.quarantined_from_ms and standing.quarantined_from_ms <= at_ms:
        return "quarantined"
    return "held" if at_ms <= standing.through_ms - NEIGHBOUR_MS else "not_judged"
