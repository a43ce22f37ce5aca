"""SQL of a dashboard as ClickHouse gets it: macros and variables replaced as Grafana's ClickHouse plugin does.

    1  $__conditionalAll(condition, $variable)   the condition, or 1=1 where all or nothing is chosen
    2  ${variable:singlequote}, ${variable}      what is chosen
    3  $__timeFilter(column), $__interval_s ...  the time range and the panel's interval

Arguments are split at commas outside parentheses; like the plugin this knows no quotation marks, so a parenthesis or
comma inside quotes must not stand in a macro's argument. What is not known is an error here: the plugin would send it
on, and ClickHouse would complain about a syntax error.

Source: grafana.com/docs/plugins/grafana-clickhouse-datasource, pages "Query editor" (Macros) and "Template variables";
grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax (the format ``singlequote``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from services.runtime.errors import ConfigurationError

Chosen = Mapping[str, Sequence[str] | str | None]
"""Of each variable by name what is chosen: several values, or one of a variable or constant that takes only one, or
None: "All"."""

_CONDITIONAL_ALL: Final = "$__conditionalAll("
_PLAIN_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_VARIABLE: Final = re.compile(r"\$\{(?P<braced>\w+)(?::(?P<format>\w+))?\}|\$(?!__)(?P<bare>[A-Za-z]\w*)")
_MACRO: Final = re.compile(r"\$__(\w+)")


@dataclass(frozen=True, slots=True)
class _Range:
    start: datetime
    end: datetime
    interval_seconds: float

    def filter(self, column: str, of: Callable[[datetime], str]) -> str:
        return f"{column} >= {of(self.start)} AND {column} <= {of(self.end)}"


class _Macro(NamedTuple):
    arguments: int
    expand: Callable[[_Range, list[str]], str]


def expand(sql: str, *, start: datetime, end: datetime, interval_seconds: float, chosen: Chosen) -> str:
    """Give the statement that Grafana would send.

    Args:
        sql: What stands in the dashboard.
        start: Where the time range begins, aware.
        end: Where it ends; rows of that moment belong to it.
        interval_seconds: Width of a point, as a panel's width and its range give it; macros take at least 1 s (1 ms).
        chosen: Of every variable that ``sql`` names.

    Raises:
        ConfigurationError: A macro or variable that is not known, or that is not used as it must be.
    """
    without_alls = _apply_conditional_alls(sql, chosen)
    with_values = _VARIABLE.sub(lambda match: _value(match, chosen), without_alls)
    return _apply_macros(with_values, _Range(start, end, interval_seconds))


def _apply_conditional_alls(sql: str, chosen: Chosen) -> str:
    """Replace from the last to the first, so that one inside another's condition comes first."""
    while (at := sql.rfind(_CONDITIONAL_ALL)) >= 0:
        arguments, after = _arguments(sql, at + len(_CONDITIONAL_ALL) - 1)
        if len(arguments) != 2:
            raise ConfigurationError(f"$__conditionalAll takes a condition and a variable: {_excerpt(sql, at)}")
        condition, variable = arguments
        match = _PLAIN_VARIABLE.fullmatch(variable)
        if match is None:
            raise ConfigurationError(
                f"$__conditionalAll takes a plain variable such as $camera, without a format: {_excerpt(sql, at)}"
            )
        keeps = bool(_choice(match[1] or match[2], chosen))
        sql = sql[:at] + (condition if keeps else "1=1") + sql[after:]
    return sql


def _value(match: re.Match[str], chosen: Chosen) -> str:
    name, asked = match["braced"] or match["bare"], match["format"]
    choice = _choice(name, chosen)
    if choice is None:
        raise ConfigurationError(
            f"the variable {name} stands at all: put the condition into $__conditionalAll(…, ${name})"
        )
    if asked is None and isinstance(choice, str):
        return choice
    values = [choice] if isinstance(choice, str) else choice
    if unfit := [value for value in values if "\\" in value or (asked is None and "'" in value)]:
        raise ConfigurationError(f"{unfit[0]!r}, a value of {name}, has a character that Grafana does not escape")
    if asked not in (None, "singlequote"):
        raise ConfigurationError(f"the format {asked} of the variable {name} is not known; singlequote is")
    return ",".join("'" + value.replace("'", "\\'") + "'" for value in values)


