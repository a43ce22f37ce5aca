"""Ask Prometheus over its HTTP interface, and give what it says as one table: time, then one column a curve.

Source: Prometheus' documentation, "HTTP API": ``/api/v1/query_range`` and ``/api/v1/query``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

import httpx
import msgspec
from msgspec import Struct

from services.cli.dashboards.preview.documents import Target
from services.cli.dashboards.preview.intervals import rate_interval_s
from services.runtime.errors import RetryableError

_TIMEOUT_SECONDS: Final = 30.0
_TIME: Final = "DateTime64(3)"
_LEGEND: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_VARIABLE: Final = re.compile(r"\$\{?\w")
_MACRO: Final = re.compile(r"\$(?:__(rate_interval|interval_ms|interval|range_s|range)\b|\{__(\w+)\})")


class Table(NamedTuple):
    """Columns with ClickHouse's names of types, and rows; times are ms since 1970."""

    columns: list[tuple[str, str]]
    rows: list[list[float | str | None]]


class Series(Struct):
    """A curve: its labels, and points of (s since 1970, number as text)."""

    metric: dict[str, str]
    values: list[tuple[float, str]] = []
    value: tuple[float, str] | None = None

    def points(self) -> list[tuple[float, str]]:
        """Give its points, of which an instant query has one."""
        return self.values if self.value is None else [self.value]


class _Data(Struct, rename="camel"):
    result_type: str = ""
    result: list[Series] = []


class _Reply(Struct, rename="camel"):
    status: str
    data: _Data = msgspec.field(default_factory=_Data)
    error: str = ""


class Prometheus:
    """A Prometheus. Used from several threads at once.

    Args:
        url: Where it is, such as ``http://127.0.0.1:9090``.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.Client(timeout=_TIMEOUT_SECONDS)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def ask(self, target: Target, start: datetime, end: datetime, step_seconds: int) -> Table:
        """Ask an expression over a period, or at its end if the target is ``instant``. Blocks.

        Raises:
            RetryableError: Prometheus is away, or refuses the expression.
        """
        period_s = int((end - start).total_seconds())
        expression = with_macros(target.expr, step_seconds, period_s)
        times = range(0)
        if target.instant:
            path, asked = "query", {"query": expression, "time": f"{end.timestamp():.3f}"}
        else:
            first = int(start.timestamp()) // step_seconds * step_seconds  # on the step's grid, as Grafana does
            times = range(first, int(end.timestamp()) + 1, step_seconds)
            path = "query_range"
            asked = {
                "query": expression,
                "start": str(first),
                "end": f"{end.timestamp():.3f}",
                "step": str(step_seconds),
            }
        reply = self._reply(path, asked)
        if reply.status != "success":
            raise RetryableError(f"Prometheus says: {reply.error}")
        if target.format == "table":
            return as_rows(reply.data.result)
        return as_curves(reply.data.result, target.legend_format, times)

    def _reply(self, path: str, asked: dict[str, str]) -> _Reply:
        try:
            response = self._client.post(f"{self._url}/api/v1/{path}", data=asked)
            return msgspec.json.decode(response.content, type=_Reply)
        except httpx.HTTPError as error:
            raise RetryableError(f"Prometheus at {self._url} can't be reached: {error}") from error
        except msgspec.DecodeError as error:
            raise RetryableError(f"{self._url} does not answer as Prometheus does") from error


def with_macros(expression: str, step_seconds: int, period_seconds: int) -> str:
    """Put seconds in the place of Grafana's variables for PromQL.

    Raises:
        RetryableError: There is another variable in it.
    """
    known = {
        "rate_interval": f"{rate_interval_s(step_seconds)}s",
        "interval": f"{step_seconds}s",
        "interval_ms": str(step_seconds * 1000),
        "range": f"{period_seconds}s",
        "range_s": str(period_seconds),
    }
    expanded = _MACRO.sub(lambda found: known.get(found[1] or found[2], found[0]), expression)
    if _VARIABLE.search(expanded):
        raise RetryableError(f"the expression has a variable that the preview does not know: {expanded}")
    return expanded


def as_curves(series: list[Series], legend: str, times: Iterable[float] = ()) -> Table:
    """Put curves side by side: a row for each time, null where one has no point then.

    Args:
        series: The curves; without any there are no rows either.
        legend: How to name them, with labels as ``{{label}}``.
        times: What was asked for, in s since 1970: Prometheus leaves out those without a point, and a line would go on
            across them.
    """
    names = _distinct([_name(one.metric, legend) for one in series])
    rows: dict[float, list[float | str | None]] = {}
    for at in times if series else ():
        rows[at] = [at * 1000, *[None] * len(series)]
    for number, one in enumerate(series):
        for at, value in one.points():
            row = rows.setdefault(at, [at * 1000, *[None] * len(series)])
            row[number + 1] = _figure(value)
    return Table([("Time", _TIME), *((name, "Float64") for name in names)], [rows[at] for at in sorted(rows)])


def as_rows(series: list[Series]) -> Table:
    """Give a row for each curve's last point: its time, its labels, its value."""
    labels = sorted({name for one in series for name in one.metric})
    rows: list[list[float | str | None]] = []
    for one in series:
        at, value = one.points()[-1]
        rows.append([at * 1000, *(one.metric.get(name, "") for name in labels), _figure(value)])
    return Table([("Time", _TIME), *((name, "String") for name in labels), ("Value", "Float64")], rows)


def _figure(text: str) -> float | None:
    """Give a number; NaN and infinity, which a division by nothing gives, are no data."""
    figure = float(text)
    return figure if math.isfinite(figure) else None


def _name(labels: dict[str, str], legend: str) -> str:
    if legend and legend != "__auto":
        return _LEGEND.sub(lambda found: labels.get(found[1], ""), legend)
    told = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()) if name != "__name__")
    return f"{labels.get('__name__', '')}{{{told}}}" if told else labels.get("__name__", "Value")


def _distinct(names: list[str]) -> list[str]:
    return [f"{name} {names[:at].count(name) + 1}" if name in names[:at] else name for at, name in enumerate(names)]
