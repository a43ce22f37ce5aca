"""A chain's lines: written, read, and checked. Pure, so that whoever has the bytes can check them, without a store."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple

from schemas.codec import ContractError
from schemas.recordings import (
    CHAIN_ENTRY_CODEC,
    ChainEntry,
    ChainFact,
    EvidenceKept,
    FilesDeleted,
    GapNoted,
    MinuteRecorded,
    chain_start,
)
from schemas.times import MINUTE_MS

FactKey = tuple[str | int | bool, ...]
_HASH_CHARS: Final = 64
_MINUTES_A_DAY: Final = 1440


class LinkedEntry(NamedTuple):
    """An entry, and its hash."""

    entry: ChainEntry
    hash: str


class ChainFault(NamedTuple):
    """The first line of a chain that is not as it was written: its number from 0, and what is wrong with it."""

    line: int
    text: str


class CheckedChain(NamedTuple):
    """The entries of a chain up to the first fault, and that fault, or None."""

    entries: list[LinkedEntry]
    fault: ChainFault | None


def fact_key(fact: ChainFact) -> FactKey:
    """Give what a fact is about. A chain takes each of these once: the first one counts."""
    match fact:
        case MinuteRecorded():
            return ("minute", fact.minute_ms)
        case GapNoted():
            return ("gap", fact.from_ms, fact.until_ms, fact.reason)
        case EvidenceKept():
            return ("evidence", fact.episode_id, fact.event_id, bool(fact.files))
        case FilesDeleted():
            return ("tombstone", fact.form, *(bound for one in fact.entries for bound in (one.first, one.last)))


def minutes_within(gap: GapNoted) -> range:
    """Give the starts of the minutes that a gap covers wholly, those of a day at most."""
    first_ms = -(-gap.from_ms // MINUTE_MS) * MINUTE_MS
    return range(first_ms, gap.until_ms - MINUTE_MS + 1, MINUTE_MS)[:_MINUTES_A_DAY]


def line_of(entry: ChainEntry) -> tuple[bytes, str]:
    """Give an entry's line and its hash."""
    text = CHAIN_ENTRY_CODEC.encode(entry)
    digest = hashlib.sha256(text).hexdigest()
    return digest.encode() + b" " + text + b"\n", digest


def parse_line(line: bytes) -> LinkedEntry:
    """Give the entry of a line, with the hash of what the line holds. The line has lost its line feed.

    Raises:
        ContractError: It is no line of a chain, or not as it was written; the text says what is wrong.
    """
    said, space, text = line[:_HASH_CHARS], line[_HASH_CHARS : _HASH_CHARS + 1], line[_HASH_CHARS + 1 :]
    digest = hashlib.sha256(text).hexdigest()
    if space != b" " or said != digest.encode():
        raise ContractError("the line is not what its hash says")
    entry = CHAIN_ENTRY_CODEC.decode(text)
    if CHAIN_ENTRY_CODEC.encode(entry) != text:
        raise ContractError("the line is not written as the record writes")
    return LinkedEntry(entry, digest)


def check_lines(data: bytes, camera_id: str, day: str) -> CheckedChain:
    """Check a whole chain: each line is what its hash says, is of this chain, and follows the one before."""
    entries: list[LinkedEntry] = []
    previous = chain_start(camera_id, day)
    *lines, rest = data.split(b"\n")
    for index, line in enumerate(lines):
        try:
            linked = parse_line(line)
            _check_place(linked.entry, (camera_id, day, index, previous))
        except ContractError as error:
            return CheckedChain(entries, ChainFault(index, str(error)))
        entries.append(linked)
        previous = linked.hash
    return CheckedChain(entries, ChainFault(len(lines), "the line has no end") if rest else None)


def lines_of(entries: Sequence[LinkedEntry]) -> bytes:
    """Give the lines of these entries."""
    return b"".join(line_of(one.entry)[0] for one in entries)


def _check_place(entry: ChainEntry, expected: tuple[str, str, int, str]) -> None:
    camera_id, day, index, previous = expected
    if (entry.camera_id, entry.day) != (camera_id, day):
        raise ContractError(f"it is of the chain of {entry.camera_id} on {entry.day}")
    if entry.index != index:
        raise ContractError(f"it is entry {entry.index}, in the place of entry {index}")
    if entry.previous != previous:
        raise ContractError("it does not follow the entry before")
    if isinstance(entry.fact, FilesDeleted) and any(not one.first <= one.last < index for one in entry.fact.entries):
        raise ContractError("it is a tombstone of entries that come after it")
