from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.camera_events import CameraStatus, CaptureCounters, Decision, FrameDetections, FrameShed
from schemas.topics import CAMERA_EVENTS
from services.aggregate.feed import (
    LARGEST_INTEGER,
    LARGEST_UINT32,
    LATEST_MS,
    decode_event,
    has_oversized_integer,
    integer_fields_of,
    own_unknown_revision,
)
from services.aggregate.judgement import UnknownRevisionError
from services.runtime.errors import FatalError, InvalidMessageError
from services.runtime.kafka import ConsumedRecord
from tests.aggregate.make_events import CAMERA_ID, make_frame, make_shed, make_status

STATUS = CameraStatus(
    event_id="0" * 32,
    camera_id="cam-1",
    owner_epoch=5,
    at_ms=1000,
    camera_revision=1,
    ingest_instance="ingest-1",
    source_kind="mjpeg",
    state="live",
    counters=CaptureCounters(captured=3),
)


def make_record(value: bytes, key: bytes | None = b"cam-1") -> ConsumedRecord:
    return ConsumedRecord(CAMERA_EVENTS.name, 0, 7, 0, key, value, ())


def encoded(**changes: Any) -> bytes:
    return msgspec.json.encode({**msgspec.to_builtins(STATUS), **changes})


def test_a_valid_event_comes_out_as_it_was() -> None:
    assert decode_event(make_record(encoded())) == STATUS


def test_the_largest_numbers_that_fit_are_let_through() -> None:
    event = decode_event(make_record(encoded(owner_epoch=LARGEST_INTEGER, camera_revision=LARGEST_UINT32)))
    assert isinstance(event, CameraStatus)
    assert (event.owner_epoch, event.camera_revision) == (LARGEST_INTEGER, LARGEST_UINT32)


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"null", "Expected `object`"),
        (encoded(state="asleep"), "Invalid enum value"),
        (encoded(verdict=1), "unknown field"),
        (encoded(camera_id="Cam 1"), "matching regex"),
        (encoded(owner_epoch=LARGEST_INTEGER + 1), "larger than"),
        (encoded(counters={"missed": {"late": 2**80}}), "larger than"),
        (encoded(camera_revision=LARGEST_UINT32 + 1), "revision is larger than"),
        (encoded(at_ms=LATEST_MS + 1), "a time lies beyond"),
        (b'{"a":' + b"[" * 2_000 + b"]" * 2_000 + b',"type":"decision"}', "nested too deeply"),
    ],
)
def test_what_breaks_the_contract_or_fits_no_column_is_an_invalid_event(value: bytes, detail: str) -> None:
    with pytest.raises(InvalidMessageError) as caught:
        decode_event(make_record(value))
    assert caught.value.reason == "invalid_event"
    assert detail in caught.value.detail


@pytest.mark.parametrize("key", [None, b"", b"cam-2"])
def test_an_event_under_another_key_than_its_camera_is_refused(key: bytes | None) -> None:
    with pytest.raises(InvalidMessageError) as caught:
        decode_event(make_record(encoded(), key))
    assert caught.value.reason == "wrong_key"


def test_a_decision_names_no_revision_and_needs_none() -> None:
    decision = Decision(
        event_id="1" * 32, camera_id="cam-1", decided_at_ms=5, decided_by="s", decision="quarantine_released", reason=""
    )
    assert decode_event(make_record(msgspec.json.encode(decision))) == decision


def test_integers_are_found_however_deep_they_lie() -> None:
    large = LARGEST_INTEGER + 1
    assert all(map(has_oversized_integer, [large, [1, [large]], {"a": {"b": (large,)}}]))
    assert not any(map(has_oversized_integer, [LARGEST_INTEGER, True, 1e300, "9" * 40, None, b"9" * 40, [{}]]))


def with_integer(event: FrameDetections | FrameShed, path: str, value: int) -> bytes:
    built = msgspec.to_builtins(event, builtin_types=())
    holder = built
    *outer, name = path.split(".")
    for part in outer:
        holder = holder[part]
    assert isinstance(holder[name], int)
    holder[name] = value
    return msgspec.json.encode(built)


@pytest.mark.parametrize("event", [make_frame(0, water=bytes(576)), make_shed(0)])
def test_every_integer_of_a_frames_outcome_is_looked_at(event: FrameDetections | FrameShed) -> None:
    def count(value: Any) -> int:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return (isinstance(value, int) and not isinstance(value, bool)) + sum(map(count, inner))

    paths = list(integer_fields_of(type(event)))
    assert len(paths) == count(msgspec.to_builtins(event, builtin_types=()))
    for path in paths:
        value = with_integer(event, path, LARGEST_INTEGER + 1)
        with pytest.raises(InvalidMessageError) as caught:
            decode_event(make_record(value, event.camera_id.encode()))
        assert caught.value.reason == "invalid_event"


@pytest.mark.parametrize("field_type", [int | None, dict[str, int], list[int], tuple[int, ...], Any])
def test_a_field_that_may_hold_an_integer_or_none_is_no_field_to_look_at(field_type: Any) -> None:
    holder = msgspec.defstruct("Holder", [("field", field_type)])
    with pytest.raises(TypeError, match="field may hold"):
        list(integer_fields_of(holder))


def test_the_reason_of_an_unknown_revision_names_camera_and_revision() -> None:
    event = make_frame(0, camera_id="cam-9", camera_revision=4)
    error = own_unknown_revision(event, UnknownRevisionError("cam-9", 4))
    assert error.reason == "unknown_revision"
    assert "4 of cam-9" in error.detail


def test_a_waiting_frame_without_its_revision_does_not_put_later_events_aside() -> None:
    missing = UnknownRevisionError(CAMERA_ID, 7)
    for event in (make_frame(0, camera_revision=8), make_shed(0), make_status(0)):
        with pytest.raises(FatalError, match="has lost revision 7 of loket-1"):
            own_unknown_revision(event, missing)
