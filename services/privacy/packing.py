"""Frames in as few bytes as can be: ten minutes of 1,100 cameras wait here to be shown, or can be looked back at.

A box is rounded outwards to a 65,535th of the picture, so what is hidden never shrinks.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple, get_args

from schemas.camera_events import DetectedObject, FrameCoordinates, FrameDetections, ObjectClass
from schemas.geometry import BoxXyxy

_UNIT = 65_535
_CLASSES: tuple[ObjectClass, ...] = get_args(ObjectClass)
_FACTS = struct.Struct("<QQqQqIIBB")
_ASPECT = struct.Struct("<f")
_OBJECT = struct.Struct("<BB4H")
_SCORE_STEPS = 250


class Facts(NamedTuple):
    """What must be known of a frame to find its picture and to say what it is. ``topic`` is an index into a list."""

    owner_epoch: int
    sequence: int
    captured_at_ms: int
    offset: int
    appended_at_ms: int
    partition: int
    camera_revision: int
    topic: int
    simulated: int

    def coordinates(self, topics: Sequence[str]) -> FrameCoordinates:
        """Give where the picture lies."""
        return FrameCoordinates(topics[self.topic], self.partition, self.offset, self.appended_at_ms)


FACTS_SIZE = _FACTS.size


def pack_facts(event: FrameDetections, topics: list[str]) -> bytes:
    """Give the facts of a frame; a topic that is new is added to ``topics``."""
    frame = event.frame
    if frame.topic not in topics:
        topics.append(frame.topic)
    return _FACTS.pack(
        event.owner_epoch,
        event.sequence,
        event.captured_at_ms,
        frame.offset,
        frame.appended_at_ms,
        frame.partition,
        event.camera_revision,
        topics.index(frame.topic),
        event.simulated,
    )


def unpack_facts(packed: bytes) -> Facts:
    """Give the facts at the start of ``packed``."""
    return Facts._make(_FACTS.unpack_from(packed))


def pack_boxes(boxes: Iterable[BoxXyxy]) -> bytes:
    """Give boxes in 8 bytes each, none smaller than it was."""
    numbers = [number for box in boxes for number in _outwards(box)]
    return struct.pack(f"<{len(numbers)}H", *numbers)


def unpack_boxes(packed: bytes, start: int = 0) -> tuple[BoxXyxy, ...]:
    """Give the boxes of ``pack_boxes`` that begin at byte ``start``."""
    numbers = struct.unpack_from(f"<{(len(packed) - start) // 2}H", packed, start)
    units = [number / _UNIT for number in numbers]
    return tuple(zip(*[iter(units)] * 4, strict=True))


def pack_found(event: FrameDetections) -> bytes:
    """Give what was found, faint or not: the picture's width / height, and 10 bytes an object: class, score, box."""
    things = (
        _OBJECT.pack(_CLASSES.index(each.label), round(each.score * _SCORE_STEPS), *_outwards(each.box))
        for each in (*event.objects, *event.faint)
    )
    return _ASPECT.pack(event.width / event.height) + b"".join(things)


def unpack_found(packed: bytes) -> tuple[float, list[DetectedObject]]:
    """Give what ``pack_found`` has put behind the facts: width / height, and the objects."""
    (aspect,) = _ASPECT.unpack_from(packed, FACTS_SIZE)
    objects = [
        DetectedObject(
            _CLASSES[label], score / _SCORE_STEPS, (left / _UNIT, top / _UNIT, right / _UNIT, bottom / _UNIT)
        )
        for label, score, left, top, right, bottom in _OBJECT.iter_unpack(packed[FACTS_SIZE + _ASPECT.size :])
    ]
    return aspect, objects


def _outwards(box: BoxXyxy) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return (
        math.floor(left * _UNIT),
        math.floor(top * _UNIT),
        min(_UNIT, math.ceil(right * _UNIT)),
        min(_UNIT, math.ceil(bottom * _UNIT)),
    )
