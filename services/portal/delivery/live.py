"""Live pages: each event of a camera is made once, for however many watch it.

::

    follower ─► newly shown frames of watched cameras ─► their pictures are made ─► channel ─► every viewer's stream
                                   how the camera is ────────────────────────────►

A viewer is woken and takes what is newest. Who is slower than the camera skips frames: nothing piles up.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec

from schemas.cameras import Camera
from services.portal.delivery.addresses import url_of
from services.portal.delivery.pictures import Pictures
from services.portal.delivery.shown import CameraState, Shown
from services.portal.settings import LiveSettings
from services.privacy.showable import ShowableFrame
from services.runtime.camera_registry import CameraRevisions
from services.runtime.clock import Clock, now_ms
from services.runtime.errors import RetryableError
from services.runtime.logging import get_logger
from services.runtime.metrics import Metrics

log = get_logger(__name__)

_LOOK_SECONDS = 1.0
_BEATS_OF_SILENCE = 2
"""Pages take a stream for dead that has told nothing for one and a half times ``silent_seconds``: three beats."""
_MOST_FRAMES_AT_ONCE = 12
"""Frames of one camera that one turn announces; a camera at 25 fps gets as many a second, the newest ones."""
HEARTBEAT = b"event: beat\ndata:\n\n"
"""An event and no comment, which a page would not get to know of."""


@dataclass(slots=True, eq=False)
class Viewer:
    """One stream, and how much of what its channel told it has taken."""

    client: str
    states_seen: int = 0
    frames_seen: int = 0
    gone: bool = False
    wake: asyncio.Future[None] | None = None

    def rouse(self) -> None:
        """Let it look what there is."""
        if self.wake is not None and not self.wake.done():
            self.wake.set_result(None)


@dataclass(slots=True, eq=False)
class Channel:
    """A camera that is watched: how it is and what its newest frames are, as events, and who watches.

    ``states`` and ``frames`` count what was told.
    """

    camera_id: str
    state: CameraState
    is_public: bool
    states: int = 0
    frames: int = 0
    newest: bytes = b""
    viewers: set[Viewer] = field(default_factory=set)

    def tell(self, frames: bytes) -> None:
        """Put events of frames before every viewer, in place of the ones before."""
        self.newest = frames
        self.frames += 1
        self.rouse()

    def rouse(self) -> None:
        """Wake every viewer; one that finds nothing new sends a sign of life."""
        for viewer in self.viewers:
            viewer.rouse()

    def end(self) -> None:
        """Let every viewer go. Browsers come back, and are asked anew who they are."""
        for viewer in self.viewers:
            viewer.gone = True
            viewer.rouse()

    def take(self, viewer: Viewer) -> tuple[bytes, int]:
        """Give what a viewer has not seen yet, and how often it was too slow to see what was told."""
        skipped = max(0, self.frames - viewer.frames_seen - 1)
        told = b"" if viewer.states_seen == self.states else state_event(self.state)
        if viewer.frames_seen != self.frames:
            told += self.newest
        viewer.states_seen, viewer.frames_seen = self.states, self.frames
        return told or HEARTBEAT, skipped

    def has_more(self, viewer: Viewer) -> bool:
        """Tell whether there is something that a viewer has not seen."""
        return viewer.states_seen != self.states or viewer.frames_seen != self.frames


class TooManyError(Exception):
    """No more streams for this client, or for anybody. ``everybody`` says which."""

    def __init__(self, everybody: bool) -> None:
        super().__init__()
        self.everybody = everybody


class Live:
    """The channels of one process. Used from one event loop, apart from ``announce``.

    Args:
        cameras: The registry.
        shown: Says what may be shown.
        pictures: Makes pictures.
        settings: Bounds and pauses.
        metrics: Counts viewers and events.
        clock: The wall clock.
    """

    def __init__(
        self,
        cameras: CameraRevisions,
        shown: Shown,
        pictures: Pictures,
        settings: LiveSettings,
        metrics: Metrics,
        *,
        clock: Clock = now_ms,
    ) -> None:
        self._cameras = cameras
        self._shown = shown
        self._pictures = pictures
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._channels: dict[str, Channel] = {}
        self._viewers: Counter[str] = Counter()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[str, list[ShowableFrame]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.closing = False

    async def run(self) -> None:
        """Look after states and heartbeats until cancelled."""
        self._loop = asyncio.get_running_loop()
        pause = min(self._settings.heartbeat_seconds, self._settings.silent_seconds / _BEATS_OF_SILENCE)
        turns_a_beat = max(1, round(pause / _LOOK_SECONDS))
        turn = 0
        while True:
            turn += 1
            for channel in list(self._channels.values()):
                if not self._is_as_it_was(channel):
                    channel.end()
                elif self._look_at_state(channel) or turn % turns_a_beat == 0:
                    channel.rouse()
            await asyncio.sleep(_LOOK_SECONDS)

    def announce(self, frames: Sequence[ShowableFrame]) -> None:
        """Tell viewers of frames that may be shown now. From any thread."""
        watched = [frame for frame in frames if frame.camera_id in self._channels]
        if watched and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._announce, watched)

    def join(self, camera: Camera, client: str) -> tuple[Channel, Viewer]:
        """Let a client watch a camera.

        Raises:
            TooManyError: There are as many streams as may be.
        """
        if self._viewers.total() >= self._settings.viewers or self.closing:
            raise TooManyError(everybody=True)
        if self._viewers[client] >= self._settings.viewers_each:
            raise TooManyError(everybody=False)
        channel = self._channels.get(camera.camera_id)
        if channel is None:
            channel = Channel(camera.camera_id, self._shown.state(camera), camera.is_public)
            self._channels[camera.camera_id] = channel
        viewer = Viewer(client, channel.states, channel.frames)
        channel.viewers.add(viewer)
        self._viewers[client] += 1
        self._metrics.set("tilik_portal_viewers", self._viewers.total())
        return channel, viewer

    def leave(self, channel: Channel, viewer: Viewer) -> None:
        """Let a viewer go; a channel without viewers ends."""
        channel.viewers.discard(viewer)
        if not channel.viewers and self._channels.get(channel.camera_id) is channel:
            del self._channels[channel.camera_id]
        self._viewers[viewer.client] -= 1
        if self._viewers[viewer.client] <= 0:
            del self._viewers[viewer.client]
        self._metrics.set("tilik_portal_viewers", self._viewers.total())

    def close(self) -> None:
        """End every stream: browsers come back to another replica."""
        self.closing = True
        for channel in self._channels.values():
            channel.end()

    def greeting(self, channel: Channel, last_event_id: str) -> bytes:
        """Give what a new viewer is told: how the camera is, and its newest frame unless the viewer has it."""
        newest = self._shown.newest(channel.camera_id)
        if newest is not None and not self._may_be_told(channel, newest):
            newest = None
        known = newest is None or event_id(newest) == last_event_id
        return state_event(channel.state) + (b"" if newest is None or known else self._frame_event(newest))

    def _announce(self, frames: Sequence[ShowableFrame]) -> None:
        """Each camera's newest frames wait, in place of older ones, until its pictures before are made."""
        by_camera: dict[str, list[ShowableFrame]] = {}
        for frame in frames:
            by_camera.setdefault(frame.camera_id, []).append(frame)
        for camera_id, newest in by_camera.items():
            busy = camera_id in self._waiting
            self._waiting[camera_id] = newest[-_MOST_FRAMES_AT_ONCE:]
            if not busy:
                task = asyncio.create_task(self._prepare(camera_id))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _prepare(self, camera_id: str) -> None:
        """Have pictures made before a crowd asks for them, and tell of them. One that can't be had is not told of."""
        try:
            while (frames := self._waiting[camera_id]) and (channel := self._channels.get(camera_id)) is not None:
                self._waiting[camera_id] = []
                made = await asyncio.gather(*(self._pictures.get(frame) for frame in frames), return_exceptions=True)
                for error in made:
                    if isinstance(error, BaseException) and not isinstance(error, RetryableError):
                        log.error("live.failed", camera=camera_id, error=repr(error))
                ready = [
                    frame
                    for frame, picture in zip(frames, made, strict=True)
                    if _is_picture(picture) and self._may_be_told(channel, frame)
                ]
                if ready:
                    self._look_at_state(channel)
                    channel.tell(b"".join(self._frame_event(frame) for frame in ready))
        finally:
            del self._waiting[camera_id]

    def _is_as_it_was(self, channel: Channel) -> bool:
        """Tell whether those who were let in when the channel began may still be."""
        camera = self._cameras.latest(channel.camera_id)
        return camera is not None and camera.is_public == channel.is_public and camera.state != "removed"

    def _may_be_told(self, channel: Channel, frame: ShowableFrame) -> bool:
        """Tell whether all who watch may see a frame: of a public camera it is told what everybody may see."""
        camera = self._cameras.latest(channel.camera_id)
        may_be_seen = self._shown.is_published if channel.is_public else self._shown.is_burnt
        return camera is not None and may_be_seen(camera, frame)

    def _look_at_state(self, channel: Channel) -> bool:
        """Tell whether a camera's state is another one now."""
        camera = self._cameras.latest(channel.camera_id)
        state = CameraState("silent") if camera is None else self._shown.state(camera)
        if state == channel.state:
            return False
        channel.state = state
        channel.states += 1
        return True

    def _frame_event(self, frame: ShowableFrame) -> bytes:
        camera = self._cameras.find(frame.camera_id, frame.camera_revision)
        played = camera is not None and camera.source.clock == "recorded"
        return frame_event(frame, self._clock() - (frame.frame.appended_at_ms if played else frame.captured_at_ms))


def _is_picture(made: object) -> bool:
    return made is not None and not isinstance(made, BaseException)


def event_id(frame: ShowableFrame) -> str:
    """Give the id of a frame's event within its camera's stream."""
    return f"{frame.owner_epoch}-{frame.sequence}"


def frame_event(frame: ShowableFrame, delay_ms: int) -> bytes:
    """Give the event that tells of a frame, so long after it was captured; of old footage: after it was played."""
    told = {
        "url": url_of(frame),
        "captured_at_ms": frame.captured_at_ms,
        "delay_ms": max(0, delay_ms),
        "simulated": frame.simulated,
    }
    return b"event: frame\nid: " + event_id(frame).encode() + b"\ndata: " + msgspec.json.encode(told) + b"\n\n"


@lru_cache(maxsize=256)
def state_event(state: CameraState) -> bytes:
    """Give the event that tells how a camera is."""
    return b"event: state\ndata: " + msgspec.json.encode({"state": state.name, "since_ms": state.since_ms}) + b"\n\n"
