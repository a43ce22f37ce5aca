"""A camera that was moved, from its events on Kafka to its rows in ClickHouse, and a person who releases it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from clickhouse_connect.driver.client import Client

from schemas.camera_events import CameraEvent
from schemas.episodes import EPISODE_CODEC, CameraIncident, Episode
from schemas.topics import EPISODES
from services.cli import decide
from services.runtime.clickhouse import connect
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from tests.aggregate.camera_stories import LEARNED, WITH_ZONES, shown
from tests.aggregate.make_events import make_camera, ms, person
from tests.aggregate.scene_looks import shifted, usual
from tests.integration.aggregate_scene import camera_record, event_record
from tests.integration.aggregate_worker import (
    Workers,
    assert_rows_are_exact,
    read_all,
    send,
    wait_until,
    wait_until_caught_up,
)
from tests.integration.told_verdicts import assert_verdicts_are_exact, verdicts_of

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

CAMERA_ID = "digeser-1"
MINUTES = ("camera_minutes", "counter_minutes", "parking_minutes", "flood_minutes")


@pytest.fixture
def database(clickhouse_port: int) -> ClickHouseSettings:
    return ClickHouseSettings(port=clickhouse_port, database="camera_incidents")


@pytest.fixture
def workers(kafka: KafkaSettings, database: ClickHouseSettings, tmp_path: Path) -> Iterator[Workers]:
    found = Workers(kafka, database, tmp_path)
    yield found
    found.end()


@pytest.fixture
def tilik_decide(
    kafka: KafkaSettings, database: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    monkeypatch.setenv("TILIK_AGGREGATE_CLICKHOUSE__DATABASE", database.database)
    monkeypatch.setenv("TILIK_AGGREGATE_CLICKHOUSE__PORT", str(database.port))
    monkeypatch.setenv("TILIK_CLI_KAFKA__BOOTSTRAP_SERVERS", kafka.bootstrap_servers)

    def run(*arguments: str) -> str:
        answer = CliRunner().invoke(decide.command, arguments)
        assert answer.exit_code == 0, (answer.output, answer.exception)
        return answer.output

    return run


def told(kafka: KafkaSettings, events: list[CameraEvent]) -> None:
    send(kafka, [event_record(event) for event in events])
    wait_until_caught_up(kafka)


def validity(client: Client, table: str) -> dict[int, bool]:
    """Give which of the camera's minutes are valid: others may be there, of what other tests left in Kafka."""
    query = f"SELECT toUnixTimestamp64Milli(minute), valid FROM {table} FINAL WHERE camera_id = '{CAMERA_ID}'"
    rows = client.query(query).result_rows
    return {(minute - ms(0)) // 60_000: valid for minute, valid in rows}


def incident(client: Client) -> tuple[Any, ...]:
    columns = (
        "kind, phase, ended_because, released_by, toUnixTimestamp64Milli(started_at), toUnixTimestamp64Milli(ended_at)"
    )
    where = f"episode_type = 'camera_incident' AND camera_id = '{CAMERA_ID}'"
    (row,) = client.query(f"SELECT {columns} FROM episodes FINAL WHERE {where}").result_rows
    return tuple(row)


def test_a_camera_that_was_moved_is_not_believed_until_a_person_releases_it(
    kafka: KafkaSettings, database: ClickHouseSettings, workers: Workers, tilik_decide: Callable[..., str]
) -> None:
    look: dict[str, Any] = {"camera_id": CAMERA_ID, "water": bytes(576), "objects": [person(0.2)]}
    camera = make_camera(WITH_ZONES.zones, camera_id=CAMERA_ID, opening_hours=WITH_ZONES.opening_hours)
    send(kafka, [camera_record(camera)])
    workers.start().wait_until_ready()
    told(kafka, shown([*LEARNED, *[shifted] * 70], **look))
    client = connect(database, database.database)
    wait_until(lambda: validity(client, "camera_minutes") == {0: True, 1: False, 2: False}, 30, "its minutes")
    assert all(validity(client, table) == {0: True, 1: False, 2: False} for table in MINUTES)
    assert incident(client) == ("shifted", "open", "", "", ms(90), 0)
    (message,) = [one for one in published(kafka) if isinstance(one, CameraIncident)]
    assert (message.kind, message.quarantined, message.first.captured_at_ms) == ("shifted", True, ms(90))
    assert held_seconds(kafka) == (90, 153)  # from its first suspect frame to the last one that was judged
    assert verdicts_of(kafka, CAMERA_ID)[CAMERA_ID][-1].quarantined_from_ms == ms(90)
    assert "camera incident shifted  digeser-1" in tilik_decide("waiting")
    why = ("--by", "Sri Wahyuni", "--why", "it looks down the new road", "--yes")
    assert f"{message.episode_id}  camera incident" in tilik_decide("release", CAMERA_ID, "--at", "newest", *why)
    told(kafka, shown([shifted] * 120, first=160, **look))
    assert incident(client) == ("shifted", "ended", "released", "Sri Wahyuni", ms(90), ms(159))
    assert all(validity(client, table) == {0: True, 1: False, 2: False, 3: True, 4: True} for table in MINUTES)
    tilik_decide("confirm", message.episode_id[:8], *why)
    wait_until_caught_up(kafka)
    query = f"SELECT review, reviewed_by FROM episodes_reviewed WHERE kind = 'shifted' AND camera_id = '{CAMERA_ID}'"
    assert client.query(query).result_rows == [("confirmed", "Sri Wahyuni")]
    assert "shifted" not in tilik_decide("waiting")
    told(kafka, shown([usual] * 60, first=280, **look))
    assert len(assert_rows_are_exact(kafka, database, CAMERA_ID)["decisions"]) == 2
    assert_verdicts_are_exact(kafka, CAMERA_ID)
    assert verdicts_of(kafka, CAMERA_ID)[CAMERA_ID][-1].quarantined_from_ms == 0
    assert held_seconds(kafka) in ((90, 158), (90, 159))  # the release and frame 159 are of the same instant
    client.close()


def held_seconds(kafka: KafkaSettings) -> tuple[int, int]:
    """Give the first and the last second that are held, of the camera's pictures."""
    spans = [span for verdict in verdicts_of(kafka, CAMERA_ID)[CAMERA_ID] for span in verdict.held]
    return (min(s.from_ms for s in spans) - ms(0)) // 1000, (max(s.until_ms for s in spans) - ms(0)) // 1000


def published(kafka: KafkaSettings) -> Iterator[Episode]:
    for record in read_all(kafka, EPISODES.name):
        episode = EPISODE_CODEC.decode(record.value)
        if episode.camera_id == CAMERA_ID:
            yield episode
