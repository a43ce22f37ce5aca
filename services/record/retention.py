"""Delete what is due, chain by chain. What is deleted is said in the chain first, so that no file is just gone.

    chains that may have something due ─► which files are? ─► tombstone ─► delete them
                                             └─► files that no entry names, or a tombstone does ─► delete

Run twice, after a crash, or by two at once, it does the same: the same files are due, the same tombstone is in the
chain already, and what is not there can be deleted again.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from schemas.cameras import Camera
from schemas.codec import ContractError
from schemas.recordings import ChainEntry, ChainFact, FilesDeleted, StoredFile, day_of, files_of
from schemas.times import DAY_MS
from services.record.chain import Chains
from services.record.expiry import Rules, deleted_files, least_days, live_files, tombstones_due, unknown_episodes
from services.record.holds import holds_of
from services.record.object_keys import CHAINS, EMPTIED, EVIDENCE, MINUTES, emptied_key
from services.record.retention_settings import RetentionSettings
from services.record.roots import end_of_day_ms
from services.record.verdicts_of_episodes import EpisodeVerdict
from services.runtime.logging import get_logger
from services.runtime.object_store import ObjectStore

log = get_logger(__name__)

ORPHAN_AFTER_MS: Final = 2 * DAY_MS
"""A file that was written so long ago and that no entry names was left by a worker that was killed before its entry, or
came second."""

DELETED_AT_ONCE: Final = 100
"""Files that go between two looks at a camera's holds: a second's work."""

FindCamera = Callable[[str], Camera | None]
FindEpisodes = Callable[[str], list[EpisodeVerdict]]


@dataclass(frozen=True, slots=True)
class Expired:
    """What was deleted of one chain's files, or would be. ``orphans`` are files that no entry names.

    ``fault`` says why nothing of a camera can be deleted, from this chain on.
    """

    camera_id: str
    day: str
    tombstones: tuple[FilesDeleted, ...]
    files: tuple[StoredFile, ...]
    orphans: tuple[str, ...]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Retention:
    """See the file's head.

    Args:
        store: Where the record lies.
        chains: The chains of that store.
        settings: How long things stay.
        camera_of: Gives a camera as the registry has it now; None: unknown, and then nothing of it is deleted.
        episodes_of: Gives a camera's episodes with what people decided.
    """

    store: ObjectStore
    chains: Chains
    settings: RetentionSettings
    camera_of: FindCamera
    episodes_of: FindEpisodes

    def run(
        self,
        now: int,
        dry_run: bool = False,
        cameras: Container[str] | None = None,
        between: Callable[[], None] = lambda: None,
    ) -> Iterator[Expired]:
        """Delete what is due at ``now`` (ms since 1970), and give each chain of which something was; blocks, for hours
        where a city's day is due.

        Args:
            now: When.
            dry_run: Change nothing.
            cameras: Of these alone; None: of all.
            between: Called before each chain, for what can't wait so long.

        Raises:
            RetryableError: The store or ClickHouse is away. What was given before is deleted.
        """
        rules: dict[str, Rules | None] = {}
        for day in self.store.folders(CHAINS):
            if day == day_of(now):
                continue
            emptied = {one.key.rsplit("/", 1)[-1] for one in self.store.list(f"{EMPTIED}/{day}")}
            for camera_id in self.store.folders(f"{CHAINS}/{day}"):
                if camera_id in emptied or not (cameras is None or camera_id in cameras):
                    continue
                between()
                try:
                    if camera_id not in rules:
                        rules[camera_id] = self._rules_of(camera_id)
                    found = self._expire(camera_id, day, rules[camera_id], now, dry_run)
                except ContractError as error:  # a hold that can't be read: nobody knows what of this camera must stay
                    log.error("record.retention_stopped", camera=camera_id, day=day, error=str(error))
                    rules[camera_id], found = None, Expired(camera_id, day, (), (), (), str(error))
                if found is not None:
                    yield found

    def _rules_of(self, camera_id: str) -> Rules | None:
        camera = self.camera_of(camera_id)
        if camera is None:
            log.warning("record.retention_without_camera", camera=camera_id)
            return None
        episodes = {one.episode_id: one for one in self.episodes_of(camera_id)}
        return Rules(camera, self.settings, holds_of(self.store, camera_id), episodes)

    def _expire(self, camera_id: str, day: str, rules: Rules | None, now: int, dry_run: bool) -> Expired | None:
        if rules is None or not self._may_be_due(day, rules, now):
            return None
        entries = self._entries(camera_id, day)
        if not entries:
            return None
        rules = self._with_holds_of_now(rules)
        unknown = unknown_episodes([entries], rules.episodes)
        tombstones = tombstones_due(entries, rules, now)
        if tombstones:
            beside = self._beside(camera_id, day)
            unknown = unknown_episodes([entries, *(one or [] for one in beside)], rules.episodes)
            may_be_confirmed = [*unknown, _all_of(day)] if None in beside else unknown
            tombstones = tombstones_due(entries, replace(rules, unknown=may_be_confirmed), now)
        if unknown:
            log.warning("record.episodes_unknown", camera=camera_id, day=day, episodes=len(unknown))
        gone = deleted_files(entries, tombstones)
        live = {file.key for _, file in live_files(entries, tombstones)}
        there = [one for kind in (MINUTES, EVIDENCE) for one in self.store.list(f"{kind}/{day}/{camera_id}")]
        going = tuple(gone[one.key] for one in there if one.key in gone)
        orphans = tuple(
            one.key
            for one in there
            if one.key not in gone and one.key not in live and one.written_ms + ORPHAN_AFTER_MS <= now
        )
        if not dry_run:
            if tombstones:
                self.chains.append(camera_id, day, tombstones)
            going = tuple(self._deleted(going, entries, rules))
            self.store.delete(*orphans)
            is_quiet = not tombstones and entries[-1].at_ms + DAY_MS < now
            if is_quiet and not live and len(there) == len(going) + len(orphans):
                self._mark_emptied(camera_id, day, len(entries))
        return Expired(camera_id, day, tuple(tombstones), going, orphans) if going or orphans else None

    def _may_be_due(self, day: str, rules: Rules, now: int) -> bool:
        """Tell whether anything of a day can be due; of one that is yet to come too, for a clock was ahead."""
        start_ms = end_of_day_ms(day) - DAY_MS
        return start_ms > now or now >= start_ms + least_days(rules.camera, self.settings) * DAY_MS

    def _beside(self, camera_id: str, day: str) -> list[list[ChainEntry] | None]:
        """Give the chains of the days before and after, as ``_entries`` does: an episode goes on over midnight."""
        noon_ms = end_of_day_ms(day) - DAY_MS // 2
        return [self._entries(camera_id, day_of(noon_ms + step)) for step in (-DAY_MS, DAY_MS)]

    def _with_holds_of_now(self, rules: Rules) -> Rules:
        return replace(rules, holds=holds_of(self.store, rules.camera.camera_id))

    def _deleted(
        self, going: Sequence[StoredFile], entries: Sequence[ChainEntry], rules: Rules
    ) -> Iterator[StoredFile]:
        """Delete files and give them; one for which a hold has been placed by now stays, tombstone or not."""
        facts: dict[str, list[ChainFact]] = {}
        for entry in entries:
            for file in files_of(entry.fact):
                facts.setdefault(file.key, []).append(entry.fact)
        for first in range(0, len(going), DELETED_AT_ONCE):
            now_held = self._with_holds_of_now(rules)
            some = [
                file
                for file in going[first : first + DELETED_AT_ONCE]
                if not any(now_held.holds_back(fact) for fact in facts[file.key])
            ]
            self.store.delete(*(file.key for file in some))
            yield from some

    def _entries(self, camera_id: str, day: str) -> list[ChainEntry] | None:
        """Give a chain's entries; None: it is broken, and then nobody knows which files are whose."""
        linked, fault = self.chains.read(camera_id, day)
        if fault is not None:
            log.error("record.chain_broken", camera=camera_id, day=day, entry=fault.line, error=fault.text)
            return None
        return [one.entry for one in linked]

    def _mark_emptied(self, camera_id: str, day: str, entry_count: int) -> None:
        """Mark a chain to be passed over from now on. Whoever appends to it takes the mark away."""
        self.store.put(emptied_key(day, camera_id), b"")
        if len(self.chains.read(camera_id, day).entries) != entry_count:  # somebody did just now
            self.store.delete(emptied_key(day, camera_id))


def _all_of(day: str) -> EpisodeVerdict:
    """Give what keeps all minutes of a day: an episode that a broken chain beside it may tell of."""
    end_ms = end_of_day_ms(day)
    return EpisodeVerdict(episode_id="", from_ms=end_ms - DAY_MS, until_ms=end_ms, verdict="")
