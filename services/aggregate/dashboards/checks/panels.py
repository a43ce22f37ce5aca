"""Checks of panels by themselves: where they lie, what is said of them, how figures are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Final, get_args

from services.aggregate.dashboards.checks.finding import Finding, Json, name_of, overrides_of, panels_of, uid_of
from services.aggregate.dashboards.dashboard import Drawing
from services.aggregate.dashboards.grafana_panel import CLICKHOUSE, PROMETHEUS
from services.aggregate.dashboards.layout import GRID_COLUMNS

_DRAWINGS: Final = frozenset(get_args(Drawing)) | {"row"}
_SOURCES: Final = {source["uid"]: source["type"] for source in (CLICKHOUSE, PROMETHEUS)}
_MIXED: Final = "-- Mixed --"

UNITS: Final = frozenset(
    {"none", "string", "short", "percent", "percentunit", "bool_yes_no", "locale", "lengthm", "lengthkm"}
    | {"ms", "s", "m", "h", "d", "dtdurations", "dtdurationms", "dthms"}
    | {"bytes", "decbytes", "kbytes", "mbytes", "gbytes", "decgbytes", "Bps", "binBps", "bps"}
    | {"ops", "reqps", "cps", "cpm", "currencyIDR", "currencyUSD"}
    | {"dateTimeAsIso", "dateTimeAsIsoNoDateIfToday", "dateTimeAsLocal", "dateTimeAsLocalNoDateIfToday"}
    | {"dateTimeFromNow"}
)
"""Ids of Grafana's units that mean something here. Another word would be written behind each figure as it stands."""

_UNIT_PREFIXES: Final = ("suffix:", "prefix:", "time:", "si:", "count:", "currency:")


def panel_findings(document: Json) -> Iterator[Finding]:
    """Check the panels of a dashboard."""
    uid, panels = uid_of(document), list(panels_of(document))
    for number, count in Counter(panel.get("id") for panel in panels).items():
        if count > 1 or number is None:
            yield Finding(uid, "", f"{count} panels have the id {number}", "Give each a number of its own")
    for panel in panels:
        for what, remedy in (*_place(panel), *_texts(panel), *_sources(panel), *_queries(panel), *_figures(panel)):
            yield Finding(uid, name_of(panel), what, remedy)
    for one, other in combinations((panel for panel in panels if "gridPos" in panel), 2):
        if _overlap(one["gridPos"], other["gridPos"]):
            yield Finding(uid, name_of(one), f"it overlaps with {name_of(other)}", "Move one of them")


def _place(panel: Json) -> Iterator[tuple[str, str]]:
    place = panel.get("gridPos")
    if not place:
        yield "it has no place", "Give it gridPos"
    elif place["x"] < 0 or place["y"] < 0 or place["w"] < 1 or place["h"] < 1 or place["x"] + place["w"] > GRID_COLUMNS:
        yield f"columns {place['x']} to {place['x'] + place['w']} are not in the grid", f"It has {GRID_COLUMNS} columns"


def _overlap(one: Json, other: Json) -> bool:
    beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    return not (beside or above)


def _texts(panel: Json) -> Iterator[tuple[str, str]]:
    if panel.get("type") not in _DRAWINGS:
        yield f"its type is {panel.get('type')!r}", f"Known are {', '.join(sorted(_DRAWINGS))}"
    if not str(panel.get("title") or "").strip():
        yield "it has no title", "Write one in both languages"
    if panel.get("type") != "row" and not str(panel.get("description") or "").strip():
        yield "it has no description", "Say how the figure is made and when not to trust it, in both languages"
    if panel.get("type") == "text" and not str(panel.get("options", {}).get("content") or "").strip():
        yield "it has no text", "Write one in both languages"


def _sources(panel: Json) -> Iterator[tuple[str, str]]:
    if panel.get("type") in ("row", "text"):
        return
    targets = panel.get("targets", [])
    if not targets:
        yield "it asks nothing", "Give it a query"
    if len({target.get("refId") for target in targets}) < len(targets):
        yield "two of its queries have the same refId", "Name them A, B, C"
    mixed = len({target.get("datasource", {}).get("uid") for target in targets}) > 1
    for source in (panel.get("datasource") or {}, *(target.get("datasource") or {} for target in targets)):
        if mixed and source.get("uid") == _MIXED:
            continue
        if source.get("type") != _SOURCES.get(str(source.get("uid")), ""):
            known = ", ".join(f"{uid} ({kind})" for uid, kind in _SOURCES.items())
            yield f"data source {source.get('uid')!r} of type {source.get('type')!r} is not known", f"Known are {known}"


def _queries(panel: Json) -> Iterator[tuple[str, str]]:
    for target in panel.get("targets", []):
        if not str(target.get("rawSql") or target.get("expr") or "").strip():
            yield f"its query {target.get('refId')} is empty", "Write it, or remove it"
        if target.get("hide"):
            yield f"its query {target.get('refId')} is hidden, and not asked", "Show it, or remove it"


def _figures(panel: Json) -> Iterator[tuple[str, str]]:
    if panel.get("type") in ("row", "text"):
        return
    defaults = panel.get("fieldConfig", {}).get("defaults", {})
    units = {"it": defaults.get("unit")}
    units |= {f"its column {name}": said.get("unit") for name, said in overrides_of(panel).items()}
    for of, unit in units.items():
        if not unit:
            yield f"{of} has no unit", "Give one; none for a bare number, string for text"
        elif unit not in UNITS and not str(unit).startswith(_UNIT_PREFIXES):
            yield f"{of} has the unit {unit!r}, which Grafana has not", f"Known are {', '.join(sorted(UNITS))}"
    for name, said in overrides_of(panel).items():
        if not str(said.get("displayName") or "").strip():
            yield f"its column {name} has no title", "Write one in both languages"
    empty = str(defaults.get("noValue") or "").strip()
    if not empty or empty.replace(".", "").isdigit():
        yield f"it shows {empty!r} where there is no data", "Say that there is none; a figure would be believed"
    if panel.get("type") == "timeseries" and defaults.get("custom", {}).get("spanNulls") is not False:
        yield "its curves go on across gaps", "Set spanNulls to false: no data is not the mean of its neighbours"
