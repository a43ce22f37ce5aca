"""``tilik cameras`` against a real registry and the real tables: decisions, the list, coverage and history."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from schemas.cameras import Camera
from services.aggregate.migrate import known_migrations, migrate
from services.aggregate.registry_rows import camera_row
from services.aggregate.rows import CameraStatusRow, CaptureCountersRow
from services.cli.cameras import command, confirmation, publish
from services.runtime.camera_registry import read_registry
from services.runtime.clock import now_ms
from services.runtime.errors import ConfigurationError
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from tests.ingest.builders import make_camera
from tests.ingest.http_camera import HttpCamera

pytestmark = pytest.mark.integration


@dataclass(frozen=True, slots=True)
class City:
    """A registry and a database of its own."""

    kafka: KafkaSettings
    clickhouse: ClickHouseSettings
    rows: RowStore

    def run(self, *arguments: str, asked: str | None = None) -> Result:
        """Run a command; ``asked`` is what a person at a terminal answers, None: there is none."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(confirmation, "is_terminal", lambda: asked is not None)
            return CliRunner().invoke(command, [*arguments, "--bootstrap", self.kafka.bootstrap_servers], input=asked)

    def asked(self, *arguments: str) -> Result:
        """Run a command that asks ClickHouse too."""
        kafka = [] if arguments[0] == "history" else ["--bootstrap", self.kafka.bootstrap_servers]
        return CliRunner().invoke(command, [*arguments, *kafka, "--clickhouse", f"127.0.0.1:{self.clickhouse.port}"])

    def newest(self, camera_id: str) -> Camera:
        camera = read_registry(self.kafka).latest(camera_id)
        assert camera is not None
        return camera

    def store(self, *rows: Any) -> None:
        self.rows.write(rows)


@pytest.fixture(scope="module")
def city(kafka: KafkaSettings, clickhouse_port: int, monkeypatch_module: pytest.MonkeyPatch) -> Iterator[City]:
    settings = ClickHouseSettings(port=clickhouse_port, database="cameras_command_tests")
    migrate(settings, known_migrations())
    monkeypatch_module.setenv("TILIK_AGGREGATE_CLICKHOUSE__DATABASE", settings.database)
    rows = RowStore(settings)
    yield City(kafka, settings, rows)
    rows.close()


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def status(camera_id: str, ago_seconds: float, state: str, captured: int = 0, epoch: int = 1, **changes: Any) -> Any:
    plain: dict[str, Any] = {
        "camera_id": camera_id,
        "reported_at": now_ms() - round(ago_seconds * 1000),
        "event_id": uuid.uuid4().hex,
        "owner_epoch": epoch,
        "camera_revision": 1,
        "ingest_instance": "ingest-1",
        "source_kind": "mjpeg",
        "state": state,
        "captured": captured,
        "missed": {},
        "bytes": captured * 50_000,
        "reconnects": 0,
        "error_class": "",
        "error_detail": "",
        "decoding": "passthrough",
        "keyframe_seconds": 0.0,
        "ruleset": "test",
        "version": now_ms() - round(ago_seconds * 1000),
    }
    return CameraStatusRow(**(plain | changes))


def owned(camera_id: str, epoch: int, instance: str = "ingest-1", active_ago_seconds: float = 1.0) -> Any:
    return CaptureCountersRow(
        camera_id=camera_id,
        owner_epoch=epoch,
        captured=0,
        captured_reported=0,
        captured_proved=0,
        missed={},
        bytes=0,
        reconnects=0,
        ingest_instance=instance,
        state="live",
        error_class="",
        error_detail="",
        released_at=0,
        active_at=now_ms() - round(active_ago_seconds * 1000),
        reported_at=now_ms(),
        ruleset="test",
        version=1,
    )


def test_people_decide_about_several_cameras_at_once_and_each_decision_is_a_revision(city: City) -> None:
    publish(city.kafka, [make_camera("decide-a"), make_camera("decide-b")])
    assert "paused decide-a  Camera  (revision 2)" in city.run("pause", "decide-*").output
    assert "decide-a was so already  (revision 2)" in city.run("pause", "decide-a").output
    assert "resumed decide-b" in city.run("resume", "decide-b").output
    assert [city.newest(name).state for name in ("decide-a", "decide-b")] == ["paused", "active"]
    refused = city.run("approve", "decide-b", "--by", "Sri Wahyuni", asked="n\n")
    assert refused.exit_code == 1
    assert not city.newest("decide-b").is_public
    approved = city.run("approve", "decide-b", "--by", "Sri Wahyuni", asked="y\n")
    assert "Have you looked at the pictures of this camera" in approved.output
    assert "'tilik cameras picture ID' saves the newest picture" in approved.output
    approval = city.newest("decide-b").approval
    assert approval is not None
    assert (approval.approved_by, abs(approval.approved_at_ms - now_ms()) < 60_000) == ("Sri Wahyuni", True)
    assert "withdrawn decide-b" in city.run("withdraw", "decide-b").output
    assert city.newest("decide-b").approval is None


