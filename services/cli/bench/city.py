"""``tilik bench city``: ingest of a whole city: 1,100 cameras at one frame a second, into a real Kafka.

Snapshot cameras, and one MJPEG camera to each five of them (two pictures a second): pictures of 50 KB and more, which
pass untouched. Servers, ingest and broker are processes of their own on this machine; each one's cost is told apart.
Every sampling instant of the run is accounted for: captured or missed for a reason by the cameras' last statuses, as
many as the clock says, and as many frames captured as Kafka's end offsets say.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import psutil
from rich.console import Console

from deploy.city.city import City
from deploy.city.plan import CityPlan
from deploy.local.settings import local_settings
from services.cli.bench.measuring.accounts import Account, account_of, frames_ever, frames_unaccounted, read_statuses
from services.cli.bench.measuring.exposition import Samples, add, by_label, quantile, total
from services.cli.bench.measuring.own_broker import OwnBroker, own_broker
from services.cli.bench.measuring.process_usage import NOTHING, Usage, usage_of
from services.cli.bench.measuring.running_ingest import RunningIngest, register, running_ingest
from services.cli.bench.report import Figure, at_least, at_most, plain
from services.cli.city import city_on_this_machine

GOAL_CAPTURED_RATIO = 0.99

_HEAP_MIB = 512
_PERIOD_MS = 1000.0
_SNAPSHOTS_TO_ONE_MJPEG = 5
_LIVE_SECONDS = 180.0
_SETTLE_SECONDS = 10.0
"""After the last camera is live: hundreds that connect at once, and Java that compiles, are not the steady state."""
_LOOK_SECONDS = 5.0
_BLOCK_BYTES = 512  # of st_blocks, whatever the file system's own
OPTIONS = (
    click.Option(["--cameras"], type=click.IntRange(1, 5_000), default=1_100, show_default=True, help="How many."),
    click.Option(["--minutes"], type=click.FloatRange(0.1, 60), default=10, show_default=True, help="Steady minutes."),
    click.Option(["--workers"], type=click.IntRange(1, 16), default=1, show_default=True, help="Ingest workers."),
)


@dataclass(frozen=True, slots=True)
class Steady:
    """The steady minutes. Usage is what was added, memory that at the end; metrics are of all workers together."""

    seconds: float
    usage: dict[str, Usage]
    busy_cores: float
    disk_bytes: int
    before: Samples
    after: Samples


def run(cameras: int, minutes: float, workers: int) -> Sequence[Figure]:
    """Measure; takes a minute longer than ``minutes``, and up to 8 GB in the state folder.

    Raises:
        ConfigurationError: The broker or the cameras can't be started here.
        FatalError: Not all cameras were live in time.
    """
    state = local_settings().state_dir
    mjpeg = cameras // (_SNAPSHOTS_TO_ONE_MJPEG + 1)
    plan = CityPlan(mjpeg=mjpeg, snapshot=cameras - mjpeg)
    below = state / "bench"
    below.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(prefix="city-", dir=below) as folder,
        own_broker(_HEAP_MIB, below) as broker,
        city_on_this_machine(plan, state, Path(folder) / "city", Console(stderr=True)) as city,
    ):
        register(broker.kafka, city.cameras)
        with running_ingest(broker.kafka, workers, Path(folder) / "ingest") as ingest:
            ingest.wait_live(cameras, _LIVE_SECONDS)
            time.sleep(_SETTLE_SECONDS)
            steady = _watched(ingest, broker, city, minutes * 60.0)
        account = account_of(read_statuses(broker.kafka), _PERIOD_MS)
        return figures(steady, account, frames_ever(broker.kafka))


def _watched(ingest: RunningIngest, broker: OwnBroker, city: City, seconds: float) -> Steady:
    """Watch the steady minutes."""

    def used() -> dict[str, Usage]:
        return {
            "ingest": sum((usage_of(pid) for pid in ingest.pids()), NOTHING),
            "broker": usage_of(broker.pid),
            "servers": sum((usage_of(pid) for pid in city.pids().values()), NOTHING),
        }

    before, began = add(ingest.metrics()), time.monotonic()
    usage, idle = used(), _idle_seconds()
    disk_bytes = _largest(lambda: _bytes_on_disk(broker.data), began + seconds)
    after, lasted = add(ingest.metrics()), time.monotonic() - began
    now = used()
    return Steady(
        seconds=lasted,
        usage={name: Usage(now[name].cpu_seconds - usage[name].cpu_seconds, now[name].memory_bytes) for name in now},
        busy_cores=len(os.sched_getaffinity(0)) - (_idle_seconds() - idle) / lasted,
        disk_bytes=disk_bytes,
        before=before,
        after=after,
    )


def figures(steady: Steady, account: Account, frames_in_kafka: Mapping[int, int]) -> list[Figure]:
    """Give what is reported. Goals: not an instant and not a frame is unaccounted for, and hardly any is missed.

    Args:
        steady: The steady minutes.
        account: The whole run, by the statuses.
        frames_in_kafka: Frames of the whole run by partition, by Kafka.
    """

    def grown(name: str) -> float:
        return total(steady.after, name) - total(steady.before, name)

    late = quantile(steady.before, steady.after, "tilik_ingest_sample_lateness_seconds", 0.95)
    captured, sizes = grown("tilik_ingest_frames_captured_total"), grown("tilik_ingest_frame_bytes_total")
    owned = total(steady.after, "tilik_ingest_cameras_owned")
    wanted = owned * steady.seconds * 1000.0 / _PERIOD_MS
    return [
        at_most("instants_unaccounted", account.unaccounted, "samples", 0),
        at_most(
            "frames_unaccounted",
            frames_unaccounted(account.by_partition, frames_in_kafka),
            "frames",  # not a topic: a unit
            0,
        ),
        at_most("epochs_unfinished", account.unfinished, "epochs", 0),
        plain("cameras", owned, "cameras"),  # not a topic: a figure
        plain("steady_minutes", steady.seconds / 60.0, "min"),
        at_least("steady_captured_ratio", captured / max(1.0, wanted), "ratio", GOAL_CAPTURED_RATIO),
        plain("steady_rate", captured / steady.seconds, "frames/s"),
        plain("frame_size", sizes / max(1.0, captured), "bytes"),
        plain("sample_lateness_p95", late, "s"),
        *_steady_missed(steady),
        plain("run_instants_by_clock", account.by_clock, "samples"),
        plain("run_captured", account.captured, "frames"),  # not a topic: a unit
        *(plain(f"run_missed_{reason}", count, "samples") for reason, count in sorted(account.missed.items())),
        plain("run_frames_in_kafka", sum(frames_in_kafka.values()), "frames"),  # not a topic: a unit
        plain("run_epochs", account.epochs, "epochs"),
        *(plain(f"{name}_cpu", one.cpu_seconds / steady.seconds, "cores") for name, one in steady.usage.items()),
        plain("machine_cpu", steady.busy_cores, "cores"),
        *(plain(f"{name}_memory", one.memory_bytes / 1e6, "MB") for name, one in steady.usage.items()),
        plain("broker_disk", steady.disk_bytes / 1e9, "GB"),
    ]


def _steady_missed(steady: Steady) -> list[Figure]:
    name = "tilik_ingest_samples_missed_total"
    before, after = by_label(steady.before, name, "reason"), by_label(steady.after, name, "reason")
    return [
        plain(f"steady_missed_{reason}", count - before.get(reason, 0.0), "samples")
        for reason, count in sorted(after.items())
    ]


def _largest(measure: Callable[[], int], until: float) -> int:
    """Measure now and then until a time of the monotonic clock; give the largest that was seen."""
    largest = measure()
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(_LOOK_SECONDS, left))
        largest = max(largest, measure())
    return largest


def _bytes_on_disk(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # retention deletes meanwhile
            size += path.stat().st_blocks * _BLOCK_BYTES
    return size


def _idle_seconds() -> float:
    times = psutil.cpu_times()
    return float(times.idle + getattr(times, "iowait", 0.0))
