"""All scenarios at once: through Kafka to a worker and ClickHouse, and through `tilik recompute` as people run it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.camera_events import CAMERA_EVENT_CODEC
from schemas.table import columns_of
from services.cli.recompute import command
from services.runtime.clickhouse import connect
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from tests.integration.aggregate_scene import camera_record, event_record
from tests.integration.aggregate_worker import Workers, send, wait_until, wait_until_caught_up
from tests.pipeline.evidence import stored_values
from tests.scenarios.comparison import all_differences, written_rows
from tests.scenarios.corpus import all_scenarios, side_by_side
from tests.scenarios.expected import KEPT_TYPES, stored_form

pytestmark = [pytest.mark.pipeline, pytest.mark.timeout(400)]

SCENARIOS = all_scenarios()


@pytest.fixture(scope="module")
def database(
    kafka: KafkaSettings, clickhouse_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ClickHouseSettings]:
    """Give the database into which a worker has written what it made of all scenarios."""
    settings = ClickHouseSettings(port=clickhouse_port, database="scenarios")
    send(kafka, [camera_record(camera) for scenario in SCENARIOS for camera in scenario.cameras])
    send(kafka, [event_record(event) for event in side_by_side(SCENARIOS)])
    workers = Workers(kafka, settings, tmp_path_factory.mktemp("worker"))
    try:
        worker = workers.start()
        wait_until(lambda: worker.metric("tilik_aggregate_events_total") > 0, 150, "the first event")
        wait_until_caught_up(kafka, 240)
        yield settings
    finally:
        workers.end()


def test_a_worker_leaves_the_expected_rows_in_clickhouse(database: ClickHouseSettings) -> None:
    client = connect(database, database.database)
    tables = {
        row_type.TABLE: [stored_form(row, columns_of(row_type)) for row in stored_values(client, row_type)]
        for row_type in KEPT_TYPES
    }
    client.close()
    assert all_differences(SCENARIOS, tables) == []


def test_recompute_gives_them_from_the_topic(
    database: ClickHouseSettings, kafka: KafkaSettings, tmp_path: Path
) -> None:
    cameras = chain.from_iterable(("--camera", scenario.name) for scenario in SCENARIOS)
    arguments = ["--from", "kafka", "--bootstrap", kafka.bootstrap_servers, "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(command, [*arguments, "--state", str(tmp_path), *cameras])
    assert result.exit_code == 0, result.output
    assert all_differences(SCENARIOS, written_rows(tmp_path / "out")) == []


def test_recompute_gives_them_from_a_file_of_all_cameras(tmp_path: Path) -> None:
    """A file of events is judged under one registry file, so scenarios with a second revision are left to the topic."""
    scenarios = [scenario for scenario in SCENARIOS if len(scenario.cameras) == 1]
    entries = [(scenario.folder / "camera.yaml").read_text(encoding="utf-8") for scenario in scenarios]
    registry, events, out = tmp_path / "cameras.yaml", tmp_path / "events.jsonl", tmp_path / "out"
    registry.write_text("cameras:\n" + "".join(entry.removeprefix("cameras:\n") for entry in entries), encoding="utf-8")
    with events.open("wb") as file:
        file.writelines(CAMERA_EVENT_CODEC.encode(event) + b"\n" for event in side_by_side(scenarios))
    arguments = ["--from", str(events), "--cameras", str(registry), "--out", str(out)]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    assert all_differences(scenarios, written_rows(out)) == []
