"""Which partition a key belongs to. librdkafka knows, but tells it only by producing.

Source: MurmurHash2 by Austin Appleby, which is in the public domain, with the seed of Kafka's own clients.
"""

from __future__ import annotations

_SEED = 0x9747B28C
_FACTOR = 0x5BD1E995
_SHIFT = 24
_32_BITS = 0xFFFF_FFFF


def partition_of(key: bytes, partitions: int) -> int:
    """Give the partition, of ``partitions``, to which every one of Tilik's producers sends ``key``."""
    return (murmur2(key) & 0x7FFF_FFFF) % partitions


def murmur2(data: bytes) -> int:
    """Give the hash of ``data``, 32 bits, unsigned."""
    whole = len(data) & ~3
    value = _SEED ^ len(data)
    for start in range(0, whole, 4):
        word = int.from_bytes(data[start : start + 4], "little") * _FACTOR & _32_BITS
        word = (word ^ word >> _SHIFT) * _FACTOR & _32_BITS
        value = (value * _FACTOR & _32_BITS) ^ word
    if rest := data[whole:]:
        value = (value ^ int.from_bytes(rest, "little")) * _FACTOR & _32_BITS
    value = (value ^ value >> 13) * _FACTOR & _32_BITS
    return value ^ value >> 15
