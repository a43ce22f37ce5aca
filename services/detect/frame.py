"""A frame as detect works on it, read from a Kafka record once, at the entry."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from schemas.camera_events import FrameCoordinates
from schemas.cameras import CameraId
from schemas.codec import ContractError
from schemas.frames import FrameHeaders
from services.runtime.errors import InvalidMessageError
from services.runtime.kafka import ConsumedRecord


@dataclass(frozen=True, slots=True)
class Frame:
    """A JPEG, what ingest says about it, and where it lies in Kafka."""

    camera_id: str
    headers: FrameHeaders
    coordinates: FrameCoordinates
    jpeg: bytes


def read_frame(record: ConsumedRecord) -> Frame:
    """Give the frame that a record of the topic ``frames`` holds.

    Raises:
        InvalidMessageError: ``invalid_headers``: its key is no camera id, or its headers don't keep the contract.
    """
    try:
        camera_id = msgspec.convert((record.key or b"").decode(), CameraId)
        headers = FrameHeaders.from_kafka(record.headers)
    except (UnicodeDecodeError, msgspec.ValidationError, ContractError) as error:
        raise InvalidMessageError("invalid_headers", str(error)) from error
    coordinates = FrameCoordinates(record.topic, record.partition, record.offset, record.timestamp_ms)
    return Frame(camera_id, headers, coordinates, record.value)
