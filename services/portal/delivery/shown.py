"""What may be shown, as every part of the portal sees it: safe to ask from any thread."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from schemas.camera_events import CameraEvent
from schemas.cameras import Camera
from schemas.verdicts import SceneVerdicts
from services.portal.delivery.published import is_published
from services.privacy.private_zones import private_since
from services.privacy.showable import CameraStanding, FindCamera, Showable, ShowableFrame
from services.runtime.clock import Clock, now_ms

Absence = Literal["unknown", "no_longer"]
StateName = Literal["live", "held", "quarantined", "silent", "paused"]

_PATIENCE_PERIODS = 4
"""A camera that is sampled seldom is silent once so many samples are missing."""
_FOR_EVER_MS = 1 << 53
_HEARD_SECONDS = 30.0


class CameraState(NamedTuple):
    """How a camera is now. ``since_ms``: from which capture time on it is in quarantine, or 0."""

    name: StateName
    since_ms: int = 0


class Shown:
    """The frames of the last minutes that may be shown, fed by the follower.

    Args:
        find_camera: Gives a revision of a camera.
        keep_ms: How far back frames are held, and read at the start.
        silent_ms: A camera of which nothing was judged for longer is silent.
        clock: The wall clock: a frame grows old also where nothing comes after it.
        seconds: Monotonic seconds.
    """

    def __init__(
        self,
        find_camera: FindCamera,
        keep_ms: int,
        silent_ms: float,
        *,
        clock: Clock = now_ms,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find_camera = find_camera
        self.keep_ms = keep_ms
        self._clock = clock
        self._seconds = seconds
        self._heard_at = -math.inf
        self._showable = Showable(find_camera, keep_ms)
        self._silent_ms = silent_ms
        self._lock = threading.Lock()
        self._newest: dict[str, tuple[int, int]] = {}
        self._judged_at_ms: dict[str, int] = {}

    def heard(self, seconds_ago: float = 0.0) -> None:
        """Note that all that Kafka had so long ago has been read, of every partition."""
        self._heard_at = self._seconds() - seconds_ago

    @property
    def is_current(self) -> bool:
        """Tell whether a withdrawal would be known.

        Not before all that Kafka had at the start has been read, nor where it is not known for half a minute whether a
        partition has more: of events, of verdicts, or of the camera registry.
        """
        return self._seconds() - self._heard_at < _HEARD_SECONDS

    def take(self, events: Iterable[CameraEvent], verdicts: Iterable[SceneVerdicts]) -> list[ShowableFrame]:
        """Take what was read, and give what may be shown now for the first time, each camera's in order of capture."""
        with self._lock:
            for event in events:
                self._showable.take_event(event)
            released = [frame for each in verdicts for frame in self._take_verdicts(each)]
            released += self._showable.collect()
            for frame in released:
                key = (frame.owner_epoch, frame.sequence)
                self._newest[frame.camera_id] = max(self._newest.get(frame.camera_id, key), key)
            return released

    def frames(self, camera_id: str, from_ms: int = 0, until_ms: int = _FOR_EVER_MS) -> list[ShowableFrame]:
        """Give what may be shown of what was captured from ``from_ms`` up to, not including, ``until_ms``."""
        oldest_ms = self._oldest_ms()
        with self._lock:
            frames = self._showable.frames(camera_id, from_ms, until_ms)
        return [frame for frame in frames if frame.frame.appended_at_ms >= oldest_ms]

    def listed(self, camera: Camera) -> list[ShowableFrame]:
        """Give what is listed of a camera: of one that is public what everybody may see."""
        may_be_seen = self.is_published if camera.is_public else self.is_burnt
        frames = self.frames(camera.camera_id)
        by_revision: dict[int, bool] = {}
        for frame in frames:
            if frame.camera_revision not in by_revision:
                by_revision[frame.camera_revision] = may_be_seen(camera, frame)
        return [frame for frame in frames if by_revision[frame.camera_revision]]

    def is_published(self, camera: Camera, frame: ShowableFrame) -> bool:
        """Tell whether everybody may see a frame that may be shown, as its camera is now."""
        return is_published(camera, self._find_camera(frame.camera_id, frame.camera_revision))

    def is_burnt(self, camera: Camera, frame: ShowableFrame) -> bool:
        """Tell whether all that is private of a camera now is burnt out of a frame: else nobody is shown it."""
        return not private_since(camera, self._find_camera(frame.camera_id, frame.camera_revision))

    def newest(self, camera_id: str) -> ShowableFrame | None:
        """Give the newest frame of a camera that may be shown."""
        key = self._newest.get(camera_id)
        if key is None:
            return None
        with self._lock:
            frame = self._showable.find(camera_id, *key)
            if frame is None:  # the newest one was withdrawn
                frame = next(reversed(self._showable.frames(camera_id, 0, _FOR_EVER_MS)), None)
        return self._unless_old(frame)

    def find(self, camera_id: str, owner_epoch: int, sequence: int) -> ShowableFrame | None:
        """Give a frame, None where it may not be shown: not yet, no more, or never."""
        with self._lock:
            frame = self._showable.find(camera_id, owner_epoch, sequence)
        return self._unless_old(frame)

    def absence(self, camera_id: str, owner_epoch: int, sequence: int) -> Absence:
        """Tell of a frame that is not shown whether one as old was shown once: then this one will not come any more."""
        newest = self._newest.get(camera_id)
        return "no_longer" if newest is not None and (owner_epoch, sequence) <= newest else "unknown"

    def standing(self, camera_id: str) -> CameraStanding:
        """Give how a camera stands; one that no verdict has spoken of is held."""
        with self._lock:
            return self._showable.standing(camera_id)

    def state(self, camera: Camera) -> CameraState:
        """Give a camera's state. Silent is one that was last judged long ago, whatever clock its pictures have."""
        if camera.state == "paused":
            return CameraState("paused")
        standing = self.standing(camera.camera_id)
        if standing.quarantined_from_ms:
            return CameraState("quarantined", standing.quarantined_from_ms)
        patience_ms = max(self._silent_ms, _PATIENCE_PERIODS * camera.sampling_period_ms)
        if self._clock() - self._judged_at_ms.get(camera.camera_id, 0) > patience_ms:
            return CameraState("silent")
        return CameraState("held" if standing.held else "live")

    def _oldest_ms(self) -> int:
        """Give before when Kafka took what is too old by now."""
        return self._clock() - self.keep_ms

    def _unless_old(self, frame: ShowableFrame | None) -> ShowableFrame | None:
        return None if frame is None or frame.frame.appended_at_ms < self._oldest_ms() else frame

    def _take_verdicts(self, verdicts: SceneVerdicts) -> list[ShowableFrame]:
        for verdict in verdicts.cameras:
            if verdict.judged:
                former_ms = self._judged_at_ms.get(verdict.camera_id, 0)
                self._judged_at_ms[verdict.camera_id] = max(former_ms, verdicts.at_ms)
        return self._showable.take_verdicts(verdicts)
