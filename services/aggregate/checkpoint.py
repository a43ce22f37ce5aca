"""Save what has changed, so that a crash at any point loses nothing and doubles nothing.

    1 rows to ClickHouse          absolute and versioned: a repeated row replaces itself
    2 one transaction a partition dead letters, episodes, changed states and the marker of the position: all or none
    3 the group offset            by the owner, afterwards; a hint for monitoring, the marker is the truth

A crash after 1 repeats rows that are already there. After 2 nothing is repeated. What failed is undone: it counts as
changed again, and the next checkpoint takes it along.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from services.aggregate.checkpoint_calls import KafkaCalls
from services.aggregate.checkpoint_load import LoadedPartition, load_partitions
from services.aggregate.checkpoint_transaction import Outcome, SaveOutcome, commit_records
from services.aggregate.partition import Snapshot
from services.aggregate.settings import AggregateSettings
from services.runtime.errors import RetryableError
from services.runtime.logging import get_logger
from services.runtime.metrics import Metrics
from services.runtime.row_store import RowStore

log = get_logger(__name__)

_PARALLEL_TRANSACTIONS = 16


class Checkpoint:
    """Where checkpoints go, the rows' store and Kafka, and whence they come back. One call at a time."""

    def __init__(self, settings: AggregateSettings, store: RowStore, calls: KafkaCalls, metrics: Metrics) -> None:
        self._settings = settings
        self._store = store
        self._calls = calls
        self._metrics = metrics
        self._pool = ThreadPoolExecutor(_PARALLEL_TRANSACTIONS, "transaction")

    def load(self, partitions: Sequence[int]) -> list[LoadedPartition]:
        """Take partitions over from their former owners. Blocks.

        Raises:
            RetryableError: Kafka is away.
        """
        return load_partitions(self._settings.kafka, self._settings.group, partitions, self._calls)

    def save(self, snapshots: Sequence[Snapshot]) -> list[SaveOutcome]:
        """Save one snapshot a partition, and give the outcome of each. Blocks for seconds while something is away.

        Raises:
            FatalError: A record can never be written.
        """
        started = time.monotonic()
        try:
            written = self._store.write(chain.from_iterable(snapshot.rows for snapshot in snapshots))
        except RetryableError as error:
            log.warning("checkpoint.store_away", error=str(error))
            self._metrics.count("tilik_aggregate_checkpoint_failures_total", failed="store")
            return ["store_away"] * len(snapshots)
        for table, rows in written.items():
            self._metrics.count("tilik_aggregate_rows_total", rows, table=table)
        self._metrics.observe("tilik_aggregate_checkpoint_seconds", time.monotonic() - started, step="store")
        started = time.monotonic()
        outcomes: list[SaveOutcome] = list(self._pool.map(self._commit, snapshots))
        self._metrics.observe("tilik_aggregate_checkpoint_seconds", time.monotonic() - started, step="commit")
        return outcomes

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()
        self._store.close()

    def _commit(self, snapshot: Snapshot) -> Outcome:
        partition = snapshot.partition
        outcome = commit_records(partition.producer, partition.number, snapshot.records, self._calls)
        if outcome == "saved":
            self._metrics.count("tilik_aggregate_state_bytes_total", snapshot.state_bytes)
        else:
            self._metrics.count("tilik_aggregate_checkpoint_failures_total", failed="kafka")
        return outcome
