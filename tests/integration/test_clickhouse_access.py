"""The SQL of ``deploy/clickhouse``, held to the engine's parser and to the tables; nothing here enforces it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from schemas.table import columns_of
from services.aggregate.lineage import Lineage, lineage, rests_on
from services.aggregate.marts import MARTS
from services.aggregate.registry_rows import TABLE_TYPES, CameraRow
from services.cli.export.writing import Selection, count_rows
from services.portal.operations.audit import AuditRow
from services.record.index_rows import ROW_TYPES
from services.record.index_tables import statements_for
from tests.integration.store_scene import StoreScene, store_scene

pytestmark = pytest.mark.integration

FOLDER = Path(__file__).parents[2] / "deploy" / "clickhouse"
FILES = sorted(FOLDER.glob("*.sql"))
DATABASE = "access_tests"
"""Stands for ``tilik`` in the statements, which other tests may use."""
READERS = ("tilik_operator", "tilik_data_team", "tilik_portal", "tilik_open_data")
GRANT = re.compile(r"^GRANT (?P<rights>.+) ON (?P<database>\w+)\.(?P<name>\*|\w+) TO (?P<role>\w+)$")
POLICY = re.compile(r"^CREATE ROW POLICY OR REPLACE \w+ ON (?P<on>.+) FOR SELECT USING (?P<using>.+) TO (?P<to>.+)$")
PROFILE = re.compile(r"^CREATE SETTINGS PROFILE OR REPLACE `(?P<name>\w+)` SETTINGS (?P<settings>.+) TO (?P<to>.+)$")
REPEATABLE = re.compile(
    r"^(CREATE (ROLE|USER) IF NOT EXISTS|CREATE (QUOTA|ROW POLICY|SETTINGS PROFILE|VIEW) OR REPLACE"
    r"|CREATE OR REPLACE VIEW|GRANT|REVOKE) "
)
WHOLE = re.compile(rf"^GRANT .+ ON {DATABASE}\.\* TO (?P<role>\w+)$")
AUDIT_TAKEN = re.compile(rf"^REVOKE ALL ON {DATABASE}\.{AuditRow.TABLE} FROM (?P<roles>.+)$")
EVERYBODY_S = {"public_cameras", "open_daily_by_kelurahan"}
"""Views that read as their maker: whoever may read them needs no more."""


@dataclass(frozen=True)
class Grant:
    role: str
    name: str
    columns: frozenset[str]


@pytest.fixture(scope="module")
def scene(clickhouse_port: int) -> Iterator[StoreScene]:
    with store_scene(clickhouse_port, DATABASE) as scene:
        [view] = [text for text in statements() if "CREATE OR REPLACE VIEW" in text]
        scene.client.command(view)
        yield scene


@pytest.fixture(scope="module")
def views(scene: StoreScene) -> Lineage:
    return lineage(lambda query: [[str(value) for value in row] for row in scene.ask(query)])


@pytest.fixture(scope="module")
def lines(scene: StoreScene) -> list[str]:
    """The statements, each on one line as the engine's parser writes it."""
    query = "SELECT formatQuerySingleLine({text:String})"
    return [str(scene.ask(query, text=text)[0][0]) for text in statements()]


