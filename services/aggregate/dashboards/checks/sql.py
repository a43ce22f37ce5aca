"""Checks of SQL: macros and variables can be expanded, and the engine gives the columns that a panel is drawn from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from services.aggregate.dashboards.checks.finding import Finding, Json, name_of, overrides_of, panels_of, uid_of
from services.runtime.errors import TilikError


class ResultColumn(NamedTuple):
    """A column of a query's result, with ClickHouse's name of its type."""

    name: str
    type: str

    @property
    def is_number(self) -> bool:
        """Say whether it can be drawn as a figure."""
        return re.match(r"(U?Int|Float|BFloat|Decimal|Bool)", self.plain_type) is not None

    @property
    def can_be_missing(self) -> bool:
        """Say whether it may have no value."""
        return "Nullable(" in self.type

    @property
    def is_time(self) -> bool:
        """Say whether it is a moment or a day."""
        return self.plain_type.startswith("Date")

    @property
    def is_text(self) -> bool:
        """Say whether it is text."""
        return not self.is_number and not self.is_time

    @property
    def plain_type(self) -> str:
        """Give its type without what wraps it."""
        return re.sub(r"^(?:(?:LowCardinality|Nullable)\()+", "", self.type)


Chosen = Mapping[str, Sequence[str] | str | None]
"""What is chosen of each variable; None: all."""

Expand = Callable[[str, Chosen], str]
"""Gives a statement with macros and variables expanded. It raises a ``TilikError`` for one that it does not know."""

Describe = Callable[[str], Sequence[ResultColumn]]
"""Gives the columns of a statement's result. It raises a ``TilikError`` where the engine refuses the statement."""

_ROW_FIELD: Final = re.compile(r"\$\{__data\.fields\.(\w+)")
_LABEL: Final = re.compile(r"\$\{__field\.labels\.(\w+)")
_DATABASE: Final = re.compile(r"\b(?:FROM|JOIN)\s+(?!system\.)(\w+)\.\w+", re.IGNORECASE)
_PLACED_BY: Final = frozenset({"latitude", "longitude"})


def sql_findings(document: Json, expand: Expand, describe: Describe | None) -> Iterator[Finding]:
    """Check the SQL of a dashboard's variables and panels; without ``describe`` only that it can be expanded."""
    uid, choices = uid_of(document), _choices(document)
    for variable in document.get("templating", {}).get("list", []):
        if variable.get("type") == "query":
            columns, found = _asked(str(variable.get("query") or ""), choices, expand, describe)
            for what, remedy in found:
                yield Finding(uid, "", f"the variable {variable.get('name')}: {what}", remedy)
            if columns and len(columns) != 1:
                what = f"the variable {variable.get('name')} has {len(columns)} columns"
                yield Finding(uid, "", what, "Ask for one: its values")
    for panel in panels_of(document):
        targets = [target for target in panel.get("targets", []) if target.get("rawSql")]
        results = []
        for target in targets:
            columns, found = _asked(target["rawSql"], choices, expand, describe)
            for what, remedy in found:
                yield Finding(uid, name_of(panel), f"query {target.get('refId')}: {what}", remedy)
            results.append(columns)
        if targets and all(results) and len(targets) == len(panel["targets"]):
            found = [*_named_columns(panel, results), *_drawn_columns(panel, results), *_zeros(panel, results)]
            for what, remedy in found:
                yield Finding(uid, name_of(panel), what, remedy)


def _choices(document: Json) -> dict[str, Chosen]:
    """Give both ways to look at a dashboard: with everything chosen, and with one value of each variable."""
    variables = document.get("templating", {}).get("list", [])
    fixed = {str(one.get("name")): str(one.get("query") or "") for one in variables if one.get("type") == "constant"}
    free = [str(one.get("name")) for one in variables if one.get("type") != "constant"]
    return {
        "everything chosen": fixed | dict.fromkeys(free),
        "one value of each variable chosen": fixed | {name: ["x"] for name in free},
    }


def _asked(
    sql: str, choices: Mapping[str, Chosen], expand: Expand, describe: Describe | None
) -> tuple[Sequence[ResultColumn], list[tuple[str, str]]]:
    """Give the columns of a statement, and what is wrong with it."""
    columns: Sequence[ResultColumn] = ()
    if database := _DATABASE.search(sql):
        return (), [(f"it names the database {database[1]}", "Leave it out: the data source says which it is")]
    for how, chosen in choices.items():
        try:
            statement = expand(sql, chosen)
        except TilikError as error:
            return (), [(str(error), "Put it right")]
        if describe is None:
            continue
        try:
            columns = describe(statement)
        except TilikError as error:
            return (), [(f"with {how} {error}", "docs/data-dictionary.md has every table and column")]
    return columns, []


