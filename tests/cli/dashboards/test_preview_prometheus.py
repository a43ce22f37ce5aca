"""How the preview asks Prometheus, and how far apart points are."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs

import pytest

from services.cli.dashboards.preview.documents import Target
from services.cli.dashboards.preview.intervals import interval_ms
from services.cli.dashboards.preview.prometheus import Prometheus, Series, as_curves, as_rows, with_macros
from services.runtime.errors import RetryableError

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("period_ms", "points", "shortest", "expected_ms"),
    [
        (15 * MINUTE, 1000, "", SECOND),
        (6 * HOUR, 1000, "", 20 * SECOND),
        (6 * HOUR, 1000, "1m", MINUTE),
        (DAY, 1000, "", MINUTE),
        (30 * DAY, 800, "", HOUR),
        (365 * DAY, 800, ">1m", 12 * HOUR),
    ],
)
def test_points_are_a_round_time_apart_that_fits_the_panel(
    period_ms: int, points: int, shortest: str, expected_ms: int
) -> None:
    assert interval_ms(period_ms, points, shortest) == expected_ms


def test_a_rate_looks_at_four_scrapes_at_least() -> None:
    assert with_macros("rate(a[$__rate_interval])", 5, 300) == "rate(a[60s])"
    assert with_macros("rate(a[${__rate_interval}]) / $__range_s", 120, 300) == "rate(a[135s]) / 300"


def test_a_dollar_that_ends_a_regular_expression_is_no_variable() -> None:
    assert with_macros('up{job=~"tilik.*$"}', 60, 300) == 'up{job=~"tilik.*$"}'


def test_an_unknown_variable_is_an_error() -> None:
    with pytest.raises(RetryableError, match="topic"):
        with_macros('lag{topic="$topic"}', 60, 300)


def test_a_curve_without_a_point_has_a_hole_and_nan_is_no_data() -> None:
    series = [
        Series({"outcome": "detected"}, [(10.0, "1"), (20.0, "NaN")]),
        Series({"outcome": "shed"}, [(20.0, "3")]),
    ]

    table = as_curves(series, "{{outcome}}")

    assert [name for name, _ in table.columns] == ["Time", "detected", "shed"]
    assert table.rows == [[10_000.0, 1.0, None], [20_000.0, None, 3.0]]


class OutageServer(BaseHTTPRequestHandler):
    """A Prometheus that knows nothing of the middle of the period, nor of a metric called ``unknown``."""

    def do_POST(self) -> None:
        told = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        points = [] if told["query"] == ["unknown"] else [[60, "1"], [75, "2"], [120, "3"]]
        result = [{"metric": {}, "values": points}] if points else []
        body = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@pytest.mark.integration
def test_a_time_at_which_nothing_was_scraped_is_a_hole_in_every_curve() -> None:
    start, end = datetime.fromtimestamp(61, UTC), datetime.fromtimestamp(130, UTC)
    with HTTPServer(("127.0.0.1", 0), OutageServer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with closing(Prometheus(f"http://127.0.0.1:{server.server_port}")) as prometheus:
            table = prometheus.ask(Target(expr="known"), start, end, 15)
            unknown = prometheus.ask(Target(expr="unknown"), start, end, 15)
        server.shutdown()

    assert table.rows == [[60_000.0, 1.0], [75_000.0, 2.0], [90_000.0, None], [105_000.0, None], [120_000.0, 3.0]]
    assert unknown.rows == []


def test_curves_of_one_name_stay_apart() -> None:
    table = as_curves([Series({"a": "1"}, [(1.0, "1")]), Series({"a": "2"}, [(1.0, "2")])], "same")

    assert [name for name, _ in table.columns] == ["Time", "same", "same 2"]


def test_a_table_has_labels_as_columns() -> None:
    table = as_rows([Series({"subscription": "dinas"}, value=(5.0, "1")), Series({"job": "x"}, value=(5.0, "2"))])

    assert [name for name, _ in table.columns] == ["Time", "job", "subscription", "Value"]
    assert table.rows == [[5000.0, "", "dinas", 1.0], [5000.0, "x", "", 2.0]]
