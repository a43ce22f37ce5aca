"""Make the index again from the chains: rows that ClickHouse lost, or was never told.

::

    a camera's rows of a day ─► its chain, checked ─► rows as recorders leave them ─► those that it lacks ─► written

Those of deleted files say so, and minutes of a quarantine are withdrawn, by the camera's incidents. Both can't be taken
back: they are said over any row. Else a row of a larger version stays, for a recorder that goes on has the last word.
So it can be done beside recorders, and again: what is as the chain says is not written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple, TypeGuard

from clickhouse_connect.driver.client import Client

from schemas.recordings import ChainEntry, GapNoted, day_of
from schemas.table import lasting_columns_of
from schemas.times import DAY_MS, local
from services.privacy.troubles import Trouble, is_in_trouble
from services.record.chain import Chains
from services.record.expiry import deleted_files
from services.record.incidents import troubles_of
from services.record.index import all_rows_between
from services.record.index_rows import (
    ROW_TYPES,
    IndexRow,
    RecordedEvidenceRow,
    RecordedMinuteRow,
    rows_of,
    withdrawn,
    without_file,
)
from services.record.object_keys import CHAINS
from services.record.roots import end_of_day_ms
from services.runtime.clickhouse import translated_errors
from services.runtime.object_store import ObjectStore
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings

_TABLES: Final = tuple(row_type.TABLE for row_type in ROW_TYPES)


class ChainPlace(NamedTuple):
    """A chain: of which camera, and of which of the city's days."""

    camera_id: str
    day: str


class Compared(NamedTuple):
    """How many rows of a table a chain makes, how many of them the index lacks, and how many it has otherwise."""

    table: str
    rows: int
    missing: int
    different: int


