"""What a decoding child may use."""

from __future__ import annotations

from msgspec import Struct


class DecodingLimits(Struct, frozen=True):
    """What a child may use; ``jpeg_quality`` is of the JPEGs that it encodes.

    ``memory_bytes`` is address space on top of what a child has once its code is loaded (0.3 GB, of which 50 MB are
    used). A picture of ``largest_pixels`` with its sixteen references takes a fifth of the default each 10 Mpx.
    """

    largest_pixels: int
    jpeg_quality: int
    job_seconds: float = 10.0
    memory_bytes: int = 2 << 30
