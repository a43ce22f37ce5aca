from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from deploy.local.testing import running_platform
from schemas.topics import FRAMES
from services.aggregate.migrate import known_migrations, migrate
from services.aggregate.row_columns import RULESET
from services.aggregate.rows import CaptureCountersRow, FrameOutcomeRow
from services.cli.demo.accounting import Accounting, account
from services.cli.demo.offsets import end_offsets, has_passed, unread_records
from services.cli.demo.ownership import Ownership
from services.cli.demo.summary import faults, summarise
from services.runtime.clickhouse import connect
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from services.runtime.topics import ensure_topics

GROUP = "detect-of-this-test"
EPOCH = 1_700_000_000_000
OUTCOMES = ("detected", "detected", "detected", "shed", "dead_lettered", "expired")
IN_FLIGHT = 2

BALANCED = Accounting(captured=10, detected=5, shed=2, dead_lettered=1, expired=1, in_flight=1)


def test_books_balance_only_if_every_captured_frame_became_exactly_one_thing() -> None:
    assert BALANCED.difference == 0
    assert BALANCED.fault() is None


@pytest.mark.parametrize("field", ["detected", "shed", "dead_lettered", "expired", "in_flight"])
def test_one_outcome_too_few_of_any_kind_is_a_fault(field: str) -> None:
    books = msgspec.structs.replace(BALANCED, **{field: getattr(BALANCED, field) - 1})
    assert books.fault() is not None
    assert "1 of 10 captured frames have no outcome" in str(books.fault())


@pytest.mark.parametrize("field", ["detected", "shed", "dead_lettered", "expired", "in_flight"])
def test_one_outcome_too_many_of_any_kind_is_a_fault(field: str) -> None:
    books = msgspec.structs.replace(BALANCED, **{field: getattr(BALANCED, field) + 1})
    assert "1 more outcomes than the 10 captured frames" in str(books.fault())


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[KafkaSettings, ClickHouseSettings]]:
    with running_platform(tmp_path_factory.mktemp("platform")) as stack:
        ensure_topics(stack.kafka, "local")
        clickhouse = ClickHouseSettings(port=stack.clickhouse_port)
        migrate(clickhouse, known_migrations())
        store_run(clickhouse)
        send_frames(stack.kafka, read=3, unread=IN_FLIGHT)
        yield stack.kafka, clickhouse


@pytest.fixture
def client(platform: tuple[KafkaSettings, ClickHouseSettings]) -> Iterator[Client]:
    client = connect(platform[1], platform[1].database)
    yield client
    client.close()


def store_run(clickhouse: ClickHouseSettings) -> None:
    """Two cameras with these outcomes each; one row was written twice, as after a crash."""
    store = RowStore(clickhouse)
    rows: list[FrameOutcomeRow | CaptureCountersRow] = []
    for camera_id in ("camera-1", "camera-2"):
        rows += [outcome_row(camera_id, sequence, outcome) for sequence, outcome in enumerate(OUTCOMES)]
        in_flight_here = IN_FLIGHT // 2
        rows.append(counters_row(camera_id, captured=len(OUTCOMES) + in_flight_here))
    store.write(rows)
    store.write([outcome_row("camera-1", 0, "detected")])
    store.close()


def outcome_row(camera_id: str, sequence: int, outcome: str) -> FrameOutcomeRow:
    return FrameOutcomeRow(
        camera_id=camera_id,
        owner_epoch=EPOCH,
        sequence=sequence,
        outcome=outcome,
        reason="",
        minute=EPOCH // 60_000 * 60_000,
        captured_at=EPOCH,
        appended_at=EPOCH,
        judged_at=EPOCH,
        clock_skewed=False,
        event_id="",
        camera_revision=1,
        source_kind="file",
        simulated=False,
        ruleset=RULESET,
        version=sequence,
    )


def counters_row(camera_id: str, captured: int) -> CaptureCountersRow:
    return CaptureCountersRow(
        camera_id=camera_id,
        owner_epoch=EPOCH,
        captured=captured,
        captured_reported=captured,
        captured_proved=0,
        missed={},
        bytes=0,
        reconnects=0,
        ingest_instance="ingest",
        state="live",
        error_class="",
        error_detail="",
        released_at=0,
        active_at=EPOCH,
        reported_at=EPOCH,
        ruleset=RULESET,
        version=1,
    )


def send_frames(kafka: KafkaSettings, read: int, unread: int) -> None:
    """Frames of which the group has committed all but the last ones; on one partition, the others stay empty."""
    producer = Producer(kafka.client_config())
    for _ in range(read + unread):
        producer.produce(FRAMES.name, b"jpeg", b"camera-1", partition=0)
    assert producer.flush(30) == 0
    consumer = Consumer({**kafka.client_config(), "group.id": GROUP})
    commit(consumer, read)
    consumer.close()


def commit(consumer: Consumer, offset: int) -> None:
    """Commit for the group; its very first commit may come before the broker has a coordinator for it."""
    for _ in range(50):
        try:
            consumer.commit(offsets=[TopicPartition(FRAMES.name, 0, offset)], asynchronous=False)
        except KafkaException as error:
            if error.args[0].code() not in (KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS):
                raise
            consumer.poll(0.2)
        else:
            return
    pytest.fail("the broker took no commit")


@pytest.mark.integration
def test_frames_in_flight_are_those_that_kafka_holds_and_the_group_has_not_committed(
    platform: tuple[KafkaSettings, ClickHouseSettings],
) -> None:
    assert unread_records(platform[0], FRAMES.name, GROUP) == IN_FLIGHT
    assert unread_records(platform[0], FRAMES.name, "a-group-that-never-read") == 3 + IN_FLIGHT


@pytest.mark.integration
def test_a_group_has_passed_the_ends_only_when_it_has_committed_all_below_them(
    platform: tuple[KafkaSettings, ClickHouseSettings],
) -> None:
    ends = end_offsets(platform[0], FRAMES.name)
    assert ends == {0: 3 + IN_FLIGHT} | dict.fromkeys(range(1, 8), 0)
    assert not has_passed(platform[0], FRAMES.name, GROUP, ends)
    assert has_passed(platform[0], FRAMES.name, GROUP, ends | {0: 3})


@pytest.mark.integration
def test_a_deleted_outcome_makes_the_check_fail(
    platform: tuple[KafkaSettings, ClickHouseSettings], client: Client
) -> None:
    before = account(client, platform[0], GROUP)
    assert before == Accounting(captured=14, detected=6, shed=2, dead_lettered=2, expired=2, in_flight=IN_FLIGHT)
    owned = Ownership(once=2, none=0, twice=0)
    assert faults(summarise(client, 2, before, owned), before, outlasts_retention=True) == []

    client.command(
        "ALTER TABLE frame_outcomes DELETE WHERE camera_id = 'camera-2' AND sequence = 3 SETTINGS mutations_sync = 2"
    )
    after = account(client, platform[0], GROUP)
    assert after.difference == 1
    (fault,) = faults(summarise(client, 2, after, owned), after, outlasts_retention=True)
    assert "1 of 14 captured frames have no outcome" in fault
    RowStore(platform[1]).write([outcome_row("camera-2", 3, "shed")])
    assert account(client, platform[0], GROUP).fault() is None
