"""Store closed minutes and gaps: files, then the camera's chain, then rows for the index.

::

    closed minute ─► in the chain already? ─► videos ─► files ─► chain (gap before, minute, gaps within) ─► rows

Whoever is killed on the way does the minute again: a file is named by its content, the chain takes a minute once, and
what the chain says counts, whoever said it. So the rows are always made from the chain's entries.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from schemas.codec import ContractError
from schemas.recordings import ChainEntry, ChainFact, GapNoted, MinuteRecorded, StoredFile, day_of, files_of
from schemas.table import Row
from schemas.times import DAY_MS, MINUTE_MS
from services.record.chain import Chains
from services.record.chain_lines import minutes_within, parse_line
from services.record.filing import Filing
from services.record.gaps import gap_before, gaps_within, late_before, missing_within
from services.record.index_rows import rows_of
from services.record.minute_videos import MinuteVideos
from services.record.minutes import ClosedMinute

_JUDGED = frozenset({"held", "quarantined", "not_judged", "failed"})
"""Reasons of a gap that say that somebody had the minute's frames."""
_DAYS_BACK = 8
"""Days in which the end of a camera's record is looked for; a camera that was silent for longer begins anew."""


class Stored(NamedTuple):
    """What is in the chain: rows for the index, and those of the facts that were not there before."""

    rows: list[Row]
    facts: list[ChainFact]


class Recording:
    """See the file's head. Safe to use from several threads, one at a time for each camera. Blocks.

    Args:
        filing: Stores files.
        chains: The chains of the same store.
    """

    def __init__(self, filing: Filing, chains: Chains) -> None:
        self._filing = filing
        self._chains = chains
        self._covered: dict[str, int] = {}
        self._lock = threading.Lock()

    def keep_files(self, closed: ClosedMinute, made: MinuteVideos) -> list[StoredFile]:
        """Store the videos of a minute; each file has the times of its own pictures.

        Raises:
            RetryableError: The store is away.
            ConfigurationError: The key that seals originals can't be read.
        """
        files = []
        for form, data in made.videos.items():
            file = self._filing.keep_minute(closed.camera_id, closed.minute_ms, form, data)
            first_ms, last_ms = made.times_ms.get(form, (UNSET, UNSET))
            files.append(replace(file, first_ms=first_ms, last_ms=last_ms))
        return files

    def say(self, closed: ClosedMinute, made: MinuteVideos, files: Sequence[StoredFile]) -> Stored:
        """Put a minute whose files are stored into the chain, and the gaps around it. Can be done again.

        Raises:
            RetryableError: The store is away.
        """
        covered_ms = self.covered_until(closed.camera_id, closed.minute_ms)
        facts: list[MinuteRecorded | GapNoted] = [
            *gap_before(covered_ms, closed.minute_ms, closed.before),
            *_minute(closed, made, files),
            *(_failed(closed) if closed.shown and "public" not in made.videos else gaps_within(closed, made.spoilt)),
            *missing_within(closed),
        ]
        entries = self._append(closed.camera_id, facts)
        late = late_before(closed)
        self._append(closed.camera_id, late)  # no rows: that minute's has its file, and may be withdrawn since
        self._discard_unnamed(files, entries)
        self._cover(closed.camera_id, covered_ms, entries)
        return Stored(rows_of(entries), [*facts, *late])

    def stored_before(self, closed: ClosedMinute) -> Stored | None:
        """Give the rows of a minute that is in the chain already: who stored it may have been killed before them.

        None: the chain does not speak of it, though it may of later ones.

        Raises:
            RetryableError: The store is away.
        """
        if self.covered_until(closed.camera_id, closed.minute_ms) <= closed.minute_ms:
            return None
        there = entries_in(self._chains, closed.camera_id, day_of(closed.minute_ms))
        found = [entry for entry in there if entry is not None and _speaks_of(entry, closed.minute_ms)]
        return Stored(rows_of(found), []) if any(_decides(entry, closed.minute_ms) for entry in found) else None

    def note_silence(self, camera_id: str, until_ms: int) -> Stored:
        """Note that a camera has sent nothing from where its record ends until ``until_ms``, a whole minute.

        Raises:
            RetryableError: The store is away.
        """
        covered_ms = self.covered_until(camera_id, until_ms)
        facts = gap_before(covered_ms, until_ms, "no_frames")
        entries = self._append(camera_id, facts)
        if entries:
            self._cover(camera_id, covered_ms, entries)
        return Stored(rows_of(entries), list(facts))

    def covered_until(self, camera_id: str, near_ms: int) -> int:
        """Give until when the chains speak of a camera, 0 where they don't in the days before ``near_ms``.

        Where nobody can read the last lines, they may speak of all until ``near_ms``: no gap is said of that.

        Raises:
            RetryableError: The store is away.
        """
        with self._lock:
            known = self._covered.get(camera_id)
        if known is None:
            known, is_sure = self._read_covered(camera_id, near_ms)
            if not is_sure:
                return max(known, near_ms)
            self._cover(camera_id, known, ())
        return known

    def forget(self) -> None:
        """Read anew, the next time, how far records go: other processes may have gone on with them meanwhile."""
        with self._lock:
            self._covered.clear()

    def _discard_unnamed(self, files: Sequence[StoredFile], entries: Sequence[ChainEntry]) -> None:
        """Take away files of a minute of which the chain names others: another process was first."""
        named = {file.key for entry in entries for file in files_of(entry.fact)}
        for file in files:
            if file.key not in named:
                self._filing.discard(file)

    def _cover(self, camera_id: str, covered_ms: int, entries: Sequence[ChainEntry]) -> None:
        """Note how far the record goes by what the chain says now, which may be less than it was told."""
        with self._lock:
            self._covered[camera_id] = max([covered_ms, *(_end_of(entry.fact) for entry in entries)])

    def _read_covered(self, camera_id: str, near_ms: int) -> tuple[int, bool]:
        """Read how far the record goes, and give whether no line that nobody can read follows."""
        for days in range(_DAYS_BACK):
            covered_ms, is_sure = 0, True
            for entry in entries_in(self._chains, camera_id, day_of(near_ms - days * DAY_MS)):
                if entry is None:
                    is_sure = False
                elif (end_ms := _end_of(entry.fact)) > covered_ms:
                    covered_ms, is_sure = end_ms, True
            if covered_ms or not is_sure:
                return covered_ms, is_sure
        return 0, True

    def _append(self, camera_id: str, facts: Sequence[MinuteRecorded | GapNoted]) -> list[ChainEntry]:
        """Put facts into the chains of their days, in order."""
        by_day: dict[str, list[MinuteRecorded | GapNoted]] = {}
        for fact in facts:
            by_day.setdefault(day_of(_start_of(fact)), []).append(fact)
        return [linked.entry for day, said in by_day.items() for linked in self._chains.append(camera_id, day, said)]


