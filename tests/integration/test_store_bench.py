"""The benchmark of the store with a small city: its rows go into the real tables, and each question has an answer."""

from __future__ import annotations

import os
import random

import pytest

from services.aggregate.migrate import choose_own_ruleset
from services.cli.bench.measuring.store_questions import QUESTIONS
from services.cli.bench.store import Asking, measure
from services.cli.city_registry.areas import read_areas
from services.cli.seed.cameras import seed_cameras
from tests.conftest import STATE
from tests.integration.store_scene import store_scene

pytestmark = pytest.mark.integration


def test_a_small_city_answers_every_question_and_its_sizes_are_told(clickhouse_port: int) -> None:
    with store_scene(clickhouse_port, "bench_tests") as scene:
        choose_own_ruleset(scene.settings)
        asking = Asking(scene.client, os.getpid(), runs=2, chance=random.Random(1))
        figures = {
            figure.name: figure.value for figure in measure(asking, seed_cameras(read_areas(STATE), 40, 1), days=3)
        }
        counted = scene.ask("SELECT sum(total_rows) FROM system.tables WHERE database = currentDatabase()")
        [(minutes, hours)] = scene.ask(
            "SELECT (SELECT count() FROM current_camera_minutes), (SELECT sum(minutes) FROM camera_hours FINAL)"
        )
    assert {name for name in figures if name.startswith("query_p95_s_")} == {
        "query_p95_s_max",
        *(f"query_p95_s_{question.name}" for question in QUESTIONS),
    }
    assert figures["rows"] == counted[0][0]
    assert 40 * 3 * 1440 * 0.9 < minutes < 40 * 3 * 1440
    assert hours == minutes
    assert figures["bytes_per_camera_day"] == pytest.approx(
        sum(value for name, value in figures.items() if name.startswith("bytes_per_camera_day_")), abs=0.01
    )
