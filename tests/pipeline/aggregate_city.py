"""The events of a city of cameras as a detector, ingest and people would send them: seeded, and none too tidy.

Frames are lost, shed, repeated, sent out of order, an hour late, or with a wrong clock; cameras lose their connection,
are handed to another owner and get a second registry entry in mid-stream. ``steps`` gives what is sent, a frame of each
camera at a time; the same seed gives the same records.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

import msgspec

from schemas.camera_events import (
    CAMERA_EVENT_CODEC,
    CameraEvent,
    CameraStatus,
    CaptureCounters,
    ConnectionState,
    Decision,
    DecisionKind,
    DetectorIdentity,
    FrameCoordinates,
    FrameDetections,
    FrameShed,
    ShedReason,
    WaterIdentity,
    make_event_id,
)
from schemas.cameras import CAMERA_CODEC, Camera
from schemas.topics import CAMERA_EVENTS, CAMERAS, FRAMES
from services.runtime.kafka import OutgoingRecord
from tests.pipeline.aggregate_places import Scenery, edited, make_scenery

START_MS: Final = 1_760_313_600_000 + 50 * 60_000
"""Monday, 13 October 2025, 07:50 in Asia/Jakarta: some counters open at 08:00, some close."""

_DETECTOR: Final = DetectorIdentity("nanodet-g-416", "a" * 64)
_WATER_DETECTOR: Final = WaterIdentity("water-1", "b" * 64)
_SHED_REASONS: Final[tuple[ShedReason, ...]] = ("stale", "overload", "undecodable", "refused")
_STATUS_STEPS: Final = 15
_SPOILED_EVERY: Final = 20_000
_OUTAGES_S: Final = (0,) * 8 + (100, 2_400)
"""By how much a camera's clock jumps: most never; over a reset of all runs; over the end of what is open."""


@dataclass(frozen=True)
class Step:
    """What is sent at a time: registry entries first, then events."""

    cameras: list[OutgoingRecord]
    events: list[OutgoingRecord]


