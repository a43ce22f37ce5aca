"""The data tour: a newcomer who does what it says gets the answers that it gives."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from clickhouse_connect.driver.client import Client

from services.aggregate.marts import MARTS, Mart
from services.cli.export.command import command as export
from services.cli.seed.command import command as seed
from services.runtime.clickhouse import connect
from services.runtime.settings import ClickHouseSettings
from tests.conftest import STATE
from tests.integration.data_tour import TOUR, Asked, blocks, queries

pytestmark = pytest.mark.integration

TEXT = TOUR.read_text(encoding="utf-8")
QUERIES = list(queries(TEXT))
DATABASE = "tilik_seed"


AGREE = {
    "flooded minutes, from the minutes themselves": """
        SELECT sum(zone_minutes) AS mart, (
            SELECT count() FROM current_flood_minutes
            WHERE valid AND NOT simulated AND state = 'flood'
                AND toDate(minute, 'Asia/Jakarta') BETWEEN '2026-11-15' AND '2026-11-23'
        ) AS below
        FROM flood_daily_by_kelurahan WHERE day BETWEEN '2026-11-15' AND '2026-11-23'""",
    "minutes in which a kelurahan was flooded": """
        SELECT sum(flood_minutes) AS mart, (
            SELECT uniqExact(c.kecamatan, c.kelurahan, m.minute)
            FROM current_flood_minutes AS m INNER JOIN current_cameras AS c ON c.camera_id = m.camera_id
            WHERE m.valid AND NOT m.simulated AND m.state = 'flood'
                AND toDate(m.minute, 'Asia/Jakarta') BETWEEN '2026-11-15' AND '2026-11-23'
        ) AS below
        FROM flood_daily_by_kelurahan WHERE day BETWEEN '2026-11-15' AND '2026-11-23'""",
    "parking cases": """
        SELECT countIf(review != 'rejected') AS mart, (SELECT sum(cases) FROM parking_cases_by_hour) AS below
        FROM parking_cases""",
    "seconds of staff in a week": """
        SELECT round(sum(staffed_s) / sum(staff_s), 6) AS mart, (
            SELECT round(sum(staffed_s) / sum(observed_s), 6) FROM current_counter_minutes
            WHERE valid AND NOT simulated AND opening != 'closed' AND staffed_known
                AND toMonday(minute, 'Asia/Jakarta') = '2026-11-16'
        ) AS below
        FROM counter_service_hourly WHERE day BETWEEN '2026-11-16' AND '2026-11-22'""",
    "seconds that cameras saw, and what they sent": """
        SELECT (round(sum(observed_s)), sum(captured), sum(missed), sum(frames)) AS mart, (
            SELECT (round(sum(observed_s)), sum(captured), sum(missed), sum(frames)) FROM accounting_by_day
            WHERE day BETWEEN '2026-11-15' AND '2026-11-23'
        ) AS below
        FROM camera_uptime_daily WHERE day BETWEEN '2026-11-15' AND '2026-11-23'""",
    "everything that happened": """
        SELECT count() AS mart, (SELECT count() FROM episodes_reviewed WHERE NOT simulated) AS below
        FROM incident_log""",
    "confirmed cases at public cameras": """
        SELECT sum(parking_confirmed) AS mart, (
            SELECT countIf(review = 'confirmed' AND camera_id IN (SELECT camera_id FROM current_cameras WHERE public))
            FROM parking_cases
        ) AS below
        FROM open_daily_by_kelurahan""",
}
"""Of each mart a figure beside the same one from below it: from minutes, episodes or another view."""


@pytest.fixture(scope="module")
def city(clickhouse_port: int) -> Iterator[Client]:
    """The tour's own city, made by the command that it names."""
    [line] = [one for one in blocks(TEXT, "sh") if "tilik seed" in one]
    arguments = shlex.split(line)[2:]
    place = ["--clickhouse", f"127.0.0.1:{clickhouse_port}", "--state", str(STATE), "--replace"]
    result = CliRunner().invoke(seed, [*arguments, *place], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    with closing(connect(ClickHouseSettings(port=clickhouse_port, database=DATABASE), DATABASE)) as client:
        yield client
        client.command(f"DROP DATABASE {DATABASE}")


@pytest.mark.parametrize("asked", QUERIES, ids=lambda asked: re.sub(r"\W+", "_", asked.heading.lower()).strip("_"))
def test_the_answer_is_the_one_that_stands_in_the_tour(city: Client, asked: Asked) -> None:
    answer = city.raw_query(asked.sql, fmt="Markdown").decode()
    assert answer == asked.answer, f"python -m tests.integration.data_tour writes the answers anew:\n{answer}"
    assert answer.count("\n") > 2, "an answer without a row teaches nothing"


def test_the_tour_asks_most_marts() -> None:
    asked = {mart.name for mart in MARTS if any(f"FROM {mart.name}\n" in one.sql for one in QUERIES)}
    assert asked == {mart.name for mart in MARTS} - {"frame_accounting_minutely"}, "that one needs raw frames"


@pytest.mark.parametrize("mart", [m for m in MARTS if m.name != "frame_accounting_minutely"], ids=lambda m: m.name)
def test_the_dictionary_s_examples_have_answers(city: Client, mart: Mart) -> None:
    days = {"from_day": date(2026, 11, 15), "to_day": date(2026, 11, 23)}
    assert city.query(mart.example, parameters=days).result_rows


def test_curl_connects_as_it_is_written(city: Client, clickhouse_port: int) -> None:
    [line] = [one for one in blocks(TEXT, "sh") if one.startswith("curl")]
    [answer] = blocks(TEXT, "text")
    command = line.replace(":8123", f":{clickhouse_port}").replace("curl ", "curl -sS ")
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == answer


def test_python_connects_as_it_is_written(city: Client, clickhouse_port: int) -> None:
    [code] = blocks(TEXT, "python")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code.replace("port=8123", f"port={clickhouse_port}"), {})
    assert printed.getvalue() == "Simulated Rumah Pompa Kali Semarang 1 Bandarharjo\n"


def test_the_engine_starts_with_the_options_that_are_written() -> None:
    [line] = [one for one in blocks(TEXT, "sh") if "deploy.local.clickhouse" in one]
    program, *arguments = shlex.split(line)
    assert (program, arguments[:2]) == (".venv/bin/python", ["-m", "deploy.local.clickhouse"])
    done = subprocess.run([sys.executable, *arguments[:2], "--help"], capture_output=True, text=True, check=True)
    assert all(option in done.stdout for option in arguments if option.startswith("--"))


def test_a_mart_is_exported_as_it_is_written(
    city: Client, clickhouse_port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    [line] = [one for one in blocks(TEXT, "sh") if "tilik export" in one]
    setting, _, _, *arguments = shlex.split(line.replace("\\\n", ""))
    monkeypatch.setenv(*setting.split("=", 1))
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(export, [*arguments, "--clickhouse", f"127.0.0.1:{clickhouse_port}"])
    assert result.exit_code == 0, result.output
    lines = (tmp_path / "cases.csv").read_text(encoding="utf-8").splitlines()
    [(cases,)] = city.query(
        "SELECT count() FROM parking_cases WHERE day BETWEEN '2026-11-15' AND '2026-11-23'"
    ).result_rows
    assert len(lines) == cases + 1


@pytest.mark.parametrize("name", AGREE)
def test_a_mart_agrees_with_what_lies_below_it(city: Client, name: str) -> None:
    [(mart, below)] = city.query(AGREE[name]).result_rows
    assert mart == below
    assert mart, "nothing would be compared"
