from __future__ import annotations

import hashlib

import pytest

from schemas.dead_letters import DEAD_LETTER_CODEC
from schemas.topics import AGGREGATE_STATE, CAMERA_EVENTS, FRAMES
from services.runtime.dead_letters import dead_letter
from services.runtime.errors import InvalidMessageError
from services.runtime.kafka import ConsumedRecord


def make_record(topic: str, value: bytes = b"{") -> ConsumedRecord:
    return ConsumedRecord(topic, 3, 41, 1_700_000_000_000, b"cam-1", value, ())


def test_event_travels_with_its_dead_letter() -> None:
    outgoing = dead_letter(
        make_record(CAMERA_EVENTS.name), InvalidMessageError("invalid_event", "truncated"), "aggregate"
    )

    letter = DEAD_LETTER_CODEC.decode(outgoing.value)
    assert outgoing.topic == CAMERA_EVENTS.dead_letters
    assert outgoing.key == b"cam-1"
    assert (letter.topic, letter.partition, letter.offset) == (CAMERA_EVENTS.name, 3, 41)
    assert (letter.reason, letter.detail, letter.original) == ("invalid_event", "truncated", b"{")


def test_picture_of_people_is_not_kept() -> None:
    outgoing = dead_letter(
        make_record(FRAMES.name, b"\xff\xd8 jpeg"), InvalidMessageError("undecodable", "x"), "detect"
    )

    letter = DEAD_LETTER_CODEC.decode(outgoing.value)
    assert letter.original is None
    assert letter.sha256 == hashlib.sha256(b"\xff\xd8 jpeg").hexdigest()
    assert b"jpeg" not in outgoing.value


def test_original_too_large_for_a_message_is_left_out() -> None:
    outgoing = dead_letter(
        make_record(CAMERA_EVENTS.name, b"x" * 900_000), InvalidMessageError("invalid_event", "x"), "a"
    )

    letter = DEAD_LETTER_CODEC.decode(outgoing.value)
    assert letter.original is None
    assert letter.size_bytes == 900_000


def test_topic_without_dead_letters_is_refused() -> None:
    with pytest.raises(ValueError, match="no dead letters"):
        dead_letter(make_record(AGGREGATE_STATE.name), InvalidMessageError("invalid_event", "x"), "aggregate")


def test_letter_of_a_record_with_a_huge_key_fits_into_a_message() -> None:
    record = ConsumedRecord(FRAMES.name, 0, 0, 0, b"k" * 900_000, b"", ())

    outgoing = dead_letter(record, InvalidMessageError("invalid_headers", "x"), "detect")

    assert len(outgoing.key) + len(outgoing.value) < 2_000
