"""A recorder that no longer learns what cameras ask does not go on by what they asked before."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.record.key_settings import KeySettings
from services.record.settings import RecordSettings
from services.runtime.camera_registry import CameraRevisions
from services.runtime.errors import FatalError
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from services.runtime.store_settings import StoreSettings
from tests.record.recorded_city import make_camera, publish
from tests.record.running_recorder import Recorder

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]


def test_a_recorder_ends_with_what_follows_the_registry(
    kafka: KafkaSettings, clickhouse_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = KeySettings(sealing_dir=tmp_path / "keys", signing_key_file=tmp_path / "signing.pem")
    index = ClickHouseSettings(port=clickhouse_port, database="record_worker")
    settings = RecordSettings(
        kafka=kafka,
        clickhouse=index,
        store=StoreSettings(url=str(tmp_path / "store")),
        keys=keys,
        group="record-worker",
    )
    recorder = Recorder(settings)
    try:
        recorder.wait_for(lambda: not recorder.service.health.missing, "the recorder to be ready")
        monkeypatch.delattr(CameraRevisions, "add")  # the following thread dies over the next camera
        publish(kafka, [make_camera("record-worker-1")])
        recorder.ended.wait(30)
    finally:
        recorder.service.stopping.set()
    assert isinstance(recorder.failure, FatalError)
