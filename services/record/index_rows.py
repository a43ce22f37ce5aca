"""The record's index in ClickHouse: which minutes and which frames of episodes there are, and where their files lie.

| table             | one row is                        | key (ORDER BY)                        |
|-------------------|-----------------------------------|---------------------------------------|
| recorded_minutes  | a camera's minute in one form     | camera_id, minute, form               |
| recorded_evidence | a frame of an episode in one form | camera_id, episode_id, event_id, form |

The chain is what counts: rows are made from its entries, and can be made from them again (`reindexing.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final

from msgspec import UNSET, structs

from schemas.recordings import ChainEntry, EvidenceKept, GapNoted, MinuteRecorded, StoredFile
from schemas.table import BOOL, COUNT, STRING, TIME, UNSET_MS, WORD, Column, Row
from schemas.times import MINUTE_MS
from services.record.gaps import CAME_LATE

CameraIdColumn = Annotated[str, Column(WORD, "The camera")]
FormColumn = Annotated[str, Column(WORD, "public: people are hidden; original: as captured, encrypted")]
KeyColumn = Annotated[str, Column(STRING, "Key of the file in the object store; empty: there is none")]
BytesColumn = Annotated[int, Column(COUNT, "Size of the file as stored")]
Sha256Column = Annotated[str, Column(STRING, "SHA-256 of the file as stored, hex; empty: there is none")]
SimulatedColumn = Annotated[bool, Column(BOOL, "True if simulated pictures took part")]
VersionColumn = Annotated[
    int, Column(COUNT, "Largest wins: when the chain's entry was made, or it was withdrawn", True)
]


class RecordedMinuteRow(Row, frozen=True, kw_only=True):
    """A minute of a camera in one form: its file, or why there is none."""

    TABLE: ClassVar[str] = "recorded_minutes"
    KEY: ClassVar[tuple[str, ...]] = ("camera_id", "minute", "form")

    camera_id: CameraIdColumn
    minute: Annotated[int, Column(TIME, "Start of the minute of capture time, aligned to UTC")]
    form: FormColumn
    object_key: KeyColumn
    bytes: BytesColumn
    sha256: Sha256Column
    frames: Annotated[int, Column(COUNT, "Pictures in the file; of an original 0: the chain does not say")]
    first_at: Annotated[int, Column(TIME, "When its first picture was captured: what the file's time 0 is")]
    last_at: Annotated[int, Column(TIME, "When its last picture was captured")]
    gap: Annotated[str, Column(WORD, "Why pictures, or the whole minute, are missing; empty: nothing is known to be")]
    camera_revision: Annotated[
        int,
        Column(
            "UInt32", "Lowest revision of the camera that a picture of the public form was captured under; 0: not known"
        ),
    ]
    private_revision: Annotated[
        int, Column("UInt32", "Revision of the camera whose private zones are black in the public form; 0: not known")
    ]
    withdrawn: Annotated[bool, Column(BOOL, "True: the camera was in quarantine, as was seen later. Not to be shown")]
    simulated: SimulatedColumn
    version: VersionColumn


class RecordedEvidenceRow(Row, frozen=True, kw_only=True):
    """A frame that an episode names, in one form: its file, or why there is none."""

    TABLE: ClassVar[str] = "recorded_evidence"
    KEY: ClassVar[tuple[str, ...]] = ("camera_id", "episode_id", "event_id", "form")

    camera_id: CameraIdColumn
    episode_id: Annotated[str, Column("FixedString(32)", "Id of the episode, 32 hex digits")]
    event_id: Annotated[str, Column("FixedString(32)", "Id of the event that judged the frame, 32 hex digits")]
    form: FormColumn
    roles: Annotated[tuple[str, ...], Column("Array(LowCardinality(String))", "first, best, last: what it is to it")]
    moment: Annotated[str, Column(WORD, "opened, peaked, closed, confirmed or changed: when it was copied")]
    captured_at: Annotated[int, Column(TIME, "When it was captured")]
    camera_revision: Annotated[int, Column("UInt32", "Revision of the camera that it was captured under; 0: not known")]
    object_key: KeyColumn
    bytes: BytesColumn
    sha256: Sha256Column
    missing: Annotated[str, Column(STRING, "Why there is no file; empty where there is one")]
    simulated: SimulatedColumn
    version: VersionColumn


IndexRow = RecordedMinuteRow | RecordedEvidenceRow

DELETED: Final = "deleted"
"""Why there is no file of what retention took away."""

ROW_TYPES: tuple[type[Row], ...] = (RecordedMinuteRow, RecordedEvidenceRow)


def rows_of(entries: Iterable[ChainEntry]) -> list[Row]:
    """Give the rows of entries. Those of one minute must be given together: they make one row of a form.

    A gap within a minute that has a file becomes that row's ``gap``; one over whole minutes becomes a row of each. What
    is said of a minute that was stored before makes no row: that one may be withdrawn since.
    """
    rows: dict[tuple[object, ...], IndexRow] = {}
    for row in (row for entry in entries for row in _rows_of(entry)):
        key = (type(row), *row.key())
        former = rows.get(key)
        if isinstance(row, RecordedMinuteRow) and isinstance(former, RecordedMinuteRow):
            rows[key] = _merged(former, row)
        elif former is None or former.version <= row.version:
            rows[key] = row
    return list(rows.values())


def withdrawn(row: RecordedMinuteRow, at_ms: int = 0) -> RecordedMinuteRow:
    """Give a minute's row that takes its place, not to be shown, as was said at ``at_ms``; 0: nobody knows when."""
    return structs.replace(row, withdrawn=True, version=max(row.version + 1, at_ms))


