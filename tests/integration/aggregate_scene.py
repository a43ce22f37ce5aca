"""A small city whose events a worker aggregates, and what its rows must then be."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from schemas.camera_events import (
    CAMERA_EVENT_CODEC,
    CameraEvent,
    CameraStatus,
    CaptureCounters,
    Decision,
    DetectedObject,
    DetectorIdentity,
    FrameCoordinates,
    FrameDetections,
    FrameShed,
    SceneFacts,
    make_event_id,
)
from schemas.cameras import CAMERA_CODEC, Camera, ParkingRule, Place, Rules, Source, Zone
from schemas.topics import CAMERA_EVENTS, CAMERAS, FRAMES
from services.runtime.kafka import OutgoingRecord

START_MS = 1_750_000_000_000
QUEUE = ((0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (0.0, 1.0))
STAFF = ((0.5, 0.0), (1.0, 0.0), (1.0, 0.5), (0.5, 0.5))
ROAD = ((0.5, 0.5), (1.0, 0.5), (1.0, 1.0), (0.5, 1.0))


def make_camera(camera_id: str, revision: int = 1) -> Camera:
    return Camera(
        camera_id=camera_id,
        revision=revision,
        name=camera_id,
        kind="counter",
        place=Place("Semarang Tengah", "Sekayu", -6.98, 110.41),
        source=Source(kind="snapshot", url="http://camera.test/still.jpg"),
        zones=(Zone("q", "queue", QUEUE), Zone("s", "staff", STAFF), Zone("p", "no_parking", ROAD)),
        rules=Rules(parking=ParkingRule(grace_seconds=60)),
    )


def camera_record(camera: Camera) -> OutgoingRecord:
    return OutgoingRecord(CAMERAS.name, camera.camera_id.encode(), CAMERA_CODEC.encode(camera))


def event_record(event: CameraEvent) -> OutgoingRecord:
    return OutgoingRecord(CAMERA_EVENTS.name, event.camera_id.encode(), CAMERA_EVENT_CODEC.encode(event))


def make_detections(camera_id: str, sequence: int, seed: int = 0, epoch: int = START_MS) -> FrameDetections:
    """Give a frame of one second; the same arguments give the same frame."""
    chance = random.Random(f"{camera_id} {sequence} {seed}")
    at_ms = START_MS + sequence * 1000 + chance.randrange(200)
    return FrameDetections(
        event_id=make_event_id(camera_id, epoch, sequence),
        camera_id=camera_id,
        owner_epoch=epoch,
        sequence=sequence,
        captured_at_ms=at_ms,
        camera_revision=1,
        source_kind="snapshot",
        simulated=False,
        frame=FrameCoordinates(FRAMES.name, 0, sequence, at_ms + 50),
        detected_at_ms=at_ms + 400,
        width=1280,
        height=720,
        detector=DetectorIdentity("nanodet-g-416", "0" * 64),
        objects=tuple(_objects(chance, sequence)),
        scene=SceneFacts(0.5, 0.2, 100.0, "0" * 16, "0" * 64),
        reliability=0.9,
    )


def _objects(chance: random.Random, sequence: int) -> Iterator[DetectedObject]:
    yield DetectedObject("car", 0.9, (0.6, 0.7, 0.8, 0.9))  # parked
    for _ in range(chance.randrange(4)):
        x, y = chance.random() * 0.9, chance.random() * 0.8
        yield DetectedObject("person", 0.5, (x, y, x + 0.1, y + 0.2))
    if (sequence // 70) % 2:
        yield DetectedObject("person", 0.4, (0.7, 0.1, 0.8, 0.3))  # staff, on and off


@dataclass(frozen=True)
class City:
    """Cameras under one prefix, so that several cities may share a broker."""

    prefix: str
    camera_count: int = 20

    @property
    def camera_ids(self) -> list[str]:
        return [f"{self.prefix}-{number:02d}" for number in range(self.camera_count)]

    def registry(self) -> list[OutgoingRecord]:
        return [camera_record(make_camera(camera_id)) for camera_id in self.camera_ids]

    def events(self, frames: int, seed: int = 1) -> list[OutgoingRecord]:
        """Give ``frames`` frames a camera, somewhat out of order: some lost, shed, repeated, with statuses between."""
        chance = random.Random(f"{self.prefix} {seed}")
        timed: list[tuple[float, CameraEvent]] = []
        for camera_id in self.camera_ids:
            for sequence in range(frames):
                timed += [(sequence + chance.random() * 3, e) for e in _outcomes(chance, camera_id, sequence)]
        timed.sort(key=lambda pair: pair[0])
        return [event_record(event) for _, event in timed]


def _outcomes(chance: random.Random, camera_id: str, sequence: int) -> Iterator[CameraEvent]:
    frame, dice = make_detections(camera_id, sequence), chance.random()
    if dice < 0.02:
        return  # no detector ever saw it
    if dice < 0.06:
        yield shed(frame, "stale" if dice < 0.04 else "undecodable")
    else:
        yield frame
    if dice > 0.97:
        yield frame  # a replay
    if dice > 0.99:
        yield shed(frame, "overload")  # a replay that came too late to be judged again
    if sequence % 60 == 59:
        yield status(frame)
    if sequence == 100:
        yield Decision(
            event_id=make_event_id(camera_id, "decision"),
            camera_id=camera_id,
            decided_at_ms=frame.captured_at_ms,
            decided_by="steward",
            decision="static_object_masked",
            reason="a painted figure",
            mask=((0.0, 0.0), (0.1, 0.0), (0.1, 0.1)),
        )


def shed(frame: FrameDetections, reason: str) -> FrameShed:
    return msgspec.convert(
        {
            "type": "frame_shed",
            "event_id": make_event_id(frame.event_id, reason),
            "shed_at_ms": frame.detected_at_ms,
            "reason": reason,
            **{
                name: msgspec.to_builtins(getattr(frame, name))
                for name in FrameShed.__struct_fields__
                if name in FrameDetections.__struct_fields__ and name != "event_id"
            },
        },
        FrameShed,
    )


def status(frame: FrameDetections) -> CameraStatus:
    captured = frame.sequence + 1
    return CameraStatus(
        event_id=make_event_id(frame.camera_id, "status", captured),
        camera_id=frame.camera_id,
        owner_epoch=frame.owner_epoch,
        at_ms=frame.captured_at_ms,
        camera_revision=1,
        ingest_instance="ingest-1",
        source_kind="snapshot",
        state="live",
        counters=CaptureCounters(captured, {"late": captured // 50}, captured * 60_000),
    )