class City:
    """Cameras and what becomes of their frames.

    Args:
        seed: All chance.
        camera_count: How many cameras.
        frames: Frames of each camera that its reader took.
    """

    def __init__(self, seed: int, camera_count: int = 1_100, frames: int = 275) -> None:
        self._seed, self._frames = seed, frames
        self.step_count = frames + 1
        self._cameras = [_CameraLife(number, seed, frames) for number in range(camera_count)]
        self.spoiled_count = 0

    def registry(self) -> list[OutgoingRecord]:
        """Give the first entry of every camera."""
        return [_camera_record(life.camera) for life in self._cameras]

    def steps(self) -> Iterator[Step]:
        """Give what is sent, step by step, up to what comes last of all."""
        chance, sent = Random(f"city {self._seed}"), 0
        for number in range(self._frames):
            order = chance.sample(self._cameras, len(self._cameras))
            changed = [_camera_record(life.camera) for life in order if life.enter(number)]
            events = [event for life in order for event in life.arrivals(number)]
            yield self._step(changed, events, sent)
            sent += len(events)
        yield self._step([], [event for life in self._cameras for event in life.last_arrivals()], sent)

    def _step(self, changed: list[OutgoingRecord], events: list[CameraEvent], sent: int) -> Step:
        records = [_event_record(event) for event in events]
        if sent // _SPOILED_EVERY < (sent + len(events)) // _SPOILED_EVERY:
            victim = records[len(records) // 2]
            records.append(OutgoingRecord(victim.topic, victim.key, victim.value[:-20]))
            self.spoiled_count += 1
        return Step(changed, records)


class _CameraLife:
    """One camera: its frames in order of capture, and when the events about them arrive."""

    def __init__(self, number: int, seed: int, frames: int) -> None:
        self._chance = chance = Random(f"camera {number} {seed}")
        self._scenery: Scenery = make_scenery(number, frames, chance)
        self.camera: Camera = self._scenery.camera
        self._id = self.camera.camera_id
        self._period_ms = round(self.camera.sampling_period_ms)
        self._now_ms = START_MS + chance.randrange(60_000)
        self._epoch, self._sequence, self._missed = self._now_ms - 1_000, 0, 0
        self._edited_at = chance.randrange(60, 220) if chance.random() < 0.25 else -1
        self._handed_over_at = chance.randrange(60, 220) if chance.random() < 0.25 else -1
        self._outage_at, self._outage_s = chance.randrange(100, 200), chance.choice(_OUTAGES_S)
        self._skewed = range(a := chance.randrange(frames), a + 20) if chance.random() < 0.03 else range(0)
        self._waiting: list[tuple[int, int, CameraEvent]] = []
        self._order = 0

    def enter(self, step: int) -> bool:
        """Go on to the next frame; True: under a new registry entry, to be said before its first event."""
        self._now_ms += self._period_ms
        if step == self._outage_at:
            self._now_ms += self._outage_s * 1000
        if step == self._handed_over_at:
            self._hand_over(step)
        if step == self._edited_at:
            self.camera = edited(self.camera, self._chance)
            return True
        return False

    def arrivals(self, step: int) -> Iterator[CameraEvent]:
        """Give the events that arrive at this step."""
        self._take_frame(step)
        if step % _STATUS_STEPS == _STATUS_STEPS - 1:
            self._send(step + (self._chance.random() < 0.1), self._status("live"))
        for at, decision in self._scenery.decisions:
            if at == step:
                self._decide(step, decision)
        while self._waiting and self._waiting[0][0] <= step:
            yield heapq.heappop(self._waiting)[2]

    def last_arrivals(self) -> Iterator[CameraEvent]:
        """Give the events that are still under way."""
        while self._waiting:
            yield heapq.heappop(self._waiting)[2]

    def _take_frame(self, step: int) -> None:
        chance = self._chance
        dice = chance.random()
        frame = self._frame(step)
        if dice < 0.015:
            return  # no detector ever saw it
        arrives = step + self._delay()
        if dice < 0.04:
            self._send(arrives, _shed(frame, _SHED_REASONS[chance.randrange(4)]))
            if dice < 0.02:  # a replay found time for it after all
                self._send(arrives + chance.randrange(3), frame)
            return
        self._send(arrives, frame)
        if dice > 0.98:
            self._send(arrives + chance.randrange(4), frame)
        if dice > 0.995:
            self._send(arrives + chance.randrange(4), _shed(frame, "overload"))

    def _delay(self) -> int:
        """Give how many steps an event is late: mostly none; within the 5 s that are waited for; or far more."""
        dice = self._chance.random()
        if dice < 0.85:
            return 0
        if dice < 0.985:
            return self._chance.randrange(max(1, 5_000 // self._period_ms) + 1)
        return self._chance.randrange(2, 20) if dice < 0.999 else self._chance.randrange(100, 160)

    def _frame(self, step: int) -> FrameDetections:
        chance, scenery, sequence = self._chance, self._scenery, self._sequence
        self._sequence += 1
        captured_ms = self._now_ms + chance.randrange(200)
        appended_ms = captured_ms + 60 + chance.randrange(300)
        water = scenery.grid(step, chance)
        return FrameDetections(
            event_id=make_event_id(self._id, self._epoch, sequence),
            camera_id=self._id,
            owner_epoch=self._epoch,
            sequence=sequence,
            captured_at_ms=captured_ms + (600_000 if step in self._skewed else 0),
            camera_revision=self.camera.revision,
            source_kind="file",
            simulated=False,
            frame=FrameCoordinates(FRAMES.name, 0, step, appended_ms),
            detected_at_ms=appended_ms + 200 + chance.randrange(900),
            width=1280,
            height=720,
            detector=_DETECTOR,
            objects=tuple(sorted(scenery.objects(step, chance), key=_score, reverse=True)),
            scene=scenery.scene(step, chance),
            reliability=scenery.reliability,
            water=water,
            water_detector=None if water is None else _WATER_DETECTOR,
        )

    def _hand_over(self, step: int) -> None:
        """Give the camera to another owner; the one before said so, or was cut off and sent one more frame."""
        if self._chance.random() < 0.5:
            self._send(step, self._status("stopped"))
        else:
            self._send(step + self._chance.randrange(4), self._frame(step))
        self._epoch, self._sequence, self._missed = self._now_ms, 0, 0

    def _status(self, state: ConnectionState) -> CameraStatus:
        self._missed += self._chance.randrange(2)
        return CameraStatus(
            event_id=make_event_id(self._id, "status", self._epoch, self._sequence, state),
            camera_id=self._id,
            owner_epoch=self._epoch,
            at_ms=self._now_ms,
            camera_revision=self.camera.revision,
            ingest_instance=f"ingest-{self._epoch % 3}",
            source_kind="file",
            state=state,
            counters=CaptureCounters(self._sequence, {"late": self._missed}, self._sequence * 60_000),
        )

    def _decide(self, step: int, decision: DecisionKind) -> None:
        """Somebody decides, in some cases about what has passed; a few send it twice."""
        chance = self._chance
        event = Decision(
            event_id=make_event_id(self._id, decision, step),
            camera_id=self._id,
            decided_at_ms=self._now_ms - chance.choice((0, 0, 3_000, 60_000)),
            decided_by="petugas",
            decision=decision,
            reason="looked at it",
            episode_id=make_event_id(self._id, "an episode") if decision.startswith("episode") else None,
            mask=((0.0, 0.9), (0.2, 0.9), (0.2, 1.0), (0.0, 1.0)) if decision == "static_object_masked" else None,
        )
        self._send(step, event)
        if chance.random() < 0.3:
            self._send(step + 3, event)

    def _send(self, step: int, event: CameraEvent) -> None:
        heapq.heappush(self._waiting, (step, self._order, event))
        self._order += 1


def _shed(frame: FrameDetections, reason: ShedReason) -> FrameShed:
    return FrameShed(
        event_id=make_event_id(frame.event_id, reason),
        camera_id=frame.camera_id,
        owner_epoch=frame.owner_epoch,
        sequence=frame.sequence,
        captured_at_ms=frame.captured_at_ms,
        camera_revision=frame.camera_revision,
        source_kind=frame.source_kind,
        simulated=frame.simulated,
        frame=frame.frame,
        shed_at_ms=frame.detected_at_ms,
        reason=reason,
    )


def _score(thing: object) -> float:
    return float(msgspec.structs.astuple(thing)[1])  # type: ignore[arg-type]


def _camera_record(camera: Camera) -> OutgoingRecord:
    return OutgoingRecord(CAMERAS.name, camera.camera_id.encode(), CAMERA_CODEC.encode(camera))


def _event_record(event: CameraEvent) -> OutgoingRecord:
    return OutgoingRecord(CAMERA_EVENTS.name, event.camera_id.encode(), CAMERA_EVENT_CODEC.encode(event))
