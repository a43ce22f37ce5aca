"""Checks of variables: each one that is named is there, each one that is there is of use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from services.aggregate.dashboards.checks.finding import Finding, Json, name_of, panels_of, uid_of
from services.aggregate.dashboards.grafana_panel import CLICKHOUSE

_NAMED: Final = re.compile(r"\$(?:\{(?P<braced>\w+)(?::[^}]*)?\}|(?P<bare>[A-Za-z_]\w*))")
_OF_GRAFANA: Final = "__"


def variable_findings(document: Json) -> Iterator[Finding]:
    """Check the variables of a dashboard."""
    uid, variables = uid_of(document), document.get("templating", {}).get("list", [])
    names = [variable.get("name") for variable in variables]
    seen: set[str] = set()
    for variable in variables:
        name = str(variable.get("name"))
        if name in seen:
            yield Finding(uid, "", f"the variable {name} is there twice", "Remove one")
        if variable.get("type") != "constant" and not str(variable.get("label") or "").strip():
            yield Finding(uid, "", f"the variable {name} has no title", "Write one in both languages")
        for what, remedy in _choice(variable) if variable.get("type") == "query" else ():
            yield Finding(uid, "", f"the variable {name} {what}", remedy)
        for used in sorted(_named(_query(variable)) - seen):
            there = "comes later" if used in names else "is not there"
            yield Finding(uid, "", f"the variable {name} asks for ${used}, which {there}", "Put that before it")
        seen.add(name)
    for panel in panels_of(document):
        for used in sorted(_named(_texts(panel)) - seen):
            there = f"The dashboard has {', '.join(map(str, names)) or 'none'}"
            yield Finding(uid, name_of(panel), f"the variable ${used} is not there", there)
    for name in _unused(document, variables):
        what = f"the variable {name} changes nothing"
        yield Finding(uid, "", what, "Use it in a panel's query, or remove it: who chooses would believe in it")


def _choice(variable: Json) -> Iterator[tuple[str, str]]:
    """Check that its values come from ClickHouse, and that one, several or all of them can be chosen."""
    source = variable.get("datasource") or {}
    if source != CLICKHOUSE:
        told = f"asks the data source {source.get('uid')!r} of type {source.get('type')!r}"
        yield told, f"Let it ask {CLICKHOUSE['uid']} ({CLICKHOUSE['type']})"
    if variable.get("includeAll") is not True:
        yield "does not offer all", "Set includeAll to true: else the dashboard begins with whichever value comes first"
    if variable.get("multi") is not True:
        yield "lets only one value be chosen", "Set multi to true: who compares two places needs both"


def _unused(document: Json, variables: list[Json]) -> list[str]:
    used = set[str]().union(*(_named(_texts(panel)) for panel in panels_of(document)))
    for variable in reversed(variables):  # what only narrows another one is of use where that is
        if variable.get("name") in used:
            used |= _named(_query(variable))
    return [name for variable in variables if (name := str(variable.get("name"))) not in used]


def _query(variable: Json) -> str:
    query = variable.get("query") or ""
    return query if isinstance(query, str) else json.dumps(query)


def _texts(panel: Json) -> str:
    return json.dumps({key: value for key, value in panel.items() if key != "panels"})


def _named(text: str) -> set[str]:
    found = (match["braced"] or match["bare"] for match in _NAMED.finditer(text))
    return {name for name in found if not name.startswith(_OF_GRAFANA)}
