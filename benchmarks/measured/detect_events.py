"""The measured side of ``bench detect``: JPEG bytes in, events out, by the pipeline that the service runs.

Usage: python -m benchmarks.measured.detect_events FOLDER DEVICE BATCH [f32]. For each request, a JSON object a line, it
prints a JSON object a line. Networks are loaded for batches of up to BATCH inputs: on a GPU these have graphs. With f32
no network runs in bfloat16, whatever the CPU has.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO
from unittest.mock import patch

import cv2
import msgspec

from schemas.camera_events import CAMERA_EVENT_CODEC, FrameCoordinates, FrameDetections
from schemas.frames import FRAME_SCHEMA, FrameHeaders
from schemas.topics import FRAMES
from services.cli.bench.measuring.detect_sides import Answer, Request
from services.detect import running
from services.detect.detector import DetectorOptions
from services.detect.frame import Frame
from services.detect.looking import Networks
from services.detect.offline import offline_tools
from services.detect.pipeline import CameraPolicy, Tools, judge
from services.detect.worker import warm_up

THREADS = 2
AT_ONCE = {"cpu": 64, "cuda": 512}
"""Frames that are judged in one call where throughput is measured: on a CPU as many as the service takes by default."""
_WATCH_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class GpuState:
    """What nvidia-smi says. Memory is that of all who use the GPU, the CUDA context and nvJPEG's own included."""

    watts: float
    memory_bytes: int


def main(folder: Path, device: str, batch: int, single: bool, answers: TextIO) -> None:
    """Answer requests until there are none; on a GPU after a warm-up, as the service does."""
    cv2.setNumThreads(1)  # as the service does
    with patch.object(running, "cpu_gains_by_bfloat16", lambda: False) if single else nullcontext():
        options = DetectorOptions(device=device, batch_frames=batch, threads=THREADS)
        tools = offline_tools("nanodet", options, "1x1", water=True)
    if device == "cuda":
        warm_up(tools.preparation, Networks(tools.detector, tools.water, batch))
    jpegs = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]
    for line in sys.stdin:
        request = msgspec.json.decode(line, type=Request)
        policy = CameraPolicy(request.tiles, stale_after_ms=None, water=request.water)
        used = replace(tools, policy_of=_always(policy), batch_size=request.batch)
        print(msgspec.json.encode(answer(request, used, jpegs, device)).decode(), file=answers, flush=True)


def _always(policy: CameraPolicy) -> Callable[[Frame], CameraPolicy]:
    return lambda _: policy


def answer(request: Request, tools: Tools, jpegs: Sequence[bytes], device: str) -> Answer:
    """Judge frames as asked, and say what that took."""
    frames = [_frame(index, jpegs[index % len(jpegs)]) for index in range(request.frames)]
    waits: list[float] = []
    seen: list[GpuState] = []
    if device == "cuda":
        _forget_peak()
    with _watched(seen, device):
        started, cpu = time.perf_counter(), time.process_time()
        if request.a_second:
            objects = _paced(frames, tools, request.a_second, waits)
        else:
            size = request.batch if request.alone else AT_ONCE[device]
            objects = 0
            for first in range(0, len(frames), size):
                began = time.perf_counter()
                objects += _events(frames[first : first + size], tools)
                waits.append(time.perf_counter() - began)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    return Answer(
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        objects=objects,
        waits_seconds=waits,
        peak_memory_bytes=_peak_memory_bytes(),
        gpu_memory_bytes=max((state.memory_bytes for state in seen), default=0),
        torch_memory_bytes=_peak_reserved() if device == "cuda" else 0,
        gpu_watts=[state.watts for state in seen],
    )


def _forget_peak() -> None:
    import torch

    torch.cuda.empty_cache()  # what the requests before left
    torch.cuda.reset_peak_memory_stats()


def _peak_reserved() -> int:
    """What is reserved, for graphs work in memory that counts as free between two replays."""
    import torch

    return int(torch.cuda.max_memory_reserved())


def _peak_memory_bytes() -> int:
    """Not ``ru_maxrss``: that begins with what the process had that started this one."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def _events(frames: Sequence[Frame], tools: Tools) -> int:
    """Make the frames' events, encoded as Kafka would get them; give how many objects are in them."""
    outcomes = judge(frames, tools)
    for outcome in outcomes:
        CAMERA_EVENT_CODEC.encode(outcome)
    return sum(len(outcome.objects) for outcome in outcomes if isinstance(outcome, FrameDetections))


def _paced(frames: Sequence[Frame], tools: Tools, a_second: float, waits: list[float]) -> int:
    """Let frames come at a steady rate, whatever waits; judge all that wait, at most so many at once."""
    started, done, objects = time.perf_counter(), 0, 0
    while done < len(frames):
        came = min(len(frames), int((time.perf_counter() - started) * a_second))
        if came == done:
            time.sleep(1 / a_second)
            continue
        taken = frames[done : min(came, done + AT_ONCE["cuda"])]
        objects += _events(taken, tools)
        now = time.perf_counter() - started
        waits.extend(now - (done + index + 1) / a_second for index in range(len(taken)))
        done += len(taken)
    return objects


@contextmanager
def _watched(seen: list[GpuState], device: str) -> Iterator[None]:
    """Note the GPU's state now and then."""
    if device != "cuda":
        yield
        return
    over = threading.Event()

    def watch() -> None:
        fields = "power.draw,memory.used"
        query = ["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader,nounits", f"--id={_gpu()}"]
        while not over.wait(_WATCH_SECONDS):
            said = subprocess.run(query, capture_output=True, text=True, check=True)
            watts, mebibytes = said.stdout.splitlines()[0].split(",")
            seen.append(GpuState(float(watts), int(mebibytes) << 20))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _gpu() -> str:
    return os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]


def _frame(sequence: int, jpeg: bytes) -> Frame:
    headers = FrameHeaders(
        schema=FRAME_SCHEMA,
        captured_at_ms=sequence,
        owner_epoch=1,
        sequence=sequence,
        width=1280,
        height=720,
        source_kind="file",
        camera_revision=1,
        ingest_instance="bench",
        simulated=False,
    )
    return Frame("bench", headers, FrameCoordinates(FRAMES.name, 0, sequence, sequence), jpeg)


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):  # for what is logged
        main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), "f32" in sys.argv[4:], sys.__stdout__ or sys.stderr)
