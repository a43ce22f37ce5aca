"""A camera's whole story, from the camera itself to the rows of ClickHouse: how it was, when, and why."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from deploy.local.platform import LocalStack, ServiceRun
from deploy.local.ports import HOST
from deploy.local.testing import running_platform
from schemas.cameras import Camera, Source
from services.aggregate.migrate import known_migrations, migrate
from services.runtime.clickhouse import connect
from services.runtime.kafka import events_producer
from services.runtime.loop import deliver
from services.runtime.settings import ClickHouseSettings
from services.runtime.topics import ensure_topics
from tests.ingest.builders import make_camera
from tests.ingest.http_camera import HttpCamera
from tests.ingest.worker_process import wait_for
from tests.integration.aggregate_scene import camera_record

pytestmark = pytest.mark.pipeline

IMPATIENT = {
    "ALLOWED_NETWORKS": '["loopback"]',
    "STALL_AFTER_SECONDS": "5",
    "RECONNECT_AFTER_SECONDS": "600",
    "BACKOFF_FIRST_SECONDS": "0.2",
    "BACKOFF_MOST_SECONDS": "0.5",
    "REFUSED_PAUSE_SECONDS": "2",
}


@dataclass(frozen=True)
class Scene:
    stack: LocalStack
    client: Client

    def publish(self, camera: Camera) -> None:
        deliver(events_producer(self.stack.kafka), [camera_record(camera)], 20.0)

    def statuses(self) -> list[tuple[str, str]]:
        """State and class of the error, in the order in which they were said; repetitions left out."""
        rows = self.client.query("SELECT state, error_class FROM camera_statuses FINAL ORDER BY version").result_rows
        return [(state, error) for (state, error), _ in itertools.groupby(map(tuple, rows))]

    def wait_for(self, state: str, error_class: str = "") -> None:
        wait_for(lambda: self.statuses()[-1:] == [(state, error_class)], f"{state} {error_class}")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running_platform(tmp_path) as stack:
        ensure_topics(stack.kafka, "local")
        clickhouse = ClickHouseSettings(host=HOST, port=stack.clickhouse_port)
        migrate(clickhouse, known_migrations())
        env = {f"TILIK_INGEST_{name}": value for name, value in IMPATIENT.items()}
        stack.start_services([ServiceRun("ingest", env=env), ServiceRun("aggregate")])
        client = connect(clickhouse, clickhouse.database)
        yield Scene(stack, client)
        client.close()


def test_the_rows_say_how_the_camera_was_and_why(scene: Scene) -> None:
    door = HttpCamera()
    url = door.url("mjpeg")
    camera = make_camera("gate", source=Source("mjpeg", url), sample_fps=5.0)
    scene.publish(camera)
    scene.wait_for("live")

    door.mood = "paused"
    scene.wait_for("stalled", "no_picture")
    door.mood = "good"
    scene.wait_for("live")

    door.close()
    wait_for(lambda: ("backing_off", "connect") in scene.statuses(), "the camera is away")
    door = HttpCamera("basic", port=door.port)  # it is back, and asks for a password now
    scene.wait_for("refused", "http_401")
    door.mood = "good"
    scene.wait_for("live")

    pid = scene.stack.pid("ingest")
    os.kill(pid, signal.SIGTERM)  # as a rolling restart does; it is started again
    wait_for(lambda: scene.statuses()[-3:] == [("stopped", ""), ("connecting", ""), ("live", "")], "it is restarted")
    scene.publish(msgspec.structs.replace(camera, revision=2, state="paused"))
    scene.wait_for("stopped")
    door.close()

    told = scene.statuses()
    print(*told, sep="\n")
    assert [state for state, _ in told if state not in ("connecting", "backing_off")] == [
        "live", "stalled", "live", "refused", "live", "stopped", "live", "stopped"
    ]  # fmt: skip
    assert told[0] == ("connecting", "")
    assert_reasons_are_told_in_words(scene)
    assert_the_ownerships_are_told(scene)


def assert_reasons_are_told_in_words(scene: Scene) -> None:
    rows = scene.client.query("SELECT DISTINCT error_class, error_detail FROM camera_statuses WHERE error_class != ''")
    reasons = {str(error_class): str(detail) for error_class, detail in rows.result_rows}
    assert {"no_picture", "connect", "http_401"} <= reasons.keys()
    print("reasons:", reasons)
    assert "401" in reasons["http_401"]
    assert "127.0.0.1" in reasons["connect"]
    counts = "SELECT max(captured) > 0, max(reconnects) > 0, max(missed['source_down']) > 0 FROM camera_statuses"
    assert scene.client.query(counts).result_rows == [(True, True, True)]
    decoding = "SELECT DISTINCT decoding FROM camera_statuses WHERE state = 'live' AND captured > 0"
    assert scene.client.query(decoding).result_rows == [("passthrough",)]


def assert_the_ownerships_are_told(scene: Scene) -> None:
    query = "SELECT ingest_instance, ended, state, next_instance FROM camera_ownerships ORDER BY owner_epoch"
    wait_for(lambda: len(scene.client.query(query).result_rows) == 2, "both ownerships are there")
    assert scene.client.query(query).result_rows == [
        ("ingest", "released", "stopped", "ingest"),
        ("ingest", "released", "stopped", ""),
    ]
    registry = "SELECT revision, state, source_kind FROM cameras FINAL ORDER BY revision"
    wait_for(lambda: len(scene.client.query(registry).result_rows) == 2, "the registry is there")
    assert scene.client.query(registry).result_rows == [(1, "active", "mjpeg"), (2, "paused", "mjpeg")]
    assert scene.client.query("SELECT count() FROM camera_coverage").result_rows == [(0,)]