class Reindexed(NamedTuple):
    """What came of one chain; ``fault`` says why nothing of it was written."""

    camera_id: str
    day: str
    tables: tuple[Compared, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Marks:
    """What is said over rows: keys of files that are deleted, and quarantines of the camera."""

    gone: Collection[str]
    quarantines: Sequence[Trouble]


def chains_in(store: ObjectStore, first_day: str, last_day: str) -> list[ChainPlace]:
    """Give the chains of these days, the last one included, by camera and day. Blocks.

    Raises:
        RetryableError: The store is away.
    """
    days = [day for day in store.folders(CHAINS) if first_day <= day <= last_day and _is_day(day)]
    return sorted(ChainPlace(camera_id, day) for day in days for camera_id in store.folders(f"{CHAINS}/{day}"))


@dataclass(frozen=True, slots=True)
class Reindexing:
    """See the file's head. Blocks; holds the rows of one chain at a time.

    Args:
        store: Where the chains lie.
        client: Of the database with the index and the episodes.
        settings: How to reach it.
    """

    store: ObjectStore
    client: Client
    settings: ClickHouseSettings

    def run(self, places: Sequence[ChainPlace], dry_run: bool = False) -> Iterator[Reindexed]:
        """Write what the index lacks of these chains, and give what was found of each, in their order.

        A chain that is broken is not believed from its first fault on, and before it nobody knows what is deleted. Nor
        is one that tells of a quarantine of which ClickHouse knows nothing: minutes before may have been withdrawn. Of
        both nothing is written.

        Args:
            places: Chains, those of a camera one after another.
            dry_run: Change nothing; tables that are not there yet count as empty.

        Raises:
            RetryableError: The store or ClickHouse is away. What was given before is written.
        """
        tables = self._tables()
        asked, quarantines = "", list[Trouble]()
        with closing(RowStore(self.settings)) as rows:
            for place in places:
                if place.camera_id != asked:
                    asked = place.camera_id
                    quarantines = [one for one in troubles_of(self.client, asked) if one.quarantined]
                reindexed, lacking = self._compare(place, quarantines, tables)
                if lacking and not dry_run:
                    rows.write(lacking)
                    rows.write(self._compare(place, quarantines, tables)[1])  # what retention has deleted meanwhile
                yield reindexed

    def _tables(self) -> frozenset[str]:
        with translated_errors("looking for the index"):
            return frozenset(name for name in _TABLES if self.client.query(f"EXISTS TABLE {name}").result_rows[0][0])

    def _compare(
        self, place: ChainPlace, quarantines: Sequence[Trouble], tables: Collection[str]
    ) -> tuple[Reindexed, list[IndexRow]]:
        found = self._found(place, tables)  # first: of what it has the chain speaks by then
        linked, fault = Chains(self.store).read(*place)
        if fault is not None:
            return Reindexed(*place, fault=f"its chain is broken at entry {fault.line}: {fault.text}"), []
        entries = [one.entry for one in linked]
        marks = _Marks(deleted_files(entries), quarantines)
        said = [row for row in rows_of(entries) if isinstance(row, IndexRow)]
        lacking = [row for one in said if (row := row_to_write(one, found.get(_key(one)), marks)) is not None]
        if any(map(_is_shown, lacking)):
            next_day = day_of(end_of_day_ms(place.day))
            after, fault = Chains(self.store).read(place.camera_id, next_day)  # a quarantine reaches back an hour
            if fault is not None:
                told = f"the chain of {next_day} is broken at entry {fault.line}: {fault.text}"
                return Reindexed(*place, fault=told), []
            since_ms = _unknown_quarantine([*entries, *(one.entry for one in after)], quarantines)
            if since_ms is not None:
                told = f"a quarantine at {local(since_ms):%Y-%m-%d %H:%M} of which ClickHouse has no incident"
                return Reindexed(*place, fault=f"the chain tells of {told}: bring its episodes back first"), []
        return Reindexed(*place, tables=tuple(_counted(said, lacking, found))), lacking

    def _found(self, place: ChainPlace, tables: Collection[str]) -> dict[tuple[object, ...], IndexRow]:
        until_ms = end_of_day_ms(place.day)
        span = place.camera_id, until_ms - DAY_MS, until_ms
        found: list[IndexRow] = []
        if RecordedMinuteRow.TABLE in tables:
            found += all_rows_between(self.client, RecordedMinuteRow, span)
        if RecordedEvidenceRow.TABLE in tables:
            found += all_rows_between(self.client, RecordedEvidenceRow, span)
        return {_key(row): row for row in found}


def row_to_write(said: IndexRow, found: IndexRow | None, marks: _Marks) -> IndexRow | None:
    """Give the row that the index lacks; None: what it has is as it should be, or newer.

    Args:
        said: As the chain says it, whatever came of its file since.
        found: As the index has it; None: it has none.
        marks: What came of it since.
    """
    row = said if found is None or found.version <= said.version else found
    if isinstance(row, RecordedMinuteRow) and not row.withdrawn and _is_withdrawn(said, found, marks):
        row = withdrawn(row)
    if row.object_key in marks.gone:
        row = without_file(row)
    return None if found is not None and _lasting(row) == _lasting(found) else row


def _is_withdrawn(said: IndexRow, found: IndexRow | None, marks: _Marks) -> bool:
    if isinstance(found, RecordedMinuteRow) and found.withdrawn:
        return True
    return _is_shown(said) and is_in_trouble(marks.quarantines, said.first_at, said.last_at)


def _is_shown(row: IndexRow) -> TypeGuard[RecordedMinuteRow]:
    """Tell whether a row is of a film that people may see."""
    if not isinstance(row, RecordedMinuteRow):
        return False
    return row.form == "public" and bool(row.object_key) and not row.withdrawn


def _unknown_quarantine(entries: Sequence[ChainEntry], quarantines: Sequence[Trouble]) -> int | None:
    """Give since when the camera was in quarantine, as gaps say, where none of its quarantines was then.

    Gaps that touch are of one: frames that nobody judged in time are said to be of it though it was released meanwhile.
    """
    facts = (entry.fact for entry in entries)
    gaps = [fact for fact in facts if isinstance(fact, GapNoted) and fact.reason == "quarantined"]
    stretches: list[tuple[int, int]] = []
    for from_ms, until_ms in sorted((gap.from_ms, gap.until_ms) for gap in gaps):
        if stretches and from_ms <= stretches[-1][1]:
            stretches[-1] = stretches[-1][0], max(until_ms, stretches[-1][1])
        else:
            stretches.append((from_ms, until_ms))
    return next((since for since, until in stretches if not is_in_trouble(quarantines, since, until - 1)), None)


def _counted(
    said: Sequence[IndexRow], lacking: Sequence[IndexRow], found: Collection[tuple[object, ...]]
) -> Iterator[Compared]:
    for table in _TABLES:
        wrong = [row for row in lacking if table == row.TABLE]
        missing = sum(_key(row) not in found for row in wrong)
        yield Compared(table, sum(table == row.TABLE for row in said), missing, len(wrong) - missing)


def _key(row: IndexRow) -> tuple[object, ...]:
    return (row.TABLE, *row.key())


def _lasting(row: IndexRow) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in lasting_columns_of(type(row)))


def _is_day(name: str) -> bool:
    try:
        return date.fromisoformat(name).isoformat() == name
    except ValueError:
        return False
