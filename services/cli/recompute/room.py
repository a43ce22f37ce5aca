"""Room for the rows of a run: what lies under their name already, and what of it may be deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from clickhouse_connect.driver.client import Client

from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.recompute_period import END_OF_TIME_MS, JUDGED_TABLES, Period
from services.aggregate.rows import ParkingStayRow
from services.runtime.clickhouse import translated_errors
from services.runtime.errors import ConfigurationError

_LASTING: Final = frozenset({EpisodeRow.TABLE, ParkingStayRow.TABLE})
"""Tables whose rows are of a period if any moment of them is; of the other judged tables it is their minute."""


class RowsOfRun:
    """The judged rows in ClickHouse that bear a run's name and are of its cameras and period.

    Args:
        client: Connected to the database.
        ruleset: The name.
        camera_ids: The cameras.
        period: The period; see ``Period.holds``.
    """

    def __init__(self, client: Client, ruleset: str, camera_ids: Sequence[str], period: Period) -> None:
        self._client = client
        self._ruleset = ruleset
        self._parameters = {
            "ruleset": ruleset,
            "cameras": list(camera_ids),
            "since": period.since_ms,
            "until": period.until_ms,
        }

    def make_room(self, *, may_go: bool, current_too: bool) -> None:
        """Delete them, so that none of another computation is left. Blocks until they are gone.

        Args:
            may_go: Somebody said that rows may be deleted.
            current_too: Also those that are current.

        Raises:
            ConfigurationError: There are rows, and nobody said that these may go; nothing was deleted.
            RetryableError: ClickHouse is away, or refuses.
        """
        count = self.count([(0, END_OF_TIME_MS)])
        if count and not may_go:
            raise ConfigurationError(
                f"ClickHouse holds {count} rows of ruleset {self._ruleset} for these cameras and this period: say "
                "--replace to delete them first, or another --ruleset"
            )
        if count and not current_too:
            self._require_that_none_is_current()
        if count:
            self._delete()

    def count(self, spans: Sequence[tuple[int, int]]) -> int:
        """Give how many there are that begin in one of some spans, [since, until) in ms since 1970. Blocks."""
        if not spans:
            return 0
        counts = " + ".join(f"(SELECT count() FROM {t} WHERE {_of(t)} AND {_begins(t)})" for t in sorted(JUDGED_TABLES))  # noqa: S608  names of ours
        sinces, untils = zip(*spans, strict=True)
        parameters = {**self._parameters, "sinces": list(sinces), "untils": list(untils)}
        with translated_errors("counting the rows of a ruleset"):
            return int(self._client.query(f"SELECT {counts}", parameters=parameters).result_rows[0][0])

    def _require_that_none_is_current(self) -> None:
        text = (
            "SELECT toUnixTimestamp64Milli(from_at), toUnixTimestamp64Milli(until_at) FROM current_rulesets"
            " WHERE ruleset = {ruleset:String}"
        )
        with translated_errors("reading when a ruleset is current"):
            spans = self._client.query(text, parameters=self._parameters).result_rows
        if count := self.count([(since, until) for since, until in spans]):
            raise ConfigurationError(
                f"{count} of the rows that --replace would delete are current: until they are written anew, people see "
                "holes in their place. Say another --ruleset, and make it current when it is whole ('tilik ruleset "
                "use'); or say --current-too"
            )

    def _delete(self) -> None:
        for table in sorted(JUDGED_TABLES):
            with translated_errors(f"deleting rows of {table}"):
                text = f"DELETE FROM {table} WHERE {_of(table)}"  # noqa: S608  # names of ours; values are parameters
                self._client.command(text, self._parameters)


def _of(table: str) -> str:
    """Give the condition that a row is one that a computation of the period writes; see ``Period.holds``."""
    last = "last_seen_at" if table in _LASTING else "minute"
    return (
        "ruleset = {ruleset:String} AND camera_id IN {cameras:Array(String)}"
        f" AND toUnixTimestamp64Milli({_start(table)}) < {{until:Int64}}"
        f" AND toUnixTimestamp64Milli({last}) >= {{since:Int64}}"
    )


def _begins(table: str) -> str:
    """Give the condition that a row begins in one of the spans: so the views current_* choose, too."""
    at = f"toUnixTimestamp64Milli({_start(table)})"
    return f"arrayExists((a, b) -> a <= {at} AND {at} < b, {{sinces:Array(Int64)}}, {{untils:Array(Int64)}})"


def _start(table: str) -> str:
    return "started_at" if table in _LASTING else "minute"
