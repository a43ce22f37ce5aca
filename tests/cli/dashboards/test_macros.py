"""Macros and variables as the documentation of Grafana's ClickHouse plugin has them, case by case."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.cli.dashboards.macros import Chosen, expand
from services.runtime.errors import ConfigurationError

START = datetime(2014, 11, 12, 11, 45, 26, 123_000, UTC)
END = datetime(2015, 11, 12, 11, 45, 26, 456_000, UTC)
CHOSEN: Chosen = {"camera": ["a", "b"], "kind": None, "rule": [], "portal_url": "https://portal.example"}

SECONDS = "c >= toDateTime(1415792726) AND c <= toDateTime(1447328726)"
MILLISECONDS = "c >= fromUnixTimestamp64Milli(1415792726123) AND c <= fromUnixTimestamp64Milli(1447328726456)"
DATES = "d >= toDate('2014-11-12') AND d <= toDate('2015-11-12')"


def expanded(sql: str, interval_seconds: float = 20, chosen: Chosen = CHOSEN) -> str:
    return expand(sql, start=START, end=END, interval_seconds=interval_seconds, chosen=chosen)


@pytest.mark.parametrize(
    ("sql", "sent"),
    [
        ("$__timeFilter(c)", SECONDS),
        ("$__timeFilter_ms(c)", MILLISECONDS),
        ("$__dateFilter(d)", DATES),
        ("$__dateTimeFilter(d, c)", f"({DATES}) AND ({SECONDS})"),
        ("$__dt(d,c)", f"({DATES}) AND ({SECONDS})"),
        ("$__fromTime", "toDateTime(1415792726)"),
        ("$__toTime", "toDateTime(1447328726)"),
        ("($__fromTime_ms)", "(fromUnixTimestamp64Milli(1415792726123))"),
        ("$__toTime_ms", "fromUnixTimestamp64Milli(1447328726456)"),
        ("INTERVAL $__interval_s SECOND", "INTERVAL 20 SECOND"),
        ("$__timeInterval(c)", "toStartOfInterval(toDateTime(c), INTERVAL 20 second)"),
        ("$__timeInterval_ms(c)", "toStartOfInterval(toDateTime64(c, 3), INTERVAL 20000 millisecond)"),
        ("$__timeInterval(max(f(c, 1)))", "toStartOfInterval(toDateTime(max(f(c, 1))), INTERVAL 20 second)"),
        ("$__timeInterval($__fromTime)", "toStartOfInterval(toDateTime(toDateTime(1415792726)), INTERVAL 20 second)"),
        ("$__conditionalAll(camera_id IN (${camera:singlequote}), $camera)", "camera_id IN ('a','b')"),
        ("$__conditionalAll(camera_id IN (${camera:singlequote}), ${camera})", "camera_id IN ('a','b')"),
        ("x AND $__conditionalAll(kind IN (${kind:singlequote}), $kind) AND y", "x AND 1=1 AND y"),
        ("$__conditionalAll(rule IN (${rule:singlequote}), $rule)", "1=1"),
        ("$__conditionalAll(a = 1 OR $__conditionalAll(b IN (${kind:singlequote}), $kind), $camera)", "a = 1 OR 1=1"),
        ("$__conditionalAll($__timeFilter(c) AND f(1, 2), $camera)", f"{SECONDS} AND f(1, 2)"),
        ("IN ($camera)", "IN ('a','b')"),
        ("'${portal_url}/cameras'", "'https://portal.example/cameras'"),
        ("${portal_url:singlequote}", "'https://portal.example'"),
        ("SELECT '$1', '$', 1", "SELECT '$1', '$', 1"),
    ],
)
def test_the_statement_is_the_one_that_the_plugin_sends(sql: str, sent: str) -> None:
    assert expanded(sql) == sent


@pytest.mark.parametrize(
    ("interval_seconds", "seconds", "milliseconds"), [(0.25, 1, 250), (0, 1, 1), (90.9, 90, 90_900)]
)
def test_an_interval_is_whole_and_at_least_one(interval_seconds: float, seconds: int, milliseconds: int) -> None:
    assert expanded("$__interval_s", interval_seconds) == str(seconds)
    assert f"INTERVAL {milliseconds} millisecond" in expanded("$__timeInterval_ms(c)", interval_seconds)


def test_a_quotation_mark_in_a_value_does_not_end_it() -> None:
    assert expanded("${camera:singlequote}", chosen={"camera": ["Jum'at"]}) == r"'Jum\'at'"


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("$__timeFiltre(c)", "not a macro"),
        ("$__from", "not a macro"),
        ("$__timeFilter", "takes 1 arguments"),
        ("$__timeFilter()", "takes 1 arguments"),
        ("$__timeFilter(a, b)", "takes 1 arguments"),
        ("$__dt(a)", "takes 2 arguments"),
        ("$__timeFilter(a", "not closed"),
        ("$__conditionalAll(x, $camera", "not closed"),
        ("$__conditionalAll(x)", "a condition and a variable"),
        ("$__conditionalAll(x, ${camera:singlequote})", "plain variable"),
        ("$__conditionalAll(x, $street)", "street is not one of the dashboard's: camera, kind"),
        ("${street:singlequote}", "street is not one of the dashboard's"),
        ("kind IN (${kind:singlequote})", r"stands at all: put the condition into \$__conditionalAll"),
        ("${camera:json}", "format json"),
    ],
)
def test_what_is_not_known_or_not_used_rightly_is_an_error(sql: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        expanded(sql)


@pytest.mark.parametrize(("sql", "value"), [("${camera:singlequote}", "a\\"), ("${camera}", "a'")])
def test_a_value_that_could_break_out_of_its_quotes_is_refused(sql: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match="does not escape"):
        expanded(sql, chosen={"camera": [value]})
