"""Ask what a panel asks: its SQL, macros and variables expanded, of ClickHouse; its PromQL of Prometheus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec
from clickhouse_connect.driver.client import Client
from msgspec import Struct

from services.cli.dashboards.macros import expand
from services.cli.dashboards.preview.documents import Dashboard, Panel, Target, Variable
from services.cli.dashboards.preview.intervals import interval_ms
from services.cli.dashboards.preview.prometheus import Prometheus
from services.runtime.clickhouse import translated_errors
from services.runtime.errors import ConfigurationError, RetryableError

ALL: Final = "$__all"
"""What Grafana's addresses say where everything is chosen."""
_VARIABLE: Final = "var-"
_SETTINGS: Final = {
    "readonly": 2,
    "max_execution_time": 30,
    "max_result_rows": 200_000,
    "output_format_json_quote_64bit_integers": 0,
    "date_time_output_format": "iso",
}
"""``readonly`` 2: nothing can be written, and these other settings can be set beside it. A user whose profile says 1
can't write either, nor set any of them: that profile has limits of its own."""
_NO_PROMETHEUS: Final = "no Prometheus is given: start the preview with --prometheus http://HOST:PORT"


class Column(Struct, frozen=True):
    """A column's name and ClickHouse's type."""

    name: str
    type: str


class Result(Struct, frozen=True, rename="camel", omit_defaults=True):
    """What one question gave, or a sentence about why it gave nothing."""

    ref_id: str
    columns: tuple[Column, ...] = ()
    rows: msgspec.Raw = msgspec.Raw(b"[]")
    error: str = ""


class _Answer(Struct, frozen=True):
    meta: tuple[Column, ...]
    data: msgspec.Raw


@dataclass(frozen=True, slots=True)
class View:
    """What somebody looks at: the period, how wide a panel is, and what is chosen; None: all."""

    start: datetime
    end: datetime
    width_px: int
    chosen: Mapping[str, Sequence[str] | str | None]

    def interval_ms(self, panel: Panel) -> int:
        """Give the time between two points of a panel."""
        period_ms = round((self.end - self.start).total_seconds() * 1000)
        return interval_ms(period_ms, panel.max_data_points or self.width_px, panel.interval)


def read_view(parameters: Sequence[tuple[str, str]]) -> View:
    """Read a view from the parameters of an address: ``from``, ``to`` (ms), ``width`` (px), ``var-NAME`` (any number).

    Raises:
        ValueError: A number is none, or the period ends before it begins.
    """
    told = dict(parameters)
    try:
        start, end = (datetime.fromtimestamp(int(told[name]) / 1000, UTC) for name in ("from", "to"))
        width = int(told.get("width", "1000"))
    except (KeyError, ValueError, OverflowError, OSError) as error:
        raise ValueError("from, to (ms since 1970) and width (px) must be whole numbers") from error
    if start >= end:
        raise ValueError("the period ends before it begins")
    chosen: dict[str, list[str] | None] = {}
    for name, value in parameters:
        if name.startswith(_VARIABLE):
            chosen.setdefault(name.removeprefix(_VARIABLE), []).append(value)  # type: ignore[union-attr]
    alls = {name for name, values in chosen.items() if values is not None and ALL in values}
    return View(start, end, min(max(width, 50), 5000), chosen | dict.fromkeys(alls))


class Asking:
    """Where questions are asked. Used from several threads at once.

    Raises:
        RetryableError: ClickHouse is away.
    """

    def __init__(self, client: Client, prometheus: Prometheus | None) -> None:
        self._client = client
        self._prometheus = prometheus
        with translated_errors("asking what this user may set"):
            self._settings = {} if int(str(client.command("SELECT getSetting('readonly')"))) == 1 else dict(_SETTINGS)

    def panel(self, panel: Panel, dashboard: Dashboard, view: View) -> list[Result]:
        """Ask everything that a panel asks. Blocks. An error is an answer too: the other questions have theirs."""
        view = _with_constants(dashboard, view)
        return [self._target(target, panel, view) for target in panel.targets]

    def values(self, variable: Variable, dashboard: Dashboard, view: View) -> list[str]:
        """Ask for the values that a variable offers. Blocks.

        Raises:
            ConfigurationError: Its SQL can't be expanded.
            RetryableError: ClickHouse is away, or refuses it.
        """
        answer = self._select(variable.sql, _with_constants(dashboard, view), 60)
        rows: list[list[object]] = msgspec.json.decode(answer.data)
        return ["" if row[0] is None else str(row[0]) for row in rows]

    def _target(self, target: Target, panel: Panel, view: View) -> Result:
        seconds = max(view.interval_ms(panel) // 1000, 1)
        try:
            if target.raw_sql:
                answer = self._select(target.raw_sql, view, seconds)
                return Result(target.ref_id, answer.meta, answer.data)
            if self._prometheus is None:
                return Result(target.ref_id, error=_NO_PROMETHEUS)
            table = self._prometheus.ask(target, view.start, view.end, seconds)
        except (ConfigurationError, RetryableError, ValueError) as error:
            return Result(target.ref_id, error=_sentence(error))
        columns = tuple(Column(name, kind) for name, kind in table.columns)
        return Result(target.ref_id, columns, msgspec.Raw(msgspec.json.encode(table.rows)))

    def _select(self, sql: str, view: View, interval_seconds: int) -> _Answer:
        expanded = expand(sql, start=view.start, end=view.end, interval_seconds=interval_seconds, chosen=view.chosen)
        with translated_errors("asking"):
            body = self._client.raw_query(expanded, settings=self._settings, fmt="JSONCompact")
        return msgspec.json.decode(body, type=_Answer)


def _with_constants(dashboard: Dashboard, view: View) -> View:
    """Add the dashboard's constants to what is chosen, and leave out what it does not know."""
    chosen: dict[str, Sequence[str] | str | None] = {}
    for variable in dashboard.templating.list:
        chosen[variable.name] = variable.sql if variable.type == "constant" else view.chosen.get(variable.name)
    return View(view.start, view.end, view.width_px, chosen)


def _sentence(error: Exception) -> str:
    """Give the beginning of what is wrong, without the statement that ClickHouse repeats."""
    return str(error).replace("\n", " ").partition("(for url ")[0][:400].strip()
