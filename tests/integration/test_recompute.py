"""``tilik recompute`` from the topic and from ClickHouse gives what the worker wrote, and what others would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from schemas.camera_events import CAMERA_EVENT_CODEC, FrameDetections
from services.aggregate.recompute_period import JUDGED_TABLES
from services.aggregate.row_columns import RULESET
from services.aggregate.rows import ROW_TYPES
from services.aggregate.settings import ClickHouseSettings
from services.cli.recompute import command
from services.runtime.kafka import OutgoingRecord
from services.runtime.settings import KafkaSettings
from tests.integration.aggregate_scene import City, event_record, shed
from tests.integration.aggregate_worker import TableRows, Workers, send, stored_rows, wait_until_caught_up

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

FRAMES = 400


class Recomputing:
    """A database with a city's live rows, and the command line pointed at it."""

    def __init__(self, kafka: KafkaSettings, database: ClickHouseSettings, city: City, state: Path) -> None:
        self._kafka = kafka
        self._state = state
        self.database = database
        self.city = city

    def run(self, *arguments: str, code: int = 0) -> Result:
        """Run ``tilik recompute`` for the city's cameras in this process."""
        environment = {"TILIK_AGGREGATE_CLICKHOUSE__DATABASE": self.database.database}
        place = f"{self.database.host}:{self.database.port}"
        common = ["--bootstrap", self._kafka.bootstrap_servers, "--clickhouse", place, "--state", str(self._state)]
        cameras = [] if "--camera" in arguments else ["--camera", f"{self.city.prefix}-*"]
        result = CliRunner().invoke(command, [*arguments, *cameras, *common, "--processes", "1"], env=environment)
        assert result.exit_code == code, (result.output, result.exception)
        return result

    def rows(self, ruleset: str) -> TableRows:
        """Give the judged rows of a ruleset, by table and key without it."""
        found: TableRows = {}
        for row_type in ROW_TYPES:
            if row_type.TABLE not in JUDGED_TABLES:
                continue
            at = row_type.KEY.index("ruleset")
            rows = stored_rows(self.database, self.city.prefix)[row_type.TABLE]
            kept = {key[:at]: row for key, row in rows.items() if key[at] == ruleset}
            found[row_type.TABLE] = {
                key: tuple(value for value in row if value != ruleset) for key, row in kept.items()
            }
        return found


@pytest.fixture(scope="module")
def recomputing(kafka: KafkaSettings, clickhouse_port: int, tmp_path_factory: pytest.TempPathFactory) -> Recomputing:
    folder = tmp_path_factory.mktemp("recompute")
    database = ClickHouseSettings(port=clickhouse_port, database="recompute")
    workers = Workers(kafka, database, folder)
    city = City("again", 4)
    send(kafka, city.registry())
    send(kafka, list(with_frames_shed_before_they_were_judged(city.events(FRAMES))))
    workers.start()
    try:
        wait_until_caught_up(kafka)
    finally:
        workers.end()
    return Recomputing(kafka, database, city, folder)


def with_frames_shed_before_they_were_judged(records: list[OutgoingRecord]) -> Iterator[OutgoingRecord]:
    """Put before some frames the event of a detector that had shed them: of it no raw row stays."""
    for number, record in enumerate(records):
        event = CAMERA_EVENT_CODEC.decode(record.value)
        if number % 70 == 3 and isinstance(event, FrameDetections):
            yield event_record(shed(event, "stale"))
        yield record


def test_from_the_raw_tables_and_from_the_topic_come_the_rows_that_the_worker_wrote(
    recomputing: Recomputing, tmp_path: Path
) -> None:
    recomputing.run("--from", "clickhouse", "--into", "clickhouse", "--ruleset", "again")
    live, again = recomputing.rows(RULESET), recomputing.rows("again")
    assert again == live
    assert len(live["camera_minutes"]) >= 4 * FRAMES // 60
    assert len(live["episodes"]) >= 4
    recomputing.run("--from", "kafka", "--out", str(tmp_path / "topic"))
    recomputing.run("--from", "clickhouse", "--out", str(tmp_path / "store"))
    assert sorted(path.stem for path in (tmp_path / "topic").iterdir()) == sorted(t.TABLE for t in ROW_TYPES)
    for table in JUDGED_TABLES:
        from_topic = (tmp_path / "topic" / f"{table}.jsonl").read_bytes()
        assert from_topic == (tmp_path / "store" / f"{table}.jsonl").read_bytes(), table
        assert len(from_topic.splitlines()) == len(live[table]), table
