"""What the depacketisers of H.264 and H.265 have in common: pieces of NAL units, and what a unit is for."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple, Protocol


class Role(IntEnum):
    """What a NAL unit is for. ``KEY`` and ``PICTURE`` are slices: of a picture that needs no other, or of another."""

    OTHER = 0
    PARAMETERS = 1
    KEY = 2
    PICTURE = 3


class Piece(NamedTuple):
    """A part of a NAL unit, or a whole one: that both starts and ends it. ``data`` has the header where it starts."""

    role: Role
    data: bytes
    starts: bool
    ends: bool


class PacketError(ValueError):
    """A payload that breaks its format: the picture it belongs to is not to be decoded."""


class UnsupportedPacketError(ValueError):
    """A payload in a packetisation that cameras may use, but that is not read; the text says which."""


class PayloadFormat(Protocol):
    """How a codec's NAL units lie in RTP payloads.

    ``header_bytes`` are those of a NAL unit. ``fragments`` tell a fragment: how many bytes are before its content, the
    last of which says in its top bits whether it starts or ends its unit; and mask and value of its first byte.
    """

    codec: str
    header_bytes: int
    fragments: tuple[int, int, int]

    def first_role(self, data: bytes, start: int, end: int) -> Role:
        """Give the role of the first NAL unit in the payload ``data[start:end]``, looking at its first bytes only."""
        ...

    def pieces(self, payload: bytes) -> Sequence[Piece]:
        """Take a payload apart.

        Raises:
            PacketError: It breaks the format.
            UnsupportedPacketError: It is of a kind that is not read.
        """
        ...

    def role(self, unit: bytes) -> Role:
        """Give the role of a NAL unit by its header."""
        ...

    def starts_group(self, unit: bytes) -> bool:
        """Tell whether this parameter set is one with which a complete new group of them begins."""
        ...


def aggregated(payload: bytes, offset: int) -> list[bytes]:
    """Give the NAL units of an aggregation packet: each behind 16 bits that say its size.

    Raises:
        PacketError: A size leads out of the packet, is 0, or there is none.
    """
    units: list[bytes] = []
    while offset < len(payload):
        size = int.from_bytes(payload[offset : offset + 2])
        offset += 2
        if size == 0 or offset + size > len(payload):
            raise PacketError("an aggregation packet is cut off")
        units.append(payload[offset : offset + size])
        offset += size
    if not units:
        raise PacketError("an empty aggregation packet")
    return units
