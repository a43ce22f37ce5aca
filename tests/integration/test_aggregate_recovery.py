"""Workers die, are told to stop, share their partitions; the rows stay what the events give."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.episodes import EPISODE_CODEC
from schemas.topics import CAMERA_EVENTS, EPISODES
from services.aggregate.episode_rows import EpisodeRow
from services.runtime.clickhouse import connect
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from tests.integration.aggregate_scene import City
from tests.integration.aggregate_worker import (
    TableRows,
    Workers,
    assert_rows_are_exact,
    positions,
    read_all,
    send,
    send_slowly,
    wait_until,
    wait_until_caught_up,
)
from tests.integration.told_verdicts import assert_verdicts_are_exact

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


@pytest.fixture
def workers(
    kafka: KafkaSettings, clickhouse_port: int, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Workers]:
    found = Workers(kafka, ClickHouseSettings(port=clickhouse_port, database=request.node.name[:60]), tmp_path)
    yield found
    found.end()


@pytest.fixture
def database(clickhouse_port: int, request: pytest.FixtureRequest) -> ClickHouseSettings:
    return ClickHouseSettings(port=clickhouse_port, database=request.node.name[:60])


def test_killed_in_mid_stream_it_leaves_exact_rows(
    kafka: KafkaSettings, database: ClickHouseSettings, workers: Workers
) -> None:
    city = City("killed")
    send(kafka, city.registry())
    sending = send_slowly(kafka, city.events(200), 30)
    for _ in range(3):
        worker = workers.start()
        worker.wait_until_applied(300)
        worker.kill()
    worker = workers.start()
    sending.join()
    wait_until_caught_up(kafka)
    rows = assert_rows_are_exact(kafka, database, city.prefix)
    assert len(rows["frame_outcomes"]) > 3900
    assert len(rows["counter_minutes"]) == 80
    assert worker.metric("tilik_aggregate_lost_events_total") == 0
    assert_published_episodes_are(rows, kafka, database, city)
    assert_verdicts_are_exact(kafka, city.prefix)


def assert_published_episodes_are(
    rows: TableRows, kafka: KafkaSettings, database: ClickHouseSettings, city: City
) -> None:
    """The last message of each episode is what its row says, and lies where its camera's events lie."""
    homes = {(record.key or b"").decode(): record.partition for record in read_all(kafka, CAMERA_EVENTS.name)}
    latest = {}
    for record in read_all(kafka, EPISODES.name):
        episode = EPISODE_CODEC.decode(record.value)
        if episode.camera_id.startswith(city.prefix):
            assert record.partition == homes[episode.camera_id]
            assert record.key == episode.episode_id.encode()
            latest[episode.camera_id, episode.episode_id] = episode
    assert len(latest) >= city.camera_count
    assert latest.keys() == {key[:2] for key in rows[EpisodeRow.TABLE]}
    client = connect(database, database.database)
    stored = client.query("SELECT camera_id, toString(episode_id), phase, revision FROM episodes FINAL").result_rows
    client.close()
    assert {(c, e): (phase, revision) for c, e, phase, revision in stored} == {
        place: (episode.phase, episode.revision) for place, episode in latest.items()
    }


def test_told_to_stop_it_leaves_nothing_to_do_again(
    kafka: KafkaSettings, database: ClickHouseSettings, workers: Workers
) -> None:
    city = City("stopped", 4)
    send(kafka, city.registry())
    worker = workers.start(flush_seconds="60")
    worker.wait_until_ready()
    before = worker.metric("tilik_aggregate_events_total")
    events = city.events(100)
    send(kafka, events)
    worker.wait_until_applied(before + len(events))
    assert worker.terminate() == 0
    told, ends = positions(kafka)
    assert told == ends
    assert_rows_are_exact(kafka, database, city.prefix)


def test_two_workers_share_the_partitions_and_one_takes_over_what_the_other_had(
    kafka: KafkaSettings, database: ClickHouseSettings, workers: Workers
) -> None:
    city = City("shared")
    send(kafka, city.registry())
    one, other = workers.start(), workers.start()
    both = (one, other)
    for worker in both:
        worker.wait_until_ready()
    wait_until(lambda: [w.metric("tilik_aggregate_partitions") for w in both] == [4, 4], 60, "an even share")
    sending = send_slowly(kafka, city.events(200), 15)
    for worker in both:
        worker.wait_until_applied(300)
    other.kill()
    wait_until(lambda: one.metric("tilik_aggregate_partitions") == 8, 60, "taking over")
    sending.join()
    wait_until_caught_up(kafka)
    assert_rows_are_exact(kafka, database, city.prefix)


def test_a_worker_that_was_frozen_and_lost_its_partitions_changes_nothing_when_it_wakes(
    kafka: KafkaSettings, database: ClickHouseSettings, workers: Workers
) -> None:
    city = City("frozen")
    send(kafka, city.registry())
    one = workers.start()
    one.wait_until_ready()
    sending = send_slowly(kafka, city.events(200), 20)
    one.wait_until_applied(200)
    with one.frozen():
        other = workers.start()
        other.wait_until_applied(300)
    sending.join()
    wait_until_caught_up(kafka)
    assert_rows_are_exact(kafka, database, city.prefix)
