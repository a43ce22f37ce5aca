"""Chains of the record in the store: append, and read.

    facts ─► which are there already? ─► lines after the last one ─► the last segment, in place of the one that was read
                     ▲                                                        │ somebody else was first
                     └──────────────── read anew ◄────────────────────────────┘

Stores can't append, so a chain is cut into segments of 64 lines, and the last one is written anew with each entry: some
22 KB a minute and camera. It is replaced only where it still is what this writer read (``ObjectStore.replace``), so of
two writers, one of whom was paused and holds an old ownership, one always sees that the other was first, reads again,
and finds that what it wanted to say has been said. That is why no fencing number is needed. See ADR 0017.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Final

from schemas.codec import ContractError
from schemas.recordings import ChainEntry, ChainFact, ChainHead, GapNoted, MinuteRecorded, chain_start, day_of
from schemas.times import DAY_MS
from services.record.chain_lines import (
    CheckedChain,
    FactKey,
    LinkedEntry,
    check_lines,
    fact_key,
    line_of,
    minutes_within,
    parse_line,
)
from services.record.object_keys import chain_prefix, emptied_key, grown_key, root_key, segment_key, segment_number
from services.runtime.clock import Clock, now_ms
from services.runtime.errors import RetryableError
from services.runtime.logging import get_logger
from services.runtime.object_store import ObjectStore, Versioned

log = get_logger(__name__)

SEGMENT_LINES: Final = 64
_MOST_ATTEMPTS: Final = 20
"""Two writers that meet settle in two; more means that the store answers with old objects."""


_IDLE_SECONDS: Final = 3600.0
"""A chain that was not appended to for so long, such as yesterday's, is forgotten: it can be read again."""


_Place = tuple[int, int]


