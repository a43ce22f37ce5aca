"""Tell whether an MPEG-TS segment ends where its last picture ends. Source: ISO/IEC 13818-1, 2.4.3.2 to 2.4.3.5."""

from __future__ import annotations

_PACKET_BYTES = 188
_SYNC = 0x47
_HAS_ADAPTATION = 0x20
_STUFFING = 0xFF


def ends_with_its_picture(data: bytes, pid: int) -> bool:
    """Tell whether the last packet of ``pid`` is the end of its picture, which nothing else says.

    A picture's bytes are cut into pieces of 184; the last piece is shorter, and stuffing fills its packet. A segment
    that was cut off ends with a full piece instead. By chance one whole picture in 184 does so too: it is left out.
    """
    if len(data) % _PACKET_BYTES:
        return False
    for start in range(len(data) - _PACKET_BYTES, -1, -_PACKET_BYTES):
        if data[start] != _SYNC:
            return False
        if int.from_bytes(data[start + 1 : start + 3]) & 0x1FFF == pid:
            return _is_stuffed(data[start : start + _PACKET_BYTES])
    return False


def _is_stuffed(packet: bytes) -> bool:
    """Tell whether the adaptation field holds nothing at all, only its flags, or stuffing at its end."""
    if not packet[3] & _HAS_ADAPTATION:
        return False
    length = packet[4]
    return length <= 1 or (length < _PACKET_BYTES - 4 and packet[4 + length] == _STUFFING)
