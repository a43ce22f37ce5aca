"""Where each thing of the record lies in the store. docs/record.md shows the tree.

A file's key has a part of its hash in it: two workers that record the same minute never write over each other's file,
and the chain says whose counts.
"""

from __future__ import annotations

import re
from datetime import datetime

from schemas.recordings import FileForm, day_of
from schemas.times import LOCAL_TIME

CHAINS = "chain"
GROWN = "grown"
HEADS = "heads"
ROOTS = "roots"
KEYS = "keys"
SEALING = "sealing"
HOLDS = "holds"
ENDED_HOLDS = "ended-holds"
EMPTIED = "emptied"
MINUTES = "minutes"
EVIDENCE = "evidence"

_HASH_DIGITS = 16
_SEGMENT_NAME = re.compile(r"\d{4}\.jsonl", re.ASCII)


def segment_key(camera_id: str, day: str, number: int) -> str:
    """Give where a segment of a chain lies."""
    return f"{CHAINS}/{day}/{camera_id}/{number:04d}.jsonl"


def segment_number(key: str) -> int | None:
    """Give the number of the segment that has this key; None: it is none's."""
    name = key.rsplit("/", 1)[-1]
    return int(name.removesuffix(".jsonl")) if _SEGMENT_NAME.fullmatch(name) else None


def chain_prefix(camera_id: str, day: str) -> str:
    """Give what the keys of a chain's segments begin with."""
    return f"{CHAINS}/{day}/{camera_id}"


def grown_key(on_day: str, camera_id: str, day: str) -> str:
    """Give where it is marked that the chain of ``day`` grew on another day."""
    return f"{GROWN}/{on_day}/{day}/{camera_id}"


def minute_name(camera_id: str, minute_ms: int, form: FileForm) -> str:
    """Give what names the file of a minute, whoever recorded it; an original is sealed for this name."""
    clock = datetime.fromtimestamp(minute_ms / 1000, LOCAL_TIME).strftime("%H%M")
    return f"{MINUTES}/{day_of(minute_ms)}/{camera_id}/{form}/{clock}"


def evidence_name(camera_id: str, captured_at_ms: int, event_id: str, form: FileForm) -> str:
    """Give what names a frame of an episode; an original is sealed for this name."""
    return f"{EVIDENCE}/{day_of(captured_at_ms)}/{camera_id}/{form}/{event_id}"


def file_key(name: str, media: str, form: FileForm, sha256: str) -> str:
    """Give where a file lies; ``sha256`` is of its bytes as stored."""
    ending = {"video/mp4": "mp4", "image/jpeg": "jpg"}[media] + ("" if form == "public" else ".sealed")
    return f"{name}-{sha256[:_HASH_DIGITS]}.{ending}"


def name_in(key: str) -> str:
    """Give the name for which a file was sealed, from where it lies."""
    return key.rpartition("-")[0]


def root_key(day: str) -> str:
    """Give where the signed root of a day lies."""
    return f"{ROOTS}/{day}.json"


def heads_key(day: str) -> str:
    """Give where the heads under a day's root lie. They name cameras, so they are not published."""
    return f"{HEADS}/{day}.json"


def public_key_key(key_id: str) -> str:
    """Give where a public key lies."""
    return f"{KEYS}/{key_id}.json"


def fingerprint_key(key_id: str) -> str:
    """Give where it lies which key seals under this id."""
    return f"{SEALING}/{key_id}"


def hold_key(camera_id: str, episode_id: str) -> str:
    """Give where a legal hold lies."""
    return f"{HOLDS}/{camera_id}/{episode_id}.json"


def ended_hold_key(camera_id: str, episode_id: str, ended_at_ms: int) -> str:
    """Give where a legal hold lies that was ended."""
    return f"{ENDED_HOLDS}/{camera_id}/{episode_id}-{ended_at_ms}.json"


def emptied_key(day: str, camera_id: str) -> str:
    """Give where it is marked that a chain has no files left that could be deleted."""
    return f"{EMPTIED}/{day}/{camera_id}"
