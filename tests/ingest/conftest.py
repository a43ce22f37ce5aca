"""A real broker for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from deploy.local.broker import broker_spec
from deploy.local.kafka_jars import fetch_jars
from deploy.local.ports import free_port
from deploy.local.supervisor import Supervisor
from deploy.local.testing import SHARED_STATE
from services.runtime.settings import KafkaSettings
from services.runtime.topics import ensure_topics
from tests.ingest.rtsp_scene import SquareCameras


@dataclass(frozen=True, slots=True)
class Broker:
    settings: KafkaSettings
    supervisor: Supervisor


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    state, port = tmp_path_factory.mktemp("ingest-broker"), free_port()
    fetch_jars(SHARED_STATE)
    supervisor = Supervisor(state)
    try:
        supervisor.start([broker_spec(state, SHARED_STATE, port, free_port(), heap_mib=256)])
        settings = KafkaSettings(bootstrap_servers=f"127.0.0.1:{port}")
        ensure_topics(settings, "local")
        yield Broker(settings, supervisor)
    finally:
        supervisor.stop()


@pytest.fixture(scope="session")
def square_cameras(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SquareCameras]:
    cameras = SquareCameras(tmp_path_factory.mktemp("square-cameras"))
    yield cameras
    cameras.close()
