"""Where each thing of the record lies in the store. docs/record.md shows the tree.

A file's key has a part of its hash in it: two workers that record the same minute never write over each other's file,
and the chain says whose counts.
"""

from __future__ import annotations

from datetime import datetime

from schemas.recordings import LOCAL_TIME, FileForm, day_of

CHAINS = "chain"
GROWN = "grown"
HEADS = "heads"
ROOTS = "roots"
KEYS = "keys"
HOLDS = "holds"
EMPTIED = "emptied"
MINUTES = "minutes"
EVIDENCE = "evidence"

_HASH_DIGITS = 16


def segment_key(camera_id: str, day: str, number: int) -> str:
    """Give where a segment of a chain lies."""
    return f"{CHAINS}/{day}/{camera_id}/{number:04d}.jsonl"


def segment_number(key: str) -> int:
    """Give the number of the segment that has this key."""
    return int(key.rsplit("/", 1)[-1].removesuffix(".jsonl"))


def chain_prefix(camera_id: str, day: str) -> str:
    """Give what the keys of a chain's segments begin with."""
    return f"{CHAINS}/{day}/{camera_id}"


def grown_key(on_day: str, camera_id: str, day: str) -> str:
    """Give where it is marked that the chain of ``day`` grew on another day."""
    return f"{GROWN}/{on_day}/{day}/{camera_id}"


def minute_key(camera_id: str, minute_ms: int, form: FileForm, sha256: str) -> str:
    """Give where the file of a minute lies; ``sha256`` is of its bytes as stored."""
    clock = datetime.fromtimestamp(minute_ms / 1000, LOCAL_TIME).strftime("%H%M")
    ending = "mp4" if form == "public" else "mp4.sealed"
    return f"{MINUTES}/{day_of(minute_ms)}/{camera_id}/{form}/{clock}-{sha256[:_HASH_DIGITS]}.{ending}"


def evidence_key(camera_id: str, captured_at_ms: int, event_id: str, form: FileForm, sha256: str) -> str:
    """Give where a frame of an episode lies; ``sha256`` is of its bytes as stored."""
    ending = "jpg" if form == "public" else "jpg.sealed"
    day = day_of(captured_at_ms)
    return f"{EVIDENCE}/{day}/{camera_id}/{form}/{event_id}-{sha256[:_HASH_DIGITS]}.{ending}"


def root_key(day: str) -> str:
    """Give where the signed root of a day lies."""
    return f"{ROOTS}/{day}.json"


def heads_key(day: str) -> str:
    """Give where the heads under a day's root lie. They name cameras, so they are not published."""
    return f"{HEADS}/{day}.json"


def public_key_key(key_id: str) -> str:
    """Give where a public key lies."""
    return f"{KEYS}/{key_id}.json"


def hold_key(camera_id: str, episode_id: str) -> str:
    """Give where a legal hold lies."""
    return f"{HOLDS}/{camera_id}/{episode_id}.json"


def emptied_key(day: str, camera_id: str) -> str:
    """Give where it is marked that a chain has no files left that could be deleted."""
    return f"{EMPTIED}/{day}/{camera_id}"
