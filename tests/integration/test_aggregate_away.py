"""What a worker does when ClickHouse is away, and with events that can't be judged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from schemas.dead_letters import DEAD_LETTER_CODEC, DeadLetter
from schemas.topics import CAMERA_EVENTS, PARTITIONS
from services.runtime.kafka import OutgoingRecord
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from tests.integration.aggregate_scene import City, camera_record, event_record, make_camera, make_detections
from tests.integration.aggregate_worker import (
    Door,
    Workers,
    assert_rows_are_exact,
    positions,
    read_all,
    send,
    wait_until,
    wait_until_caught_up,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


@pytest.fixture
def database(clickhouse_port: int, request: pytest.FixtureRequest) -> ClickHouseSettings:
    return ClickHouseSettings(port=clickhouse_port, database=request.node.name[:60])


@pytest.fixture
def door(clickhouse_port: int) -> Iterator[Door]:
    found = Door(clickhouse_port)
    yield found
    found.close()


@pytest.fixture
def workers(kafka: KafkaSettings, database: ClickHouseSettings, door: Door, tmp_path: Path) -> Iterator[Workers]:
    found = Workers(kafka, database.model_copy(update={"port": door.port}), tmp_path)
    yield found
    found.end()


def test_while_clickhouse_is_away_it_reads_no_further_and_then_goes_on_where_it_was(
    kafka: KafkaSettings, database: ClickHouseSettings, door: Door, workers: Workers
) -> None:
    city, limit = City("away"), 800
    send(kafka, city.registry())
    worker = workers.start(unsaved_rows_limit=str(limit), backoff_most_seconds="1")
    worker.wait_until_ready()
    wait_until_caught_up(kafka)
    door.close()
    before, _ = positions(kafka)
    send(kafka, city.events(200))
    share = limit / PARTITIONS["local"]  # of one partition; while it is full, nothing is read of any
    wait_until(lambda: worker.held_rows() >= share, 60, "holding rows")
    wait_until(lambda: worker.metric("tilik_aggregate_checkpoint_failures_total") >= 5, 30, "trying again")
    applied = worker.metric("tilik_aggregate_events_total")
    wait_until(lambda: worker.metric("tilik_aggregate_checkpoint_failures_total") >= 9, 30, "trying again")
    assert worker.metric("tilik_aggregate_events_total") == applied, "it reads on"
    assert worker.held_rows() <= limit * 1.5
    assert worker.get("/livez")[0] == 200
    assert positions(kafka)[0] == before, "a checkpoint was taken without its rows"
    door.open()
    wait_until_caught_up(kafka)
    assert worker.process.poll() is None
    assert_rows_are_exact(kafka, database, city.prefix)


def letters_of(kafka: KafkaSettings, prefix: str) -> list[DeadLetter]:
    letters = [DEAD_LETTER_CODEC.decode(r.value) for r in read_all(kafka, str(CAMERA_EVENTS.dead_letters))]
    return [letter for letter in letters if letter.key.startswith(prefix)]


def spoiled(record: OutgoingRecord, **changes: object) -> OutgoingRecord:
    value = msgspec.json.encode({**msgspec.json.decode(record.value), **changes})
    return OutgoingRecord(record.topic, record.key, value)


def test_an_event_that_can_never_be_judged_is_put_aside_and_the_rest_goes_on(
    kafka: KafkaSettings, database: ClickHouseSettings, workers: Workers
) -> None:
    city = City("poison", 3)
    send(kafka, city.registry())
    events = city.events(100)
    good = events[40]
    bad = {
        "truncated": OutgoingRecord(good.topic, b"poison-truncated", good.value[:-9]),
        "not-json": OutgoingRecord(good.topic, b"poison-not-json", b"\xff\xfe"),
        "empty": OutgoingRecord(good.topic, b"poison-empty", b""),
        "wrong-key": OutgoingRecord(good.topic, b"poison-wrong-key", good.value),
        "unknown-camera": event_record(make_detections("poison-unknown-camera", 0)),
        "oversized": OutgoingRecord(good.topic, b"poison-00", spoiled(good, owner_epoch=2**70).value),
        "extra": OutgoingRecord(good.topic, b"poison-extra", spoiled(good, verdict="flood").value),
    }
    send(kafka, [*events[:100], *bad.values(), *events[100:]])
    workers.start()
    wait_until_caught_up(kafka)
    letters = letters_of(kafka, "poison")
    assert sorted((letter.reason, letter.key) for letter in letters) == [
        ("invalid_event", "poison-00"),
        ("invalid_event", "poison-empty"),
        ("invalid_event", "poison-extra"),
        ("invalid_event", "poison-not-json"),
        ("invalid_event", "poison-truncated"),
        ("unknown_revision", "poison-unknown-camera"),
        ("wrong_key", "poison-wrong-key"),
    ]
    originals = {(record.partition, record.offset): record.value for record in read_all(kafka, CAMERA_EVENTS.name)}
    for letter in letters:
        assert (letter.topic, letter.service) == (CAMERA_EVENTS.name, "aggregate")
        assert originals[letter.partition, letter.offset] == letter.original
    assert_rows_are_exact(kafka, database, city.prefix)


def test_an_event_waits_for_a_revision_that_is_in_the_registry_by_then(
    kafka: KafkaSettings, database: ClickHouseSettings, workers: Workers
) -> None:
    worker = workers.start()
    worker.wait_until_ready()
    cameras = [f"latecomer-{number}" for number in range(10)]
    for camera_id in cameras:  # each camera just before its first event: the reader has no time to be ahead
        send(kafka, [camera_record(make_camera(camera_id))])
        send(kafka, [event_record(make_detections(camera_id, 0))])
    wait_until_caught_up(kafka)
    assert letters_of(kafka, "latecomer") == []
    rows = assert_rows_are_exact(kafka, database, "latecomer")
    assert [key[0] for key in sorted(rows["detections"])] == cameras
