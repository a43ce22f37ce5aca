"""The simulated city: labelled, the same again, and in agreement with itself: minutes, episodes, accounting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner
from clickhouse_connect.driver.client import Client
from rich.progress import Progress

from services.aggregate.migrate import known_migrations, migrate
from services.cli.city_registry.areas import read_areas
from services.cli.seed.cameras import seed_cameras
from services.cli.seed.city import City
from services.cli.seed.claim import claim
from services.cli.seed.command import command
from services.cli.seed.filling import drop_plan, make_plan
from services.runtime.clickhouse import connect
from services.runtime.settings import ClickHouseSettings
from tests.conftest import STATE

pytestmark = pytest.mark.integration

UNTIL = datetime(2026, 11, 26, 3, 30, tzinfo=UTC)
"""A Thursday, 10:30 in Semarang: counters are open."""
SMALL = ("--cameras", "80", "--days", "3", "--until", f"{UNTIL:%Y-%m-%dT%H:%M}", "--ahead-minutes", "0")


def run(port: int, database: str, *arguments: str) -> tuple[int, str]:
    options = ["--clickhouse", f"127.0.0.1:{port}", "--database", database, "--state", str(STATE)]
    done = CliRunner().invoke(command, [*options, *arguments])
    return done.exit_code, done.output + (str(done.exception) if done.exception else "")


@pytest.fixture(scope="module")
def city(clickhouse_port: int) -> Iterator[Client]:
    """A seeded city of 80 cameras and 3 days."""
    code, output = run(clickhouse_port, "seed_tests", *SMALL, "--replace")
    assert code == 0, output
    with closing(connect(ClickHouseSettings(port=clickhouse_port), "seed_tests")) as client:
        yield client


def ask(client: Client, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in client.query(query).result_rows]


def assert_none(client: Client, query: str) -> None:
    """Hold that a query, which looks for what must not be, gives nothing."""
    assert ask(client, f"{query} LIMIT 3") == []


ROWS_OF_CAMERAS = """SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'
    AND total_rows > 0 AND name NOT IN ('schema_migrations', 'ruleset_choices', 'seeded_city')"""


def test_each_row_is_of_a_camera_that_says_that_it_is_simulated(city: Client) -> None:
    tables = [name for (name,) in ask(city, ROWS_OF_CAMERAS)]
    assert {"cameras", "camera_minutes", "episodes", "detections", "camera_hours"} <= set(tables)  # not a topic: tables
    for table in tables:
        assert_none(city, f"SELECT camera_id FROM {table} WHERE NOT startsWith(camera_id, 'seed-')")
    assert_none(city, "SELECT name FROM cameras WHERE NOT startsWith(name, 'Simulated ')")


def test_there_is_something_of_everything_and_something_goes_on_at_the_end(city: Client) -> None:
    kinds = {kind for (kind,) in ask(city, "SELECT DISTINCT kind FROM current_cameras")}
    assert kinds == {"counter", "market", "street", "pump"}
    there = set(ask(city, "SELECT DISTINCT episode_type, phase FROM episodes_reviewed"))
    types = ("flood_episode", "parking_case", "counter_episode", "camera_incident")
    assert there == {(kind, phase) for kind in types for phase in ("open", "ended")}
    decided = {review for (review,) in ask(city, "SELECT DISTINCT review FROM episodes_reviewed")}
    assert decided == {"suspected", "confirmed", "rejected"}
    open_floods = "episode_type = 'flood_episode' AND phase = 'open'"
    seen = {review for (review,) in ask(city, f"SELECT DISTINCT review FROM episodes_reviewed WHERE {open_floods}")}
    assert {"suspected", "confirmed"} <= seen


def test_what_goes_on_at_the_end_began_at_times_of_its_own(clickhouse_port: int) -> None:
    cameras = seed_cameras(read_areas(STATE), 1100, 1)
    plan = City(cameras, days=1, until_s=int(UNTIL.timestamp()), ruleset="7")
    settings = ClickHouseSettings(port=clickhouse_port)
    with closing(connect(settings)) as client, Progress(disable=True) as bars:
        client.command("CREATE DATABASE IF NOT EXISTS seed_plan_alone")
        client.database = "seed_plan_alone"
        make_plan(client, plan, bars)
        for spans in ("seed_stays WHERE spot = 6", "seed_counters WHERE kind = 'unattended'"):
            going_on = f"{spans} AND begins_s < {plan.until_s} AND ends_s > {plan.until_s}"
            [(spells, begins, ends)] = ask(
                client, f"SELECT count(), uniqExact(begins_s), uniqExact(ends_s) FROM {going_on}"
            )
            assert begins == ends == spells > 5
        drop_plan(client)


def test_a_zone_is_flooded_in_the_minutes_of_its_floods_and_no_other(city: Client) -> None:
    """From when the onset had lasted 120 s until the 300 dry seconds were over."""
    assert_none(
        city,
        """SELECT m.camera_id, m.minute, m.state, f.spans
        FROM (SELECT camera_id, minute, state FROM flood_minutes) AS m
        LEFT JOIN (SELECT camera_id, groupArray((started_at + INTERVAL 120 SECOND,
                if(phase = 'open', toDateTime64('2100-01-01', 3, 'UTC'), cleared_at + INTERVAL 300 SECOND))) AS spans
            FROM episodes WHERE episode_type = 'flood_episode' GROUP BY camera_id) AS f USING camera_id
        WHERE (state = 'flood') != arrayExists(s -> minute < s.2 AND minute + INTERVAL 1 MINUTE > s.1, spans)""",
    )
    assert_none(
        city,
        """SELECT e.episode_id, e.peak_ratio, max(m.ratio_max) AS peak FROM episodes AS e
        INNER JOIN flood_minutes AS m ON m.camera_id = e.camera_id
        WHERE e.episode_type = 'flood_episode' AND m.minute >= toStartOfMinute(e.started_at)
            AND m.minute <= if(e.phase = 'open', e.last_seen_at, e.ended_at)
        GROUP BY e.episode_id, e.peak_ratio HAVING peak != e.peak_ratio""",
    )


def test_nobody_staffs_a_counter_in_the_minutes_of_an_absence(city: Client) -> None:
    assert_none(
        city,
        """SELECT e.kind, m.minute, m.opening, m.staffed_s, m.queue_max FROM episodes AS e
        INNER JOIN counter_minutes AS m ON m.camera_id = e.camera_id
        WHERE e.episode_type = 'counter_episode' AND m.minute >= e.started_at
            AND m.minute + INTERVAL 1 MINUTE <= if(e.phase = 'open', e.last_seen_at, e.ended_at)
            AND (m.opening != if(e.kind = 'after_hours', 'closed', 'open')
                OR e.kind != 'after_hours' AND m.staffed_s > 0
                OR e.kind = 'unattended' AND (m.queue_max = 0 OR m.queue_max > e.people_waiting_max))""",
    )


def test_a_case_is_a_stay_of_five_minutes_where_parking_is_forbidden(city: Client) -> None:
    assert ask(
        city,
        """SELECT (SELECT groupArray(episode_id) FROM (SELECT toString(episode_id) AS episode_id FROM episodes
            WHERE episode_type = 'parking_case' ORDER BY episode_id))
        = (SELECT groupArray(episode_id) FROM (SELECT episode_id FROM parking_stays WHERE episode_id != ''
            ORDER BY episode_id))""",
    ) == [(1,)]
    assert_none(
        city,
        """SELECT e.episode_id FROM episodes AS e
        INNER JOIN parking_stays AS s ON s.episode_id = toString(e.episode_id)
        WHERE e.started_at != s.started_at OR e.dwell_s < 280 OR e.dwell_s > s.dwell_s + 1""",
    )
    assert_none(
        city,
        """SELECT m.camera_id, m.minute FROM parking_minutes AS m INNER JOIN episodes AS e ON e.camera_id = m.camera_id
        WHERE e.episode_type = 'parking_case' AND m.minute >= e.started_at + INTERVAL 9000 SECOND
            AND m.minute + INTERVAL 1 MINUTE <= e.last_seen_at AND (m.cases_open_max = 0 OR NOT m.in_force)""",
    )


def test_what_was_seen_in_a_quarantine_is_not_valid_and_all_else_is(city: Client) -> None:
    assert_none(
        city,
        """SELECT m.camera_id, m.minute, m.valid FROM (SELECT camera_id, minute, valid FROM camera_minutes) AS m
        LEFT JOIN (SELECT camera_id, groupArray((started_at,
                if(phase = 'open', toDateTime64('2100-01-01', 3, 'UTC'), ended_at))) AS spans
            FROM episodes WHERE episode_type = 'camera_incident' AND quarantined GROUP BY camera_id) AS q
        USING camera_id
        WHERE valid = arrayExists(s -> minute < s.2 AND minute + INTERVAL 1 MINUTE > s.1, spans)""",
    )


def test_no_stay_and_no_counter_episode_is_told_by_a_camera_that_saw_nothing(city: Client) -> None:
    assert_none(
        city,
        """SELECT camera_id, started_at, last_seen_at, minutes FROM (
            SELECT e.camera_id AS camera_id, e.started_at AS started_at, e.last_seen_at AS last_seen_at,
                countIf(m.minute >= toStartOfMinute(e.started_at) AND m.minute < e.last_seen_at) AS minutes
            FROM (SELECT camera_id, started_at, last_seen_at FROM episodes WHERE episode_type = 'counter_episode'
                UNION ALL SELECT camera_id, started_at, last_seen_at FROM parking_stays) AS e
            INNER JOIN camera_minutes AS m ON m.camera_id = e.camera_id GROUP BY camera_id, started_at, last_seen_at
        ) WHERE minutes < dateDiff('minute', started_at, last_seen_at)""",
    )


def test_the_accounting_of_each_day_is_even(city: Client) -> None:
    assert_none(
        city,
        """SELECT camera_id, day, captured, frames FROM accounting_by_day
        WHERE captured != frames OR frames != detected + shed + dead_lettered + expired""",
    )
    assert ask(city, "SELECT sum(captured) > 0, sum(missed) > 0, sum(shed) > 0 FROM accounting_by_day") == [(1, 1, 1)]


def test_the_newest_ownership_has_an_outcome_for_each_frame_that_was_captured(city: Client) -> None:
    newest = "(camera_id, owner_epoch) IN (SELECT camera_id, max(owner_epoch) FROM capture_counters GROUP BY camera_id)"
    assert_none(
        city,
        f"""SELECT * FROM frame_accounting_by_epoch
        WHERE {newest} AND captured != detected + shed + dead_lettered + expired""",
    )
    assert_none(
        city,
        """SELECT a.camera_id, a.minute, a.frames, m.frames FROM frame_accounting_minutely AS a
        INNER JOIN camera_minutes AS m ON m.camera_id = a.camera_id AND m.minute = a.minute
        WHERE a.frames != m.frames OR a.detected != m.detected OR a.shed_overload != m.shed_overload""",
    )
    assert_none(city, "SELECT event_id FROM frame_outcomes GROUP BY event_id HAVING count() > 1")


def test_people_decide_about_episodes_that_are_there_after_the_end_or_of_a_flood_while_it_is_known(
    city: Client,
) -> None:
    assert_none(
        city,
        """SELECT d.episode_id FROM decisions AS d
        LEFT JOIN (SELECT toString(episode_id) AS episode_id, episode_type, phase,
                if(phase = 'ended', ended_at, started_at + INTERVAL 120 SECOND) AS from_at FROM episodes) AS e
            ON e.episode_id = d.episode_id
        WHERE d.decision != 'quarantine_released' AND (d.decided_at < e.from_at
            OR NOT (e.phase = 'ended' OR e.phase = 'open' AND e.episode_type = 'flood_episode'))""",
    )


def test_nothing_is_later_than_its_end(city: Client) -> None:
    until = f"{UNTIL:%Y-%m-%d %H:%M:%S}"
    for table, time in (
        ("camera_minutes", "minute"), ("decisions", "decided_at"),
        ("episodes", "greatest(last_seen_at, ended_at)"),  # not a topic: a table
        ("parking_stays", "last_seen_at"), ("camera_statuses", "reported_at"), ("frame_outcomes", "captured_at"),
    ):  # fmt: skip
        assert_none(city, f"SELECT {time} FROM {table} WHERE {time} > toDateTime64('{until}', 3, 'UTC')")


def test_the_tiers_are_filled_and_nothing_of_the_plan_is_left(city: Client) -> None:
    [(minutes, of_hours)] = ask(
        city, "SELECT (SELECT count() FROM current_camera_minutes), (SELECT sum(minutes) FROM camera_hours FINAL)"
    )
    assert minutes == of_hours > 80 * 3 * 1440 * 0.9
    assert ask(city, "SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'seed\\_%'") == []


SUM = "SELECT count(), groupBitXor(cityHash64(* EXCEPT (inserted_at))) FROM {}"


def test_the_same_parameters_give_the_same_city_and_another_seed_another(city: Client, clickhouse_port: int) -> None:
    def sums(*seed: str) -> dict[str, list[tuple[Any, ...]]]:
        assert run(clickhouse_port, "seed_again", *SMALL, *seed, "--replace")[0] == 0
        tables = ("cameras", "camera_minutes", "flood_minutes", "parking_stays", "episodes", "decisions", "detections")
        with closing(connect(ClickHouseSettings(port=clickhouse_port), "seed_again")) as client:
            return {table: ask(client, SUM.format(table)) for table in tables}

    first = sums()
    assert first == {table: ask(city, SUM.format(table)) for table in first}
    other = sums("--seed", "2")
    assert all(other[table] != first[table] for table in first)


def test_a_database_with_anything_else_is_refused_and_left_alone(clickhouse_port: int) -> None:
    settings = ClickHouseSettings(port=clickhouse_port, database="seed_refused")
    migrate(settings, known_migrations())
    with closing(connect(settings, "seed_refused")) as client:
        client.command("INSERT INTO cameras (camera_id, revision, state) VALUES ('real-1', 1, 'active')")
        for how in ((), ("--drop",), ("--replace",)):
            code, output = run(clickhouse_port, "seed_refused", *SMALL, *how)
            assert code == 1
            assert "holds rows in cameras that tilik seed did not make" in output
        assert ask(client, "SELECT camera_id FROM cameras") == [("real-1",)]


def test_only_what_was_seeded_is_replaced_or_dropped_and_a_real_row_in_it_saves_all(clickhouse_port: int) -> None:
    database = "seed_dropped"
    assert run(clickhouse_port, database, *SMALL, "--raw-hours", "0", "--replace")[0] == 0
    assert "--replace makes it anew" in run(clickhouse_port, database, *SMALL)[1]
    with closing(connect(ClickHouseSettings(port=clickhouse_port), database)) as client:
        client.command("INSERT INTO decisions (camera_id, decision) VALUES ('real-1', 'episode_confirmed')")
        assert "decisions" in run(clickhouse_port, database, "--drop")[1]
        client.command("ALTER TABLE decisions DELETE WHERE camera_id = 'real-1' SETTINGS mutations_sync = 2")
    code, output = run(clickhouse_port, database, "--drop")
    assert (code, "dropped a simulated city of 80 cameras, 3 days" in output) == (0, True)
    with closing(connect(ClickHouseSettings(port=clickhouse_port))) as client:
        assert ask(client, f"SELECT count() FROM system.databases WHERE name = '{database}'") == [(0,)]


@pytest.mark.parametrize(
    "made",
    [
        "CREATE TABLE notes (note String) ENGINE = MergeTree ORDER BY note",
        "CREATE TABLE notes (camera_id String, note String) ENGINE = Log",
        "CREATE VIEW notes AS SELECT camera_id FROM cameras",
    ],
)
def test_what_somebody_else_keeps_beside_it_saves_all_whatever_it_is(clickhouse_port: int, made: str) -> None:
    settings = ClickHouseSettings(port=clickhouse_port, database="seed_shared")
    migrate(settings, known_migrations())
    with closing(connect(settings, "seed_shared")) as client:
        client.command(made)
        assert "holds notes, that tilik seed did not make" in run(clickhouse_port, "seed_shared", *SMALL)[1]
        claim(client)
        for how in ("--drop", "--replace"):
            code, output = run(clickhouse_port, "seed_shared", *SMALL, how)
            assert (code, "holds notes, that tilik seed did not make" in output) == (1, True), output
        client.command("DROP TABLE notes SYNC")
        assert run(clickhouse_port, "seed_shared", "--drop")[0] == 0


def test_the_services_own_database_is_refused(clickhouse_port: int) -> None:
    assert "a simulated city needs another one" in run(clickhouse_port, "tilik", *SMALL)[1]
