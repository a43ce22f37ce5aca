"""From a record of ``camera-events`` to an event that may be judged, or to the reason why it never can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec import inspect

from schemas.camera_events import CAMERA_EVENT_CODEC, CameraEvent, CameraStatus, Decision, FrameDetections, FrameShed
from schemas.codec import ContractError
from schemas.topics import AGGREGATE_STATE, CAMERAS
from services.aggregate.judgement import UnknownRevisionError
from services.runtime.errors import FatalError, InvalidMessageError
from services.runtime.kafka import ConsumedRecord

LARGEST_INTEGER = 2**53 - 1
"""Largest integer that every JSON reader keeps exactly; larger ones would not fit the columns that hold them."""
LATEST_MS = 10_413_791_999_000
"""The last second of 2299: ClickHouse has no time beyond it, and Python no calendar much beyond it."""

LARGEST_UINT32 = 2**32 - 1


def decode_event(record: ConsumedRecord) -> CameraEvent:
    """Give the event that a record holds.

    Raises:
        InvalidMessageError: ``invalid_event``: it breaks its contract. ``wrong_key``: its key is not its camera's id,
            so that it may lie on another partition than the camera's other events.
    """
    try:
        event = CAMERA_EVENT_CODEC.decode(record.value)
    except ContractError as error:
        raise InvalidMessageError("invalid_event", str(error)) from error
    if (record.key or b"") != event.camera_id.encode():
        raise InvalidMessageError("wrong_key", f"the key is {record.key!r}, the camera {event.camera_id}")
    require_that_it_fits(event)
    return event


def require_that_it_fits(event: CameraEvent) -> None:
    """Refuse numbers that no column can hold: they would keep ClickHouse from taking the batch, for ever.

    Raises:
        InvalidMessageError: ``invalid_event``: there is one.
    """
    integers_of = _INTEGERS_OF.get(type(event))
    if integers_of is None or max(integers_of(event)) > LATEST_MS:  # nearly never: times are among the integers
        if has_oversized_integer(msgspec.to_builtins(event, builtin_types=(bytes,))):
            raise InvalidMessageError("invalid_event", f"an integer is larger than {LARGEST_INTEGER}")
        if max(_times_of(event)) > LATEST_MS:
            raise InvalidMessageError("invalid_event", f"a time lies beyond {LATEST_MS} ms, the end of the year 2299")
    if not isinstance(event, Decision) and event.camera_revision > LARGEST_UINT32:
        raise InvalidMessageError("invalid_event", f"the camera's revision is larger than {LARGEST_UINT32}")
    if isinstance(event, (FrameDetections, FrameShed)) and event.frame.partition > LARGEST_UINT32:
        raise InvalidMessageError("invalid_event", f"the frame's partition is larger than {LARGEST_UINT32}")


def has_oversized_integer(value: object) -> bool:
    """Tell whether an integer in ``value``, or in what it holds, is beyond ``LARGEST_INTEGER``."""
    if isinstance(value, int):
        return value > LARGEST_INTEGER
    if isinstance(value, dict):
        return any(map(has_oversized_integer, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(has_oversized_integer, value))
    return False


def integer_fields_of(value_type: type, prefix: str = "") -> Iterator[str]:
    """Give the fields of a struct that hold an integer, those of structs in it as ``frame.offset``.

    Raises:
        TypeError: A field that is optional, or of several types, or a collection, may hold one.
    """
    found = inspect.type_info(value_type)
    assert isinstance(found, inspect.StructType)
    for field in found.fields:
        if isinstance(field.type, inspect.IntType):
            yield prefix + field.name
        elif isinstance(field.type, inspect.StructType):
            yield from integer_fields_of(field.type.cls, f"{prefix}{field.name}.")
        elif _may_hold_integer(field.type):
            raise TypeError(f"{value_type.__name__}.{field.name} may hold an integer, or none")


def _may_hold_integer(found: inspect.Type) -> bool:
    """Tell whether a value of this type may be an integer, or hold one; when in doubt it may."""
    if isinstance(found, inspect.UnionType):
        return any(map(_may_hold_integer, found.types))
    if isinstance(found, inspect.TupleType):
        return any(map(_may_hold_integer, found.item_types))
    if isinstance(found, inspect.VarTupleType):
        return _may_hold_integer(found.item_type)
    if isinstance(found, inspect.StructType):
        return any(_may_hold_integer(field.type) for field in found.fields)
    return not isinstance(found, _WITHOUT_INTEGERS)


_WITHOUT_INTEGERS: Final = (
    inspect.StrType,
    inspect.FloatType,
    inspect.BoolType,
    inspect.BytesType,
    inspect.NoneType,
    inspect.LiteralType,
)
_INTEGERS_OF: Final[dict[type, Callable[[Any], Any]]] = {
    event_type: attrgetter(*integer_fields_of(event_type)) for event_type in (FrameDetections, FrameShed)
}
"""What comes for every frame is looked at field by field: going through all that an event holds takes as long as
decoding it twice."""


def _times_of(event: CameraEvent) -> tuple[int, ...]:
    if isinstance(event, FrameDetections):
        return event.captured_at_ms, event.frame.appended_at_ms, event.detected_at_ms
    if isinstance(event, FrameShed):
        return event.captured_at_ms, event.frame.appended_at_ms, event.shed_at_ms
    return (event.at_ms,) if isinstance(event, CameraStatus) else (event.decided_at_ms,)


def own_unknown_revision(event: CameraEvent, missing: UnknownRevisionError) -> InvalidMessageError:
    """Give the reason for which an event is put aside that names a revision which the registry does not have.

    Raises:
        FatalError: It is not the event that names the revision but a frame that waits in the camera's state. The
            registry had it once; putting this event aside, and every later one of the camera, would mend nothing.
    """
    camera_id, revision = missing.camera_id, missing.revision
    if isinstance(event, FrameDetections) and event.camera_revision == revision:
        detail = f"the registry, read to its end, has no revision {revision} of {camera_id}"
        return InvalidMessageError("unknown_revision", detail)
    raise FatalError(
        f"{CAMERAS.name} has lost revision {revision} of {camera_id}, under which a frame waits to be judged: restore "
        f"that topic from a backup, or make {AGGREGATE_STATE.name} anew and let the events be read from their beginning"
    )
