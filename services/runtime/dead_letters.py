"""Make the dead letter of a record that can never be processed."""

from __future__ import annotations

import hashlib

from schemas.dead_letters import DEAD_LETTER_CODEC, DeadLetter
from schemas.topics import topic_named
from services.runtime.clock import now_ms
from services.runtime.errors import InvalidMessageError
from services.runtime.kafka import ConsumedRecord, OutgoingRecord

_LARGEST_KEY_BYTES = 200
"""Keys are ids of cameras; a longer one is foreign, and is cut so that its letter always fits into a message."""

_LARGEST_ORIGINAL_BYTES = 512 * 1024
"""Larger originals are left out, so that the dead letter itself stays under Kafka's limit of 1 MiB once in base64."""


def dead_letter(record: ConsumedRecord, error: InvalidMessageError, service: str) -> OutgoingRecord:
    """Give the dead letter of ``record``. The original bytes travel with it, except of frames and of what is too large.

    Raises:
        KeyError: The record's topic is not in the table.
        ValueError: The table names no dead letters for it.
    """
    topic = topic_named(record.topic)
    if topic.dead_letters is None:
        raise ValueError(f"topic {topic.name} has no dead letters")
    keep_original = topic.value_type is not None and len(record.value) <= _LARGEST_ORIGINAL_BYTES
    key = (record.key or b"")[:_LARGEST_KEY_BYTES]
    letter = DeadLetter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=key.decode(errors="replace"),
        reason=error.reason,
        detail=error.detail[:1000],
        service=service,
        at_ms=now_ms(),
        size_bytes=len(record.value),
        sha256=hashlib.sha256(record.value).hexdigest(),
        original=record.value if keep_original else None,
    )
    return OutgoingRecord(topic=topic.dead_letters, key=key, value=DEAD_LETTER_CODEC.encode(letter))
