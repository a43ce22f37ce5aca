"""``tilik bench aggregate``: an aggregation worker that owns 1,100 cameras, beside a Faust Table and a bare consumer.

The worker is the service itself, with the state of a day: Faust delivers, all rules judge, rows go into ClickHouse,
checkpoints into Kafka. Frames have some five objects; a third of the cameras each watch a no-parking zone, a counter
and a road that may be flooded. All sides read the same events of one broker, as processes of their own and in turns; a
figure is the median over the rounds, a ratio that of the round's own ratios. What counts is the middle of a round, from
a tenth of its events to nine tenths, so that no start-up does.

\b
- events_per_second is on one core: events by CPU-seconds of the worker's process, all of its threads, checkpoints
  included; Kafka and ClickHouse are processes of their own. events_per_second_wall is by the clock, on this machine,
  which these processes share. Ratios are of CPU-seconds as well, those that end in _wall by the clock.
- Faust Table: the usual Faust program: decode, and update a count for each camera, whose changelog goes to Kafka.
- bare consumer: confluent-kafka reads the same bytes and decodes them, and keeps nothing.

Steady figures are of events that come at 1,100 a second; steady_state_written is before compression. recovery is the
time from a worker's start until it owns all cameras with their states; after a kill the group waits for its session
timeout (6 s) besides.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.console import Console

from deploy.local.platform import LocalStack
from deploy.local.testing import running_platform
from services.cli.bench.measuring.aggregate_city import City
from services.cli.bench.measuring.aggregate_sides import (
    STATE_BYTES,
    Pace,
    Reading,
    RunningWorker,
    middle_of,
    peer_side,
    running_worker,
)
from services.cli.bench.measuring.exposition import total
from services.cli.bench.measuring.running_ingest import register
from services.cli.bench.report import Figure, at_least, at_most, plain
from services.runtime.clickhouse import connect
from services.runtime.kafka import OutgoingRecord, events_producer
from services.runtime.loop import deliver
from services.runtime.settings import ClickHouseSettings
from services.runtime.topics import ensure_topics

GOAL_EVENTS_PER_SECOND, GOAL_VS_TABLE = 8_000.0, 3.0
STATE_SECONDS = 86_400
"""What the cameras remember at the start: a day."""
STEADY_SECONDS = 20
_STEADY_FROM = 4
"""Seconds after which a worker that has just started is steady."""
_SLICES = 20
"""Parts in which a second's events are sent: all cameras do not take their picture at once."""
_PEER_EVENTS = 20_000
_TIMEOUT_SECONDS = 120.0
_BATCH_RECORDS = 20_000
OPTIONS = (
    click.Option(["--cameras"], type=click.IntRange(3, 10_000), default=1_100, show_default=True, help="How many."),
    click.Option(["--rounds"], type=click.IntRange(1, 20), default=3, show_default=True, help="Turns of all sides."),
    click.Option(["--seconds"], type=click.IntRange(10, 600), default=40, show_default=True, help="Events of a round."),
)


def run(cameras: int, rounds: int, seconds: int) -> Sequence[Figure]:
    """Measure; takes four minutes on two idle cores.

    Raises:
        ConfigurationError: Kafka or ClickHouse can't be started here.
        FatalError: A side has ended early.
    """
    city, console = City(cameras), Console(stderr=True)
    peer_events = min(_PEER_EVENTS, cameras * seconds)  # what the first round publishes, at most
    console.print("a day's state")
    states = city.states_after(STATE_SECONDS)
    with TemporaryDirectory(prefix="tilik-bench-") as folder, running_platform(Path(folder)) as stack:
        ensure_topics(stack.kafka, "local")
        register(stack.kafka, city.cameras)
        publish(stack, states)
        sides: dict[str, Callable[[], Pace]] = {
            "tilik": _worker_side(stack, city, seconds),
            "faust_table": peer_side(stack, "benchmarks.peers.aggregate_table", peer_events),
            "bare_consumer": peer_side(stack, "benchmarks.peers.aggregate_consume", peer_events),
        }
        measured = in_turns(sides, rounds, console)
        console.print("steady")
        with running_worker(stack) as worker:
            first = STATE_SECONDS + rounds * seconds
            steady = _steady(stack, worker, city, first)
            figures = steady_figures(steady, cameras, worker.ready_seconds)
        published = cameras * (rounds * seconds + STEADY_SECONDS)
        return [
            *compare(measured),
            *figures,
            plain("state_size", statistics.mean(len(state.value) for state in states), "bytes/camera"),
            at_most("events_without_row", published - _rows_of_events(stack), "events", 0),
        ]


def publish(stack: LocalStack, records: Sequence[OutgoingRecord]) -> None:
    """Write records into Kafka, and wait until it has them."""
    producer = events_producer(stack.kafka)
    for start in range(0, len(records), _BATCH_RECORDS):
        deliver(producer, records[start : start + _BATCH_RECORDS], _TIMEOUT_SECONDS)


