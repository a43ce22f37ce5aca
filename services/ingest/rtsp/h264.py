"""H.264 in RTP: single NAL units, STAP-A and FU-A. Source: RFC 6184, 5.4-5.8; ITU-T H.264, table 7-1."""

from __future__ import annotations

from collections.abc import Sequence

from services.ingest.rtsp.nal_units import PacketError, Piece, Role, UnsupportedPacketError, aggregated

_SPS, _PPS, _SPS_EXTENSION, _SUBSET_SPS = 7, 8, 13, 15
_STAP_A, _FU_A = 24, 28
_UNSUPPORTED = {25: "STAP-B", 26: "MTAP16", 27: "MTAP24", 29: "FU-B"}
"""Interleaved mode (packetization-mode 2), which no camera was found to send."""

_ROLES = [Role.OTHER] * 32
for _type in (_SPS, _PPS, _SPS_EXTENSION, _SUBSET_SPS):
    _ROLES[_type] = Role.PARAMETERS
for _type in (1, 2, 3, 4):
    _ROLES[_type] = Role.PICTURE
_ROLES[5] = Role.KEY


class H264Payload:
    """See ``nal_units.PayloadFormat``."""

    codec = "h264"
    header_bytes = 1
    fragments = (2, 0x1F, _FU_A)

    def first_role(self, data: bytes, start: int, end: int) -> Role:
        """Give the role of the first NAL unit."""
        kind = data[start] & 0x1F
        if kind == _FU_A and end - start > 1:
            kind = data[start + 1] & 0x1F
        elif kind == _STAP_A and end - start > 3:
            kind = data[start + 3] & 0x1F
        return _ROLES[kind]

    def pieces(self, payload: bytes) -> Sequence[Piece]:
        """Take a payload apart."""
        kind = payload[0] & 0x1F if payload else 0
        if 1 <= kind <= 23:
            return (Piece(_ROLES[kind], payload, True, True),)
        if kind == _FU_A:
            return (_fragment(payload),)
        if kind == _STAP_A:
            return [Piece(self.role(unit), unit, True, True) for unit in aggregated(payload, 1)]
        if kind in _UNSUPPORTED:
            raise UnsupportedPacketError(f"H.264 in {_UNSUPPORTED[kind]} packets (interleaved mode)")
        raise PacketError(f"NAL unit type {kind}")

    def role(self, unit: bytes) -> Role:
        """Give the role of a NAL unit."""
        return _ROLES[unit[0] & 0x1F]

    def starts_group(self, unit: bytes) -> bool:
        """Tell whether it is a sequence parameter set."""
        return unit[0] & 0x1F == _SPS


def _fragment(payload: bytes) -> Piece:
    if len(payload) < 3:
        raise PacketError("a fragment without content")
    indicator, header = payload[0], payload[1]
    starts, ends = bool(header & 0x80), bool(header & 0x40)
    if starts and ends:
        raise PacketError("a fragment that is a whole NAL unit")
    data = payload[2:]
    if starts:
        data = bytes(((indicator & 0xE0) | (header & 0x1F),)) + data
    return Piece(_ROLES[header & 0x1F], data, starts, ends)
