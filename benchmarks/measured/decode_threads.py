"""What threads that decode ahead of the networks give: where the figures in detect's README come from.

Usage: python -m benchmarks.measured.decode_threads [ROUNDS]

All numbers of threads take turns on the frames of ``bench detect``; figures are medians. CPU time and the part of the
time in which the networks wait for frames are what other work on the machine disturbs least.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2

from services.cli.bench.detect import write_frames
from services.detect.decode import JpegLimits, read_size
from services.detect.detector import DetectorOptions, Tiles, load_detector
from services.detect.looking import Networks, StageSeconds, look
from services.detect.preparation import CpuPreparation
from services.detect.views import Asked
from services.detect.water import load_water

THREADS = (1, 2, 3)
FRAMES = 64
"""As many as the service takes at once by default."""
BATCH = 8
FORMS: tuple[tuple[Tiles, bool], ...] = (("1x1", False), ("2x2", True))


def main(rounds: int) -> None:
    """Print the table."""
    cv2.setNumThreads(1)
    options = DetectorOptions(threads=1)  # both as the service does
    networks = Networks(load_detector("nanodet", options), load_water(options), BATCH)
    with TemporaryDirectory() as folder:
        write_frames(Path(folder))
        jpegs = [path.read_bytes() for path in sorted(Path(folder).glob("*.jpg"))]
    ways = {threads: CpuPreparation(threads) for threads in THREADS}
    print("| tiles, water | threads | preparing: CPU ms | all: CPU ms | all: wall ms | waits for frames |")
    print("|---|---|---|---|---|---|")
    for tiles, water in FORMS:
        count = FRAMES if tiles == "1x1" else FRAMES // 4
        asked = [
            Asked(jpeg, read_size(jpeg, JpegLimits()), tiles, water, networks.detector.input_hw)
            for jpeg in (jpegs * FRAMES)[:count]
        ]
        costs = [{threads: measured(way, asked, networks) for threads, way in ways.items()} for _ in range(rounds + 1)]
        for threads in THREADS:
            prepared, cpu, wall, waits = (
                statistics.median(figures) for figures in zip(*(each[threads] for each in costs[1:]), strict=True)
            )
            form = f"{tiles}, {'with' if water else 'without'} water"
            print(f"| {form} | {threads} | {prepared:.1f} | {cpu:.1f} | {wall:.1f} | {waits:.1%} |")


def measured(way: CpuPreparation, asked: list[Asked], networks: Networks) -> tuple[float, float, float, float]:
    """Give ms a frame of CPU to prepare alone, of CPU and of wall for all; and the part in which networks wait."""
    started = time.process_time()
    assert len(list(way.prepare(asked))) == len(asked)
    prepared = time.process_time() - started
    times, cpu, wall = StageSeconds(), time.process_time(), time.perf_counter()
    look(way.prepare(asked), networks, times)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    frame = 1000 / len(asked)
    return prepared * frame, cpu * frame, wall * frame, times.taken()["decode"] / wall


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
