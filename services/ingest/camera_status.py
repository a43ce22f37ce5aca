"""Say how a camera is, on the topic of camera events: on every change of state, each minute, and at an epoch's end."""

from __future__ import annotations

import math
from dataclasses import dataclass

from schemas.camera_events import CAMERA_EVENT_CODEC, CameraStatus, ConnectionState, Decoding, make_event_id
from schemas.cameras import Camera
from schemas.topics import CAMERA_EVENTS
from services.ingest.deliveries import Deliveries
from services.ingest.ledger import EpochLedger
from services.runtime.clock import now_ms
from services.runtime.kafka import OutgoingRecord
from services.runtime.logging import get_logger
from services.runtime.metrics import Metrics

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Condition:
    """How a camera is: its connection, what is wrong with it, how its pictures come about. See ``CameraStatus``."""

    state: ConnectionState
    error_class: str = ""
    error_detail: str = ""
    decoding: Decoding = ""
    keyframe_seconds: float = 0.0


class StatusReporter:
    """Makes and sends status events; lives in the event loop.

    Args:
        deliveries: Where events go.
        metrics: Counts lost ones.
        instance: Name of this worker.
    """

    def __init__(self, deliveries: Deliveries, metrics: Metrics, instance: str) -> None:
        self._deliveries = deliveries
        self._metrics = metrics
        self._instance = instance

    def report(
        self,
        camera: Camera,
        ledger: EpochLedger,
        condition: Condition,
    ) -> None:
        """Send what ``ledger`` says now. Its counters are absolute, so a later status makes up for one that is lost."""
        ledger.statuses += 1
        status = CameraStatus(
            event_id=make_event_id("camera_status", camera.camera_id, ledger.owner_epoch, ledger.statuses),
            camera_id=camera.camera_id,
            owner_epoch=ledger.owner_epoch,
            at_ms=now_ms(),
            camera_revision=camera.revision,
            ingest_instance=self._instance,
            source_kind=camera.source.kind,
            state=condition.state,
            counters=ledger.counters(),
            error_class=condition.error_class[:80],
            error_detail=condition.error_detail[:500],
            decoding=condition.decoding,
            keyframe_seconds=_seconds(condition.keyframe_seconds),
        )
        record = OutgoingRecord(CAMERA_EVENTS.name, camera.camera_id.encode(), CAMERA_EVENT_CODEC.encode(status))
        if (why := self._deliveries.send_event(record, self._reported)) is not None:
            self._reported(f"not sent: {why}")

    def _reported(self, error: str | None) -> None:
        if error is not None:
            log.warning("status.lost", error=error)
            self._metrics.count("tilik_ingest_statuses_lost_total")


def _seconds(told: float) -> float:
    """Give what a decoding process told, where it can be a duration, else 0: hostile video may have taken it over."""
    return told if math.isfinite(told) and told >= 0 else 0.0
