"""Which files of a chain are to be deleted, and why. Pure: the same chain, decisions and time give the same."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, NamedTuple

from schemas.cameras import Camera
from schemas.recordings import (
    ChainEntry,
    ChainFact,
    DeletionReason,
    EvidenceKept,
    FileForm,
    FilesDeleted,
    IndexRange,
    LegalHold,
    MinuteRecorded,
    StoredFile,
    files_of,
)
from schemas.times import DAY_MS, MINUTE_MS
from services.record.retention_settings import RetentionSettings
from services.record.verdicts_of_episodes import EpisodeVerdict

_DECIDED_BY: Final = "retention"


class Term(NamedTuple):
    """How long a file stays, in days since it was recorded, and by which rule."""

    days: int
    reason: DeletionReason
    purpose: str


@dataclass(frozen=True, slots=True)
class Rules:
    """All that says how long files of one camera stay.

    ``episodes`` are those that ClickHouse has, by id. One that it does not have may have been confirmed, for a database
    may be younger than the record, or older than what was restored: its frames stay as long as if it had been, and the
    minutes around ``unknown``, what frames tell of such episodes, too.
    """

    camera: Camera
    settings: RetentionSettings
    holds: Sequence[LegalHold]
    episodes: Mapping[str, EpisodeVerdict]
    unknown: Sequence[EpisodeVerdict] = ()

    def term_of(self, fact: MinuteRecorded | EvidenceKept, form: FileForm) -> Term | None:
        """Give how long a file stays; None: for as long as a hold is there."""
        if self.holds_back(fact):
            return None
        if isinstance(fact, EvidenceKept):
            return self._evidence_term(fact)
        days = self.camera.retention_days
        if form == "original":
            days = min(days, self.settings.original_days)
        if self._may_be_confirmed(fact):
            days = max(days, self.settings.confirmed_days)
        return Term(days, "retention", f"minutes, {form}")

    def holds_back(self, fact: ChainFact) -> bool:
        """Tell whether a hold keeps the files of a fact."""
        if isinstance(fact, EvidenceKept):
            return self._is_held(fact.captured_at_ms, fact.captured_at_ms)
        return isinstance(fact, MinuteRecorded) and self._is_held(fact.minute_ms, fact.minute_ms + MINUTE_MS)

    def _evidence_term(self, fact: EvidenceKept) -> Term:
        episode = self.episodes.get(fact.episode_id)
        if episode is None:
            days = max(self.settings.evidence_days, self.settings.confirmed_days)
            return Term(days, "retention", "frames of unknown episodes")
        if episode.verdict == "episode_rejected":
            return Term(self.settings.rejected_days, "rejected", "frames of rejected episodes")
        if episode.verdict == "episode_confirmed":
            return Term(self.settings.confirmed_days, "retention", "frames of confirmed episodes")
        return Term(self.settings.evidence_days, "retention", "frames of episodes")

    def _may_be_confirmed(self, minute: MinuteRecorded) -> bool:
        confirmed = (one for one in self.episodes.values() if one.verdict == "episode_confirmed")
        return any(
            self._overlaps(episode.from_ms, episode.until_ms, minute.minute_ms, minute.minute_ms + MINUTE_MS)
            for episode in chain(confirmed, self.unknown)
        )

    def _is_held(self, from_ms: int, until_ms: int) -> bool:
        return any(self._overlaps(hold.from_ms, self._end_of(hold), from_ms, until_ms) for hold in self.holds)

    def _end_of(self, hold: LegalHold) -> int:
        """Give until when a hold keeps: an episode may have gone on after it was placed."""
        episode = self.episodes.get(hold.episode_id)
        return hold.until_ms if episode is None else max(hold.until_ms, episode.until_ms)

    def _overlaps(self, span_from_ms: int, span_until_ms: int, from_ms: int, until_ms: int) -> bool:
        around_ms = self.settings.around_seconds * 1000
        return from_ms <= span_until_ms + around_ms and until_ms >= span_from_ms - around_ms


def least_days(camera: Camera, settings: RetentionSettings) -> int:
    """Give the days before which nothing of a camera's chain can be due."""
    return min(camera.retention_days, settings.original_days, settings.evidence_days, settings.rejected_days)


