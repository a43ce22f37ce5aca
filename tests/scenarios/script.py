"""From what happens before a camera to the events that its frames become.

A script says what is there (things, looks, water) by spans of time, and then, as ``deliver``, what reaches the topic in
which order. All times are seconds after ``start``; a span holds its start and not its end. Nothing is judged here.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from schemas.camera_events import (
    WATER_GRID_COLUMNS,
    WATER_GRID_ROWS,
    CameraEvent,
    CameraStatus,
    CaptureCounters,
    ConnectionState,
    Decision,
    DecisionKind,
    DetectedObject,
    DetectorIdentity,
    FrameCoordinates,
    FrameDetections,
    FrameShed,
    ObjectClass,
    SceneFacts,
    ShedReason,
    WaterIdentity,
    make_event_id,
)
from schemas.geometry import BoxXyxy, Polygon
from schemas.topics import FRAMES

Span = tuple[float, float]
Look = Literal["usual", "shifted", "covered", "defocused", "dark", "frozen"]

LOOKS: dict[str, tuple[str, float, float, float]] = {
    "usual": ("street", 0.4, 0.2, 1000.0),
    "shifted": ("elsewhere", 0.4, 0.2, 900.0),
    "covered": ("elsewhere", 0.1, 0.05, 20.0),
    "defocused": ("street", 0.4, 0.18, 60.0),
    "dark": ("street", 0.04, 0.03, 25.0),
    "frozen": ("street", 0.4, 0.2, 1000.0),
}
"""What a picture looks like: its view, luma, contrast, sharpness. A frozen one has the same content in every frame."""


class Thing(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that the detector reports while it is ``seen``.

    It stands at ``box``, or moves evenly from box to box of ``path`` (by time). ``pattern`` repeats frame by frame:
    ``1`` seen, ``0`` missed.
    """

    label: ObjectClass
    seen: tuple[Span, ...]
    box: BoxXyxy | None = None
    path: dict[float, BoxXyxy] = {}
    pattern: str = "1"
    score: float = 0.9


class Frames(Struct, frozen=True, forbid_unknown_fields=True):
    """Judged frames. ``ahead``: by how much the clock is ahead, s. ``within``: how far arrivals are disordered, s."""

    frames: Span
    revision: int = 1
    epoch: int = 1
    ahead: float = 0.0
    twice: bool = False
    within: float = 0.0


class Shed(Struct, frozen=True, forbid_unknown_fields=True):
    """Frames that no detector judged, and why."""

    shed: Span
    reason: ShedReason
    revision: int = 1
    epoch: int = 1


class Lost(Struct, frozen=True, forbid_unknown_fields=True):
    """Frames that were captured, so that they have a number, and of which no detector ever speaks."""

    lost: Span
    epoch: int = 1


class Status(Struct, frozen=True, forbid_unknown_fields=True):
    """A word of ingest about the camera."""

    status: ConnectionState
    at: float
    captured: int
    epoch: int = 1


class Decided(Struct, frozen=True, forbid_unknown_fields=True):
    """A decision of a person, with the time at which it was taken. ``episode``: the kind of thing that it judges."""

    decision: DecisionKind
    at: float
    mask: Polygon | None = None
    episode_id: str | None = None


Delivery = Frames | Shed | Lost | Status | Decided
_KINDS: dict[str, type[Delivery]] = {
    "frames": Frames,  # not a topic
    "shed": Shed,
    "lost": Lost,
    "status": Status,
    "decision": Decided,
}


class Script(Struct, frozen=True, forbid_unknown_fields=True):
    """What happens before a camera, and what is delivered of it. ``every``: the sampling period, s.

    What is delivered comes in the order in which it is listed; ``by_time``: as frames were taken.
    ``water`` is the probability of water in the whole picture by time, straight lines between; None: it has no grid.
    ``reliability`` holds from its time on; 0.9 before.
    """

    start: str
    deliver: tuple[dict[str, Any], ...]
    every: float = 1.0
    by_time: bool = False
    picture: tuple[int, int] = (1280, 720)
    things: dict[str, Thing] = {}
    looks: dict[Look, tuple[Span, ...]] = {}
    water: dict[float, float] = {}
    reliability: dict[float, float] = {}

    @property
    def start_ms(self) -> int:
        """Give the start in milliseconds since 1970."""
        return int(datetime.fromisoformat(self.start).timestamp() * 1000)

    def deliveries(self) -> list[Delivery]:
        """Give what is delivered, in order."""
        return [msgspec.convert(said, _KINDS[next(iter(said))]) for said in self.deliver]