def without_file(row: IndexRow) -> IndexRow:
    """Give the row that takes the place of this one once its file is deleted."""
    if isinstance(row, RecordedMinuteRow):
        return structs.replace(row, object_key="", bytes=0, sha256="", gap=DELETED, version=row.version + 1)
    return structs.replace(row, object_key="", bytes=0, sha256="", missing=DELETED, version=row.version + 1)


def _rows_of(entry: ChainEntry) -> Iterator[IndexRow]:
    match entry.fact:
        case MinuteRecorded(files=files):
            yield from (_minute_row(entry, entry.fact, file) for file in files)
        case GapNoted():
            yield from () if entry.fact.detail == CAME_LATE else _gap_rows(entry, entry.fact)
        case EvidenceKept(files=files):
            yield from (_evidence_row(entry, entry.fact, file) for file in files or (None,))


def _minute_row(entry: ChainEntry, fact: MinuteRecorded, file: StoredFile) -> RecordedMinuteRow:
    is_public = file.form == "public"
    return RecordedMinuteRow(
        camera_id=entry.camera_id,
        minute=fact.minute_ms,
        form=file.form,
        object_key=file.key,
        bytes=file.size,
        sha256=file.sha256,
        frames=fact.frame_count if is_public else 0,
        first_at=fact.first_ms if file.first_ms is UNSET else file.first_ms,
        last_at=fact.last_ms if file.last_ms is UNSET else file.last_ms,
        gap="",
        camera_revision=(fact.camera_revision or 0) if is_public else 0,
        private_revision=(fact.private_revision or 0) if is_public else 0,
        withdrawn=False,
        simulated=fact.simulated,
        version=entry.at_ms,
    )


def _gap_rows(entry: ChainEntry, fact: GapNoted) -> Iterator[RecordedMinuteRow]:
    first_ms = fact.from_ms - fact.from_ms % MINUTE_MS
    for minute_ms in range(first_ms, fact.until_ms, MINUTE_MS):
        yield RecordedMinuteRow(
            camera_id=entry.camera_id,
            minute=minute_ms,
            form="public",
            object_key="",
            bytes=0,
            sha256="",
            frames=0,
            first_at=UNSET_MS,
            last_at=UNSET_MS,
            gap=fact.reason,
            camera_revision=0,
            private_revision=0,
            withdrawn=False,
            simulated=False,
            version=entry.at_ms,
        )


def _merged(one: RecordedMinuteRow, other: RecordedMinuteRow) -> RecordedMinuteRow:
    """Give one row of a minute's file and its gaps, in whatever order they came; of several gaps the first is told."""
    filled, gap = (one, one.gap or other.gap) if one.object_key else (other, other.gap or one.gap)
    values = {name: getattr(filled, name) for name in filled.__struct_fields__}
    return RecordedMinuteRow(**{**values, "gap": gap, "version": max(one.version, other.version)})


def _evidence_row(entry: ChainEntry, fact: EvidenceKept, file: StoredFile | None) -> RecordedEvidenceRow:
    return RecordedEvidenceRow(
        camera_id=entry.camera_id,
        episode_id=fact.episode_id,
        event_id=fact.event_id,
        form="original" if file is None else file.form,
        roles=fact.roles,
        moment=fact.moment,
        captured_at=fact.captured_at_ms,
        camera_revision=fact.camera_revision or 0,
        object_key="" if file is None else file.key,
        bytes=0 if file is None else file.size,
        sha256="" if file is None else file.sha256,
        missing=fact.missing,
        simulated=fact.simulated,
        version=entry.at_ms,
    )
