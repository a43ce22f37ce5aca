"""RTP and RTCP: headers, order, reports. Source: RFC 3550, 5.1, 5.3.1, 6.4 and A.1. Nothing here does I/O."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SEQUENCE_AND_TIMESTAMP = struct.Struct(">HI").unpack_from
"""At offset 2 of a packet."""

_HEADER_BYTES = 12
_NTP_TO_UNIX_SECONDS = 2_208_988_800
_SENDER_REPORT, _RECEIVER_REPORT, _DESCRIPTION, _BYE = 200, 201, 202, 203
_RESTARTED = 1_000
"""A packet that is so far behind is not late: the sender has started over. RFC 3550's MAX_MISORDER is 100."""
_LONGEST_WAIT_SECONDS = 0.2
"""For a late packet, in which pictures wait too; networks swap packets within some milliseconds."""


def payload_bounds(data: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Give where the payload of the packet ``data[start:end]`` begins and ends; None if it is no RTP."""
    if end - start < _HEADER_BYTES or data[start] >> 6 != 2:
        return None
    first = data[start]
    begin = start + _HEADER_BYTES + 4 * (first & 0x0F)
    if first & 0x10:  # an extension: 16 bits of profile, 16 bits of length in words
        if begin + 4 > end:
            return None
        begin += 4 + 4 * (data[begin + 2] << 8 | data[begin + 3])
    if first & 0x20:  # padding, its length in the last byte
        end -= data[end - 1] or 256
    return (begin, end) if begin <= end else None  # padding alone keeps a stream awake


class Reordering:
    """Puts packets of a network that may swap or repeat them in order; waits for a late one until ``window`` are held,
    or 0.2 s have passed.

    Args:
        window: Most packets that are held. 32 are 150 ms of a camera of 2.5 Mbit/s.
        now: Monotonic seconds.
    """

    def __init__(self, window: int = 32, now: Callable[[], float] = time.monotonic) -> None:
        self._window = window
        self._now = now
        self._waits_since = 0.0
        self._expected: int | None = None
        self._held: dict[int, bytes] = {}

    def feed(self, packet: bytes) -> Sequence[bytes]:
        """Take a packet; give those that are next."""
        if len(packet) < _HEADER_BYTES:
            return ()
        sequence = packet[2] << 8 | packet[3]
        if sequence == self._expected and not self._held:
            self._expected = (sequence + 1) & 0xFFFF
            return (packet,)
        expected = sequence if self._expected is None else self._expected
        ahead = (sequence - expected) & 0xFFFF
        if 0x8000 <= ahead <= 0x10000 - _RESTARTED:
            self._held.clear()
            expected = sequence
        elif ahead >= 0x8000:
            return ()  # it was given up, or came twice
        if not self._held:
            self._waits_since = self._now()
        self._held[sequence] = packet
        if len(self._held) > self._window or self._now() - self._waits_since > _LONGEST_WAIT_SECONDS:
            expected = min(self._held, key=lambda held: (held - expected) & 0xFFFF)
        return self._run(expected)

    def _run(self, expected: int) -> list[bytes]:
        ready: list[bytes] = []
        while (packet := self._held.pop(expected, None)) is not None:
            ready.append(packet)
            expected = (expected + 1) & 0xFFFF
        self._expected = expected
        if ready and self._held:  # there is another hole
            self._waits_since = self._now()
        return ready


@dataclass(frozen=True, slots=True)
class SenderNews:
    """What a sender's RTCP tells: its clock in seconds since 1970 (None: not told), and whether it has said goodbye."""

    clock_seconds: float | None = None
    goodbye: bool = False


def parse_rtcp(data: bytes) -> SenderNews:
    """Read a compound RTCP packet; what is malformed is passed over, there is nothing in it that is needed."""
    clock: float | None = None
    goodbye = False
    position = 0
    while position + 4 <= len(data) and data[position] >> 6 == 2:
        kind = data[position + 1]
        if kind == _SENDER_REPORT and position + 16 <= len(data):
            seconds, fraction = struct.unpack_from(">II", data, position + 8)
            # Clocks that count from the camera's start, not from 1900, tell no time of day: top bit 0 is before 1968.
            clock = seconds - _NTP_TO_UNIX_SECONDS + fraction / 2**32 if seconds >> 31 else None
        goodbye |= kind == _BYE
        position += 4 + 4 * (data[position + 2] << 8 | data[position + 3])
    return SenderNews(clock, goodbye)


def receiver_report(ssrc: int) -> bytes:
    """Give a report of a receiver who says no more than that it is there."""
    name = f"tilik-{ssrc:08x}".encode()
    item = bytes((1, len(name))) + name
    item += bytes(4 - len(item) % 4)  # at least one 0 ends the items
    report = struct.pack(">BBHI", 0x80, _RECEIVER_REPORT, 1, ssrc)
    return report + struct.pack(">BBHI", 0x81, _DESCRIPTION, 1 + len(item) // 4, ssrc) + item