class Expansion:
    """Makes a script's events for one camera."""

    def __init__(self, script: Script, camera_id: str) -> None:
        self._script, self._camera_id = script, camera_id
        self._deliveries = script.deliveries()
        self._numbers = self._number_frames()

    def events(self) -> list[CameraEvent]:
        """Give the events in the order in which they reach the topic."""
        listed = list(self._listed())
        return sorted(listed, key=_taken_at) if self._script.by_time else listed

    def _listed(self) -> Iterator[CameraEvent]:
        for each in self._deliveries:
            if isinstance(each, Frames):
                yield from self._judged(each)
            elif isinstance(each, Shed):
                yield from (self._shed(each, at_ms) for at_ms in self._times(each.shed))
            elif isinstance(each, Status):
                yield self._status(each)
            elif isinstance(each, Decided):
                yield self._decision(each)

    def seconds_by_event(self) -> dict[str, float]:
        """Give for the id of each judged frame's event the seconds after the start at which it was really taken."""
        return {
            self._event_id(each.epoch, at_ms, "detected"): at_ms / 1000
            for each in self._deliveries
            if isinstance(each, Frames)
            for at_ms in self._times(each.frames)
        }

    def _times(self, span: Span) -> range:
        return range(round(span[0] * 1000), round(span[1] * 1000), round(self._script.every * 1000))

    def _number_frames(self) -> dict[tuple[int, int], int]:
        """Number the frames of each epoch in the order in which they were taken, without a hole."""
        taken: dict[int, set[int]] = {}
        for each in self._deliveries:
            span = getattr(each, "frames", None) or getattr(each, "shed", None) or getattr(each, "lost", None)
            if span is not None and not isinstance(each, (Status, Decided)):
                taken.setdefault(each.epoch, set()).update(self._times(span))
        return {(epoch, at): number for epoch, times in taken.items() for number, at in enumerate(sorted(times))}

    def _event_id(self, epoch: int, at_ms: int, outcome: str) -> str:
        return make_event_id(self._camera_id, epoch, self._numbers[epoch, at_ms], outcome)

    def _judged(self, said: Frames) -> list[FrameDetections]:
        made = [self._detections(said, at_ms) for at_ms in self._times(said.frames)]
        if said.twice:
            made = [event for event in made for _ in range(2)]
        chance = random.Random(self._camera_id)
        if said.within:
            made.sort(key=lambda event: event.captured_at_ms + chance.random() * said.within * 1000)
        return made

    def _detections(self, said: Frames, at_ms: int) -> FrameDetections:
        script, number = self._script, self._numbers[said.epoch, at_ms]
        appended_ms = script.start_ms + at_ms + 100
        water = water_at(script, at_ms / 1000)
        return FrameDetections(
            event_id=self._event_id(said.epoch, at_ms, "detected"),
            camera_id=self._camera_id,
            owner_epoch=said.epoch,
            sequence=number,
            captured_at_ms=script.start_ms + at_ms + round(said.ahead * 1000),
            camera_revision=said.revision,
            source_kind="snapshot",
            simulated=False,
            frame=FrameCoordinates(FRAMES.name, 0, number, appended_ms),
            detected_at_ms=appended_ms + 400,
            width=script.picture[0],
            height=script.picture[1],
            detector=DetectorIdentity("nanodet-g-416", "0" * 64),
            objects=tuple(things_at(script, at_ms)),
            scene=scene_at(script, at_ms),
            reliability=reliability_at(script, at_ms / 1000),
            water=water,
            water_detector=None if water is None else WaterIdentity("water", "1" * 64),
        )

    def _shed(self, said: Shed, at_ms: int) -> FrameShed:
        captured_ms, number = self._script.start_ms + at_ms, self._numbers[said.epoch, at_ms]
        return FrameShed(
            event_id=self._event_id(said.epoch, at_ms, said.reason),
            camera_id=self._camera_id,
            owner_epoch=said.epoch,
            sequence=number,
            captured_at_ms=captured_ms,
            camera_revision=said.revision,
            source_kind="snapshot",
            simulated=False,
            frame=FrameCoordinates(FRAMES.name, 0, number, captured_ms + 100),
            shed_at_ms=captured_ms + 12_000,
            reason=said.reason,
        )

    def _status(self, said: Status) -> CameraStatus:
        return CameraStatus(
            event_id=make_event_id(self._camera_id, "status", said.epoch, said.at),
            camera_id=self._camera_id,
            owner_epoch=said.epoch,
            at_ms=self._script.start_ms + round(said.at * 1000),
            camera_revision=1,
            ingest_instance="ingest-0",
            source_kind="snapshot",
            state=said.status,
            counters=CaptureCounters(captured=said.captured, bytes=said.captured * 60_000),
        )

    def _decision(self, said: Decided) -> Decision:
        return Decision(
            event_id=make_event_id(self._camera_id, said.decision, said.at),
            camera_id=self._camera_id,
            decided_at_ms=self._script.start_ms + round(said.at * 1000),
            decided_by="petugas",
            decision=said.decision,
            reason="looked at it",
            mask=said.mask,
            episode_id=said.episode_id,
        )