def statements() -> list[str]:
    return [
        text.strip().replace("tilik.", f"{DATABASE}.")
        for path in FILES
        for text in re.sub(r"^ *--.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE).split(";\n")
        if text.strip()
    ]


def grants(lines: list[str], views: Lineage) -> set[Grant]:
    """What readers may read, ``tilik.*`` written out."""
    everything = {row_type.TABLE for row_type in TABLE_TYPES} | set(views)
    found: set[Grant] = set()
    for match in filter(None, map(GRANT.match, lines)):
        if match["role"] not in READERS or match["database"] != DATABASE:
            continue
        assert match["rights"].startswith("SELECT"), match[0]
        columns = frozenset(re.findall(r"\w+", match["rights"].partition("(")[2]))
        names = everything if match["name"] == "*" else {match["name"]}
        found |= {Grant(match["role"], name, columns) for name in names}
    return found


def test_every_statement_parses_and_can_be_run_again(lines: list[str]) -> None:
    assert [path.name[:2] for path in FILES] == ["01", "02", "03", "04", "05"]
    assert all(REPEATABLE.match(line) for line in lines), [line for line in lines if not REPEATABLE.match(line)]


def test_a_statement_with_a_slip_does_not_parse(scene: StoreScene) -> None:
    with pytest.raises(ClickHouseError, match="SYNTAX_ERROR"):
        scene.ask("SELECT formatQuery('CREATE QUOTA q FOR INTERVAL 1 hour MAXIMUM queries = 3')")


def test_readers_change_nothing_but_grafana_s_limit_of_time(lines: list[str]) -> None:
    profiles = {match["name"]: match for match in filter(None, map(PROFILE.match, lines))}
    assert set(READERS) < set(profiles)
    for name in READERS:
        settings = profiles[name]["settings"]
        assert profiles[name]["to"] == name
        assert settings.startswith("readonly = 1, ")
        assert re.search(r"max_execution_time = \d+ MIN 1 MAX \d+ CHANGEABLE_IN_READONLY", settings)
        assert "max_memory_usage = " in settings


def test_every_setting_exists_takes_its_value_and_holds_its_own_limits(scene: StoreScene, lines: list[str]) -> None:
    for match in filter(None, map(PROFILE.match, lines)):
        for setting in match["settings"].split(", "):
            name, value, least, most = re.match(
                r"(\w+) = (\S+)(?: MIN (\d+) MAX (\d+))?(?: CHANGEABLE_IN_READONLY)?$", setting
            ).groups()  # type: ignore[union-attr]  # a setting of another form is to fail
            assert scene.ask("SELECT count() FROM system.settings WHERE name = {name:String}", name=name) == [(1,)], (
                name
            )
            if name != "readonly":
                scene.client.command(f"SELECT 1 SETTINGS {name} = {value}")
            assert least is None or int(least) <= int(value) <= int(most)


def test_what_a_grant_names_is_there(scene: StoreScene, lines: list[str], views: Lineage) -> None:
    stored: dict[str, set[str]] = {}
    for table, column in scene.ask("SELECT table, name FROM system.columns WHERE database = currentDatabase()"):
        stored.setdefault(table, set()).add(column)
    for grant in grants(lines, views):
        assert grant.name in stored or grant.name.endswith("_refresh"), grant
        assert grant.columns <= stored.get(grant.name, set()), grant


def test_whoever_may_read_a_view_may_read_what_it_reads(lines: list[str], views: Lineage) -> None:
    granted: dict[str, dict[str, frozenset[str]]] = {role: {} for role in READERS}
    for grant in grants(lines, views):
        granted[grant.role][grant.name] = grant.columns
    assert all(granted.values())
    for role, names in granted.items():
        for name in names.keys() & views.keys() - EVERYBODY_S:
            assert set(views[name]) <= names.keys(), f"{role} may read {name}, and not what it reads"


def test_the_audit_log_is_read_by_the_portal_alone_and_changed_by_nobody(lines: list[str]) -> None:
    whole = {match["role"]: at for at, line in enumerate(lines) if (match := WHOLE.match(line))}
    others = {"tilik_migrator", "tilik_writer", "tilik_recorder", "tilik_operator", "tilik_data_team"}
    assert others | {"tilik_portal"} == set(whole)
    [(taken_at, taken)] = [(at, match["roles"]) for at, line in enumerate(lines) if (match := AUDIT_TAKEN.match(line))]
    assert whole.keys() - set(taken.split(", ")) == {"tilik_portal"}
    assert taken_at > max(whole.values()), "a grant of everything would give it back"
    named = [line for line in lines if f"{DATABASE}.{AuditRow.TABLE} TO" in line]
    assert named == [f"GRANT CREATE TABLE, INSERT ON {DATABASE}.{AuditRow.TABLE} TO tilik_audit"]


def test_the_recorder_may_make_and_fill_its_tables_and_read_what_people_decided(lines: list[str]) -> None:
    granted = {
        match["name"]: set(match["rights"].split(", "))
        for match in filter(None, map(GRANT.match, lines))
        if match["role"] == "tilik_recorder"
    }
    verbs = {" ".join(re.findall("CREATE TABLE|ALTER|ADD COLUMN", one)) for t in ROW_TYPES for one in statements_for(t)}
    assert granted == {
        "*": {"CREATE DATABASE"},
        "episodes": {"SELECT"},
        "decisions": {"SELECT"},
        **{row_type.TABLE: {*verbs, "SELECT", "INSERT"} for row_type in ROW_TYPES},
    }


def test_a_grant_of_columns_is_enough_for_the_view_that_stands_on_it(
    scene: StoreScene, lines: list[str], views: Lineage
) -> None:
    [cameras] = [grant for grant in grants(lines, views) if grant.columns]
    assert (cameras.role, cameras.name) == ("tilik_open_data", CameraRow.TABLE)
    [(query,)] = scene.ask(
        "SELECT as_select FROM system.tables WHERE database = currentDatabase() AND name = 'current_cameras'"
    )
    assert set(re.findall(r"\br\.(\w+)", query)) <= cameras.columns


def test_open_data_reach_no_frame_no_case_and_no_name_of_a_person(lines: list[str], views: Lineage) -> None:
    names = {grant.name for grant in grants(lines, views) if grant.role == "tilik_open_data"}
    tables = set().union(*(rests_on(name, views) for name in names - EVERYBODY_S))
    assert tables == {CameraRow.TABLE, "flood_hours"}


def test_every_table_with_cameras_has_a_policy_for_open_data_and_one_for_all_others(lines: list[str]) -> None:
    wanted = {f"{DATABASE}.{t.TABLE}" for t in TABLE_TYPES if "camera_id" in columns_of(t)}
    found = {match["to"]: set(match["on"].split(", ")) for match in filter(None, map(POLICY.match, lines))}
    assert found == {"tilik_open_data": wanted, "ALL EXCEPT tilik_open_data": wanted}


def test_the_policy_lets_public_cameras_through_and_no_others(scene: StoreScene, lines: list[str]) -> None:
    revisions: Mapping[str, tuple[bool, ...]] = {"open": (False, True), "closed": (False,), "once": (True, False)}
    for camera_id, publics in revisions.items():
        for revision, public in enumerate(publics, 1):
            row = {"camera_id": camera_id, "revision": revision, "public": public, "version": revision}
            scene.insert(CameraRow.TABLE, row)
        scene.insert("flood_hours", {"camera_id": camera_id, "hour": "2026-05-01T00:00:00Z", "minutes": 60})
    [condition] = [m["using"] for m in filter(None, map(POLICY.match, lines)) if m["to"] == "tilik_open_data"]
    for table in (CameraRow.TABLE, "flood_hours"):
        assert scene.ask(f"SELECT DISTINCT camera_id FROM {table} WHERE {condition}") == [("open",)]


def test_with_readonly_1_the_engine_answers_exports_and_refuses_changes_of_rows_and_of_limits(
    scene: StoreScene,
) -> None:
    database, settings = scene.settings.database, {"readonly": 1}
    reader = clickhouse_connect.get_client(
        host="127.0.0.1", port=scene.settings.port, database=database, settings=settings, autogenerate_session_id=False
    )
    with closing(reader):
        selection = Selection(MARTS[0], date(2020, 1, 1), date(2020, 1, 2))
        assert count_rows(reader, selection) == 0
        for refused in (
            f"INSERT INTO {CameraRow.TABLE} (camera_id) VALUES ('x')",
            f"ALTER TABLE {CameraRow.TABLE} DELETE WHERE true",
            "SELECT 1 SETTINGS max_memory_usage = 99000000000",
            "SELECT 1 SETTINGS max_execution_time = 60",  # what the profiles let Grafana do
            "SET readonly = 0",
        ):
            with pytest.raises(ClickHouseError, match="READONLY"):
                reader.command(refused)
