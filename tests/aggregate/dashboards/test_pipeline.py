"""The expressions of *Pipeline*, evaluated by Prometheus' own engine (promtool) over made-up series."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.aggregate.dashboards.build import GENERATED
from services.aggregate.dashboards.pipeline_detect import SHED
from services.aggregate.dashboards.pipeline_ingest import TWO_OWNERS, WITHOUT_OWNER
from services.aggregate.dashboards.pipeline_rows import DEAD_LETTERS, LOST_EVENTS
from services.cli.dashboards.check import METRICS
from services.runtime.metrics import MetricDefinition

pytestmark = pytest.mark.integration

_VALUES = {"outcome": ("detected", "overload"), "priority": ("0", "1"), "step": ("store", "commit")}


def expressions() -> list[str]:
    document = json.loads((GENERATED / "en" / "tilik-pipeline.json").read_text(encoding="utf-8"))
    targets = [target for panel in document["panels"] for target in panel.get("targets", [])]
    return [target["expr"] for target in targets if "expr" in target]


def series_of(metric: MetricDefinition) -> Iterator[dict[str, str]]:
    """Series of a metric over half an hour, of one instance, with each of some values of its labels."""
    for values in product(*(_VALUES.get(label, ("x",)) for label in metric.labels)):
        pairs = [f'{label}="{value}"' for label, value in zip(metric.labels, values, strict=True)]
        labels = ",".join([*pairs, 'instance="a"'])
        if metric.kind != "histogram":
            growing = "0+60x30" if metric.kind == "counter" else "1x30"
            yield {"series": f"{metric.name}{{{labels}}}", "values": growing}
            continue
        for bound, growing in (("0.1", "0+30x30"), ("1", "0+55x30"), ("+Inf", "0+60x30")):
            yield {"series": f'{metric.name}_bucket{{{labels},le="{bound}"}}', "values": growing}
        for part in ("sum", "count"):
            yield {"series": f"{metric.name}_{part}{{{labels}}}", "values": "0+60x30"}


def said_of(folder: Path, series: list[dict[str, str]], expected: dict[str, list[float]]) -> str:
    """What promtool says where the expressions do not give these values after half an hour; empty: they do."""
    tests: list[dict[str, Any]] = [
        {
            "expr": expression.replace("$__rate_interval", "5m"),
            "eval_time": "30m",
            "exp_samples": [{"labels": "{}", "value": value} for value in values],
        }
        for expression, values in expected.items()
    ]
    text = yaml.safe_dump(
        {"rule_files": [], "tests": [{"interval": "1m", "input_series": series, "promql_expr_test": tests}]}
    )
    path = folder / "expressions.yaml"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["promtool", "test", "rules", str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0 or "FAILED" in done.stdout + done.stderr
    return "" if done.returncode == 0 else done.stdout + done.stderr


def gauge(name: str, value: float, **labels: str) -> dict[str, str]:
    pairs = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return {"series": f"{name}{{{pairs}}}", "values": f"{value}x30"}


def counter(name: str, per_minute: float, **labels: str) -> dict[str, str]:
    return gauge(name, 0, **labels) | {"values": f"0+{per_minute}x30"}


def test_every_expression_gives_something_where_every_metric_is_there(tmp_path: Path) -> None:
    asked: dict[str, list[float]] = {expression: [] for expression in expressions()}
    series = [one for metric in dict.fromkeys(METRICS) for one in series_of(metric)]
    told = said_of(tmp_path, series, asked)
    silent = [one for one in asked if f'expr: "{_quoted(one)}"' not in told.replace("\\\n", "")]
    assert silent == [], told


def _quoted(expression: str) -> str:
    return expression.replace("$__rate_interval", "5m").replace("\\", "\\\\").replace('"', '\\"')


_WORKERS = [gauge("tilik_ingest_cameras_owned", 2, instance=name) for name in ("a", "b")]


def active(*cameras: str) -> list[dict[str, str]]:
    return [
        gauge("tilik_ingest_camera_active", 1, camera_id=camera, instance=worker)
        for camera in cameras
        for worker in ("a", "b")
    ]


def owned(camera: str, *workers: str) -> list[dict[str, str]]:
    return [gauge("tilik_ingest_owner_epoch", 7, camera_id=camera, instance=worker) for worker in workers]


def test_a_camera_without_and_one_with_two_owners_are_counted(tmp_path: Path) -> None:
    series = [*_WORKERS, *active("one", "none", "two"), *owned("one", "a"), *owned("two", "a", "b")]
    assert said_of(tmp_path, series, {WITHOUT_OWNER: [1], TWO_OWNERS: [1]}) == ""


def test_where_all_is_well_ownership_is_0_and_without_measurement_it_is_nothing(tmp_path: Path) -> None:
    series = [*_WORKERS, *active("one"), *owned("one", "a")]
    assert said_of(tmp_path, series, {WITHOUT_OWNER: [0], TWO_OWNERS: [0]}) == ""
    assert said_of(tmp_path, [], {WITHOUT_OWNER: [], TWO_OWNERS: []}) == ""


def test_the_part_that_is_shed_is_0_while_frames_come_and_nothing_where_none_do(tmp_path: Path) -> None:
    judged = counter("tilik_detect_frames_total", 90, outcome="detected", priority="0")
    shed = counter("tilik_detect_frames_total", 10, outcome="overload", priority="1")
    assert said_of(tmp_path, [judged, shed], {SHED: [0.1]}) == ""
    assert said_of(tmp_path, [judged], {SHED: [0]}) == ""
    assert said_of(tmp_path, [], {SHED: []}) == ""


def test_dead_letters_are_0_only_where_somebody_counts_them(tmp_path: Path) -> None:
    running = gauge("tilik_aggregate_partitions", 8, instance="a")
    dead = [counter("tilik_dead_letters_total", 1, reason=reason, instance="a") for reason in ("x", "y")]
    assert said_of(tmp_path, [running, *dead], {DEAD_LETTERS: [30]}) == ""
    assert said_of(tmp_path, [running], {DEAD_LETTERS: [0]}) == ""
    assert said_of(tmp_path, [], {DEAD_LETTERS: []}) == ""


def test_events_that_were_lost_before_a_worker_was_first_scraped_are_told(tmp_path: Path) -> None:
    """A worker counts them when it begins: Prometheus first sees the series at 400, and nothing increases."""
    name = "tilik_aggregate_lost_events_total"
    begun = {"series": f'{name}{{instance="b"}}', "values": "_x10 400x20"}
    assert said_of(tmp_path, [counter(name, 0, instance="a"), begun], {LOST_EVENTS: [400]}) == ""
    assert said_of(tmp_path, [counter(name, 0, instance="a")], {LOST_EVENTS: [0]}) == ""
    assert said_of(tmp_path, [], {LOST_EVENTS: []}) == ""
