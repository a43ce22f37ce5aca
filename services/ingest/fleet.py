"""The cameras that this worker owns, each with its reader. Lives in the event loop."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Collection
from typing import get_args

from schemas.camera_events import ConnectionState
from schemas.cameras import Camera
from services.ingest.camera_status import StatusReporter
from services.ingest.decoding.pool import DecodingLimits, DecodingPool
from services.ingest.deliveries import Deliveries
from services.ingest.fence import Fence
from services.ingest.http.client import HttpLimits
from services.ingest.network_policy import NetworkPolicy
from services.ingest.pipeline import FrameLimits
from services.ingest.publisher import FramePublisher
from services.ingest.reader import Reader
from services.ingest.reader_times import reader_times
from services.ingest.sampling import spread_ratio
from services.ingest.secret_store import SecretStore
from services.ingest.settings import IngestSettings
from services.ingest.source import SourceTools
from services.privacy.private_zones import private_polygons
from services.runtime.clock import now_ms
from services.runtime.logging import get_logger
from services.runtime.metrics import Metrics

log = get_logger(__name__)

_TICK_SECONDS = 1.0
_START_SECONDS_EACH, _MOST_START_SECONDS = 0.01, 1.0
"""Over how long the connections of an assignment are spread: so many at once would be late for each other, and look
like an attack. Cameras that a dead worker leaves must be read again after 15 s, of which its time-out takes 10."""


class Fleet:
    """Starts, changes and stops readers. Changes of one camera happen one after the other, in the order asked for.

    Args:
        settings: The worker's.
        deliveries: Where frames and statuses go.
        fence: Shut when this worker may not own its cameras any more.
        metrics: The worker's.
    """

    def __init__(self, settings: IngestSettings, deliveries: Deliveries, fence: Fence, metrics: Metrics) -> None:
        self._settings = settings
        self._deliveries = deliveries
        self._fence = fence
        self._metrics = metrics
        self._statuses = StatusReporter(deliveries, metrics, settings.instance)
        self._limits = FrameLimits(settings.largest_picture_pixels, settings.largest_frame_bytes)
        self._times = reader_times(settings)
        self._policy = NetworkPolicy(settings.allowed_schemes, settings.allowed_networks)
        self._secrets = SecretStore(settings.secrets_dir, settings.secrets)
        self._decoding = DecodingPool(_decoding_limits(settings), settings.decode_processes, metrics)
        self._readers: dict[str, Reader] = {}
        self._epochs: dict[str, int] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._suspended: set[str] = set()
        self._closing = False

    async def apply(self, camera: Camera) -> None:
        """Make it so: start, change or stop the camera's reader. What reads the same source goes on undisturbed."""
        self._suspended.discard(camera.camera_id)
        async with self._lock(camera.camera_id):
            reader = self._readers.get(camera.camera_id)
            if reader is not None and _reads_alike(reader, camera):
                reader.camera = camera
                return
            await self._stop(camera.camera_id)
            if camera.state == "active" and not self._closing:
                self._start(camera)

    async def release(self, camera_ids: Collection[str]) -> None:
        """Stop these cameras: another worker owns them now, or will."""
        await asyncio.gather(*(self._release(camera_id) for camera_id in camera_ids))

    async def suspend(self, camera_ids: Collection[str]) -> None:
        """Publish nothing more of these cameras, until they are applied again. Their samples are counted as missed.

        For a group membership that is lost, as when Kafka is away: whether others own them now is not known. A
        coroutine so that it has its place in the order of what is asked for; it does not wait.
        """
        self._suspended |= set(camera_ids)  # one that is only about to start is suspended as well
        for camera_id in camera_ids:
            if (reader := self._readers.get(camera_id)) is not None:
                reader.publisher.suspended = True
                self._metrics.set("tilik_ingest_owner_epoch", 0, camera_id=camera_id)

    async def tick(self) -> None:
        """Repeat statuses when they are due, spread over their period, and keep the gauges; runs until cancelled.

        Raises:
            Exception: What a reader has died of: its camera would be owned, and read by nobody.
        """
        every = max(1, round(self._settings.status_every_seconds / _TICK_SECONDS))
        for turn in itertools.count():
            for reader in list(self._readers.values()):
                reader.check()
                if int(spread_ratio(reader.camera.camera_id) * every) == turn % every:
                    reader.report()
            self._show()
            await asyncio.sleep(_TICK_SECONDS)

    async def close(self) -> None:
        """Stop every camera, also one that is just being restarted, and the processes that decode."""
        self._closing = True
        await self.release(list(self._locks))
        await self._decoding.close()

    def _lock(self, camera_id: str) -> asyncio.Lock:
        return self._locks.setdefault(camera_id, asyncio.Lock())

    async def _release(self, camera_id: str) -> None:
        async with self._lock(camera_id):
            await self._stop(camera_id)

    def _start(self, camera: Camera) -> None:
        epoch = max(now_ms(), self._epochs.get(camera.camera_id, 0) + 1)
        reader = Reader(camera, self._tools(camera), self._limits, self._times, self._statuses, self._metrics)
        publisher = FramePublisher(
            epoch, self._deliveries, self._fence, self._metrics, self._settings.instance, reader.report_ended
        )
        publisher.suspended = camera.camera_id in self._suspended
        most = min(_MOST_START_SECONDS, _START_SECONDS_EACH * len(self._readers))
        reader.start(publisher, most * spread_ratio(camera.camera_id))
        self._readers[camera.camera_id] = reader
        log.info("camera.owned", camera=camera.camera_id, owner_epoch=epoch, revision=camera.revision)

    async def _stop(self, camera_id: str) -> None:
        reader = self._readers.pop(camera_id, None)
        if reader is None:
            return
        await reader.stop()
        self._epochs[camera_id] = reader.publisher.ledger.owner_epoch
        self._metrics.set("tilik_ingest_owner_epoch", 0, camera_id=camera_id)
        log.info("camera.released", camera=camera_id, owner_epoch=reader.publisher.ledger.owner_epoch)

    def _tools(self, camera: Camera) -> SourceTools:
        settings = self._settings
        return SourceTools(
            period_seconds=camera.sampling_period_ms / 1000,
            largest_picture_bytes=settings.largest_picture_bytes,
            largest_picture_pixels=settings.largest_picture_pixels,
            decoding=self._decoding,
            network=self._policy,
            secrets=self._secrets,
            http=HttpLimits(settings.connect_timeout_seconds, settings.response_timeout_seconds),
        )

    def _show(self) -> None:
        owned = [reader for reader in self._readers.values() if not reader.publisher.suspended]
        self._metrics.set("tilik_ingest_cameras_owned", len(owned))
        for reader in owned:
            epoch = reader.publisher.ledger.owner_epoch
            self._metrics.set("tilik_ingest_owner_epoch", epoch, camera_id=reader.camera.camera_id)
        states = Counter(reader.state for reader in self._readers.values())
        for state in get_args(ConnectionState):
            self._metrics.set("tilik_ingest_cameras", states[state], state=state)


def _reads_alike(reader: Reader, camera: Camera) -> bool:
    """Tell whether a running reader can go on under another revision. A new private zone restarts it: nothing that was
    read before it was drawn may leave after it."""
    before = reader.camera
    return (
        camera.state == "active"
        and not reader.publisher.suspended
        and (before.source, before.sample_fps) == (camera.source, camera.sample_fps)
        and private_polygons(before) == private_polygons(camera)
    )


def _decoding_limits(settings: IngestSettings) -> DecodingLimits:
    return DecodingLimits(
        largest_pixels=settings.largest_picture_pixels,
        jpeg_quality=settings.jpeg_quality,
        job_seconds=settings.decode_job_seconds,
        memory_bytes=settings.decode_memory_bytes,
    )
