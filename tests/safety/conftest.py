"""A Kafka and a ClickHouse for this folder: its workers own every camera there is, and none of other tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_socket import enable_socket

from deploy.local.platform import LocalStack
from deploy.local.settings import LocalSettings
from deploy.local.testing import SHARED_STATE
from services.runtime.settings import KafkaSettings
from services.runtime.topics import ensure_topics


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    enable_socket()
    settings = LocalSettings(
        state_dir=tmp_path_factory.mktemp("platform"),
        jars_dir=SHARED_STATE,
        kafka_port=0,
        clickhouse_port=0,
        kafka_heap_mib=256,
        clickhouse_memory_gib=2,
    )
    with LocalStack(settings) as stack:
        stack.start_platform()
        ensure_topics(stack.kafka, "local")
        yield stack


@pytest.fixture(scope="session")
def kafka(platform: LocalStack) -> KafkaSettings:
    return platform.kafka


@pytest.fixture(scope="session")
def clickhouse_port(platform: LocalStack) -> int:
    return platform.clickhouse_port