def _named_columns(panel: Json, results: Sequence[Sequence[ResultColumn]]) -> Iterator[tuple[str, str]]:
    """Check that what the panel says of columns fits those that there are."""
    columns = {column.name: column for result in results for column in result}
    said = overrides_of(panel)
    given = ", ".join(columns)
    for name in said:
        if name not in columns:
            yield f"its queries give no column {name}", f"They give {given}"
    for name, column in columns.items():
        if name not in said and name not in _PLACED_BY | {"time"}:
            yield f"its column {name} has no title", "Name it in the panel's columns, with title and unit"
        elif column.is_number and said.get(name, {}).get("unit") == "string":
            yield f"its column {name} is a number and has the unit string", "Give it a number's unit"
    links = str([one.get("links") for one in said.values()])
    for name in sorted({*_ROW_FIELD.findall(links), *_LABEL.findall(links)} - columns.keys()):
        yield f"a link needs the column {name}", f"Add it to the query; it gives {given}"


def _drawn_columns(panel: Json, results: Sequence[Sequence[ResultColumn]]) -> Iterator[tuple[str, str]]:
    """Check that the columns are what a drawing of this type is made from."""
    said = overrides_of(panel)
    hidden = {name for name, one in said.items() if one.get("custom.hideFrom", {}).get("viz")}
    for result in results:
        shown = {column.name: column for column in result if column.name not in hidden}
        yield from _NEEDS.get(str(panel.get("type")), _needs_any)(panel, shown)


def _zeros(panel: Json, results: Sequence[Sequence[ResultColumn]]) -> Iterator[tuple[str, str]]:
    """Check that curves beside each other can have gaps: the engine fills other than Nullable figures with zeros."""
    for result in results if panel.get("type") == "timeseries" else ():
        if not any(column.is_text for column in result):
            for column in result:
                if column.is_number and not column.can_be_missing:
                    what = f"its figure {column.name} is never missing, and a gap would be a zero"
                    yield what, "Make it Nullable, such as toNullable(…)"


Needs = Callable[[Json, Mapping[str, ResultColumn]], Iterator[tuple[str, str]]]


def _needs_any(_: Json, shown: Mapping[str, ResultColumn]) -> Iterator[tuple[str, str]]:
    if not shown:
        yield "none of its columns is shown", "Show one"


def _needs_curves(panel: Json, shown: Mapping[str, ResultColumn]) -> Iterator[tuple[str, str]]:
    yield from _needs_time(panel, shown)
    if not any(column.is_number for column in shown.values()):
        yield "a time series needs a number", f"Its query gives {', '.join(shown)}"
    said = overrides_of(panel)
    for column in shown.values():
        if column.is_text and said.get(column.name, {}).get("unit") != "string":
            yield f"its text column {column.name} has no unit string", "Give it that: it names the curves"


def _needs_time(_: Json, shown: Mapping[str, ResultColumn]) -> Iterator[tuple[str, str]]:
    first = next(iter(shown.values()), None)
    if first is None or first.name != "time" or not first.is_time:
        yield "its first column is not a moment called time", "Begin the query with … AS time"


def _needs_states(panel: Json, shown: Mapping[str, ResultColumn]) -> Iterator[tuple[str, str]]:
    yield from _needs_time(panel, shown)
    steps = panel.get("transformations", [])
    naming = {name for step in steps for name in step.get("options", {}).get("fields", [])}
    if not set(shown) - naming - {"time"}:
        yield "it has no column of states", "Give the state mappings: a text column without any names the rows"


def _needs_bars(panel: Json, shown: Mapping[str, ResultColumn]) -> Iterator[tuple[str, str]]:
    over = shown.get(str(panel.get("options", {}).get("xField")))
    if over is None:
        yield "it does not say over what its bars stand", "Name that column first in the panel's columns"
    elif over.is_number:
        yield f"its bars stand over {over.name}, a number", "Make text or a day of it: toString(…)"
    if not any(column.is_number for column in shown.values() if column is not over):
        yield "a bar chart needs a number", f"Its query gives {', '.join(shown)}"


def _needs_places(_: Json, shown: Mapping[str, ResultColumn]) -> Iterator[tuple[str, str]]:
    for name in sorted(_PLACED_BY):
        if name not in shown or not shown[name].is_number:
            yield f"a map needs the number {name}", f"Its query gives {', '.join(shown)}"


_NEEDS: Final[Mapping[str, Needs]] = {
    "timeseries": _needs_curves,
    "state-timeline": _needs_states,
    "barchart": _needs_bars,
    "geomap": _needs_places,
}
