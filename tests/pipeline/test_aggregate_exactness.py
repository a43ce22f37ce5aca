"""Aggregation of a whole city while its workers, the broker and ClickHouse fail: the rows are those of the events.

A seed is a city, and a run, of its own. ``make test`` draws one a day and has 400 cameras;
``make test-long`` runs all of them with 1,100.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from confluent_kafka import KafkaException

from deploy.local.ports import HOST
from deploy.local.testing import running_platform
from schemas.topics import CAMERA_EVENTS, PARTITIONS
from services.aggregate.migrate import known_migrations, migrate
from services.aggregate.rows import ROW_TYPES
from services.runtime.clickhouse import connect
from services.runtime.kafka import events_producer
from services.runtime.loop import deliver
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from services.runtime.topics import ensure_topics
from tests.integration.aggregate_worker import positions, read_all
from tests.pipeline.aggregate_blows import BLOWS, planned, suffer_all, workforce
from tests.pipeline.aggregate_city import City
from tests.pipeline.aggregate_comparison import Compared, compare
from tests.samples import draw_sample, is_long

pytestmark = [pytest.mark.pipeline, pytest.mark.alone, pytest.mark.timeout(1800)]

SEEDS = draw_sample("aggregate exactness", range(1, 4), 1)
CAMERA_COUNT = 1_100 if is_long() else 400
SENDING_SECONDS = 75.0 if is_long() else 50.0
MOST_LAG = 40_000
STEPS_BETWEEN_LOOKS = 10
PATIENCE_SECONDS = 120.0
FEWEST_EVENTS = 270 * CAMERA_COUNT
ENDINGS_THAT_MUST_OCCUR = ("left", "cleared", "timetable", "rule_changed", "no_data", "released")
EPISODES_THAT_MUST_OCCUR = {
    "flood_episode",
    "parking_case",
    *(f"camera_incident {fault}" for fault in ("shifted", "covered", "defocused", "dark", "frozen")),
    "counter_episode unattended",
    "counter_episode not_open",
    "counter_episode after_hours",
}


class Sender(threading.Thread):
    """Sends a city's events, in ``SENDING_SECONDS`` at least; waits while workers are more than ``MOST_LAG`` behind.

    A broker that is away only makes it later.
    """

    def __init__(self, kafka: KafkaSettings, city: City) -> None:
        super().__init__(daemon=True)
        self._kafka, self._city = kafka, city
        self._steps_sent = 0
        self.error: Exception | None = None

    def ratio(self) -> float:
        """Give how much of all was sent, 0 to 1; it never becomes 1 where sending failed."""
        return self._steps_sent / self._city.step_count

    def run(self) -> None:
        try:
            self._send_all()
        except Exception as error:
            self.error = error

    def _send_all(self) -> None:
        producer, started = events_producer(self._kafka, PATIENCE_SECONDS), time.monotonic()
        for number, step in enumerate(self._city.steps()):
            deliver(producer, step.cameras, PATIENCE_SECONDS)
            deliver(producer, step.events, PATIENCE_SECONDS)
            self._steps_sent += 1
            time.sleep(max(0.0, started + SENDING_SECONDS * number / self._city.step_count - time.monotonic()))
            while number % STEPS_BETWEEN_LOOKS == 0 and lag(self._kafka) > MOST_LAG:
                time.sleep(1.0)


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_of_a_city_equal_a_recomputation_whatever_dies(tmp_path: Path, seed: int) -> None:
    began = time.monotonic()
    with running_platform(tmp_path) as stack:
        ensure_topics(stack.kafka, "local")
        clickhouse = ClickHouseSettings(host=HOST, port=stack.clickhouse_port)
        migrate(clickhouse, known_migrations())
        city, chance = City(seed, CAMERA_COUNT), Random(f"blows {seed}")
        deliver(events_producer(stack.kafka), city.registry(), 60)
        sender = Sender(stack.kafka, city)
        with workforce(stack, clickhouse, tmp_path, chance) as workers:
            workers.until(workers.is_one_ready, "the first worker")
            sender.start()
            suffer_all(workers, planned(chance), sender.ratio)
            workers.until(lambda: not sender.is_alive(), "the last event")
            assert sender.error is None
            caught_up = time.monotonic()
            workers.until(lambda: lag(stack.kafka) == 0, "catching up", 1.0)
            print(f"caught up {time.monotonic() - caught_up:.0f} s after the last event")
            workers.stop()
            print(dict(workers.counts))
            assert Counter(BLOWS) == Counter({kind: workers.counts[kind] for kind in BLOWS})
        assert lag(stack.kafka) == 0
        compared = compare(stack.kafka, clickhouse, PARTITIONS["local"])
        report(compared, began)
        assert [text for part in compared for text in part.differences] == []
        assert_nothing_beside(clickhouse, compared)
        assert_every_rule_was_at_work(compared)
        letters = list(read_all(stack.kafka, str(CAMERA_EVENTS.dead_letters)))
        assert len(letters) == sum(part.invalid for part in compared) == city.spoiled_count


def lag(kafka: KafkaSettings) -> float:
    """Give how many events the group has not saved; without end where Kafka is away."""
    try:
        told, ends = positions(kafka)
    except KafkaException:
        return math.inf
    return sum(ends[number] - told[number] for number in ends)


def report(compared: list[Compared], began: float) -> None:
    rows: Counter[str] = Counter()
    for part in compared:
        rows.update(part.rows)
    events = sum(part.events for part in compared)
    print(f"{events} events, {sum(rows.values())} rows compared, {time.monotonic() - began:.0f} s: {dict(rows)}")
    for part in compared:
        for text in part.differences:
            print(f"partition {part.partition}: {text}")


def assert_nothing_beside(clickhouse: ClickHouseSettings, compared: list[Compared]) -> None:
    """No table has rows of cameras of which there are no events."""
    client = connect(clickhouse, clickhouse.database)
    for row_type in ROW_TYPES:
        stored = client.query(f"SELECT count() FROM {row_type.TABLE} FINAL").result_rows[0][0]
        assert stored == sum(part.rows[row_type.TABLE] for part in compared), row_type.TABLE
    client.close()


def assert_every_rule_was_at_work(compared: list[Compared]) -> None:
    """Empty tables would be equal in any case."""
    assert sum(part.events for part in compared) >= FEWEST_EVENTS
    for row_type in ROW_TYPES:
        assert sum(part.rows[row_type.TABLE] for part in compared) > 0, f"no row of {row_type.TABLE}"
    tags = frozenset[str]().union(*(part.tags for part in compared))
    assert tags >= EPISODES_THAT_MUST_OCCUR
    assert {f"ended because {why}" for why in ENDINGS_THAT_MUST_OCCUR} <= tags
