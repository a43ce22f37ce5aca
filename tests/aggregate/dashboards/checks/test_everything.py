"""Each check fails on a copy that is broken in one place, and on that place alone."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from services.aggregate.dashboards.checks.everything import findings
from tests.aggregate.dashboards.sound import METRICS, describe, expanded, make_documents, panel_of

Documents = list[dict[str, Any]]
Break = Callable[[Documents], object]


def found_in(documents: Documents) -> list[str]:
    return [str(one) for one in findings(documents, METRICS, expanded, describe)]


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert found_in(make_documents()) == []


def test_nothing_is_found_without_an_engine_either() -> None:
    assert list(findings(make_documents(), METRICS, expanded)) == []


def _set(kind: str, *path: Any, to: Any) -> Break:
    def change(documents: Documents) -> None:
        part = panel_of(documents[0], kind)
        for step in path[:-1]:
            part = part[step]
        part[path[-1]] = to

    return change


def _head(key: str, to: Any) -> Break:
    return lambda documents: documents[0].__setitem__(key, to)


def _override(kind: str, index: int, key: str, to: Any) -> Break:
    """Say something else of a column; ``None``: no longer say it."""

    def change(documents: Documents) -> None:
        properties = panel_of(documents[0], kind)["fieldConfig"]["overrides"][index]["properties"]
        properties[:] = [one for one in properties if one["id"] != key] + ([{"id": key, "value": to}] if to else [])

    return change


def _sql(kind: str, old: str, new: str) -> Break:
    def change(documents: Documents) -> None:
        target = panel_of(documents[0], kind)["targets"][0]
        assert old in target["rawSql"]
        target["rawSql"] = target["rawSql"].replace(old, new)

    return change


def _promql(text: str, legend: str = "{{outcome}}") -> Break:
    def change(documents: Documents) -> None:
        target = documents[0]["panels"][-1]["targets"][0]
        target.update(expr=text, legendFormat=legend)

    return change


def _variables(change: Callable[[list[dict[str, Any]]], Any]) -> Break:
    return lambda documents: change(documents[0]["templating"]["list"])


def _drop_columns(kind: str, name: str) -> Break:
    def change(documents: Documents) -> None:
        config = panel_of(documents[0], kind)["fieldConfig"]
        config["overrides"] = [one for one in config["overrides"] if one["matcher"]["options"] != name]

    return change


BROKEN: dict[str, tuple[Break, str]] = {
    "two dashboards of one uid": (lambda d: d.append(copy.deepcopy(d[0])), "2 dashboards have this uid"),
    "no uid": (_head("uid", ""), "it has no uid"),
    "no title": (_head("title", " "), "it has no title"),
    "no description": (_head("description", ""), "it has no description"),
    "another schema": (_head("schemaVersion", 16), "schemaVersion is 16"),
    "another time zone": (_head("timezone", "browser"), "its time zone is 'browser'"),
    "refresh of seconds": (_head("refresh", "5s"), "asks again every 5 s"),
    "refresh of a month": (lambda d: d[0].update(refresh="1m", time={"from": "now-30d"}), "looks back 720 h"),
    "refresh that is none": (_head("refresh", "often"), "'often' is no duration"),
    "one language": (lambda d: d.pop(1), "there is none in Bahasa Indonesia"),
    "the other language": (lambda d: d.pop(0), "there is none in English"),
    "not translated": (
        lambda d: panel_of(d[1], "table").update(description=panel_of(d[0], "table")["description"]),
        "its description is in one language only",
    ),
    "other panels in the other language": (lambda d: d[1]["panels"].pop(), "it has other panels than in English"),
    "two panels of one id": (_set("table", "id", to=3), "2 panels have the id 3"),
    "overlapping": (_set("stat", "gridPos", "x", to=8), "it overlaps with"),
    "over the edge": (_set("table", "gridPos", "w", to=30), "columns 0 to 30 are not in the grid"),
    "another drawing": (_set("stat", "type", to="gauge"), "its type is 'gauge'"),
    "panel without a title": (_set("stat", "title", to=""), "it has no title"),
    "panel without a description": (_set("stat", "description", to=""), "it has no description"),
    "section without a title": (_set("row", "title", to=""), "it has no title"),
    "text without text": (_set("text", "options", "content", to=" "), "it has no text"),
    "unknown data source": (_set("stat", "datasource", "uid", to="other"), "data source 'other'"),
    "data source of another type": (_set("stat", "targets", 0, "datasource", "type", to="mysql"), "of type 'mysql'"),
    "no query": (_set("stat", "targets", to=[]), "it asks nothing"),
    "empty query": (_set("stat", "targets", 0, "rawSql", to=""), "its query A is empty"),
    "hidden query": (_set("stat", "targets", 0, "hide", to=True), "its query A is hidden"),
    "no unit": (_set("stat", "fieldConfig", "defaults", "unit", to=""), "it has no unit"),
    "column without a unit": (_override("stat", 0, "unit", None), "its column n has no unit"),
    "unit that is none": (_override("stat", 0, "unit", "metres"), "the unit 'metres', which Grafana has not"),
    "column without a title": (_override("stat", 0, "displayName", None), "its column n has no title"),
    "a zero for no data": (_set("stat", "fieldConfig", "defaults", "noValue", to="0"), "it shows '0' where"),
    "curves across gaps": (
        _set("timeseries", "fieldConfig", "defaults", "custom", "spanNulls", to=True),
        "its curves go on across gaps",
    ),
    "undefined variable": (_sql("table", "${camera:singlequote}", "${cam:singlequote}"), "the variable $cam is not"),
    "variable that is removed": (_variables(lambda v: v.pop(0)), "asks for $kecamatan, which is not there"),
    "variables in another order": (_variables(lambda v: v.reverse()), "asks for $kecamatan, which comes later"),
    "unused variable": (
        _variables(lambda v: v.append(dict(v[0], name="unused"))),
        "the variable unused changes nothing",
    ),
    "variable twice": (_variables(lambda v: v.append(dict(v[0]))), "the variable kecamatan is there twice"),
    "variable without a title": (_variables(lambda v: v[0].update(label="")), "the variable kecamatan has no title"),
    "variable of an unknown data source": (
        _variables(lambda v: v[0].update(datasource={"type": "grafana-clickhouse-datasource", "uid": "other"})),
        "the variable kecamatan asks the data source 'other'",
    ),
    "variable of a data source of another type": (
        _variables(lambda v: v[0]["datasource"].update(type="mysql")),
        "the variable kecamatan asks the data source 'tilik-clickhouse' of type 'mysql'",
    ),
    "variable without a data source": (
        _variables(lambda v: v[0].pop("datasource")),
        "the variable kecamatan asks the data source None",
    ),
    "variable without all": (
        _variables(lambda v: v[0].update(includeAll=False)),
        "the variable kecamatan does not offer all",
    ),
    "variable of one value": (
        _variables(lambda v: v[0].update(multi=False)),
        "the variable kecamatan lets only one value be chosen",
    ),
    "variable of two columns": (
        _variables(lambda v: v[0].update(query="SELECT kecamatan, kelurahan FROM current_cameras")),
        "the variable kecamatan has 2 columns",
    ),
    "unknown macro": (_sql("table", "$__timeFilter(", "$__timeBetween("), "$__timeBetween is not a macro"),
    "unknown column": (_sql("table", ", frames", ", no_such_column"), "Unknown expression identifier"),
    "database": (_sql("table", "FROM current_", "FROM tilik.current_"), "it names the database tilik"),
    "column that is not asked for": (_sql("stat", "AS n", "AS m"), "its queries give no column n. They give m"),
    "column that is not named": (_drop_columns("stat", "n"), "its column n has no title"),
    "figure as text": (_override("stat", 0, "unit", "string"), "its column n is a number and has the unit string"),
    "link without a camera": (_sql("table", "SELECT camera_id, ", "SELECT "), "a link needs the column camera_id"),
    "time series without a time": (
        _sql("timeseries", "AS time", "AS t"),
        "its first column is not a moment called time",
    ),
    "time series without a number": (_sql("timeseries", "AS n", "AS word"), "a time series needs a number"),
    "gaps that are zeros": (
        _sql("timeseries", "camera_id, sum(frames) AS n", "sum(frames) AS frames"),
        "its figure frames is never missing, and a gap would be a zero",
    ),
    "curves without a name": (_override("timeseries", 0, "unit", "none"), "its text column camera_id has no unit str"),
    "bars over nothing": (_set("barchart", "options", "xField", to="day"), "it does not say over what its bars stand"),
    "bars over a number": (_set("barchart", "options", "xField", to="n"), "its bars stand over n, a number"),
    "map without a place": (_sql("geomap", "latitude, ", ""), "a map needs the number latitude"),
    "states without a state": (_sql("state-timeline", ", state", ""), "it has no column of states"),
    "no PromQL": (_promql("sum(rate("), "it can't be parsed"),
    "unknown metric": (_promql("sum by (outcome) (tilik_detect_pictures_total)"), "no service has the metric tilik_d"),
    "histogram without its suffix": (
        _promql("sum(tilik_detect_judge_seconds_per_frame)", "n"),
        "no service has the metric tilik_detect_judge_seconds_per_frame",
    ),
    "unknown label": (_promql('sum(tilik_detect_frames_total{camera="x"})', "n"), "have no label camera"),
    "unknown label of a group": (_promql("sum by (camera) (tilik_detect_frames_total)", "n"), "have no label camera"),
    "unknown label of a legend": (_promql("sum(tilik_detect_frames_total)", "{{camera}}"), "have no label camera"),
    "unknown macro of PromQL": (_promql("rate(tilik_detect_frames_total[$__span])", "n"), "$__span is not known"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_copy_that_is_broken_in_one_place_is_found(name: str) -> None:
    change, expected = BROKEN[name]
    documents = make_documents()
    change(documents)
    assert any(expected in line for line in found_in(documents)), found_in(documents)


def test_a_finding_is_one_line_with_dashboard_panel_and_what_to_do() -> None:
    documents = make_documents()
    panel_of(documents[0], "stat")["description"] = ""
    assert found_in(documents) == [
        "tilik-sound: panel 'stat' (4): it has no description."
        " Say how the figure is made and when not to trust it, in both languages"
    ]


def test_a_variable_that_only_narrows_another_one_is_of_use() -> None:
    documents = make_documents()
    for panel in documents[0]["panels"]:
        for target in panel.get("targets", []):
            if "rawSql" in target:
                target["rawSql"] = target["rawSql"].split(" WHERE ")[0]
    stat = panel_of(documents[0], "stat")["targets"][0]
    stat["rawSql"] += " WHERE $__conditionalAll(kelurahan IN (${kelurahan:singlequote}), $kelurahan)"
    unused = [line for line in found_in(documents) if "changes nothing" in line]
    assert [line.split()[3] for line in unused] == ["kind", "camera"]
