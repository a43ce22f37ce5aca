"""Which ruleset's rows people see: choices, the periods that follow from them, and the views of current rows."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from services.aggregate.migrate import choose_first_ruleset, choose_own_ruleset
from services.aggregate.row_columns import RULESET
from services.cli.ruleset import command
from services.runtime.clock import now_ms
from tests.integration.store_scene import StoreScene, store_scene

pytestmark = pytest.mark.integration

NO_END = "2200-01-01"
Choice = tuple[str, str, str, str]


@pytest.fixture(scope="module")
def database(clickhouse_port: int) -> Iterator[StoreScene]:
    with store_scene(clickhouse_port, "ruleset_tests") as scene:
        yield scene


@pytest.fixture
def scene(database: StoreScene) -> StoreScene:
    database.clear()
    return database


@pytest.mark.parametrize(
    ("choices", "periods"),
    [
        ([], []),
        ([("2", "2026-01-01", "1970-01-01", "")], [("1970-01-01", NO_END, "2")]),
        (
            [("2", "2026-01-01", "1970-01-01", ""), ("3", "2026-01-02", "2026-01-02", "")],
            [("1970-01-01", "2026-01-02", "2"), ("2026-01-02", NO_END, "3")],
        ),
        (
            [("2", "2026-01-01", "1970-01-01", ""), ("x", "2026-03-01", "2026-02-01", "2026-02-05")],
            [("1970-01-01", "2026-02-01", "2"), ("2026-02-01", "2026-02-05", "x"), ("2026-02-05", NO_END, "2")],
        ),
        (
            [("x", "2026-01-01", "2026-02-01", "2026-02-05"), ("2", "2026-03-01", "1970-01-01", "")],
            [("1970-01-01", NO_END, "2")],
        ),
        (
            [("2", "2026-01-01", "2026-01-01", "2026-01-03"), ("2", "2026-01-02", "2026-01-03", "2026-01-09")],
            [("2026-01-01", "2026-01-09", "2")],
        ),
        (
            [("2", "2026-01-01", "2026-01-01", "2026-01-03"), ("2", "2026-01-02", "2026-01-05", "2026-01-09")],
            [("2026-01-01", "2026-01-03", "2"), ("2026-01-05", "2026-01-09", "2")],
        ),
        ([("2", "2026-01-01", "2026-01-05", "2026-01-05"), ("3", "2026-01-01", "2026-01-05", "2026-01-02")], []),
    ],
    ids=["none", "one", "new rules", "a part of history", "all again", "joined", "apart", "empty or backwards"],
)
def test_of_overlapping_choices_the_one_made_last_rules(
    scene: StoreScene, choices: list[Choice], periods: list[tuple[str, str, str]]
) -> None:
    for ruleset, chosen_at, from_at, until_at in choices:
        scene.choose(ruleset, chosen_at, from_at, until_at or "1970-01-01")
    days = "formatDateTime(from_at, '%F', 'UTC'), formatDateTime(until_at, '%F', 'UTC')"
    assert scene.ask(f"SELECT {days}, ruleset FROM current_rulesets ORDER BY from_at") == periods


@pytest.mark.parametrize("table", ["camera_minutes", "counter_minutes", "parking_minutes", "flood_minutes"])
def test_a_minute_is_current_under_the_ruleset_of_its_time(scene: StoreScene, table: str) -> None:
    minutes = [f"2026-05-01T10:0{n}:00Z" for n in range(4)]
    rows = [
        {"camera_id": "c", "zone_id": "z", "minute": minute, "ruleset": ruleset, "frames": frames}
        for minute in minutes
        for ruleset, frames in (("2", 20), ("x", 30))
    ]
    if table in ("camera_minutes", "counter_minutes"):
        rows = [{name: value for name, value in row.items() if name != "zone_id"} for row in rows]
    scene.insert(table, *rows)
    query = f"SELECT frames FROM current_{table} ORDER BY minute"
    assert scene.ask(query) == [], "nothing was chosen"
    scene.choose("2", "2026-05-02")
    assert scene.ask(query) == [(20,)] * 4
    scene.choose("x", "2026-05-03", minutes[1], minutes[3])
    assert scene.ask(query) == [(20,), (30,), (30,), (20,)], "its start belongs to a period, its end does not"


@pytest.mark.parametrize("table", ["parking_stays", "episodes"])
def test_an_episode_or_stay_is_current_under_the_ruleset_of_its_start(scene: StoreScene, table: str) -> None:
    key = "stay_id" if table == "parking_stays" else "episode_id"
    rows = [
        {"camera_id": "c", key: name * 32, "ruleset": ruleset, "started_at": f"2026-05-0{day}T10:00:00Z"}
        for name, day in (("a", 1), ("b", 3))
        for ruleset in ("2", "x")
    ]
    scene.insert(table, *rows)
    scene.choose("2", "2026-05-02")
    scene.choose("x", "2026-05-05", "2026-05-02")
    rulesets = scene.ask(f"SELECT ruleset FROM current_{table} ORDER BY started_at")
    assert rulesets == [("2",), ("x",)]


def test_a_row_that_was_written_twice_is_one_current_row(scene: StoreScene) -> None:
    scene.choose("2", "2026-05-02")
    for version in (1, 3, 2):
        row = {"camera_id": "c", "minute": "2026-05-01T10:00:00Z", "ruleset": "2", "version": version}
        scene.insert("camera_minutes", row)
    assert scene.ask("SELECT version FROM current_camera_minutes") == [(3,)]


@pytest.mark.parametrize("periods", [1, 3])
def test_a_filter_on_camera_and_minute_reaches_the_primary_key(scene: StoreScene, periods: int) -> None:
    scene.choose("2", "2026-05-02")
    if periods == 3:
        scene.choose("x", "2026-05-03", "2026-04-01", "2026-04-02")
    scene.insert("camera_minutes", {"camera_id": "c", "minute": "2026-05-01T10:00:00Z", "ruleset": "2"})
    lines = scene.ask(
        "EXPLAIN indexes = 1 SELECT * FROM current_camera_minutes "
        "WHERE camera_id = 'c' AND minute >= '2026-05-01 00:00:00'"
    )
    plan = "\n".join(line for (line,) in lines)
    primary = plan.partition("PrimaryKey")[2].partition("Parts:")[0]
    assert "(camera_id in ['c', 'c'])" in primary
    assert "(minute in ['" in primary
    assert "toYYYYMM(minute)" in plan


def test_the_first_choice_of_the_service_holds_for_all_time_and_is_made_once(scene: StoreScene) -> None:
    choice = choose_own_ruleset(scene.settings)
    assert choice is not None
    assert (choice.ruleset, choice.from_at, choice.until_at) == (RULESET, 0, 0)
    assert choose_own_ruleset(scene.settings) is None
    assert scene.ask("SELECT ruleset, chosen_by FROM ruleset_choices FINAL") == [(RULESET, "aggregate")]


def test_new_rules_are_current_from_the_minute_in_which_they_start(scene: StoreScene) -> None:
    scene.choose("1", "2026-01-01")
    before = now_ms()
    choice = choose_own_ruleset(scene.settings)
    assert choice is not None
    assert before - 60_000 < choice.from_at <= now_ms()
    assert choice.from_at % 60_000 == 0
    started = datetime.fromtimestamp(choice.from_at / 1000, UTC).replace(tzinfo=None)
    assert scene.ask("SELECT ruleset FROM current_rulesets ORDER BY from_at") == [("1",), (RULESET,)]
    assert scene.ask("SELECT max(from_at) FROM current_rulesets") == [(started,)]


def test_new_rules_are_current_from_the_last_minute_of_the_rules_before(scene: StoreScene) -> None:
    scene.choose("1", "2026-01-01")
    minute = now_ms() // 60_000 * 60
    judged = [(minute - 1200, "1"), (minute - 600, "1"), (minute - 300, RULESET), (minute + 7200, "1")]
    rows = [{"camera_id": "c", "minute": at, "ruleset": ruleset} for at, ruleset in judged]
    scene.insert("camera_minutes", *rows)
    choice = choose_own_ruleset(scene.settings)
    assert choice is not None
    assert choice.from_at == (minute - 600) * 1000, "what waited while the service was away is judged by the new rules"


def test_whoever_prepares_a_database_chooses_only_in_a_new_one(scene: StoreScene) -> None:
    """Until the services are replaced, minutes exist only under the former rules."""
    choice = choose_first_ruleset(scene.settings)
    assert choice is not None
    assert (choice.ruleset, choice.from_at, choice.until_at) == (RULESET, 0, 0)
    scene.clear()
    scene.choose("1", "2026-01-01")
    assert choose_first_ruleset(scene.settings) is None
    assert scene.ask("SELECT ruleset FROM current_rulesets") == [("1",)]


def test_what_a_service_with_the_former_rules_still_judged_is_shown_by_the_command_that_the_log_tells(
    scene: StoreScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.choose("1", "2026-01-01")
    now = now_ms() // 60_000 * 60
    judged = [(now - 600, "1"), (now - 60, "a trial")]
    scene.insert("camera_minutes", *({"camera_id": "c", "minute": at, "ruleset": name} for at, name in judged))
    with capture_logs() as logs:
        choose_own_ruleset(scene.settings)
    [line] = [line for line in logs if line["event"] == "aggregate.ruleset_replaced"]
    late = [(now - 300, "1"), (now - 240, RULESET)]
    scene.insert("camera_minutes", *({"camera_id": "c", "minute": at, "ruleset": name} for at, name in late))
    query = "SELECT ruleset FROM current_camera_minutes ORDER BY minute"
    assert scene.ask(query) == [(RULESET,)]
    monkeypatch.setenv("TILIK_AGGREGATE_CLICKHOUSE__PORT", str(scene.settings.port))
    monkeypatch.setenv("TILIK_AGGREGATE_CLICKHOUSE__DATABASE", scene.settings.database)
    words = shlex.split(line["repair"])
    assert words[:2] == ["tilik", "ruleset"]
    answer = CliRunner().invoke(command, [*words[2:], "--by", "Sari"])
    assert answer.exit_code == 0, answer.output
    assert scene.ask(query) == [("1",), ("1",), (RULESET,)]


def test_what_a_person_chose_since_outlives_a_restart(scene: StoreScene) -> None:
    choose_own_ruleset(scene.settings)
    scene.choose("by hand", "2100-01-01")
    assert choose_own_ruleset(scene.settings) is None
    assert scene.ask("SELECT ruleset FROM current_rulesets") == [("by hand",)]
