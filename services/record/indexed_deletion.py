"""What retention deletes is taken out of the index first, so that nobody is sent to a file that is gone."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from schemas.recordings import ChainFact, FilesDeleted
from schemas.times import DAY_MS
from services.record.chain import Chains
from services.record.chain_lines import LinkedEntry
from services.record.expiry import deleted_files
from services.record.index import rows_between
from services.record.index_rows import RecordedEvidenceRow, RecordedMinuteRow, without_file
from services.record.roots import end_of_day_ms
from services.runtime.clock import Clock, now_ms
from services.runtime.object_store import ObjectStore
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings


class IndexedChains(Chains):
    """Chains whose tombstones show in the index before they are said: a round that fails there is done again.

    Args:
        store: Where the chains lie.
        settings: Where the index is.
        clock: Says when an entry is made.
    """

    def __init__(self, store: ObjectStore, settings: ClickHouseSettings, clock: Clock = now_ms) -> None:
        super().__init__(store, clock)
        self._settings = settings

    def append(self, camera_id: str, day: str, facts: Sequence[ChainFact]) -> list[LinkedEntry]:
        """See ``Chains.append``.

        Raises:
            RetryableError: The store is away, or ClickHouse is.
        """
        tombstones = [fact for fact in facts if isinstance(fact, FilesDeleted)]
        if tombstones:
            entries = [one.entry for one in self.read(camera_id, day).entries]
            self._mark(camera_id, day, deleted_files(entries, tombstones))
        return super().append(camera_id, day, facts)

    def _mark(self, camera_id: str, day: str, keys: Collection[str]) -> None:
        """Write the rows of these files anew, without them."""
        until_ms = end_of_day_ms(day)
        span = camera_id, until_ms - DAY_MS, until_ms
        minutes = [one for one in rows_between(self._settings, RecordedMinuteRow, span) if one.object_key in keys]
        frames = [one for one in rows_between(self._settings, RecordedEvidenceRow, span) if one.object_key in keys]
        store = RowStore(self._settings)
        try:
            store.write([without_file(one) for one in minutes])
            store.write([without_file(one) for one in frames])
        finally:
            store.close()
