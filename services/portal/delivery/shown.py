"""What may be shown, as every part of the portal sees it: safe to ask from any thread."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Literal, NamedTuple

from schemas.camera_events import CameraEvent
from schemas.cameras import Camera
from schemas.verdicts import SceneVerdicts
from services.privacy.showable import CameraStanding, FindCamera, Showable, ShowableFrame

Absence = Literal["unknown", "no_longer"]
StateName = Literal["live", "held", "quarantined", "silent", "paused"]

_PATIENCE_PERIODS = 4
"""A camera that is sampled seldom is silent once so many samples are missing."""
_FOR_EVER_MS = 1 << 53


class CameraState(NamedTuple):
    """How a camera is now. ``since_ms``: from which capture time on it is in quarantine, or 0."""

    name: StateName
    since_ms: int = 0


class Shown:
    """The frames of the last minutes that may be shown, fed by the follower.

    Args:
        find_camera: Gives a revision of a camera.
        keep_ms: How far back frames are held.
        silent_ms: A camera of which nothing was judged for longer is silent.
    """

    def __init__(self, find_camera: FindCamera, keep_ms: int, silent_ms: float) -> None:
        self._showable = Showable(find_camera, keep_ms)
        self._silent_ms = silent_ms
        self._lock = threading.Lock()
        self._newest: dict[str, tuple[int, int]] = {}
        self._judged_at_ms: dict[str, int] = {}

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
        with self._lock:
            return self._showable.frames(camera_id, from_ms, until_ms)

    def newest(self, camera_id: str) -> ShowableFrame | None:
        """Give the newest frame of a camera that may be shown."""
        key = self._newest.get(camera_id)
        if key is None:
            return None
        with self._lock:
            frame = self._showable.find(camera_id, *key)
            if frame is None:  # the newest one was withdrawn
                frame = next(reversed(self._showable.frames(camera_id, 0, _FOR_EVER_MS)), None)
        return frame

    def find(self, camera_id: str, owner_epoch: int, sequence: int) -> ShowableFrame | None:
        """Give a frame, None where it may not be shown: not yet, no more, or never."""
        with self._lock:
            return self._showable.find(camera_id, owner_epoch, sequence)

    def absence(self, camera_id: str, owner_epoch: int, sequence: int) -> Absence:
        """Tell of a frame that is not shown whether one as old was shown once: then this one will not come any more."""
        newest = self._newest.get(camera_id)
        return "no_longer" if newest is not None and (owner_epoch, sequence) <= newest else "unknown"

    def standing(self, camera_id: str) -> CameraStanding:
        """Give how a camera stands; one that no verdict has spoken of is held."""
        with self._lock:
            return self._showable.standing(camera_id)

    def state(self, camera: Camera, now_ms: int) -> CameraState:
        """Give a camera's state. Silent is one that was last judged long ago, whatever clock its pictures have."""
        if camera.state == "paused":
            return CameraState("paused")
        standing = self.standing(camera.camera_id)
        if standing.quarantined_from_ms:
            return CameraState("quarantined", standing.quarantined_from_ms)
        patience_ms = max(self._silent_ms, _PATIENCE_PERIODS * camera.sampling_period_ms)
        if now_ms - self._judged_at_ms.get(camera.camera_id, 0) > patience_ms:
            return CameraState("silent")
        return CameraState("held" if standing.held else "live")

    def _take_verdicts(self, verdicts: SceneVerdicts) -> list[ShowableFrame]:
        for verdict in verdicts.cameras:
            if verdict.judged:
                former_ms = self._judged_at_ms.get(verdict.camera_id, 0)
                self._judged_at_ms[verdict.camera_id] = max(former_ms, verdicts.at_ms)
        return self._showable.take_verdicts(verdicts)
