from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.camera_events import CameraStatus, CaptureCounters, Decision
from schemas.topics import CAMERA_EVENTS
from services.aggregate.feed import (
    LARGEST_INTEGER,
    LARGEST_UINT32,
    decode_event,
    has_oversized_integer,
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
