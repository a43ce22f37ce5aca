"""New revisions of cameras into the registry, safely beside others who do the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from schemas.cameras import CAMERA_CODEC, Camera
from schemas.topics import CAMERAS
from services.runtime.camera_registry import CameraRevisions, read_registry
from services.runtime.errors import RetryableError
from services.runtime.kafka import OutgoingRecord, events_producer
from services.runtime.loop import deliver
from services.runtime.settings import KafkaSettings

_DELIVERY_SECONDS = 35.0

Deliver = Callable[[Sequence[OutgoingRecord]], None]
"""Gives records to Kafka, and returns when it has acknowledged all of them."""


class OvertakenError(RetryableError):
    """Someone else published the same revision at the same time, and the first one stays."""


def publish(kafka: KafkaSettings, cameras: Sequence[Camera], give: Deliver | None = None) -> CameraRevisions:
    """Publish new revisions, look that they are the ones that rule, and give the registry as it is then. Blocks.

    ``give`` delivers them where a caller has a way of its own.

    Raises:
        OvertakenError: Some of them are not what rules; all of those are named.
        RetryableError: Kafka did not take all of them, or can't be read.
    """
    records = [
        OutgoingRecord(CAMERAS.name, camera.camera_id.encode(), CAMERA_CODEC.encode(camera)) for camera in cameras
    ]
    if give is None:
        deliver(events_producer(kafka), records, _DELIVERY_SECONDS)
    else:
        give(records)
    registry = read_registry(kafka)
    beaten = [c.camera_id for c in cameras if registry.find(c.camera_id, c.revision) != c]
    if beaten:
        raise OvertakenError(f"changed by someone else at the same time, run it again: {', '.join(beaten)}")
    return registry
