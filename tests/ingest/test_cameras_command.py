"""``tilik cameras`` against a real registry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deploy.local.ports import free_port
from schemas.cameras import CAMERA_CODEC
from schemas.topics import CAMERAS
from services.cli.cameras import command, publish
from services.runtime.errors import ConfigurationError, RetryableError
from services.runtime.settings import KafkaSettings
from tests.ingest.builders import make_camera
from tests.ingest.conftest import Broker
from tests.ingest.topic_reading import read_all

pytestmark = pytest.mark.integration

PLACE = "{kecamatan: Candisari, kelurahan: Jatingaleh, latitude: -7.03, longitude: 110.42}"
SOURCE = '{kind: mjpeg, url: "http://10.20.0.15/video"}'


def registry_text(camera_id: str, fps: str = "1") -> str:
    entry = f"camera_id: {camera_id}, name: A, kind: street, place: {PLACE}, source: {SOURCE}, sample_fps: {fps}"
    return f"cameras:\n  - {{{entry}}}\n"


def revisions(kafka: KafkaSettings, camera_id: str) -> list[int]:
    cameras = [CAMERA_CODEC.decode(record.value) for record in read_all(kafka, CAMERAS.name)]
    return [camera.revision for camera in cameras if camera.camera_id == camera_id]


def tilik_cameras(broker: Broker, *arguments: str) -> Result:
    bootstrap = ["--bootstrap", broker.settings.bootstrap_servers]
    return CliRunner().invoke(command, [*arguments, *bootstrap], catch_exceptions=True)


def test_applying_is_shown_idempotent_and_kept_as_revisions(broker: Broker, tmp_path: Path) -> None:
    file = tmp_path / "cameras.yaml"
    file.write_text(registry_text("cli-apply"))
    first = tilik_cameras(broker, "apply", str(file))
    assert "+ cli-apply" in first.output
    assert "0 added, 0 changed, 0 removed, 1 unchanged" in tilik_cameras(broker, "apply", str(file)).output
    file.write_text(registry_text("cli-apply", fps="2"))
    dry = tilik_cameras(broker, "apply", str(file), "--dry-run")
    assert "sample_fps: 1.0 → 2.0" in dry.output
    assert revisions(broker.settings, "cli-apply") == [1]
    assert "applied 1 changes" in tilik_cameras(broker, "apply", str(file)).output
    assert revisions(broker.settings, "cli-apply") == [1, 2]
    result = tilik_cameras(broker, "list", "--json", "--clickhouse", f"127.0.0.1:{free_port()}")
    listed = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(entry["revision"], entry["live"]) for entry in listed if entry["camera_id"] == "cli-apply"] == [(2, None)]
    assert "only the registry is known" in result.stderr


def test_nothing_is_applied_if_one_thing_is_wrong(broker: Broker, tmp_path: Path) -> None:
    file = tmp_path / "cameras.yaml"
    file.write_text(registry_text("cli-wrong") + registry_text("cli-wrong", fps="fast").removeprefix("cameras:\n"))
    result = tilik_cameras(broker, "apply", str(file))
    assert isinstance(result.exception, ConfigurationError)
    assert "line 3: cameras[1].sample_fps: 'fast' is not of type number" in str(result.exception)
    assert "line 3: cameras[1].camera_id: 'cli-wrong' is there already" in str(result.exception)
    assert revisions(broker.settings, "cli-wrong") == []


def test_two_who_apply_at_once_are_told_who_was_first(broker: Broker) -> None:
    publish(broker.settings, [make_camera("cli-race", name="First")])
    with pytest.raises(RetryableError, match="cli-race"):
        publish(broker.settings, [make_camera("cli-race", name="Second")])
