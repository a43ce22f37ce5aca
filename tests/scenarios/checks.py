"""The facts of a scenario that a person has worked out from the semantics, held against the rows that came out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tests.scenarios.corpus import Scenario
from tests.scenarios.expected import Values

_FRAMES = {"first_frame": "first_event_id", "best_frame": "best_event_id", "last_frame": "last_event_id"}
_TOLERANCE = 1e-3
_NOTHING = {int: 0, float: 0, str: "", bool: False, dict: 0}
"""What a column holds that is left out of a row, by the type of the fact that is held against it."""


def failures(scenario: Scenario, tables: dict[str, list[Values]]) -> list[str]:
    """Give a line for each fact that does not hold.

    Of a table of minutes each fact names its ``minute`` (0 is the one in which the scenario starts, ``each`` stands for
    all); ``absent: true`` says that there is no row. Of every other table the facts are all its rows, in order of time.
    Times are seconds after the start, ``never`` where there is none; ``why`` and frames are looked up; a span
    ``{from, to}`` holds both ends.
    """
    facts = _Facts(scenario)
    return [
        f"{table}: {line}" for table, wanted in scenario.description.checks.items() for line in facts.failures(
            table, wanted, tables[table]
        )
    ]  # fmt: skip


class _Facts:
    def __init__(self, scenario: Scenario) -> None:
        self._start_ms = scenario.description.script.start_ms
        self._seconds = scenario.expansion.seconds_by_event()

    def failures(self, table: str, wanted: list[Values], rows: list[Values]) -> Iterator[str]:
        if table.endswith("_minutes"):
            for fact in wanted:
                yield from self._minute_failures(fact, rows)
            return
        rows = sorted(rows, key=lambda row: str(row.get("started_at") or row.get("decided_at") or row))
        if len(rows) != len(wanted):
            yield f"{len(rows)} rows, expected {len(wanted)}: {rows}"
            return
        for row, fact in zip(rows, wanted, strict=True):
            yield from self._row_failures(row, fact)

    def _minute_failures(self, fact: Values, rows: list[Values]) -> Iterator[str]:
        fact = dict(fact)
        minute, absent, zone_id = fact.pop("minute"), fact.pop("absent", False), fact.get("zone_id")
        found = [
            row
            for row in rows
            if (minute == "each" or self._seconds_of(row["minute"]) == minute * 60 - self._start_ms % 60_000 / 1000)
            and (zone_id is None or row["zone_id"] == zone_id)
        ]
        if absent or not found:
            if absent != (not found):
                yield f"minute {minute}: {len(found)} rows"
            return
        for row in found:
            yield from (f"minute {minute}: {line}" for line in self._row_failures(row, fact))

    def _row_failures(self, row: Values, fact: Values) -> Iterator[str]:
        for name, wanted in fact.items():
            got = self._fact_of(row, name, wanted)
            if not _holds(wanted, got):
                yield f"{name} is {got!r}, by hand it is {wanted!r}"

    def _fact_of(self, row: Values, name: str, wanted: Any) -> Any:
        if name in _FRAMES:
            return self._seconds.get(row[_FRAMES[name]], "no frame")
        if name == "why":
            return dict(zip(row["why_names"], row["why_values"], strict=True))
        if name.endswith("_at"):
            return self._seconds_of(row[name]) if name in row else "never"
        return row.get(name, _NOTHING[type(wanted)])

    def _seconds_of(self, time: str) -> float:
        return (datetime.fromisoformat(time).timestamp() * 1000 - self._start_ms) / 1000


def _holds(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, dict) and wanted.keys() == {"from", "to"}:
        return isinstance(got, (int, float)) and wanted["from"] <= got <= wanted["to"]
    if isinstance(wanted, dict):
        return isinstance(got, dict) and all(name in got and _holds(each, got[name]) for name, each in wanted.items())
    if isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
        is_number = isinstance(got, (int, float)) and not isinstance(got, bool)
        return is_number and abs(got - wanted) <= _TOLERANCE
    return type(wanted) is type(got) and bool(wanted == got)
