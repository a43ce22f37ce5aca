"""What a record needs now and then, whoever records: roots of ended days, deletion, and how long it keeps what, said.

One thread beside the recorder's. Only one worker of a group has to do it (``is_mine``), and it harms nothing where two
do for a while, or one is killed over it: roots and tombstones are made once, and files may be deleted again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Container
from typing import Final

from schemas.codec import ContractError
from schemas.kept_periods import KEPT_PERIODS_CODEC, KEPT_PERIODS_KEY, KeptPeriods
from schemas.recordings import day_of
from services.record.chain import Chains
from services.record.clock_check import check_clock
from services.record.key_settings import KeySettings
from services.record.retention import Retention
from services.record.roots import due_days, make_due_roots
from services.record.signing import Signer
from services.runtime.clock import Clock
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
        recording: The chains that this worker writes, of the same store: one that it found broken is told too.
    """

    def __init__(
        self,
        retention: Retention,
        keys: KeySettings,
        is_mine: Callable[[], bool],
        metrics: Metrics,
        clock: Clock,
        recording: Chains,
    ) -> None:
        self._store = retention.store
        self._chains = retention.chains
        self._recording = recording
        self._keys = keys
        self._retention = retention
        self._is_mine = is_mine
        self._metrics = metrics
        self._clock = clock
        self._expired_on = ""
        self._unreadable: set[str] = set()
        self._signed_ms = 0
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

        Deleting takes hours after a city's day: roots that fall due meanwhile are made between two chains. A camera of
        which nothing could be deleted, for a hold of it could not be read, is tried again in each round.

        Raises:
            RetryableError: The store or ClickHouse is away, or this host's clock is ahead.
            ConfigurationError: The key that signs can't be read.
            ContractError: Something in the store is not what it should be; the text says what.
        """
        try:
            for chains in (self._chains, self._recording):
                for camera_id, day in chains.broken():  # somebody may have brought its lines back
                    chains.read(camera_id, day)
            if self._is_mine():
                self._say_periods()
                self._sign_and_delete(self._clock())
            else:
                self._metrics.set("tilik_record_roots_due", 0)
        finally:
            broken = self._recording.broken() | (self._chains.broken() if self._is_mine() else set())
            self._metrics.set("tilik_record_broken_chains", len(broken))

    def _say_periods(self) -> None:
        """Say beside the record how long it keeps what: the privacy page tells people these periods and no others."""
        rules = self._retention.settings
        periods = KEPT_PERIODS_CODEC.encode(
            KeptPeriods(
                original_days=rules.original_days,
                evidence_days=rules.evidence_days,
                rejected_days=rules.rejected_days,
                confirmed_days=rules.confirmed_days,
            )
        )
        if self._store.get(KEPT_PERIODS_KEY) != periods:
            self._store.put(KEPT_PERIODS_KEY, periods)

    def _sign_and_delete(self, now: int) -> None:
        is_new_day = self._expired_on != day_of(now)
        if is_new_day:
            check_clock(self._store, now)
        self._sign()
        if is_new_day:
            self._delete(now)
            self._expired_on = day_of(now)
        elif self._unreadable:
            self._delete(now, self._unreadable)

    def _sign(self) -> None:
        now = self._signed_ms = self._clock()
        due = due_days(self._store, now)
        self._metrics.set("tilik_record_roots_due", len(due))
        if due:
            signer = Signer.open(self._keys.signing_key_file, make=not self._store.is_bucket)
            for signed in make_due_roots(self._store, self._chains, signer, now):
                log.info("record.root_signed", day=signed.root.day, chains=signed.root.chain_count, key=signed.key_id)
            self._metrics.set("tilik_record_roots_due", 0)

    def _sign_in_time(self) -> None:
        if not 0 <= self._clock() - self._signed_ms < EVERY_SECONDS * 1000:
            self._sign()

    def _delete(self, now: int, cameras: Container[str] | None = None) -> None:
        unreadable = set()
        for expired in self._retention.run(now, cameras=cameras, between=self._sign_in_time):
            if expired.fault:
                self._metrics.count("tilik_record_holds_unreadable_total")
                unreadable.add(expired.camera_id)
                continue
            self._metrics.count("tilik_record_deleted_total", len(expired.files) + len(expired.orphans))
            log.info(
                "record.expired",
                camera=expired.camera_id,
                day=expired.day,
                files=len(expired.files),
                orphans=len(expired.orphans),
            )
        self._unreadable = unreadable

    def _run(self) -> None:
        while True:
            try:
                self.round()
            except Exception as error:  # whatever it is: a thread that ended would say nothing of the next days
                self._metrics.count("tilik_record_upkeep_failures_total")
                expected = isinstance(error, (TilikError, ContractError))
                log.error("record.upkeep_failed", error=str(error), exc_info=not expected)
            if self._stopping.wait(EVERY_SECONDS):
                return
