"""Identifiers end where they seem to end."""

from __future__ import annotations

import msgspec
import pytest

from schemas.camera_events import EventId
from schemas.cameras import CameraId, ClockTime, IsoDate, ZoneId


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (CameraId, "rt-01.pedurungan"),
        (ZoneId, "queue"),
        (ClockTime, "24:00"),
        (ClockTime, "07:30"),
        (IsoDate, "2026-08-17"),
        (EventId, "0" * 32),
    ],
)
def test_newline_at_the_end_is_refused(kind: type[str], text: str) -> None:
    assert msgspec.convert(text, kind) == text
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text + "\n", kind)


@pytest.mark.parametrize("text", ["24:01", "7:30", "07:60", "x07:30", "24:00x"])
def test_what_is_no_clock_time_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, ClockTime)
