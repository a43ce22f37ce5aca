"""A camera's frames, events and verdicts on a real Kafka, and a portal that runs beside them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import cv2
import httpx
import msgspec
import numpy as np
import simplejpeg
from confluent_kafka import Message
from numpy.typing import NDArray

from deploy.local.ports import HOST, free_port
from schemas.camera_events import CAMERA_EVENT_CODEC, DetectedObject, FrameCoordinates
from schemas.cameras import CAMERA_CODEC, Approval, Camera
from schemas.frames import FRAME_SCHEMA, FrameHeaders
from schemas.topics import CAMERA_EVENTS, CAMERAS, FRAMES, SCENE_VERDICTS
from schemas.verdicts import SCENE_VERDICTS_CODEC, CameraVerdict, HeldSpan, SceneVerdicts
from services.portal.metrics import PORTAL_METRICS
from services.portal.serving import run
from services.portal.settings import PortalSettings
from services.runtime.clock import now_ms
from services.runtime.health import Health
from services.runtime.kafka import OutgoingRecord, events_producer, frames_producer
from services.runtime.loop import deliver
from services.runtime.metrics import Metrics
from services.runtime.service import Service
from services.runtime.settings import KafkaSettings
from tests.aggregate.make_events import make_camera, make_frame

PERSON = DetectedObject("person", 0.9, (0.25, 0.25, 0.5, 0.75))
WIDTH, HEIGHT = 320, 240
WAIT_SECONDS = 30.0


def picture(number: int) -> NDArray[np.uint8]:
    """Give a grey picture full of detail, uint8 [H, W, 3] in BGR; each number has another one."""
    rough = np.random.default_rng(number).integers(0, 256, (HEIGHT // 4, WIDTH // 4), dtype=np.uint8)
    grey = cv2.resize(rough, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def within(box: tuple[float, float, float, float]) -> tuple[slice, slice]:
    """Give the rows and columns that lie wholly inside of a box."""
    left, top, right, bottom = box
    return (
        slice(int(np.ceil(top * HEIGHT)), int(bottom * HEIGHT)),
        slice(int(np.ceil(left * WIDTH)), int(right * WIDTH)),
    )


def until(condition: Callable[[], Any]) -> Any:
    """Wait until ``condition`` gives something, and give that."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come true in time")