def unknown_episodes(chains: Iterable[Sequence[ChainEntry]], known: Container[str]) -> list[EpisodeVerdict]:
    """Give the episodes that frames of these chains are of and that are not known, from first to last of those frames.

    A frame whose files are deleted counts no more; one that could not be copied does.
    """
    times: dict[str, list[int]] = {}
    for entries in chains:
        there = {entry.index for entry, _ in live_files(entries)}
        for entry in entries:
            fact = entry.fact
            if not isinstance(fact, EvidenceKept) or fact.episode_id in known:
                continue
            if entry.index in there or not fact.files:
                times.setdefault(fact.episode_id, []).append(fact.captured_at_ms)
    return [
        EpisodeVerdict(episode_id=episode_id, from_ms=min(captured), until_ms=max(captured), verdict="")
        for episode_id, captured in times.items()
    ]


def deleted_files(entries: Sequence[ChainEntry], more: Iterable[FilesDeleted] = ()) -> dict[str, StoredFile]:
    """Give the files that the tombstones of a chain name, and these ones, by key.

    Two episodes may name one frame, and then one file: it is deleted once each entry that names it has a tombstone.
    """
    gone = _buried(entries, more)
    kept = {file.key for _, file in live_files(entries, more)}
    files = (file for entry in entries for file in files_of(entry.fact) if (entry.index, file.form) in gone)
    return {file.key: file for file in files if file.key not in kept}


def live_files(entries: Sequence[ChainEntry], more: Iterable[FilesDeleted] = ()) -> list[tuple[ChainEntry, StoredFile]]:
    """Give the files that must be there, each with an entry that brought it and has no tombstone."""
    gone = _buried(entries, more)
    named = ((entry, file) for entry in entries for file in files_of(entry.fact))
    return [(entry, file) for entry, file in named if (entry.index, file.form) not in gone]


def _buried(entries: Sequence[ChainEntry], more: Iterable[FilesDeleted]) -> set[tuple[int, FileForm]]:
    """Give the entries that have a tombstone, and for which form."""
    tombstones = [*(entry.fact for entry in entries if isinstance(entry.fact, FilesDeleted)), *more]
    spans = [(deleted.form, span) for deleted in tombstones for span in deleted.entries]
    return {(entry.index, form) for form, span in spans for entry in entries[span.first : span.last + 1]}


def tombstones_due(entries: Sequence[ChainEntry], rules: Rules, now_ms: int) -> list[FilesDeleted]:
    """Give what is to be said of the files that are due, one fact a form and rule."""
    due: dict[tuple[FileForm, Term], list[int]] = {}
    for entry, file in live_files(entries):
        fact = entry.fact
        if not isinstance(fact, (MinuteRecorded, EvidenceKept)):
            continue
        term = rules.term_of(fact, file.form)
        # not from its capture: a camera's clock may be ahead, and footage with one of its own was captured long ago
        if term is not None and entry.at_ms + term.days * DAY_MS <= now_ms:
            due.setdefault((file.form, term), []).append(entry.index)
    return [
        FilesDeleted(
            form=form,
            entries=tuple(_ranges(indexes)),
            reason=term.reason,
            kept_days=term.days,
            decided_by=_DECIDED_BY,
            detail=term.purpose,
        )
        for (form, term), indexes in sorted(due.items())
    ]


def _ranges(indexes: Sequence[int]) -> Iterator[IndexRange]:
    first = last = indexes[0]
    for index in indexes[1:]:
        if index != last + 1:
            yield IndexRange(first, last)
            first = index
        last = index
    yield IndexRange(first, last)
