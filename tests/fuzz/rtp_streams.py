"""Video cut into RTP packets as a camera does it, to be damaged. Source: RFC 6184, 5.6-5.8; RFC 7798, 4.4."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

_PAYLOAD_BYTES = 300
_START_CODE = re.compile(rb"\x00\x00\x00?\x01")


@dataclass(frozen=True)
class Picture:
    """One encoded picture: its NAL units, and the packets that carry them."""

    timestamp: int
    units: tuple[bytes, ...]
    packets: tuple[bytes, ...]


def nal_units(annex_b: bytes) -> list[bytes]:
    return [unit for unit in _START_CODE.split(annex_b) if unit]


def packetized(codec: str, pictures: list[list[bytes]], first_sequence: int = 65_530) -> list[Picture]:
    """Cut pictures, each a list of NAL units, into packets; sequence numbers wrap around on the way."""
    found: list[Picture] = []
    sequence = first_sequence
    for number, units in enumerate(pictures):
        timestamp = (4_294_960_000 + number * 9_000) & 0xFFFFFFFF
        payloads = [payload for unit in units for payload in _payloads(codec, unit)]
        packets: list[bytes] = []
        for index, payload in enumerate(payloads):
            marker = 0x80 if index == len(payloads) - 1 else 0
            packets.append(struct.pack(">BBHII", 0x80, marker | 96, sequence & 0xFFFF, timestamp, 7) + payload)
            sequence += 1
        found.append(Picture(timestamp, tuple(units), tuple(packets)))
    return found


def _payloads(codec: str, unit: bytes) -> list[bytes]:
    if len(unit) <= _PAYLOAD_BYTES:
        return [unit]
    header, body = (unit[:1], unit[1:]) if codec == "h264" else (unit[:2], unit[2:])
    pieces = [body[start : start + _PAYLOAD_BYTES] for start in range(0, len(body), _PAYLOAD_BYTES)]
    return [_fragment(codec, header, piece, n == 0, n == len(pieces) - 1) for n, piece in enumerate(pieces)]


def _fragment(codec: str, header: bytes, piece: bytes, starts: bool, ends: bool) -> bytes:
    flags = (0x80 if starts else 0) | (0x40 if ends else 0)
    if codec == "h264":
        return bytes(((header[0] & 0xE0) | 28, flags | (header[0] & 0x1F))) + piece
    kind = header[0] >> 1 & 0x3F
    return bytes(((header[0] & 0x81) | 49 << 1, header[1], flags | kind)) + piece
