from __future__ import annotations

import json

import click.testing
import pytest

from services.cli.__main__ import cli
from services.cli.bench.command import bench_names
from services.cli.bench.report import at_least, at_most, plain, print_report


def test_report_has_the_form_that_every_benchmark_shares(capsys: pytest.CaptureFixture[str]) -> None:
    figures = [at_least("ratio", 0.79999, "ratio", 0.8), at_most("p95", 1.5, "s", 2), plain("rate", 5000.0, "msg/s")]

    print_report("broker", figures, as_json=True)

    report = json.loads(capsys.readouterr().out)
    assert report["bench"] == "broker"
    assert set(report["machine"]) == {"cpu", "cores", "memory_gib", "python"}
    assert report["figures"] == [
        {"name": "ratio", "value": 0.8, "unit": "ratio", "goal": ">= 0.8", "met": False},
        {"name": "p95", "value": 1.5, "unit": "s", "goal": "<= 2", "met": True},
        {"name": "rate", "value": 5000.0, "unit": "msg/s", "goal": None, "met": None},
    ]


def test_table_shows_what_was_missed(capsys: pytest.CaptureFixture[str]) -> None:
    print_report("broker", [at_least("ratio", 0.5, "ratio", 0.8)], as_json=False)

    assert ">= 0.8" in (text := capsys.readouterr().out)
    assert "no" in text


def test_every_file_of_the_folder_is_a_benchmark() -> None:
    assert {"accuracy", "broker"} <= set(bench_names())


def test_unknown_benchmark_is_told_with_those_that_are() -> None:
    result = click.testing.CliRunner().invoke(cli, ["bench", "nonsense"])

    assert result.exit_code == 2
    assert "accuracy" in result.output
