"""``tilik bench broker``: ingest's publisher and detect's fetch beside bare confluent-kafka, on 60 KB frames.

Both sides run as processes of their own against one broker that the benchmark starts, in turns, so that what else the
machine does hits both. A ratio is the median over the rounds of ours by bare in the same round.

Detect fetches little ahead, because a frame that waits in a client grows stale. ``consume_ratio_vs_bare`` has a peer
that fetches as little ahead: it measures our code. ``consume_ratio_vs_bare_deep_prefetch`` has one with librdkafka's
defaults, some 1,000 frames ahead: it shows what freshness costs at full speed.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from schemas.topics import FRAMES
from services.cli.bench.measuring.own_broker import own_broker
from services.cli.bench.report import Figure, at_least, plain

ROUNDS = 7
PUBLISHED_FRAMES = 3_000
FETCHED_FRAMES = 12_000
"""Several times what a bare consumer holds in memory before it is first asked (64 MiB)."""
FRAME_BYTES = 60_000
CAMERAS = 400
"""As many as it takes to keep the producer busy while each camera waits for the acknowledgement of its frame."""
BATCH_RECORDS = 32
GOAL_RATIO = 0.8

_FETCH, _BARE_FETCH = "benchmarks.measured.detect_fetch", "benchmarks.peers.kafka_consume"
_TIMEOUT_SECONDS = 180.0
_HEAP_MIB = 1024
_REPOSITORY = Path(__file__).parents[3]
"""The sides are scripts of the source tree (``benchmarks/``), which no wheel contains."""


def run() -> Sequence[Figure]:
    """Measure; takes about two minutes.

    Raises:
        ConfigurationError: The broker can't be started here.
    """
    with own_broker(_HEAP_MIB) as broker:
        return measure(broker.bootstrap_servers, ROUNDS)


def measure(bootstrap_servers: str, rounds: int) -> list[Figure]:
    """Measure against a broker that runs and holds nothing worth keeping."""
    publish = (str(PUBLISHED_FRAMES), str(FRAME_BYTES), str(CAMERAS))
    produced = _in_turns(
        rounds,
        lambda _: _rate("benchmarks.measured.ingest_publish", bootstrap_servers, *publish),
        lambda _: _rate("benchmarks.peers.kafka_produce", bootstrap_servers, FRAMES.name, *publish),
    )
    consumed = _fetched(bootstrap_servers, "short", rounds)
    consumed_deep = _fetched(bootstrap_servers, "deep", rounds)
    return [
        at_least("produce_ratio_vs_bare", produced.ratio, "ratio", GOAL_RATIO),
        at_least("consume_ratio_vs_bare", consumed.ratio, "ratio", GOAL_RATIO),
        plain("consume_ratio_vs_bare_deep_prefetch", consumed_deep.ratio, "ratio"),
        plain("produce_rate", produced.ours, "msg/s"),
        plain("produce_rate_bare", produced.bare, "msg/s"),
        plain("consume_rate", consumed.ours, "msg/s"),
        plain("consume_rate_bare", consumed.bare, "msg/s"),
        plain("consume_rate_bare_deep_prefetch", consumed_deep.bare, "msg/s"),
    ]


def _fetched(bootstrap_servers: str, prefetch: str, rounds: int) -> _Medians:
    """Measure detect's fetch beside a peer that fetches ``short`` or ``deep`` ahead."""
    fetch = (str(FETCHED_FRAMES), str(BATCH_RECORDS))
    return _in_turns(
        rounds,
        lambda n: _rate(_FETCH, bootstrap_servers, f"bench-ours-{prefetch}-{n}", *fetch),
        lambda n: _rate(_BARE_FETCH, bootstrap_servers, FRAMES.name, f"bench-bare-{prefetch}-{n}", prefetch, *fetch),
    )


class _Medians(NamedTuple):
    ratio: float
    ours: float
    bare: float


def _in_turns(rounds: int, ours: Callable[[int], float], bare: Callable[[int], float]) -> _Medians:
    """Run both sides in turns after one unmeasured round, and give medians over the rounds."""
    pairs = [(ours(n), bare(n)) if n % 2 else (bare(n), ours(n))[::-1] for n in range(rounds + 1)][1:]
    return _Medians(
        statistics.median(a / b for a, b in pairs),
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
    )


def _rate(module: str, *arguments: str) -> float:
    """Run a side; its last line is the messages a second that it measured itself, start-up not counted."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(
        command, cwd=_REPOSITORY, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{module} failed: {done.stderr.strip()[-1000:]}")
    return float(done.stdout.strip().splitlines()[-1])
