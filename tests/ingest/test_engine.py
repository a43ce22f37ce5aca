"""An engine that can't go on says so."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from services.ingest.engine import Engine
from services.ingest.fence import Fence
from services.ingest.metrics import INGEST_METRICS
from services.ingest.settings import IngestSettings
from services.ingest.sources.stills import StillsSource
from services.runtime.errors import FatalError
from services.runtime.metrics import Metrics
from services.runtime.settings import KafkaSettings
from tests.ingest.builders import make_camera


async def _close_that_fails(_: StillsSource) -> None:
    raise RuntimeError("a defect on the way out")


def _check_until(engine: Engine, deadline: float) -> None:
    while time.monotonic() < deadline:
        engine.check()
        engine.turns(0.1)


def test_a_reader_that_dies_fails_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StillsSource, "close", _close_that_fails)
    settings = IngestSettings(
        kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1"), instance="test", delivery_timeout_seconds=0.2
    )
    engine = Engine(settings, Fence(60.0), Metrics(INGEST_METRICS))
    try:
        engine.apply(make_camera("cam-1", str(tmp_path), "stills"))
        deadline = time.monotonic() + 10
        with pytest.raises(FatalError, match="a defect on the way out"):
            _check_until(engine, deadline)
    finally:
        engine.close()


def test_a_suspension_comes_after_what_was_asked_for_before_it(tmp_path: Path) -> None:
    settings = IngestSettings(
        kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1"), instance="test", delivery_timeout_seconds=0.2
    )
    engine = Engine(settings, Fence(60.0), Metrics(INGEST_METRICS))
    try:
        engine.apply(make_camera("cam-1", str(tmp_path), "stills"))
        engine.suspend(["cam-1"])
        engine.turns()
        engine.turns()  # what was asked for has begun in the first turn
        assert engine._fleet._readers["cam-1"].publisher.suspended
    finally:
        engine.close()
