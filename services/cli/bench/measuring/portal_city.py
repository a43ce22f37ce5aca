"""Cameras that a portal shows: their frames, what was found in them, and verdicts, brought to Kafka once a second."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import simplejpeg
from confluent_kafka import Message

from schemas.camera_events import (
    CAMERA_EVENT_CODEC,
    DetectedObject,
    DetectorIdentity,
    FrameCoordinates,
    FrameDetections,
    SceneFacts,
    make_event_id,
)
from schemas.cameras import Approval, Camera, Place, Source
from schemas.frames import FRAME_SCHEMA, FrameHeaders
from schemas.geometry import BoxXyxy
from schemas.topics import CAMERA_EVENTS, FRAMES, SCENE_VERDICTS
from schemas.verdicts import SCENE_VERDICTS_CODEC, CameraVerdict, SceneVerdicts
from services.runtime.clock import now_ms
from services.runtime.kafka import OutgoingRecord, events_producer, frames_producer
from services.runtime.loop import deliver
from services.runtime.registry_publishing import publish
from services.runtime.settings import KafkaSettings

WIDTH: Final = 1280
HEIGHT: Final = 720
PEOPLE: Final[tuple[BoxXyxy, ...]] = tuple((0.1 * n, 0.3, 0.1 * n + 0.05, 0.6) for n in range(1, 7))
"""Six people 64 px wide and 216 px high."""
_DETAIL: Final = 12
"""Size of the picture's grains, in px: at 12 a frame is some 90 KB at quality 85, as one of a street is."""


def street_jpeg() -> bytes:
    """Give a picture that is as hard to encode as one of a street."""
    size_hw = (HEIGHT // _DETAIL, WIDTH // _DETAIL, 3)
    grains = np.random.default_rng(7).normal(128, 22, size_hw).clip(0, 255).astype(np.uint8)
    image_bgr = cv2.resize(grains, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    jpeg: bytes = simplejpeg.encode_jpeg(image_bgr, 85, "BGR", colorsubsampling="420")
    return jpeg


def public_cameras(count: int) -> list[Camera]:
    """Give entries of the registry."""
    return [
        Camera(
            camera_id=f"bench-{number:04d}",
            revision=1,
            name=f"Simpang {number}",
            kind="street",
            place=Place("Semarang Tengah", "Sekayu", -6.98, 110.41),
            source=Source("snapshot", "http://127.0.0.1/frame.jpg"),
            public=True,
            approval=Approval("bench", 1),
        )
        for number in range(count)
    ]


class PortalCity:
    """A thread that films every camera once a second, and says of each frame a second later that it may be shown.

    ``shown_at`` has when that was said, by camera and sequence number.
    """

    def __init__(self, kafka: KafkaSettings, cameras: Sequence[Camera]) -> None:
        publish(kafka, cameras)
        self.shown_at: dict[tuple[str, int], float] = {}
        self.failure: Exception | None = None
        self._cameras = cameras
        self._jpeg = street_jpeg()
        self.epoch = now_ms()
        self._frames = frames_producer(kafka)
        self._events = events_producer(kafka)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._film, name="city", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop filming."""
        self._stopping.set()
        self._thread.join()

    def _film(self) -> None:
        due, sequence = time.monotonic(), 0
        try:
            while not self._stopping.wait(max(0.0, due - time.monotonic())):
                self._second(sequence)
                due, sequence = due + 1.0, sequence + 1
        except Exception as error:
            self.failure = error

    def _second(self, sequence: int) -> None:
        places = self._capture(sequence)
        deliver(
            self._events,
            [
                OutgoingRecord(CAMERA_EVENTS.name, camera.camera_id.encode(), self._event(camera, sequence, place))
                for camera, place in zip(self._cameras, places, strict=True)
            ],
            30,
        )
        if sequence:
            self._judge(sequence - 1, places)

    def _capture(self, sequence: int) -> list[FrameCoordinates]:
        found: dict[str, FrameCoordinates] = {}

        def taken(error: object, message: Message) -> None:
            if error is None:
                place = (message.partition() or 0, message.offset() or 0)
                found[(message.key() or b"").decode()] = FrameCoordinates(FRAMES.name, *place, now_ms())

        headers = self._headers(sequence).to_kafka()
        for camera in self._cameras:
            key = camera.camera_id.encode()
            self._frames.produce(FRAMES.name, self._jpeg, key, headers=list(headers), on_delivery=taken)
        self._frames.flush(30)
        return [found[camera.camera_id] for camera in self._cameras]

    def _headers(self, sequence: int) -> FrameHeaders:
        return FrameHeaders(
            schema=FRAME_SCHEMA,
            captured_at_ms=self._captured_ms(sequence),
            owner_epoch=self.epoch,
            sequence=sequence,
            width=WIDTH,
            height=HEIGHT,
            source_kind="snapshot",
            camera_revision=1,
            ingest_instance="bench",
            simulated=False,
        )

    def _event(self, camera: Camera, sequence: int, place: FrameCoordinates) -> bytes:
        return CAMERA_EVENT_CODEC.encode(
            FrameDetections(
                event_id=make_event_id(camera.camera_id, self.epoch, sequence),
                camera_id=camera.camera_id,
                owner_epoch=self.epoch,
                sequence=sequence,
                captured_at_ms=self._captured_ms(sequence),
                camera_revision=1,
                source_kind="snapshot",
                simulated=False,
                frame=place,
                detected_at_ms=self._captured_ms(sequence),
                width=WIDTH,
                height=HEIGHT,
                detector=DetectorIdentity("bench", "0" * 64),
                objects=tuple(DetectedObject("person", 0.9, box) for box in PEOPLE),
                scene=SceneFacts(0.5, 0.2, 100.0, f"{sequence:016x}", "0" * 64),
                reliability=0.9,
            )
        )

    def _judge(self, sequence: int, places: Sequence[FrameCoordinates]) -> None:
        """A message a partition, as the aggregation's checkpoints are."""
        by_partition: dict[int, list[CameraVerdict]] = defaultdict(list)
        for camera, place in zip(self._cameras, places, strict=True):
            by_partition[place.partition].append(
                CameraVerdict(
                    camera_id=camera.camera_id,
                    owner_epoch=self.epoch,
                    after_ms=self._captured_ms(sequence - 1),
                    through_ms=self._captured_ms(sequence),
                    judged=1,
                )
            )
        told = [
            OutgoingRecord(
                SCENE_VERDICTS.name,
                str(partition).encode(),
                SCENE_VERDICTS_CODEC.encode(SceneVerdicts(at_ms=now_ms(), cameras=tuple(verdicts))),
                partition=partition,
            )
            for partition, verdicts in by_partition.items()
        ]
        at = time.time()
        self.shown_at |= {(camera.camera_id, sequence): at for camera in self._cameras}
        deliver(self._events, told, 30)

    def _captured_ms(self, sequence: int) -> int:
        return self.epoch + sequence * 1000
