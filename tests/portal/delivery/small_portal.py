"""The delivery of one camera in one process, without Kafka and ClickHouse: what is read is said by the test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Sequence

import simplejpeg
from starlette.types import ASGIApp, Message

from schemas.cameras import Approval, Camera
from schemas.frames import FRAME_SCHEMA, FrameHeaders
from services.portal.access import Access
from services.portal.delivery.frame_files import FrameFiles
from services.portal.delivery.pictures import Pictures
from services.portal.delivery.shown import Shown
from services.portal.metrics import PORTAL_METRICS
from services.portal.requests import Budgets
from services.portal.settings import LimitSettings, PictureSettings
from services.runtime.camera_registry import CameraRevisions
from services.runtime.kafka import ConsumedRecord
from services.runtime.metrics import Metrics
from services.runtime.records_at import RecordsAt
from tests.aggregate.make_events import CAMERA_ID, make_camera, make_frame, ms
from tests.portal.delivery.scene import HEIGHT, WIDTH, picture
from tests.privacy.make_verdicts import make_verdict

APPROVED = make_camera(public=True, approval=Approval("ani", ms(0)))


class Answer:
    """What an application sent."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []

    @property
    def body(self) -> bytes:
        """Give all of it."""
        return b"".join(self.pieces)

    async def send(self, message: Message) -> None:
        """Take what is sent."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.pieces.append(message.get("body", b""))


async def ask(app: ASGIApp, path: str, *, client: str = "192.0.2.1", answer: Answer | None = None) -> Answer:
    """Ask an application for a path, and give its answer."""
    answer = answer or Answer()
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], "client": (client, 1)}

    async def receive() -> Message:
        staying: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        return await staying

    await app(scope, receive, answer.send)
    return answer


class Frames(RecordsAt):
    """Frames of the camera: the offset is the second. Reading waits until it is let."""

    def __init__(self) -> None:
        self.allowed = threading.Event()
        self.allowed.set()
        self.asked = threading.Event()

    def read_many(
        self, topic: str, partition: int, offsets: Sequence[int], timeout_seconds: float = 5.0
    ) -> dict[int, ConsumedRecord]:
        """Give them."""
        self.asked.set()
        self.allowed.wait(20)
        return {offset: self._record(topic, offset) for offset in offsets}

    def _record(self, topic: str, number: int) -> ConsumedRecord:
        headers = FrameHeaders(
            schema=FRAME_SCHEMA,
            captured_at_ms=ms(number),
            owner_epoch=1,
            sequence=number,
            width=WIDTH,
            height=HEIGHT,
            source_kind="file",
            camera_revision=1,
            ingest_instance="test",
            simulated=False,
        )
        jpeg = simplejpeg.encode_jpeg(picture(number), 90, "BGR")
        return ConsumedRecord(topic, 0, number, 0, CAMERA_ID.encode(), jpeg, list(headers.to_kafka()))


_LIMITS = LimitSettings()


class SmallPortal:
    """What delivers the frames of ``CAMERA_ID``.

    ``heard``: whether all that Kafka had at the start was read. ``signed_in``: whether who asks has a role for it.
    """

    def __init__(self, *revisions: Camera, heard: bool = True, limits: LimitSettings = _LIMITS) -> None:
        self.now_ms, self.seconds, self.signed_in = ms(60), 0.0, False
        self.metrics = Metrics(PORTAL_METRICS)
        self.cameras = CameraRevisions()
        for camera in revisions:
            self.cameras.add(camera)
        self.access = Access()
        self.access.signed_in = lambda scope, camera: self.signed_in
        self.shown = Shown(self.cameras.find, 600_000, 30_000, clock=lambda: self.now_ms, seconds=lambda: self.seconds)
        if heard:
            self.shown.heard()
        self.records = Frames()
        self.pictures = Pictures(self.records, PictureSettings(), self.metrics)
        budgets = Budgets(limits)
        self.files = FrameFiles(self.cameras, self.access, self.shown, self.pictures, self.metrics, budgets)

    @property
    def camera(self) -> Camera:
        """Give the camera as it is now."""
        camera = self.cameras.latest(CAMERA_ID)
        assert camera is not None
        return camera

    def film(self, numbers: Iterable[int], revision: int) -> None:
        """Take frames under a revision of the camera, one a second, and judge all but the last."""
        taken = list(numbers)
        events = [make_frame(number, camera_revision=revision) for number in taken]
        self.shown.take(events, [make_verdict(taken[0] - 1, taken[-1])])

    async def frame(self, number: int) -> Answer:
        """Ask for a frame."""
        return await ask(self.files, f"/frames/{CAMERA_ID}/1-{number}.jpg")