def entries_in(chains: Chains, camera_id: str, day: str) -> list[ChainEntry | None]:
    """Give what each line of a chain says, also after one that was altered; None: nobody can read that one.

    Recording goes on after a fault, so what was said before and after it counts. To check a chain is another thing.

    Raises:
        RetryableError: The store is away.
    """
    return [_entry_in(line, camera_id, day) for line in chains.read_lines(camera_id, day).split(b"\n") if line]


def _entry_in(line: bytes, camera_id: str, day: str) -> ChainEntry | None:
    try:
        entry = parse_line(line).entry
    except ContractError:
        return None
    return entry if (entry.camera_id, entry.day) == (camera_id, day) else None


def _minute(closed: ClosedMinute, made: MinuteVideos, files: Sequence[StoredFile]) -> list[MinuteRecorded]:
    if not files:
        return []
    is_public = "public" in made.videos
    frames = [frame for frame, _ in closed.shown] if is_public else closed.frames
    return [
        MinuteRecorded(
            minute_ms=closed.minute_ms,
            first_ms=frames[0].captured_at_ms,
            last_ms=frames[-1].captured_at_ms,
            frame_count=made.shown_count,
            files=tuple(files),
            simulated=any(frame.simulated for frame in frames),
            camera_revision=min(frame.camera_revision for frame in frames) if is_public else UNSET,
            private_revision=made.private_revision if is_public else UNSET,
        )
    ]


def _failed(closed: ClosedMinute) -> list[GapNoted]:
    end_ms = closed.minute_ms + MINUTE_MS
    return [GapNoted(from_ms=closed.minute_ms, until_ms=end_ms, reason="failed", detail="no picture could be encoded")]


def _speaks_of(entry: ChainEntry, minute_ms: int) -> bool:
    fact = entry.fact
    if isinstance(fact, MinuteRecorded):
        return fact.minute_ms == minute_ms
    return isinstance(fact, GapNoted) and fact.from_ms < minute_ms + MINUTE_MS and fact.until_ms > minute_ms


def _decides(entry: ChainEntry, minute_ms: int) -> bool:
    """Tell whether an entry about a minute leaves no room for another: a loss within it does."""
    fact = entry.fact
    return not isinstance(fact, GapNoted) or fact.reason in _JUDGED or minute_ms in minutes_within(fact)


def _start_of(fact: MinuteRecorded | GapNoted) -> int:
    return fact.minute_ms if isinstance(fact, MinuteRecorded) else fact.from_ms


def _end_of(fact: ChainFact) -> int:
    """Give until when a fact covers its camera, in whole minutes; 0: it is about something else."""
    if isinstance(fact, MinuteRecorded):
        return fact.minute_ms + MINUTE_MS
    return fact.until_ms - fact.until_ms % MINUTE_MS if isinstance(fact, GapNoted) else 0
