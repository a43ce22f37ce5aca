"""Cameras that play ten minutes in seconds, judged as they come: frames, events, verdicts and episodes in Kafka.

What detect and aggregate would say is said here, so that a test decides what is held, shed or late. Times are those of
the pictures; Kafka's own are of now.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import simplejpeg
from confluent_kafka import KafkaError, Message, Producer

from schemas.camera_events import (
    CAMERA_EVENT_CODEC,
    DetectedObject,
    DetectorIdentity,
    FrameCoordinates,
    FrameDetections,
    SceneFacts,
    make_event_id,
)
from schemas.cameras import CAMERA_CODEC, Camera, Place, Source
from schemas.frames import FRAME_SCHEMA, FrameHeaders
from schemas.topics import CAMERA_EVENTS, CAMERAS, FRAMES, SCENE_VERDICTS
from schemas.verdicts import SCENE_VERDICTS_CODEC, CameraVerdict, HeldSpan, SceneVerdicts
from services.runtime.clock import now_ms
from services.runtime.kafka import OutgoingRecord, events_producer, frames_producer
from services.runtime.loop import deliver
from services.runtime.settings import KafkaSettings

START_MS = 1_764_046_800_000
"""2025-11-25 12:00 in Semarang, the start of a minute."""
MINUTE_MS = 60_000
EPOCH = 1_764_000_000_000
PERSON = DetectedObject("person", 0.9, (0.4, 0.3, 0.6, 0.9))


def make_camera(camera_id: str, **fields: object) -> Camera:
    """Give a camera that is recorded, whose pictures tell their own times."""
    values: dict[str, object] = {
        "camera_id": camera_id,
        "revision": 1,
        "name": camera_id,
        "kind": "street",
        "place": Place("Tembalang", "Sendangmulyo", -7.02, 110.46),
        "source": Source("file", "clip.mp4", clock="recorded"),
        "record": True,
        **fields,
    }
    return Camera(**values)  # type: ignore[arg-type]


def publish(kafka: KafkaSettings, cameras: Sequence[Camera]) -> None:
    """Put cameras into the registry."""
    records = [OutgoingRecord(CAMERAS.name, one.camera_id.encode(), CAMERA_CODEC.encode(one)) for one in cameras]
    deliver(events_producer(kafka), records, 20.0)


class City:
    """Plays cameras second by second.

    Args:
        kafka: Where to.
        camera_ids: Who plays.
        held: Seconds, from and until, in which every camera's pictures are held.
        extra_bytes: By how much each picture is made larger.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        camera_ids: Sequence[str],
        held: tuple[int, int] | None = None,
        extra_bytes: int = 0,
    ) -> None:
        self.captured: dict[str, list[int]] = {camera_id: [] for camera_id in camera_ids}
        self._held = held
        self._extra = bytes(extra_bytes)
        self._frames: Producer = frames_producer(kafka, delivery_timeout_seconds=60.0)
        self._events = events_producer(kafka)
        self._through: dict[str, int] = {}

    def play(self, from_second: int, until_second: int) -> list[FrameDetections]:
        """Send the pictures of these seconds, and what is found in them; give that. Nothing is judged yet."""
        found: list[FrameDetections] = []
        for second in range(from_second, until_second):
            for camera_id in self.captured:
                self._send(camera_id, second, found)
            self._frames.poll(0)
        self._frames.flush(60)
        records = [
            OutgoingRecord(CAMERA_EVENTS.name, event.camera_id.encode(), CAMERA_EVENT_CODEC.encode(event))
            for event in found
        ]
        deliver(self._events, records, 60.0)
        return found

    def judge(self, found: Sequence[FrameDetections]) -> None:
        """Say what aggregate says of these: one verdict a camera, in one message a partition."""
        by_partition: dict[int, dict[str, list[FrameDetections]]] = {}
        for event in found:
            by_partition.setdefault(event.frame.partition, {}).setdefault(event.camera_id, []).append(event)
        records = []
        for partition, cameras in by_partition.items():
            verdicts = SceneVerdicts(
                at_ms=now_ms(), cameras=tuple(self._verdict(name, events) for name, events in sorted(cameras.items()))
            )
            records.append(
                OutgoingRecord(
                    SCENE_VERDICTS.name,
                    str(partition).encode(),
                    SCENE_VERDICTS_CODEC.encode(verdicts),
                    partition=partition,
                )
            )
        deliver(self._events, records, 60.0)

    def _verdict(self, camera_id: str, events: Sequence[FrameDetections]) -> CameraVerdict:
        after_ms, through_ms = self._through.get(camera_id, 0), max(event.captured_at_ms for event in events)
        self._through[camera_id] = through_ms
        held: tuple[HeldSpan, ...] = ()
        if self._held is not None:
            held = (HeldSpan(*(START_MS + second * 1000 for second in self._held)),)
        return CameraVerdict(
            camera_id=camera_id,
            owner_epoch=EPOCH,
            after_ms=after_ms,
            through_ms=through_ms,
            judged=len(events),
            held=held,
        )

    def _send(self, camera_id: str, second: int, found: list[FrameDetections]) -> None:
        at_ms, number = START_MS + second * 1000 + 137, len(self.captured[camera_id])
        headers = FrameHeaders(
            schema=FRAME_SCHEMA,
            captured_at_ms=at_ms,
            owner_epoch=EPOCH,
            sequence=number,
            width=160,
            height=120,
            source_kind="file",
            camera_revision=1,
            ingest_instance="test",
            simulated=True,
        )

        def acknowledged(error: KafkaError | None, message: Message) -> None:
            assert error is None, error
            place = FrameCoordinates(
                FRAMES.name, message.partition() or 0, message.offset() or 0, message.timestamp()[1]
            )
            found.append(detections_at(camera_id, number, at_ms, place))

        self._frames.produce(
            FRAMES.name,
            picture(camera_id, second) + self._extra,
            camera_id.encode(),
            headers=list(headers.to_kafka()),
            on_delivery=acknowledged,
        )
        self.captured[camera_id].append(at_ms)


def picture(camera_id: str, second: int) -> bytes:
    """Give a small picture with the camera's name and the second drawn on it, and a striped person in the middle."""
    image = np.full((120, 160, 3), 90, np.uint8)
    image[36:108, 64:96:4] = image[36:108, 65:96:4] = 255
    cv2.putText(image, f"{camera_id[-6:]} {second}", (4, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
    jpeg: bytes = simplejpeg.encode_jpeg(image, quality=85, colorspace="BGR")
    return jpeg


def detections_at(camera_id: str, sequence: int, captured_at_ms: int, place: FrameCoordinates) -> FrameDetections:
    """Give what was found in a picture: one person."""
    return FrameDetections(
        event_id=make_event_id(camera_id, EPOCH, sequence, "test"),
        camera_id=camera_id,
        owner_epoch=EPOCH,
        sequence=sequence,
        captured_at_ms=captured_at_ms,
        camera_revision=1,
        source_kind="file",
        simulated=True,
        frame=place,
        detected_at_ms=place.appended_at_ms,
        width=160,
        height=120,
        detector=DetectorIdentity("test", "0" * 64),
        objects=(PERSON,),
        scene=SceneFacts(0.5, 0.2, 100.0, f"{sequence:016x}", "0" * 64),
        reliability=0.9,
    )
