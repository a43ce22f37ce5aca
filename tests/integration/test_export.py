"""``tilik export`` on the engine: what is in the file is what the mart holds."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.aggregate.registry_rows import CameraRow
from services.cli.export.command import command
from services.runtime.errors import ConfigurationError, RetryableError
from tests.integration.store_scene import StoreScene, store_scene

pytestmark = pytest.mark.integration

CASES = 30_000
DATABASE = "export_tests"


@pytest.fixture(scope="module")
def scene(clickhouse_port: int) -> Iterator[StoreScene]:
    with store_scene(clickhouse_port, DATABASE) as scene:
        scene.choose("2", "2026-05-02")
        scene.insert(CameraRow.TABLE, {"camera_id": "c", "revision": 1, "name": 'Gate "Ä",\nnorth', "version": 1})
        scene.client.command(
            "INSERT INTO episodes (camera_id, episode_id, episode_type, ruleset, started_at, dwell_s, version) "
            "SELECT if(number % 2, 'c', 'd'), lower(hex(MD5(toString(number)))), 'parking_case', '2', "
            "toDateTime64('2026-04-30 17:00:00', 3, 'UTC') + toIntervalSecond(number), number, 1 "
            f"FROM numbers({CASES})"
        )
        yield scene


def run(scene: StoreScene, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    monkeypatch.setenv("TILIK_AGGREGATE_CLICKHOUSE__DATABASE", DATABASE)
    place = f"127.0.0.1:{scene.settings.port}"
    return CliRunner().invoke(command, [*arguments, "--clickhouse", place])


def test_csv_has_a_header_utf_8_and_the_days_that_were_asked_for_in_order(
    scene: StoreScene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "cases.csv"
    days = ("--from", "2026-05-01", "--to", "2026-05-01")
    result = run(scene, monkeypatch, "parking_cases", *days, "--camera", "c", "--output", str(path))
    assert result.exit_code == 0, result.output
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert f"{len(rows)} rows of parking_cases from 2026-05-01 to 2026-05-01" in result.output
    assert len(rows) == CASES // 2
    assert {row["name"] for row in rows} == {'Gate "Ä",\nnorth'}
    assert (rows[0]["started_at"], rows[0]["day"], rows[0]["dwell_s"]) == ("2026-04-30 17:00:01.000", "2026-05-01", "1")
    assert {row["reviewed_known"] for row in rows} == {"false"}
    times = [row["started_at"] for row in rows]
    assert times == sorted(times)
    assert list(tmp_path.iterdir()) == [path]


def test_parquet_is_read_back_by_the_engine_with_types(
    scene: StoreScene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "cases.parquet"
    result = run(scene, monkeypatch, "parking_cases", "--from", "2026-05-01", "--output", str(path))
    assert result.exit_code == 0, result.output
    assert f"{CASES} rows of parking_cases from 2026-05-01" in result.output
    types = {name: kind for name, kind, *_ in scene.ask(f"DESCRIBE TABLE file('{path}', Parquet)")}
    assert "Date32" in types["day"]
    assert "DateTime64(3, 'UTC')" in types["started_at"]
    found = scene.ask(f"SELECT count(), min(day), uniqExact(episode_id), sum(dwell_s) FROM file('{path}', Parquet)")
    assert found == [(CASES, date(2026, 5, 1), CASES, CASES * (CASES - 1) / 2)]


def test_days_without_rows_make_a_file_with_a_header_and_a_hint(
    scene: StoreScene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "none.csv"
    days = ("--from", "2020-01-01", "--to", "2020-01-02")
    result = run(scene, monkeypatch, "incident_log", *days, "--output", str(path))
    assert (result.exit_code, "there is nothing in these days" in result.output) == (0, True)
    assert path.read_text(encoding="utf-8").startswith('"started_at","day"')


def test_a_mart_by_minutes_is_chosen_by_jakarta_s_days_too(
    scene: StoreScene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    minutes = ("2026-05-01T16:59:00Z", "2026-05-01T17:00:00Z", "2026-05-02T16:59:00Z", "2026-05-02T17:00:00Z")
    frames = [{"camera_id": "c", "sequence": number, "minute": at} for number, at in enumerate(minutes)]
    scene.insert("frame_outcomes", *frames)
    path = tmp_path / "minutes.csv"
    days = ("--from", "2026-05-02", "--to", "2026-05-02")
    result = run(scene, monkeypatch, "frame_accounting_minutely", *days, "--output", str(path))
    assert result.exit_code == 0, result.output
    with path.open(encoding="utf-8", newline="") as file:
        found = [row["minute"] for row in csv.DictReader(file)]
    assert found == ["2026-05-01 17:00:00.000", "2026-05-02 16:59:00.000"]


@pytest.mark.parametrize("name", ["broken.csv", "broken.parquet"])
def test_an_export_that_the_engine_gives_up_leaves_no_file(
    scene: StoreScene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    scene.client.command(
        "CREATE OR REPLACE VIEW open_daily_by_kelurahan AS SELECT toDate('2026-05-01') AS day, "
        "toString(cityHash64(number)) AS kecamatan, throwIf(number = 200000, 'lost') AS kelurahan FROM numbers(300000)"
    )
    result = run(
        scene, monkeypatch, "open_daily_by_kelurahan", "--from", "2026-05-01", "--output", str(tmp_path / name)
    )
    assert isinstance(result.exception, RetryableError)
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_marts_says_what_to_do(
    scene: StoreScene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scene.client.command("DROP VIEW incident_log")
    result = run(scene, monkeypatch, "incident_log", "--output", str(tmp_path / "a.csv"))
    assert isinstance(result.exception, ConfigurationError)
    assert "tilik store migrate" in str(result.exception)
