"""What a record needs now and then, whoever records: roots of days that have ended, and deletion of what is due.

One thread beside the recorder's. Only one worker of a group has to do it (``is_mine``), and it harms nothing where two
do for a while, or one is killed over it: roots and tombstones are made once, and files may be deleted again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from schemas.codec import ContractError
from schemas.recordings import day_of
from services.record.clock_check import check_clock
from services.record.key_settings import KeySettings
from services.record.retention import Retention
from services.record.roots import due_days, make_due_roots
from services.record.signing import Signer
from services.runtime.clock import Clock, now_ms
from services.runtime.errors import TilikError
from services.runtime.logging import get_logger
from services.runtime.metrics import Metrics

log = get_logger(__name__)

EVERY_SECONDS: Final = 300.0
_LEAVING_SECONDS: Final = 5.0


class Upkeep:
    """See the file's head.

    Args:
        retention: Deletes what is due; its store and chains are those that are looked after.
        keys: Where the key is that signs roots; made when the first root is due.
        is_mine: Tells whether this worker is to do it, such as by owning partition 0.
        metrics: Of the recorder.
        clock: Says when a day has ended.
    """

    def __init__(
        self,
        retention: Retention,
        keys: KeySettings,
        is_mine: Callable[[], bool],
        metrics: Metrics,
        clock: Clock = now_ms,
    ) -> None:
        self._store = retention.store
        self._chains = retention.chains
        self._keys = keys
        self._retention = retention
        self._is_mine = is_mine
        self._metrics = metrics
        self._clock = clock
        self._expired_on = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="record-upkeep", daemon=True)

    def start(self) -> None:
        """Begin: a first round at once, then one each five minutes."""
        self._thread.start()

    def close(self) -> None:
        """Stop; a round that goes on is left to end, or not, by itself."""
        self._stopping.set()
        self._thread.join(_LEAVING_SECONDS)

    def round(self) -> None:
        """Make the roots that are due, and, once a day, delete what is due. Blocks.

        Raises:
            RetryableError: The store or ClickHouse is away, or this host's clock is ahead.
            ConfigurationError: The key that signs can't be read.
            ContractError: Something in the store is not what it should be; the text says what.
        """
        now = self._clock()
        if self._expired_on != day_of(now):
            check_clock(self._store, now)
        due = due_days(self._store, now)
        self._metrics.set("tilik_record_roots_due", len(due))
        if due:
            signer = Signer.open(self._keys.signing_key_file, make=not self._store.is_bucket)
            for signed in make_due_roots(self._store, self._chains, signer, now):
                log.info("record.root_signed", day=signed.root.day, chains=signed.root.chain_count, key=signed.key_id)
            self._metrics.set("tilik_record_roots_due", 0)
        if self._expired_on != day_of(now):
            for expired in self._retention.run(now):
                if expired.fault:
                    self._metrics.count("tilik_record_upkeep_failures_total")
                    continue
                self._metrics.count("tilik_record_deleted_total", len(expired.files) + len(expired.orphans))
                log.info(
                    "record.expired",
                    camera=expired.camera_id,
                    day=expired.day,
                    files=len(expired.files),
                    orphans=len(expired.orphans),
                )
            self._expired_on = day_of(now)

    def _run(self) -> None:
        while True:
            if self._is_mine():
                try:
                    self.round()
                except Exception as error:  # whatever it is: a thread that ended would say nothing of the next days
                    self._metrics.count("tilik_record_upkeep_failures_total")
                    expected = isinstance(error, (TilikError, ContractError))
                    log.error("record.upkeep_failed", error=str(error), exc_info=not expected)
            if self._stopping.wait(EVERY_SECONDS):
                return