def in_turns(sides: Mapping[str, Callable[[], Pace]], rounds: int, console: Console) -> dict[str, list[Pace]]:
    """Measure each side once a round. The worker begins the first one, for it makes the events that peers read."""
    measured: dict[str, list[Pace]] = {name: [] for name in sides}
    names = list(sides)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            pace = sides[name]()
            measured[name].append(pace)
            console.print(f"round {number + 1}: {name}: {pace.a_cpu_second:,.0f} events a CPU-second")
    return measured


def compare(measured: Mapping[str, Sequence[Pace]]) -> list[Figure]:
    """Give the figures of all sides, and the ratios: medians over the rounds of Tilik's by the peer's in that round."""
    tilik, table, bare = (measured[name] for name in ("tilik", "faust_table", "bare_consumer"))

    def ratio(of: Callable[[Pace], float], peer: Sequence[Pace]) -> float:
        return statistics.median(of(ours) / of(theirs) for ours, theirs in zip(tilik, peer, strict=True))

    def median(of: Callable[[Pace], float], side: Sequence[Pace] = tilik) -> float:
        return statistics.median(map(of, side))

    return [
        at_least("events_per_second", median(_on_one_core), "events/CPU-s", GOAL_EVENTS_PER_SECOND),
        at_least("speed_ratio_vs_faust_table", ratio(_on_one_core, table), "ratio", GOAL_VS_TABLE),
        plain("speed_ratio_vs_bare_consumer", ratio(_on_one_core, bare), "ratio"),
        plain("speed_ratio_vs_faust_table_wall", ratio(_by_the_clock, table), "ratio"),
        plain("speed_ratio_vs_bare_consumer_wall", ratio(_by_the_clock, bare), "ratio"),
        plain("events_per_second_wall", median(_by_the_clock), "events/s"),
        plain("events_per_second_faust_table", median(_on_one_core, table), "events/CPU-s"),
        plain("events_per_second_bare_consumer", median(_on_one_core, bare), "events/CPU-s"),
        plain("cpu_per_event", median(lambda pace: pace.cpu_seconds / pace.events * 1e6), "us"),
        plain("rows_per_second_wall", median(lambda pace: pace.rows / pace.seconds), "rows/s"),
        plain("rows_per_event", median(lambda pace: pace.rows / pace.events), "rows"),
    ]


def steady_figures(readings: tuple[Reading, Reading], cameras: int, ready_seconds: float) -> list[Figure]:
    """Give what a worker costs at a city's pace, and what its recovery took."""
    before, after = readings
    pace = after.pace_since(before)
    state_bytes = total(after.metrics, STATE_BYTES) - total(before.metrics, STATE_BYTES)
    return [
        plain("steady_events_per_second", pace.a_second, "events/s"),
        plain("steady_cpu", pace.cpu_seconds / pace.seconds, "cores"),
        plain("steady_state_written", state_bytes / pace.seconds / 1e6, "MB/s"),
        plain("steady_rows_per_second", pace.rows / pace.seconds, "rows/s"),
        plain("memory", after.usage.memory_bytes / 1e6, "MB"),
        plain("memory_per_camera", after.usage.memory_bytes / 1e3 / cameras, "KB/camera"),
        plain("recovery", ready_seconds, "s"),
    ]


def _on_one_core(pace: Pace) -> float:
    return pace.a_cpu_second


def _by_the_clock(pace: Pace) -> float:
    return pace.a_second


def _worker_side(stack: LocalStack, city: City, seconds: int) -> Callable[[], Pace]:
    """Give what publishes the next events and lets a worker, started anew, catch up with them."""
    first = STATE_SECONDS

    def measure() -> Pace:
        nonlocal first
        records = list(city.records(range(first, first + seconds)))
        first += seconds
        publish(stack, records)
        with running_worker(stack) as worker:
            return middle_of(worker.wait_until_applied(len(records)), len(records))

    return measure


def _steady(stack: LocalStack, worker: RunningWorker, city: City, first: int) -> tuple[Reading, Reading]:
    """Let events come at one a second and camera, and watch the worker once it is steady."""
    seconds = [list(city.records(range(second, second + 1))) for second in range(first, first + STEADY_SECONDS)]
    began = time.monotonic()

    def send() -> None:
        producer = events_producer(stack.kafka)
        for number, records in enumerate(seconds):
            for part in range(_SLICES):
                time.sleep(max(0.0, began + number + part / _SLICES - time.monotonic()))
                deliver(producer, records[part::_SLICES], _TIMEOUT_SECONDS)

    sender = threading.Thread(target=send)
    sender.start()
    time.sleep(_STEADY_FROM)
    before = worker.read()
    time.sleep(max(0.0, began + STEADY_SECONDS - 1 - time.monotonic()))
    after = worker.read()
    sender.join()
    worker.wait_until_applied(sum(map(len, seconds)))
    return before, after


def _rows_of_events(stack: LocalStack) -> int:
    """Give how many frames have a row in ClickHouse."""
    settings = ClickHouseSettings(port=stack.clickhouse_port)
    client = connect(settings, settings.database)
    try:
        answer = client.query("SELECT uniqExact(camera_id, owner_epoch, sequence) FROM detections")
        return int(answer.result_rows[0][0])
    finally:
        client.close()
