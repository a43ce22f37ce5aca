"""What could not be processed, on the topic ``<topic>-dlq``: where it was, why, and the bytes where that is lawful."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from schemas.camera_events import Count, Milliseconds, Sha256
from schemas.codec import JsonCodec


class DeadLetter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A message that is never tried again.

    ``reason`` is a fixed word (``undecodable``, ``refused``, ``invalid_headers``, ``invalid_event``, ``wrong_key``,
    ``unknown_revision``, ``invalid_episode``, ``expired``), ``detail`` says what a person needs. ``original`` is None
    for frames: a picture of people is not kept for debugging.
    """

    topic: Annotated[str, Meta(min_length=1)]
    partition: Count
    offset: Count
    key: str
    reason: Annotated[str, Meta(min_length=1, max_length=80)]
    detail: Annotated[str, Meta(max_length=1000)]
    service: str
    at_ms: Milliseconds
    size_bytes: Count
    sha256: Sha256
    original: bytes | None = None


DEAD_LETTER_CODEC: JsonCodec[DeadLetter] = JsonCodec(DeadLetter)
