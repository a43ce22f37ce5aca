"""Crowds before a portal, and before its peer: what arrives, how late, and what it costs."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from select import select

import msgspec
import numpy as np

from services.cli.bench.measuring.process_usage import usage_of
from services.runtime.errors import FatalError

_REPOSITORY = Path(__file__).parents[4]
"""The scripts lie in the source tree (``benchmarks/``), which no wheel contains."""
_VIEWERS = "benchmarks.measured.portal_viewers"
_REQUESTS = "benchmarks.measured.portal_requests"
_SETTLE_SECONDS = 2.0
_OPENING_SECONDS = 60.0
_SLOWEST_SECONDS = 3.0
"""A frame that a viewer has not got so long after it may be shown counts as not delivered."""

ShownAt = Mapping[tuple[str, int], float]


class _Seen(msgspec.Struct):
    received: list[tuple[str, int, float]]
    skipped: int


@dataclass(frozen=True, slots=True)
class Crowd:
    """What viewers got in a steady window. ``delivered_ratio`` is of what they were to get."""

    viewers: int
    delivered_ratio: float
    delay_p95_seconds: float
    delay_median_seconds: float
    cpu_ms_per_frame: float

    def is_held(self, most_delay_seconds: float, least_ratio: float) -> bool:
        """Tell whether the portal kept up with them."""
        return self.delay_p95_seconds <= most_delay_seconds and self.delivered_ratio >= least_ratio


def crowd(pid: int, port: int, viewers: int, cameras: Sequence[str], shown_at: ShownAt, seconds: float) -> Crowd:
    """Let viewers watch for a while, and give what they got.

    Args:
        pid: The portal's process.
        port: Where it listens.
        viewers: How many, spread evenly over the cameras.
        cameras: Their ids.
        shown_at: When each frame might be shown; grows meanwhile.
        seconds: Length of the window.
    """
    with _running(_VIEWERS, str(port), str(viewers), *cameras) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        if not select([process.stdout], [], [], _OPENING_SECONDS)[0] or process.stdout.readline().strip() != "ready":
            raise FatalError(f"{viewers} viewers could not be opened in time")
        time.sleep(_SETTLE_SECONDS)
        begun, cpu_before = time.time(), usage_of(pid).cpu_seconds
        time.sleep(seconds)
        ended, cpu_after = time.time(), usage_of(pid).cpu_seconds
        time.sleep(_SLOWEST_SECONDS)
        process.stdin.close()
        seen = msgspec.json.decode(process.stdout.read(), type=_Seen)
    shown = {frame: at for frame, at in dict(shown_at).items() if begun <= at < ended}
    delays = [at - shown[camera, sequence] for camera, sequence, at in seen.received if (camera, sequence) in shown]
    in_time = [delay for delay in delays if delay <= _SLOWEST_SECONDS]
    within = sum(begun <= at < ended for _, _, at in seen.received)
    wanted = len(shown) * viewers / len(cameras)
    return Crowd(
        viewers=viewers,
        delivered_ratio=min(1.0, len(in_time) / wanted) if wanted else 0.0,  # who joins may be told of a frame twice
        delay_p95_seconds=float(np.quantile(delays, 0.95)) if delays else float("inf"),
        delay_median_seconds=float(np.median(delays)) if delays else float("inf"),
        cpu_ms_per_frame=1000 * (cpu_after - cpu_before) / max(1, within),
    )


def requests_per_second(port: int, path: str, connections: int, seconds: float) -> float:
    """Give how many answers a second a server gives to connections that ask for the same."""
    command = [sys.executable, "-m", _REQUESTS, str(port), str(connections), str(seconds), path]
    done = subprocess.run(command, cwd=_REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise FatalError(f"{path} can't be measured: {done.stderr.strip()[-500:]}")
    return float(done.stdout.strip().splitlines()[-1])


def naive_cpu_ms(port: int, jpeg: Path, boxes_px: Sequence[str], viewers: int, seconds: float) -> float:
    """Give the CPU time of the peer for each frame and viewer, in ms: MJPEG, decoded, blurred and encoded for each."""
    with _running("benchmarks.peers.mjpeg_per_viewer", str(port), str(jpeg), *boxes_px) as peer:
        command = ["curl", "--silent", "--retry", "20", "--retry-connrefused", "--retry-delay", "1"]
        command += ["--output", "/dev/null", f"http://127.0.0.1:{port}/"]
        watching = [subprocess.Popen(command) for _ in range(viewers)]
        try:
            time.sleep(2 * _SETTLE_SECONDS)
            before = usage_of(peer.pid).cpu_seconds
            time.sleep(seconds)
            used = usage_of(peer.pid).cpu_seconds - before
        finally:
            for viewer in watching:
                viewer.kill()
                viewer.wait()
    return 1000 * used / (viewers * seconds)


@contextmanager
def _running(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=_REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
