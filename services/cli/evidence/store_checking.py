"""Check the record of a camera's day where it lies: chain, files, and every root that speaks of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from typing import Final

from schemas.codec import ContractError
from schemas.recordings import (
    ChainHead,
    GapNoted,
    MinuteRecorded,
    PublicKey,
    SignedRoot,
    StoredFile,
    day_of,
    files_of,
)
from schemas.times import local
from services.cli.evidence.findings import Findings
from services.record.chain import SEGMENT_LINES, Chains
from services.record.chain_lines import LinkedEntry
from services.record.expiry import deleted_files
from services.record.merkle import merkle_root
from services.record.object_keys import chain_prefix, heads_key, root_key, segment_key, segment_number
from services.record.roots import ROOT_AFTER_MS, end_of_day_ms, read_heads, read_root, rooted_days
from services.record.signatures import trusted_keys, vouched_days
from services.record.signing import published_keys
from services.runtime.clock import Clock, now_ms
from services.runtime.object_store import ObjectStore

_ROOT_MAY_BE_LATE_MS: Final = 12 * 3_600_000
"""The recorder that signs may be away at night."""

Advance = Callable[[int, int], None]
"""Is told how many of how many files have been read."""


class StoreCheck:
    """Checks one store. Blocks; reads each file of the day once.

    Args:
        store: Where the record lies.
        city_key: The key by which roots must be signed, or one that its owner replaced by it; None: any of the store's.
        advance: Is told how far it has come.
        clock: Says which roots must have been signed by now.
    """

    def __init__(self, store: ObjectStore, city_key: PublicKey | None, advance: Advance, clock: Clock = now_ms) -> None:
        self._store = store
        self._chains = Chains(store)
        self._city_key = city_key
        self._advance = advance
        self._clock = clock

    def check_day(self, camera_id: str, day: str) -> Findings:
        """Check a day of a camera.

        Raises:
            RetryableError: The store is away.
        """
        findings = Findings()
        entries, fault = self._chains.read(camera_id, day)
        if fault is not None:
            where = segment_key(camera_id, day, fault.line // SEGMENT_LINES)
            after = f", after {_told(entries[-1])}" if entries else ""
            findings.add(where, f"entry {fault.line}{after}: {fault.text}")
        elif not entries:
            findings.add(segment_key(camera_id, day, 0), "there is no chain of this camera and day")
        else:
            findings.right.append(f"{len(entries)} entries, each follows the one before")
        for listed in self._store.list(chain_prefix(camera_id, day)):
            if segment_number(listed.key) is None:
                findings.add(listed.key, "it was added: the record writes no such file")
        self._check_files(entries, findings)
        self._check_roots(camera_id, day, entries, findings)
        return findings

    def check_kept_root(self, kept: SignedRoot, findings: Findings) -> None:
        """Check that the store has the root that somebody kept.

        Raises:
            RetryableError: The store is away.
        """
        day = kept.root.day
        try:
            same = read_root(self._store, day) == kept
        except ContractError:
            same = False
        if same:
            findings.right.append(f"the root of {day} is the one that was kept")
        else:
            findings.add(root_key(day), "it is not there, or another one than the one that was kept")

    def _check_files(self, entries: Sequence[LinkedEntry], findings: Findings) -> None:
        gone = deleted_files([one.entry for one in entries])
        files = [(one, file) for one in entries for file in files_of(one.entry.fact)]
        there = 0
        for number, (one, file) in enumerate(files, start=1):
            self._advance(number, len(files))
            if file.key not in gone:
                there += self._check_file(one, file, findings)
            elif self._store.size(file.key) is not None and self._check_file(one, file, findings):
                findings.notes.append(f"{file.key} is there, though a tombstone says that it is to be deleted.")
        findings.right.append(f"{there} files are what their entries say")
        if gone:
            findings.right.append(f"{len(gone)} files were deleted, each with a tombstone that says why")

    def _check_file(self, one: LinkedEntry, file: StoredFile, findings: Findings) -> bool:
        data = self._store.get(file.key)
        if data is None:
            findings.add(file.key, f"it was removed, and no tombstone says so: {_told(one)}")
        elif len(data) != file.size or hashlib.sha256(data).hexdigest() != file.sha256:
            findings.add(file.key, f"its bytes were altered: {_told(one)}")
        else:
            return True
        return False

    def _check_roots(self, camera_id: str, day: str, entries: Sequence[LinkedEntry], findings: Findings) -> None:
        keys, covered = published_keys(self._store), 0
        roots = self._read_roots(day, findings)
        vouched = vouched_days([signed for signed, _ in roots], self._allowed(keys))
        for signed, heads in roots:
            self._check_root(signed, heads, vouched, findings)
            covered = max(covered, _check_head(heads, camera_id, day, entries, findings))
        if covered:
            findings.right.append(f"{covered} of {len(entries)} entries are under a signed root")
        overdue = next((one for one in entries[covered:] if self._must_be_rooted(one)), None)
        if overdue is not None:
            root_day = day_of(overdue.entry.at_ms)
            findings.add(
                root_key(root_day), f"no root covers {_told(overdue)}, though that of {root_day} must: is it gone?"
            )
        elif covered < len(entries):
            findings.notes.append(
                f"{len(entries) - covered} entries are under no root yet: whoever can write to the store could still "
                "change the last of them unseen."
            )
        if self._city_key is None:
            findings.notes.append(
                f"Roots were checked with the store's own keys ({', '.join(sorted(keys)) or 'there is none'}). Give "
                "the city's with --public-key."
            )

    def _must_be_rooted(self, one: LinkedEntry) -> bool:
        return end_of_day_ms(day_of(one.entry.at_ms)) + ROOT_AFTER_MS + _ROOT_MAY_BE_LATE_MS < self._clock()

    def _read_roots(self, day: str, findings: Findings) -> list[tuple[SignedRoot, Sequence[ChainHead]]]:
        """Give the roots from a day on with the heads under each, the earliest first."""
        roots: list[tuple[SignedRoot, Sequence[ChainHead]]] = []
        for root_day in (one for one in rooted_days(self._store) if one >= day):
            try:
                signed, heads = read_root(self._store, root_day), read_heads(self._store, root_day)
            except ContractError as error:
                findings.add(root_key(root_day), f"it, or {heads_key(root_day)}, can't be read: {error}")
                continue
            if signed is not None and signed.root.day != root_day:
                findings.add(root_key(root_day), f"it is the root of another day ({signed.root.day})")
            elif signed is not None:
                roots.append((signed, heads))
        return roots

    def _allowed(self, keys: dict[str, PublicKey]) -> dict[str, PublicKey]:
        if self._city_key is None:
            return keys
        known = {**keys, self._city_key.key_id: self._city_key}
        return {key_id: known[key_id] for key_id in trusted_keys(keys, self._city_key)}

    def _check_root(
        self, signed: SignedRoot, heads: Sequence[ChainHead], vouched: Collection[str], findings: Findings
    ) -> None:
        day, before = signed.root.day, signed.root.previous_day
        if day not in vouched:
            findings.add(root_key(day), f"it is not signed by a key of the city ({signed.key_id})")
        if merkle_root(heads) != signed.root.merkle_root:
            findings.add(heads_key(day), "these are not the heads over which the root was made")
        if before and not self._follows(signed):
            findings.add(root_key(before), f"it is not the root that {root_key(day)} follows")

    def _follows(self, signed: SignedRoot) -> bool:
        before = self._store.get(root_key(signed.root.previous_day))
        return before is not None and hashlib.sha256(before).hexdigest() == signed.root.previous


def _check_head(
    heads: Sequence[ChainHead], camera_id: str, day: str, entries: Sequence[LinkedEntry], findings: Findings
) -> int:
    """Give how many entries the heads of a root cover."""
    head = next((head for head in heads if (head.camera_id, head.day) == (camera_id, day)), None)
    if head is None:
        return 0
    if len(entries) < head.entry_count:
        where = segment_key(camera_id, day, len(entries) // SEGMENT_LINES)
        findings.add(where, f"there are {len(entries)} entries, and {head.entry_count} were signed")
        return 0
    if entries[head.entry_count - 1].hash != head.last_hash:
        findings.add(
            segment_key(camera_id, day, 0), f"its first {head.entry_count} entries are not those that were signed"
        )
        return 0
    return head.entry_count


def _told(one: LinkedEntry) -> str:
    fact = one.entry.fact
    if isinstance(fact, MinuteRecorded):
        return f"the minute {local(fact.minute_ms):%H:%M} of {day_of(fact.minute_ms)}"
    if isinstance(fact, GapNoted):
        return f"the gap from {local(fact.from_ms):%H:%M}"
    return f"entry {one.entry.index}"