@dataclass(slots=True)
class _Open:
    """What a writer remembers of a chain. ``known`` leads from the hash of a fact's key to (segment, line), and
    ``silent`` from each minute that a gap covers wholly."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    loaded: bool = False
    segment: int = 0
    tail: list[bytes] = field(default_factory=list)
    tag: str = ""
    count: int = 0
    last_hash: str = ""
    known: dict[bytes, _Place] = field(default_factory=dict)
    silent: dict[int, _Place] = field(default_factory=dict)
    marked: str = ""
    used_at: float = 0.0


class Chains:
    """The chains of a store. Safe to use from several threads, and from several processes at once. Blocks.

    Args:
        store: Where they lie.
        clock: Says when an entry is made.
        most_open: Chains that are remembered; a day of 1,440 entries takes some 275 KB.
    """

    def __init__(self, store: ObjectStore, clock: Clock = now_ms, most_open: int = 2048) -> None:
        self._store = store
        self._clock = clock
        self._most_open = most_open
        self._open: OrderedDict[tuple[str, str], _Open] = OrderedDict()
        self._lock = threading.Lock()
        self._broken: set[tuple[str, str]] = set()

    def append(self, camera_id: str, day: str, facts: Sequence[ChainFact]) -> list[LinkedEntry]:
        """Say facts in a camera's chain of a day, in this order, and give the entry of each.

        A fact about something of which the chain has spoken (``chain_lines.fact_key``) adds nothing: the entry that is
        there is given, and what it says counts. So it is harmless to append the same again. Nor does a minute of which
        a gap speaks wholly, or a gap over a minute that is recorded, unless both are said at once (people were hidden
        from all of it, and the original is kept): who comes second had an old ownership.

        Raises:
            RetryableError: The store is away; some of the facts may be in the chain.
        """
        chain = self._chain(camera_id, day)
        with chain.lock:
            try:
                for _ in range(_MOST_ATTEMPTS):
                    if not chain.loaded:
                        self._load(chain, camera_id, day)
                    found = self._append_new(chain, camera_id, day, facts)
                    if found is not None:
                        return [self._entry(chain, camera_id, day, place) for place in found]
                    chain.loaded = False
            except BaseException:
                chain.loaded = False  # nobody knows what has been written
                raise
        raise RetryableError(f"the chain of {camera_id} on {day} is written by others all the time")

    def read(self, camera_id: str, day: str) -> CheckedChain:
        """Give a chain as it lies in the store, checked.

        Raises:
            RetryableError: The store is away.
        """
        checked = check_lines(self.read_lines(camera_id, day), camera_id, day)
        self._note(camera_id, day, is_broken=checked.fault is not None)
        return checked

    def broken(self) -> set[tuple[str, str]]:
        """Give camera and day of each chain that was not as it was written when it was last read."""
        with self._lock:
            return set(self._broken)

    def read_lines(self, camera_id: str, day: str) -> bytes:
        """Give the lines of a chain as they lie in the store, none where there is no such chain.

        Raises:
            RetryableError: The store is away.
        """
        return b"".join(segment.data for _, segment in self._segments(camera_id, day))

    def head(self, camera_id: str, day: str) -> ChainHead | None:
        """Give how far a chain has come up to its first fault; None where there is no entry.

        Raises:
            RetryableError: The store is away.
        """
        entries, fault = self.read(camera_id, day)
        if fault is not None:
            log.error("record.chain_broken", camera=camera_id, day=day, entry=fault.line, error=fault.text)
        if not entries:
            return None
        return ChainHead(camera_id=camera_id, day=day, entry_count=len(entries), last_hash=entries[-1].hash)

    def _note(self, camera_id: str, day: str, *, is_broken: bool) -> None:
        with self._lock:
            (self._broken.add if is_broken else self._broken.discard)((camera_id, day))

    def _chain(self, camera_id: str, day: str) -> _Open:
        with self._lock:
            chain = self._open.setdefault((camera_id, day), _Open())
            self._open.move_to_end((camera_id, day))
            chain.used_at = time.monotonic()
            while len(self._open) > self._most_open or self._oldest_used_at() < chain.used_at - _IDLE_SECONDS:
                self._open.popitem(last=False)
            return chain

    def _oldest_used_at(self) -> float:
        return next(iter(self._open.values())).used_at

    def _segments(self, camera_id: str, day: str) -> list[tuple[int, Versioned]]:
        """Give the segments that lie there, by number; one that was taken away shows in the lines of the next one."""
        found = []
        for listed in self._store.list(chain_prefix(camera_id, day)):
            number = segment_number(listed.key)
            segment = None if number is None else self._store.versioned(listed.key)
            if number is not None and segment is not None:
                found.append((number, segment))
        return found

    def _load(self, chain: _Open, camera_id: str, day: str) -> None:
        """Read a chain to go on after its last line. One that was tampered with is gone on with: recording must."""
        chain.segment, chain.tail, chain.tag, chain.count = 0, [], "", 0
        chain.last_hash, chain.known, chain.silent = chain_start(camera_id, day), {}, {}
        for number, (data, tag) in self._segments(camera_id, day):
            *lines, rest = data.split(b"\n")
            for at, line in enumerate(lines):
                chain.count += 1
                chain.last_hash = hashlib.sha256(line[65:]).hexdigest()
                try:
                    _remember(chain, parse_line(line).entry.fact, (number, at))
                except ContractError as error:
                    log.error("record.chain_broken", camera=camera_id, day=day, entry=chain.count - 1, error=str(error))
                    self._note(camera_id, day, is_broken=True)
            if rest or len(lines) >= SEGMENT_LINES:
                chain.segment, chain.tail, chain.tag = number + 1, [], ""
            else:
                chain.segment, chain.tail, chain.tag = number, [line + b"\n" for line in lines], tag
        chain.loaded = True

    def _append_new(self, chain: _Open, camera_id: str, day: str, facts: Sequence[ChainFact]) -> list[_Place] | None:
        """Write what is not there yet, segment by segment, and give where each is; None: somebody else was first."""
        own = self._own_minutes(chain, camera_id, day, facts)
        there = {fact_key(fact): _place_of(chain, fact, own) for fact in facts}
        fresh: dict[FactKey, ChainFact] = {}
        for fact in facts:
            if there[fact_key(fact)] is None:
                fresh.setdefault(fact_key(fact), fact)
        waiting = list(fresh.values())
        while waiting:
            room = SEGMENT_LINES - len(chain.tail)
            part, waiting = waiting[:room], waiting[room:]
            if day != day_of(self._clock()):
                self._mark_grown(chain, camera_id, day)
            if not self._write(chain, camera_id, day, part):
                return None
            self._mark_grown(chain, camera_id, day)  # where the day ended meanwhile, or has its root already
        return [there[key := fact_key(fact)] or chain.known[_short(key)] for fact in facts]

    def _own_minutes(self, chain: _Open, camera_id: str, day: str, facts: Sequence[ChainFact]) -> set[int]:
        """Give the minutes of these facts that are new, or lie in the chain as they are: gaps of theirs may follow."""
        own = set()
        for minute in (fact for fact in facts if isinstance(fact, MinuteRecorded)):
            place = _place_of(chain, minute, set())
            if place is None or self._entry(chain, camera_id, day, place).entry.fact == minute:
                own.add(minute.minute_ms)
        return own

    def _write(self, chain: _Open, camera_id: str, day: str, part: Sequence[ChainFact]) -> bool:
        lines, previous, now = list(chain.tail), chain.last_hash, self._clock()
        for number, fact in enumerate(part):
            entry = ChainEntry(
                camera_id=camera_id, day=day, index=chain.count + number, previous=previous, at_ms=now, fact=fact
            )
            line, previous = line_of(entry)
            lines.append(line)
        key, data = segment_key(camera_id, day, chain.segment), b"".join(lines)
        tag = self._store.replace(key, data, chain.tag) if chain.tail else self._store.create(key, data)
        if tag is None:
            return False
        for number, fact in enumerate(part, start=len(chain.tail)):
            _remember(chain, fact, (chain.segment, number))
        chain.count, chain.last_hash = chain.count + len(part), previous
        chain.tail, chain.tag = lines, tag
        if len(lines) >= SEGMENT_LINES:
            chain.segment, chain.tail, chain.tag = chain.segment + 1, [], ""
        return True

    def _mark_grown(self, chain: _Open, camera_id: str, day: str) -> None:
        """Tell whoever makes the next root, and whoever deletes, that a chain of another day has grown.

        That root is today's; where a clock that ran ahead has made it already, tomorrow's.
        """
        now = self._clock()
        on_day = day_of(now) if self._store.size(root_key(day_of(now))) is None else day_of(now + DAY_MS)
        if on_day not in (day, chain.marked):
            self._store.put(grown_key(on_day, camera_id, day), b"")
            self._store.delete(emptied_key(day, camera_id))
            chain.marked = on_day

    def _entry(self, chain: _Open, camera_id: str, day: str, place: _Place) -> LinkedEntry:
        segment, at = place
        if segment == chain.segment:
            return parse_line(chain.tail[at].rstrip(b"\n"))
        data = self._store.get(segment_key(camera_id, day, segment))
        try:
            return parse_line((data or b"").split(b"\n")[at])
        except (ContractError, IndexError) as error:
            raise RetryableError(f"segment {segment} of the chain of {camera_id} on {day} was altered") from error


def _remember(chain: _Open, fact: ChainFact, place: _Place) -> None:
    chain.known.setdefault(_short(fact_key(fact)), place)
    if isinstance(fact, GapNoted):
        for minute_ms in minutes_within(fact):
            chain.silent.setdefault(minute_ms, place)


def _place_of(chain: _Open, fact: ChainFact, own: Set[int]) -> _Place | None:
    """Give the entry in place of which a fact would come, None where it may come. Gaps may lie over ``own`` minutes."""
    place = chain.known.get(_short(fact_key(fact)))
    if place is None and isinstance(fact, MinuteRecorded):
        place = chain.silent.get(fact.minute_ms)
    if place is None and isinstance(fact, GapNoted):
        recorded = (chain.known.get(_short(("minute", one))) for one in minutes_within(fact) if one not in own)
        place = max((one for one in recorded if one is not None), default=None)
    return place


def _short(key: FactKey) -> bytes:
    """Give 16 bytes that stand for a key: there are thousands of them in memory for each camera."""
    return hashlib.blake2b(repr(key).encode(), digest_size=16).digest()
