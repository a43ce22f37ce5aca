"""Gather what the record and ClickHouse have of an episode, as the files of one archive.

episode ─► its time, and some more ─► chains of those days ─► roots and proofs ─► frames and minutes ─► rows
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import UnsetType

from schemas.codec import ContractError
from schemas.recordings import (
    INCLUSION_PROOF_CODEC,
    PUBLIC_KEY_CODEC,
    SIGNED_ROOT_CODEC,
    ChainEntry,
    EvidenceKept,
    GapNoted,
    MinuteRecorded,
    PublicKey,
    SignedRoot,
    StoredFile,
    day_of,
    files_of,
)
from schemas.times import DAY_MS, MINUTE_MS
from services.cli.evidence.manifest import ChainPlace, LeftOut, PackedFile, chain_path, key_path, proof_path, root_path
from services.cli.evidence.report_words import GAPS
from services.cli.evidence.rows import EpisodeStory
from services.record.chain import Chains
from services.record.chain_lines import LinkedEntry
from services.record.expiry import deleted_files
from services.record.filing import FileAlteredError, Filing
from services.record.object_keys import grown_key
from services.record.roots import proof_in, read_heads, read_root, rooted_days
from services.record.sealing import SealError
from services.record.signatures import trusted_keys, vouched_days
from services.record.signing import published_keys
from services.runtime.object_store import ObjectStore

Advance = Callable[[str], None]


class Wanted(NamedTuple):
    """Which files are wanted: from when to when, ms since 1970; as captured, or with people hidden.

    ``withdrawn`` are starts of minutes of which the public form is not to be shown; ``troubles`` from when to when, of
    which no frame's is.
    """

    from_ms: int
    until_ms: int
    originals: bool
    withdrawn: frozenset[int] = frozenset()
    troubles: tuple[tuple[int, int], ...] = ()


class Picture(NamedTuple):
    """A frame of the episode, as it lies in the archive."""

    path: str
    fact: EvidenceKept
    form: str


class Clip(NamedTuple):
    """A minute of the camera, as it lies in the archive."""

    path: str
    fact: MinuteRecorded
    form: str


@dataclass(slots=True)
class Gathered:
    """The files of an archive but its report, manifest and signature, and what the report tells of them."""

    contents: dict[str, bytes] = field(default_factory=dict)
    places: dict[str, ChainPlace] = field(default_factory=dict)
    pictures: list[Picture] = field(default_factory=list)
    clips: list[Clip] = field(default_factory=list)
    gaps: list[GapNoted] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)
    entry_count: int = 0
    left_out: list[LeftOut] = field(default_factory=list)

    def packed_files(self) -> tuple[PackedFile, ...]:
        """Give what the manifest says of the files."""
        return tuple(
            PackedFile(path, hashlib.sha256(data).hexdigest(), len(data), self.places.get(path))
            for path, data in self.contents.items()
        )

    def leave_out(self, what: str, why: str) -> None:
        """Say that something is not there."""
        self.left_out.append(LeftOut(what, why))


@dataclass(frozen=True, slots=True)
class Gathering:
    """Gathers from one record.

    Args:
        store: Where it lies.
        chains: Its chains.
        filing: Takes its files.
        key: The city's, which signs what is gathered; roots by a key that does not lead to it are left out.
        advance: Is told what is being gathered.
    """

    store: ObjectStore
    chains: Chains
    filing: Filing
    key: PublicKey
    advance: Advance

    def gather(self, story: EpisodeStory, wanted: Wanted, rows: dict[str, bytes]) -> Gathered:
        """Gather an episode's files.

        Raises:
            RetryableError: The store is away.
            ConfigurationError: An original is wanted, and the key that sealed it is not here.
        """
        found = Gathered()
        for day in _days(wanted):
            self._take_day(story, wanted, day, found)
        if not found.pictures and all(not one.what.startswith("frames/") for one in found.left_out):
            found.leave_out("frames/", "the record has no frame of this episode")
        self._take_keys(found)
        found.contents |= {f"rows/{table}.jsonl": data for table, data in rows.items()}
        return found

    def _take_day(self, story: EpisodeStory, wanted: Wanted, day: str, found: Gathered) -> None:
        lines = self.chains.read_lines(story.camera_id, day)
        if not lines:
            found.leave_out(chain_path(day), "nothing was recorded on this day")
            return
        linked, fault = self.chains.read(story.camera_id, day)
        if fault is not None:
            found.leave_out(chain_path(day), f"from entry {fault.line} on the chain is broken: {fault.text}")
        entries = [one.entry for one in linked]
        found.contents[chain_path(day)] = lines
        found.entry_count += len(entries)
        self._take_roots(story.camera_id, day, linked, found)
        gone = deleted_files(entries)
        for entry in entries:
            if _is_wanted(entry, story, wanted):
                self._take_entry(entry, wanted, set(gone), found)

    def _take_entry(self, entry: ChainEntry, wanted: Wanted, gone: set[str], found: Gathered) -> None:
        fact = entry.fact
        if isinstance(fact, GapNoted):
            found.gaps.append(fact)
            return
        if not isinstance(fact, (MinuteRecorded, EvidenceKept)):
            return
        form = "original" if wanted.originals else "public"
        for file in (file for file in files_of(fact) if file.form == form):
            path = _path_of(fact, file)
            if form == "public" and _minute_of(fact) in wanted.withdrawn:
                found.leave_out(path, "it was withdrawn: the camera was in quarantine")
            elif form == "public" and _is_in_trouble(fact, wanted):
                found.leave_out(path, "it is withheld: something was wrong with the camera's picture then")
            elif file.key in gone:
                found.leave_out(path, "it was deleted; the chain's tombstone says why")
            elif self._take_file(path, entry, file, found):
                place = (path, file.form)
                if isinstance(fact, MinuteRecorded):
                    found.clips.append(Clip(place[0], fact, place[1]))
                else:
                    found.pictures.append(Picture(place[0], fact, place[1]))
        if isinstance(fact, EvidenceKept) and all(file.form != form for file in fact.files):
            found.leave_out(f"frames/{fact.event_id}", _why_not_there(fact, wanted))

    def _take_file(self, path: str, entry: ChainEntry, file: StoredFile, found: Gathered) -> bool:
        self.advance(path)
        try:
            found.contents[path] = self.filing.take(file)
        except (FileAlteredError, SealError) as error:
            found.leave_out(path, str(error))
            return False
        found.places[path] = ChainPlace(entry.day, entry.index, file.form)
        return True

    def _take_roots(self, camera_id: str, day: str, linked: list[LinkedEntry], found: Gathered) -> None:
        """Take the root of a chain's day, and those of later days on which it grew."""
        for root_day in rooted_days(self.store):
            if root_day != day and self.store.size(grown_key(root_day, camera_id, day)) is None:
                continue
            try:
                signed = read_root(self.store, root_day)
                proof = proof_in(read_heads(self.store, root_day), root_day, camera_id, day)
                is_citys = signed is None or self._take_links(signed, found)
            except ContractError as error:
                found.leave_out(root_path(root_day), f"it, or what lies under it, was altered: {error}")
                continue
            if signed is not None and not is_citys:
                found.leave_out(root_path(root_day), f"it is not signed by a key of the city ({signed.key_id})")
            elif signed is not None and proof is not None:
                found.contents[root_path(root_day)] = SIGNED_ROOT_CODEC.encode(signed)
                found.contents[proof_path(root_day, day)] = INCLUSION_PROOF_CODEC.encode(proof)
                found.roots.append(root_day)
        if linked and not any(name.endswith(f"-of-{day}.json") for name in found.contents):
            found.leave_out(root_path(day), "no root has been signed over this chain yet")

    def _take_links(self, signed: SignedRoot, found: Gathered) -> bool:
        """Tell whether the city stands for a root; of a former key's take those that lead to it from a root of its own.

        Raises:
            RetryableError: The store is away.
            ContractError: One of them can't be read.
        """
        roots, keys = [signed], self._citys_keys()
        for day in rooted_days(self.store):
            if roots[-1].key_id in keys:
                break
            following = read_root(self.store, day) if day > signed.root.day else None
            if following is not None:
                roots.append(following)
        if signed.root.day not in vouched_days(roots, keys):
            return False
        found.contents |= {root_path(one.root.day): SIGNED_ROOT_CODEC.encode(one) for one in roots[1:]}
        former = {one.key_id for one in roots} - keys.keys()
        known = published_keys(self.store) if former else {}
        found.contents |= {key_path(one): PUBLIC_KEY_CODEC.encode(known[one]) for one in sorted(former & known.keys())}
        return True

    def _take_keys(self, found: Gathered) -> None:
        """Take the city's keys, also those between two that signed: they lead from one to the other."""
        found.contents |= {
            key_path(key_id): PUBLIC_KEY_CODEC.encode(key) for key_id, key in sorted(self._citys_keys().items())
        }

    def _citys_keys(self) -> dict[str, PublicKey]:
        keys = {**published_keys(self.store), self.key.key_id: self.key}
        return {key_id: keys[key_id] for key_id in trusted_keys(keys, self.key)}


