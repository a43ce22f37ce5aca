"""The data dictionary: what it says of views is what the database says, and its examples run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest

from schemas.table import Row
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.lineage import Lineage, lineage, rests_on
from services.aggregate.marts import MARTS, Mart
from services.aggregate.registry_rows import CameraRow
from services.cli.data_dictionary import DICTIONARY, ROLES, drift, readers_of
from services.portal.operations.audit import AuditRow, create_statement
from services.record.index_rows import ROW_TYPES as RECORDED
from services.record.index_tables import statements_for
from tests.integration.store_scene import StoreScene, store_scene

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def scene(clickhouse_port: int) -> Iterator[StoreScene]:
    with store_scene(clickhouse_port, "dictionary_tests") as scene:
        yield scene


@pytest.fixture(scope="module")
def views(scene: StoreScene) -> Lineage:
    def ask(query: str) -> Sequence[Sequence[str]]:
        return [[str(value) for value in row] for row in scene.ask(query)]

    return lineage(ask)


def test_the_committed_data_dictionary_is_the_generated_one(views: Lineage) -> None:
    assert drift(views) == [], "run: python -m services.cli.data_dictionary"


def test_drift_of_the_data_dictionary_is_noticed(views: Lineage, tmp_path: Path) -> None:
    changed = DICTIONARY.read_text(encoding="utf-8").replace("The camera", "A camera", 1)
    path = tmp_path / "data-dictionary.md"
    path.write_text(changed, encoding="utf-8")
    assert any("A camera" in line for line in drift(views, path))
    assert drift({**views, "camera_days": ("flood_hours",)}), "other lineage is other text"


def test_lineage_goes_down_to_tables_also_through_what_a_view_asks_once_before_it_reads(views: Lineage) -> None:
    assert views["current_flood_minutes"] == ("current_rulesets", "flood_minutes")
    assert rests_on("flood_daily_by_kelurahan", views) == {CameraRow.TABLE, "flood_hours"}
    assert rests_on("parking_cases", views) == {CameraRow.TABLE, EpisodeRow.TABLE, "decisions", "ruleset_choices"}


@pytest.mark.parametrize("row_type", [*RECORDED, AuditRow], ids=lambda row_type: row_type.TABLE)
def test_tables_that_other_services_make_stand_in_the_dictionary_as_the_database_has_them(
    scene: StoreScene, row_type: type[Row]
) -> None:
    for statement in [create_statement()] if row_type is AuditRow else statements_for(row_type):
        scene.client.command(statement)
    there = scene.ask(
        "SELECT name, replaceOne(type, ' DEFAULT now64(3)', ''), comment FROM system.columns"
        f" WHERE database = currentDatabase() AND table = '{row_type.TABLE}' ORDER BY position"
    )
    part = DICTIONARY.read_text(encoding="utf-8").partition(f"### {row_type.TABLE}\n")[2].partition("### ")[0]
    assert re.findall(r"^\| `(\w+)` \| ·? \| (.+?) \| (.+) \|$", part, re.MULTILINE) == there


def test_the_dictionary_says_who_may_read_what() -> None:
    roles = ROLES.read_text(encoding="utf-8")

    assert readers_of(AuditRow.TABLE, roles) == ["tilik_portal"]
    assert set(readers_of("recorded_minutes", roles)) == {
        "tilik_writer", "tilik_migrator", "tilik_recorder", "tilik_operator", "tilik_data_team", "tilik_portal"
    }  # fmt: skip
    assert "tilik_open_data" in readers_of("flood_days", roles)
    text = DICTIONARY.read_text(encoding="utf-8").partition(f"### {AuditRow.TABLE}\n")[2]
    assert "Read by `tilik_portal`." in text


@pytest.mark.parametrize("mart", MARTS, ids=lambda mart: mart.name)
def test_a_mart_is_a_view_whose_example_reads_it_and_runs(scene: StoreScene, views: Lineage, mart: Mart) -> None:
    assert mart.name in views
    assert f"FROM {mart.name}\n" in mart.example
    columns = {name for name, *_ in scene.ask(f"DESCRIBE {mart.name}")}
    assert {mart.period_column, *mart.order} <= columns
    days = {"from_day": date(2026, 5, 1), "to_day": date(2026, 5, 31)}
    asked = {"camera_id": "cam-1"} if "{camera_id:String}" in mart.example else {}
    assert scene.ask(mart.example, **days, **asked) == []
