"""Every service and the broker are killed in mid-stream; afterwards nothing is missing and nothing is there twice.

A seed is an order of kills and their moments. ``make test`` draws one a day (``tests/samples.py``).
"""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from deploy.local.footage import ensure_footage
from deploy.local.platform import LocalStack, ServiceRun
from deploy.local.ports import HOST, free_port
from deploy.local.testing import running_platform
from schemas.table import Row
from services.aggregate.migrate import known_migrations, migrate
from services.aggregate.rows import ROW_TYPES
from services.cli.cameras import publish
from services.cli.cameras.diff import plan_changes
from services.cli.demo.accounting import account
from services.cli.demo.ending import end_run
from services.cli.demo.stage import camera_ids, set_stage
from services.runtime.camera_registry import read_registry
from services.runtime.clickhouse import connect
from services.runtime.settings import ClickHouseSettings
from services.runtime.topics import ensure_topics
from tests.conftest import STATE
from tests.pipeline.evidence import (
    frames_in_kafka,
    lasting_values,
    outcomes_in_clickhouse,
    recomputed_rows,
    stored_values,
)
from tests.samples import draw_sample

pytestmark = [pytest.mark.pipeline, pytest.mark.timeout(1200)]

VICTIMS = ("ingest", "detect", "aggregate", "kafka")
SEEDS = draw_sample("exactness", range(1, 7), 1)
CALM_SECONDS = (4.0, 8.0)
STARTED_SECONDS = 240.0
FILLED_TABLES = (
    "frame_outcomes", "camera_minutes", "counter_minutes", "parking_minutes", "parking_stays", "capture_counters",
    "camera_statuses",
)  # fmt: skip
"""Tables of which the run must make rows; an empty one would equal its recomputation in any case."""


@dataclass(frozen=True)
class Run:
    """A pipeline on eight cameras."""

    stack: LocalStack
    client: Client
    cameras: list[str]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """A fresh platform with every service and the demonstration's eight cameras."""
    footage = ensure_footage(STATE, lambda _: None)
    with running_platform(tmp_path) as stack:
        ensure_topics(stack.kafka, "local")
        stage = set_stage(tmp_path, footage, free_port())
        stack.start_processes([stage.camera_server()])
        clickhouse = ClickHouseSettings(host=HOST, port=stack.clickhouse_port)
        migrate(clickhouse, known_migrations())
        changes = plan_changes(stage.cameras, read_registry(stack.kafka), remove_missing=False)
        publish(stack.kafka, [change.camera for change in changes])
        stack.start_services(
            [
                ServiceRun("ingest", env={"TILIK_INGEST_ALLOWED_NETWORKS": '["loopback"]'}),
                ServiceRun("detect", env={"TILIK_DETECT_MODELS_FOLDER": str(STATE / "models")}),
                ServiceRun("aggregate"),
            ]
        )
        yield Run(stack, connect(clickhouse, clickhouse.database), camera_ids(stage.cameras))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_captured_frame_has_one_outcome_and_rows_equal_a_recomputation(run: Run, seed: int) -> None:
    kill_each_once(run.stack, random.Random(seed))
    end_run(run.client, run.stack.kafka, run.cameras, print)

    books = account(run.client, run.stack.kafka, "tilik-detect")
    print(books)
    assert books.in_flight == 0
    assert books.fault() is None
    assert_one_outcome_each(run)
    assert_rows_equal_a_recomputation(run)


def kill_each_once(stack: LocalStack, chance: random.Random) -> None:
    """SIGKILL every service and the broker, in any order, each in mid-stream."""
    calm = threading.Event()
    for victim in chance.sample(VICTIMS, len(VICTIMS)):
        calm.wait(chance.uniform(*CALM_SECONDS))
        pid = stack.wait_until_ready(victim, timeout_seconds=STARTED_SECONDS)
        os.kill(pid, signal.SIGKILL)
        stack.wait_until_ready(victim, other_than_pid=pid, timeout_seconds=STARTED_SECONDS)
        print(f"{victim} was killed and came back")
    calm.wait(CALM_SECONDS[1])


def assert_one_outcome_each(run: Run) -> None:
    captured = frames_in_kafka(run.stack.kafka)
    outcomes = outcomes_in_clickhouse(run.client)
    assert len(captured) > 100
    assert {frame.camera_id for frame in captured} == set(run.cameras)
    assert captured == set(outcomes)
    assert {len(kinds) for kinds in outcomes.values()} == {1}
    assert any(kinds == ["detected"] for kinds in outcomes.values())
    lost = [frame for frame in captured if outcomes[frame] == ["expired"]]
    assert lost == [], "frames that lie in Kafka cannot have expired: their events were lost"


def assert_rows_equal_a_recomputation(run: Run) -> None:
    recomputed = recomputed_rows(run.stack.kafka)
    for row_type in ROW_TYPES:
        expected = [lasting_values(row) for row in recomputed[row_type.TABLE]]
        stored = stored_values(run.client, row_type)
        assert_no_key_twice(row_type, stored)
        differences = [
            {name: (left[name], right[name]) for name in left if left[name] != right[name]}
            for left, right in zip(stored, expected, strict=False)
        ]
        assert [difference for difference in differences if difference][:3] == [], f"{row_type.TABLE}, stored: expected"
        assert len(stored) == len(expected), row_type.TABLE
    for table in FILLED_TABLES:
        assert recomputed[table], f"the run made no row of {table}"


def assert_no_key_twice(row_type: type[Row], stored: list[dict[str, object]]) -> None:
    keys = [tuple(values[name] for name in row_type.KEY) for values in stored]
    assert len(keys) == len(set(keys)), f"{row_type.TABLE} has two rows of one key"