def test_removing_asks_and_a_removed_camera_can_not_be_resumed(city: City) -> None:
    publish(city.kafka, [make_camera("remove-a")])
    assert city.run("remove", "remove-a", asked="n\n").exit_code == 1
    nobody = city.run("remove", "remove-a")
    assert (nobody.exit_code, "--yes says so beforehand" in nobody.output) == (2, True)
    assert city.newest("remove-a").state == "active"
    assert "removed remove-a" in city.run("remove", "remove-a", "--yes").output
    assert city.newest("remove-a").state == "removed"
    assert isinstance(city.run("resume", "remove-a").exception, ConfigurationError)


def test_the_list_knows_state_rate_bytes_and_owner_from_the_tables(city: City) -> None:
    camera = make_camera("list-live")
    epoch = now_ms() - 300_000
    publish(city.kafka, [camera])
    statuses = [
        status("list-live", 300, "connecting", 0, epoch),
        status("list-live", 299, "live", 0, epoch),
        *(status("list-live", 299 - 60 * n, "live", 60 * n, epoch) for n in range(1, 5)),
    ]
    city.store(camera_row(camera), owned("list-live", epoch), *statuses)
    result = city.asked("list", "--json", "--state", "live")
    [row] = [row for row in map(json.loads, result.stdout.splitlines()) if row["camera_id"] == "list-live"]
    live = row["live"]
    assert (live["standing"], live["owner"], live["owners"], live["decoding"]) == ("live", "ingest-1", 1, "passthrough")
    assert live["fps"] == pytest.approx(1.0, abs=0.02)
    assert live["bytes_per_day"] == pytest.approx(50_000 * 86_400, rel=0.02)
    assert live["since_ms"] == pytest.approx(now_ms() - 299_000, abs=30_000)
    assert live["picture_ms"] == pytest.approx(now_ms() - 119_000, abs=30_000)
    assert "list-live" in city.asked("list", "--kelurahan", "jatingaleh").output


def test_coverage_finds_cameras_that_nobody_owns_and_that_two_own(city: City) -> None:
    one, none, two, new = (make_camera(f"cover-{name}") for name in ("one", "none", "two", "new"))
    epoch = now_ms() - 60_000
    publish(city.kafka, [one, none, two, new])
    city.store(
        *map(camera_row, (one, none, two)),
        owned("cover-one", epoch),
        owned("cover-two", epoch, "ingest-1"),
        owned("cover-two", epoch + 20_000, "ingest-2"),
    )
    result = city.asked("coverage", "--json")
    assert result.exit_code == 1
    rows = {row["camera_id"]: row for row in map(json.loads, result.stdout.splitlines())}
    found = {name: (rows[f"cover-{name}"]["owners_now"], rows[f"cover-{name}"]["covered"]) for name in ("one", "two")}
    assert found == {"one": (1, True), "two": (2, False)}
    assert [rows[f"cover-{name}"]["owners_now"] for name in ("none", "new")] == [0, 0]
    assert "owned by exactly one worker" in city.asked("coverage", "--faults").output


def test_history_tells_the_story_and_says_where_there_is_none(city: City) -> None:
    epoch = now_ms() - 120_000
    down = {"error_class": "http_401", "error_detail": "10.0.0.1 answered 401"}
    city.store(
        status("story-a", 120, "connecting", 0, epoch),
        status("story-a", 119, "live", 0, epoch),
        status("story-a", 60, "refused", 59, epoch, missed={"late": 2}, **down),
        owned("story-a", epoch),
    )
    moments = [json.loads(line) for line in city.asked("history", "story-a", "--json").stdout.splitlines()]
    told = [(moment["event"], moment["captured"], moment["missed"]) for moment in moments]
    assert told == [("owner", 0, {}), ("connecting", 0, {}), ("live", 59, {"late": 2}), ("refused", 0, {})]
    assert "http_401: 10.0.0.1 answered 401" in " ".join(city.asked("history", "story-a").output.split())
    missing = city.asked("history", "story-none").exception
    assert isinstance(missing, ConfigurationError)
    assert "nothing was reported of a camera 'story-none'" in str(missing)


def test_probe_asks_for_the_password_saves_a_picture_and_prints_an_entry_that_apply_takes(tmp_path: Path) -> None:
    camera, picture, file = HttpCamera("basic"), tmp_path / "gate.jpg", tmp_path / "cameras.yaml"
    probe = [
        "probe",
        camera.url("snapshot"),
        "--allow-network",
        "loopback",
        "--seconds",
        "1",
        "--picture",
        str(picture),
    ]
    try:
        found = CliRunner().invoke(command, [*probe, "--user", "admin"], input="geheim\n")
        refused = CliRunner().invoke(command, [*probe, "--json"])
    finally:
        camera.close()
    assert found.exit_code == 0, found.output
    assert "geheim" not in found.output
    assert picture.read_bytes().startswith(b"\xff\xd8")
    file.write_text(found.stdout[found.stdout.index("cameras:") :])
    assert "1 cameras, nothing wrong" in CliRunner().invoke(command, ["apply", str(file), "--offline"]).output
    assert "secret: " in file.read_text()
    assert (refused.exit_code, json.loads(refused.stdout)["error_class"]) == (1, "http_401")