def _days(wanted: Wanted) -> Iterator[str]:
    day = ""
    for at_ms in [*range(wanted.from_ms, wanted.until_ms, DAY_MS), wanted.until_ms]:
        if day != (day := day_of(at_ms)):
            yield day


def _minute_of(fact: MinuteRecorded | EvidenceKept) -> int:
    return fact.minute_ms if isinstance(fact, MinuteRecorded) else fact.captured_at_ms // MINUTE_MS * MINUTE_MS


def _why_not_there(fact: EvidenceKept, wanted: Wanted) -> str:
    """Tell why a frame is not there in the form that is wanted."""
    only = f"the record has it only as {'public' if wanted.originals else 'original'}"
    why = "" if isinstance(fact.withheld, UnsetType) else f": {GAPS[fact.withheld][1]}"
    return fact.missing or only + why


def _is_in_trouble(fact: MinuteRecorded | EvidenceKept, wanted: Wanted) -> bool:
    if isinstance(fact, MinuteRecorded):
        return False
    return any(since_ms <= fact.captured_at_ms <= until_ms for since_ms, until_ms in wanted.troubles)


def _is_wanted(entry: ChainEntry, story: EpisodeStory, wanted: Wanted) -> bool:
    match entry.fact:
        case EvidenceKept(episode_id=episode_id):
            return episode_id == story.episode_id
        case MinuteRecorded(minute_ms=from_ms):
            return from_ms + MINUTE_MS > wanted.from_ms and from_ms <= wanted.until_ms
        case GapNoted(from_ms=from_ms, until_ms=until_ms):
            return until_ms > wanted.from_ms and from_ms <= wanted.until_ms
        case _:
            return False


def _path_of(fact: MinuteRecorded | EvidenceKept, file: StoredFile) -> str:
    name = file.key.rsplit("/", 1)[-1].removesuffix(".sealed")
    if isinstance(fact, MinuteRecorded):
        return f"minutes/{day_of(fact.minute_ms)}-{name}"
    return f"frames/{'-'.join(fact.roles)}-{name}"