class FilmedCamera:
    """One camera of the test's own: a frame a second, captured from a minute ago on, with a person in each."""

    def __init__(self, kafka: KafkaSettings, camera_id: str, *, public: bool = True, **fields: Any) -> None:
        self.start_ms = now_ms() - 60_000
        approval = Approval("ani", self.start_ms) if public else None
        fields.setdefault("anonymisation", "persons")
        entry = make_camera(camera_id=camera_id, public=public, approval=approval)
        self.camera = msgspec.structs.replace(entry, **fields)
        self.epoch = self.start_ms
        self._frames = frames_producer(kafka)
        self._events = events_producer(kafka)
        self._places: dict[int, FrameCoordinates] = {}
        self._told_ms = self.start_ms - 1
        self.register(self.camera)

    def register(self, camera: Camera) -> None:
        """Put an entry into the registry."""
        self._send(CAMERAS.name, CAMERA_CODEC.encode(camera))

    def withdraw(self) -> None:
        """Make it a camera that is not public."""
        entry = msgspec.structs.replace(self.camera, revision=self.camera.revision + 1, public=False, approval=None)
        self.register(entry)

    def captured_ms(self, number: int) -> int:
        """Give when a frame was captured."""
        return self.start_ms + number * 1000

    def url(self, number: int) -> str:
        """Give the path of a frame."""
        return f"/frames/{self.camera.camera_id}/{self.epoch}-{number}.jpg"

    def film(self, numbers: Sequence[int], objects: Sequence[DetectedObject] = (PERSON,)) -> None:
        """Capture frames and find ``objects`` in them."""
        for number in numbers:
            self.capture(number)
            self.detect(number, objects)

    def capture(self, number: int) -> None:
        """Bring a frame to Kafka."""
        headers = FrameHeaders(
            schema=FRAME_SCHEMA,
            captured_at_ms=self.captured_ms(number),
            owner_epoch=self.epoch,
            sequence=number,
            width=WIDTH,
            height=HEIGHT,
            source_kind="file",
            camera_revision=1,
            ingest_instance="test",
            simulated=False,
        )

        def taken(error: object, message: Message) -> None:
            assert error is None
            place = (message.partition() or 0, message.offset() or 0)
            self._places[number] = FrameCoordinates(FRAMES.name, *place, now_ms())

        jpeg = simplejpeg.encode_jpeg(picture(number), 95, "BGR")
        key = self.camera.camera_id.encode()
        self._frames.produce(FRAMES.name, jpeg, key, headers=list(headers.to_kafka()), on_delivery=taken)
        self._frames.flush(30)

    def detect(self, number: int, objects: Sequence[DetectedObject] = (PERSON,)) -> None:
        """Say what was found in a frame."""
        event = make_frame(
            0, objects, sequence=number, camera_id=self.camera.camera_id, owner_epoch=self.epoch, width=WIDTH
        )
        captured = self.captured_ms(number)
        changes = {"captured_at_ms": captured, "detected_at_ms": captured + 500, "frame": self._places[number]}
        self._send(CAMERA_EVENTS.name, CAMERA_EVENT_CODEC.encode(msgspec.structs.replace(event, **changes)))

    def judge(self, through: int, judged: int, *, held: tuple[int, int] | None = None, quarantine: int = -1) -> None:
        """Say what may be shown of the frames since the last verdict; frames are named by their numbers."""
        spans = () if held is None else (HeldSpan(self.captured_ms(held[0]), self.captured_ms(held[1])),)
        verdict = CameraVerdict(
            camera_id=self.camera.camera_id,
            owner_epoch=self.epoch,
            after_ms=self._told_ms,
            through_ms=self.captured_ms(through),
            judged=judged,
            held=spans,
            quarantined_from_ms=0 if quarantine < 0 else self.captured_ms(quarantine),
        )
        self._told_ms = self.captured_ms(through)
        place = self._places[min(self._places)].partition
        told = SCENE_VERDICTS_CODEC.encode(SceneVerdicts(at_ms=now_ms(), cameras=(verdict,)))
        deliver(self._events, [OutgoingRecord(SCENE_VERDICTS.name, str(place).encode(), told, partition=place)], 30)

    def _send(self, topic: str, value: bytes) -> None:
        deliver(self._events, [OutgoingRecord(topic, self.camera.camera_id.encode(), value)], 30)


class RunningPortal:
    """A portal on a thread, and a client of it."""

    def __init__(self, settings: PortalSettings) -> None:
        self.address = f"http://{HOST}:{settings.port}"
        self.service = Service(Health(), Metrics(PORTAL_METRICS))
        self.client = httpx.Client(base_url=self.address, timeout=WAIT_SECONDS)
        self._thread = threading.Thread(target=run, args=(settings, self.service), daemon=True)
        self._thread.start()
        until(lambda: not self.service.health.missing)

    def get(self, url: str, **headers: str) -> httpx.Response:
        """Give the answer to GET."""
        return self.client.get(url, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def count(self, name: str, **labels: str) -> float:
        """Give the value of a metric."""
        return self.service.metrics.registry.get_sample_value(name, labels) or 0.0

    def until_status(self, url: str, status: int) -> httpx.Response:
        """Ask until the answer has a status."""
        answer: httpx.Response = until(lambda: a if (a := self.get(url)).status_code == status else None)
        return answer

    def close(self) -> None:
        """Stop it as SIGTERM would."""
        self.service.stopping.set()
        self._thread.join(WAIT_SECONDS)
        assert not self._thread.is_alive()
        self.client.close()


@contextmanager
def running_portal(kafka: KafkaSettings, **settings: Any) -> Iterator[RunningPortal]:
    """Run a portal."""
    portal = RunningPortal(PortalSettings(kafka=kafka, port=free_port(), **settings))
    try:
        yield portal
    finally:
        portal.close()