def _choice(name: str, chosen: Chosen) -> Sequence[str] | str | None:
    if name not in chosen:
        raise ConfigurationError(f"the variable {name} is not one of the dashboard's: {', '.join(chosen) or 'none'}")
    return chosen[name]


def _apply_macros(sql: str, time_range: _Range) -> str:
    """Replace from the last to the first, so that one inside another's argument comes first."""
    for match in reversed(list(_MACRO.finditer(sql))):
        name, at, after = match[1], match.start(), match.end()
        macro = _MACROS.get(name)
        if macro is None:
            known = ", ".join(f"$__{other}" for other in ("conditionalAll", *_MACROS))
            raise ConfigurationError(f"$__{name} is not a macro that is known: {known}")
        arguments: list[str] = []
        if sql[after : after + 1] == "(" and (macro.arguments or sql[after : after + 2] == "()"):
            arguments, after = _arguments(sql, after)
        if len(arguments) != macro.arguments:
            raise ConfigurationError(f"$__{name} takes {macro.arguments} arguments: {_excerpt(sql, at)}")
        sql = sql[:at] + macro.expand(time_range, arguments) + sql[after:]
    return sql


def _arguments(sql: str, opening: int) -> tuple[list[str], int]:
    """Give the arguments inside the parenthesis at ``opening``, trimmed, and the position after it."""
    depth, first, arguments = 0, opening + 1, list[str]()
    for at in range(opening, len(sql)):
        character = sql[at]
        depth += (character == "(") - (character == ")")
        if depth == 0 or (depth == 1 and character == ","):
            arguments.append(sql[first:at].strip())
            first = at + 1
        if depth == 0:
            return ([] if arguments == [""] else arguments), at + 1
    raise ConfigurationError(f"a parenthesis is not closed: {_excerpt(sql, opening)}")


def _excerpt(sql: str, at: int) -> str:
    return repr(sql[at : at + 80])


def _date(time: datetime) -> str:
    return f"toDate('{time.astimezone(UTC):%Y-%m-%d}')"


def _seconds(time: datetime) -> str:
    return f"toDateTime({int(time.timestamp())})"


def _milliseconds(time: datetime) -> str:
    return f"fromUnixTimestamp64Milli({int(time.timestamp()) * 1000 + time.microsecond // 1000})"


def _whole(amount: float) -> int:
    return max(int(amount), 1)


def _date_and_time(time_range: _Range, columns: list[str]) -> str:
    return f"({time_range.filter(columns[0], _date)}) AND ({time_range.filter(columns[1], _seconds)})"


_MACROS: Final[Mapping[str, _Macro]] = {
    "timeFilter": _Macro(1, lambda t, a: t.filter(a[0], _seconds)),
    "timeFilter_ms": _Macro(1, lambda t, a: t.filter(a[0], _milliseconds)),
    "dateFilter": _Macro(1, lambda t, a: t.filter(a[0], _date)),
    "dateTimeFilter": _Macro(2, _date_and_time),
    "dt": _Macro(2, _date_and_time),
    "timeInterval": _Macro(
        1, lambda t, a: f"toStartOfInterval(toDateTime({a[0]}), INTERVAL {_whole(t.interval_seconds)} second)"
    ),
    "timeInterval_ms": _Macro(
        1,
        lambda t, a: (
            f"toStartOfInterval(toDateTime64({a[0]}, 3), INTERVAL {_whole(t.interval_seconds * 1000)} millisecond)"
        ),
    ),
    "interval_s": _Macro(0, lambda t, _: str(_whole(t.interval_seconds))),
    "fromTime": _Macro(0, lambda t, _: _seconds(t.start)),
    "toTime": _Macro(0, lambda t, _: _seconds(t.end)),
    "fromTime_ms": _Macro(0, lambda t, _: _milliseconds(t.start)),
    "toTime_ms": _Macro(0, lambda t, _: _milliseconds(t.end)),
}