def _taken_at(event: CameraEvent) -> int:
    if isinstance(event, (FrameDetections, FrameShed)):
        return event.captured_at_ms
    return event.at_ms if isinstance(event, CameraStatus) else event.decided_at_ms


def things_at(script: Script, at_ms: int) -> Iterator[DetectedObject]:
    """Give what a detector reports of the instant, the best score first."""
    for thing in sorted(script.things.values(), key=lambda thing: -thing.score):
        frame = at_ms // round(script.every * 1000)
        if _in_any(thing.seen, at_ms) and thing.pattern[frame % len(thing.pattern)] == "1":
            yield DetectedObject(thing.label, thing.score, _box_at(thing, at_ms / 1000))


def scene_at(script: Script, at_ms: int) -> SceneFacts:
    """Give what the picture as a whole looks like: two bits a frame are noise, and no two frames have one content."""
    look = next((look for look, spans in script.looks.items() if _in_any(spans, at_ms)), "usual")
    view, luma, contrast, sharpness = LOOKS[look]
    number = 0 if look == "frozen" else at_ms // 100
    bits = int.from_bytes(hashlib.blake2b(view.encode(), digest_size=32).digest())
    noise = 1 << number * 7 % 256 | 1 << number * 11 % 256
    return SceneFacts(luma, contrast, sharpness, f"{number + 1:016x}", f"{bits ^ noise:064x}")


def reliability_at(script: Script, seconds: float) -> float:
    """Give how far the picture can be trusted at an instant."""
    since = max((since for since in script.reliability if since <= seconds), default=None)
    return 0.9 if since is None else script.reliability[since]


def water_at(script: Script, seconds: float) -> bytes | None:
    """Give the grid of an instant: the same probability in every cell."""
    if not script.water:
        return None
    (probability,) = _between({at: (value,) for at, value in script.water.items()}, seconds)
    return bytes([round(probability * 255)]) * (WATER_GRID_COLUMNS * WATER_GRID_ROWS)


def _in_any(spans: tuple[Span, ...], at_ms: int) -> bool:
    return any(round(start * 1000) <= at_ms < round(end * 1000) for start, end in spans)


def _box_at(thing: Thing, seconds: float) -> BoxXyxy:
    if thing.box is not None:
        return thing.box
    left, top, right, bottom = _between(thing.path, seconds)
    return left, top, right, bottom


def _between(points: dict[float, Any], seconds: float) -> tuple[float, ...]:
    """Give the values at an instant: on the straight line between its neighbours, constant before and after."""
    before = max((at for at in points if at <= seconds), default=min(points))
    after = min((at for at in points if at >= seconds), default=max(points))
    if after == before:
        return tuple(points[before])
    share = (seconds - before) / (after - before)
    return tuple(a + (b - a) * share for a, b in zip(points[before], points[after], strict=True))
