"""Publish one camera's frames: at most one that Kafka has not acknowledged, sequences dense within an epoch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from schemas.camera_events import MissReason
from schemas.cameras import Camera
from schemas.frames import FRAME_SCHEMA, FrameHeaders
from schemas.topics import FRAMES
from services.ingest.deliveries import Deliveries
from services.ingest.fence import Fence
from services.ingest.ledger import EpochLedger
from services.ingest.pipeline import PreparedFrame
from services.runtime.clock import now_ms
from services.runtime.kafka import OutgoingRecord
from services.runtime.logging import get_logger
from services.runtime.metrics import Metrics

log = get_logger(__name__)

_AGAIN_SECONDS = 0.5

EpochEnded = Callable[[EpochLedger], None]
"""Called with the ledger of an epoch that has just ended, in the event loop."""


class FramePublisher:
    """Lives in the event loop. ``ledger`` is the current epoch's.

    Args:
        owner_epoch: The first epoch.
        deliveries: Where frames go.
        fence: Asked right before each produce.
        metrics: Counts what the ledger counts.
        instance: Name of this worker.
        on_epoch_end: Told of each epoch that ends by a failed delivery.
    """

    def __init__(
        self,
        owner_epoch: int,
        deliveries: Deliveries,
        fence: Fence,
        metrics: Metrics,
        instance: str,
        on_epoch_end: EpochEnded,
    ) -> None:
        self.ledger = EpochLedger(owner_epoch)
        self.suspended = False
        self._deliveries = deliveries
        self._fence = fence
        self._metrics = metrics
        self._instance = instance
        self._on_epoch_end = on_epoch_end
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def busy(self) -> bool:
        """Tell whether a frame is unacknowledged."""
        return not self._idle.is_set()

    async def idle(self) -> None:
        """Wait until no frame is unacknowledged."""
        await self._idle.wait()

    def miss(self, reason: MissReason, count: int = 1) -> None:
        """Count instants without a frame, in the current epoch."""
        self.ledger.miss(reason, count)
        if count:
            self._metrics.count("tilik_ingest_samples_missed_total", count, reason=reason)

    def publish(self, frame: PreparedFrame, camera: Camera) -> None:
        """Send a frame, or count its instant as missed: while another is unacknowledged, or where we may not own it."""
        reason = self._send(frame, camera, "unacknowledged")
        if reason is not None:
            self.miss(reason)

    async def deliver(self, frame: PreparedFrame, camera: Camera) -> None:
        """Send a frame until Kafka has it, each time under a new epoch; for footage that can wait.

        Nothing is missed by that, but for a frame that Kafka would never take. A frame whose report was lost may lie in
        Kafka twice, in two epochs.
        """
        while True:
            await self.idle()
            before = self.ledger
            reason = self._send(frame, camera, None)
            if reason == "unusable":
                self.miss(reason)
                return
            if reason is None:
                await self.idle()
                if self.ledger is before:
                    return
            await asyncio.sleep(_AGAIN_SECONDS)

    def _send(self, frame: PreparedFrame, camera: Camera, if_lost: MissReason | None) -> MissReason | None:
        """Hand a frame to Kafka's client, or say why not. ``if_lost`` is counted where Kafka does not take it."""
        if self.busy:
            return "backpressure"
        record = self._record(frame, camera)
        if self.suspended or not self._fence.open:  # last thing before the produce: nothing may take time in between
            return "unacknowledged"
        size_bytes = len(frame.jpeg)
        not_sent = self._deliveries.send_frame(record, lambda error: self._reported(error, size_bytes, camera, if_lost))
        if not_sent is not None:
            return not_sent
        self._idle.clear()
        log.debug("frame.sent", camera=camera.camera_id, sequence=self.ledger.captured)
        return None

    def _record(self, frame: PreparedFrame, camera: Camera) -> OutgoingRecord:
        headers = FrameHeaders(
            schema=FRAME_SCHEMA,
            captured_at_ms=frame.captured_at_ms,
            owner_epoch=self.ledger.owner_epoch,
            sequence=self.ledger.captured,
            width=frame.width,
            height=frame.height,
            source_kind=camera.source.kind,
            camera_revision=camera.revision,
            ingest_instance=self._instance,
            simulated=bool(camera.source.simulated),
        )
        return OutgoingRecord(FRAMES.name, camera.camera_id.encode(), frame.jpeg, tuple(headers.to_kafka()))

    def _reported(self, error: str | None, size_bytes: int, camera: Camera, if_lost: MissReason | None) -> None:
        if error is None:
            self.ledger.capture(size_bytes)
            self._metrics.count("tilik_ingest_frames_captured_total", source_kind=camera.source.kind)
            self._metrics.count("tilik_ingest_frame_bytes_total", size_bytes, source_kind=camera.source.kind)
        else:
            log.warning("frame.unacknowledged", camera=camera.camera_id, sequence=self.ledger.captured, error=error)
            if if_lost is not None:
                self.miss(if_lost)
            ended, self.ledger = self.ledger, self.ledger.next_epoch(now_ms())
            self._metrics.count("tilik_ingest_epochs_ended_total")
            self._on_epoch_end(ended)
        self._idle.set()
