"""H.265 in RTP: single NAL units, aggregation packets and fragments. Source: RFC 7798, 4.4; ITU-T H.265, table 7-1."""

from __future__ import annotations

from collections.abc import Sequence

from services.ingest.rtsp.nal_units import PacketError, Piece, Role, UnsupportedPacketError, aggregated

_VPS, _SPS, _PPS = 32, 33, 34
_AGGREGATION, _FRAGMENT, _PACI = 48, 49, 50

_ROLES = [Role.OTHER] * 64
_ROLES[:32] = [Role.PICTURE] * 32
_ROLES[16:24] = [Role.KEY] * 8
"""Intra random access point pictures: BLA, IDR, CRA."""
for _type in (_VPS, _SPS, _PPS):
    _ROLES[_type] = Role.PARAMETERS


class H265Payload:
    """See ``nal_units.PayloadFormat``. Streams with decoding order numbers (``sprop-max-don-diff``) are not read."""

    codec = "hevc"
    header_bytes = 2
    fragments = (3, 0x7E, _FRAGMENT << 1)

    def first_role(self, data: bytes, start: int, end: int) -> Role:
        """Give the role of the first NAL unit."""
        kind = data[start] >> 1 & 0x3F
        if kind == _FRAGMENT and end - start > 2:
            kind = data[start + 2] & 0x3F
        elif kind == _AGGREGATION and end - start > 4:
            kind = data[start + 4] >> 1 & 0x3F
        return _ROLES[kind]

    def pieces(self, payload: bytes) -> Sequence[Piece]:
        """Take a payload apart."""
        if len(payload) < 3:
            raise PacketError("a payload without content")
        kind = payload[0] >> 1 & 0x3F
        if kind < _AGGREGATION:
            return (Piece(_ROLES[kind], payload, True, True),)
        if kind == _FRAGMENT:
            return (_fragment(payload),)
        if kind == _AGGREGATION:
            return [Piece(self.role(unit), unit, True, True) for unit in aggregated(payload, 2)]
        if kind == _PACI:
            raise UnsupportedPacketError("H.265 in PACI packets")
        raise PacketError(f"NAL unit type {kind}")

    def role(self, unit: bytes) -> Role:
        """Give the role of a NAL unit."""
        return _ROLES[unit[0] >> 1 & 0x3F]

    def starts_group(self, unit: bytes) -> bool:
        """Tell whether it is a video parameter set."""
        return unit[0] >> 1 & 0x3F == _VPS


def _fragment(payload: bytes) -> Piece:
    header = payload[2]
    starts, ends = bool(header & 0x80), bool(header & 0x40)
    if len(payload) < 4 or (starts and ends):
        raise PacketError("a fragment without content, or one that is a whole NAL unit")
    data = payload[3:]
    if starts:
        data = bytes(((payload[0] & 0x81) | (header & 0x3F) << 1, payload[1])) + data
    return Piece(_ROLES[header & 0x3F], data, starts, ends)
