"""Ways of running NanoDet-g on a CPU, side by side: where the table of ADR 12 comes from. Takes minutes.

Usage: python -m benchmarks.measured.detect_backends [ROUNDS [compile]]

All ways take turns, and figures are medians of milliseconds an input of 256 x 416 px, made of the frames of
``bench detect``. CPU time is what other work disturbs least. A way's errors are how far scores and distances (px)
of cells that score .05 or more are from torch's at most. torch.compile, which takes half a minute to start, is measured
where asked for.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import onnxruntime
import torch
from torch import Tensor

from services.cli.bench.detect import export, write_frames
from services.detect.detector import DetectorOptions
from services.detect.detectors.nanodet import WEIGHTS_NAME
from services.detect.letterbox import letterbox
from services.detect.models.nanodet_graph import build_nanodet, build_nanodet_stages
from services.detect.models.nanodet_network import NanoDetOnPictures, load_nanodet
from services.detect.models.openvino_layers import State
from services.detect.models.store import read_weights
from services.detect.openvino_running import OpenVinoRunner, Stage

BATCHES = (1, 8, 32)
INPUTS_A_TURN = 32
LEAST_SCORE = 0.05
Way = Callable[[Tensor], Sequence[Tensor]]
"""Takes uint8 [N, 256, 416, 3]; gives scores and distances as NanoDetOnPictures does."""


def main(rounds: int, compiled: bool) -> None:
    """Print the table."""
    state = read_weights(DetectorOptions().models_folder, WEIGHTS_NAME)[0]
    module = load_nanodet(state)
    inputs = real_inputs()
    print("| way | threads | batch | wall ms | CPU ms | errors |\n|---|---|---|---|---|---|")
    for threads in (1, 2):
        torch.set_num_threads(threads)
        taken: dict[tuple[str, int], list[tuple[float, float]]] = {}
        ways = ways_of(module, state, threads, compiled)
        errors = {name: errors_of(way, module, inputs) for name, way in ways.items()}
        for number in range(rounds + 1):
            for batch in BATCHES:
                for name, way in ways.items():
                    cost = measured(way, inputs[:batch])
                    if number:
                        taken.setdefault((name, batch), []).append(cost)
        for (name, batch), costs in sorted(taken.items()):
            wall, cpu = (statistics.median(each) for each in zip(*costs, strict=True))
            print(f"| {name} | {threads} | {batch} | {wall:.1f} | {cpu:.1f} | {errors[name]} |", flush=True)


def real_inputs() -> Tensor:
    """Give as many inputs as the largest batch takes."""
    with TemporaryDirectory() as folder:
        write_frames(Path(folder))
        paths = sorted(Path(folder).glob("*.jpg"))[: max(BATCHES)]
        images = [np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR), np.uint8) for path in paths]
    return torch.from_numpy(np.stack([letterbox(image, (256, 416))[0] for image in images]))


def ways_of(module: NanoDetOnPictures, state: State, threads: int, compiled: bool) -> dict[str, Way]:
    """Give the ways, none of them warm."""
    fine, coarse = build_nanodet_stages(state)
    last = deepcopy(module).to(memory_format=torch.channels_last)
    ways: dict[str, Way] = {
        "torch": module,
        "torch, channels_last": last,
        "onnxruntime": by_onnxruntime(threads),
        "OpenVINO, single precision": by_openvino([Stage(build_nanodet(state), coarse=False)], threads),
        "OpenVINO, from 1/8 on in bfloat16 (kept)": by_openvino(
            [Stage(fine, coarse=False), Stage(coarse, coarse=True)], threads
        ),
        "OpenVINO, bfloat16": by_openvino([Stage(build_nanodet(state), coarse=True)], threads),
    }
    if compiled:
        ways["torch.compile, channels_last"] = torch.compile(last, dynamic=False)
    return ways


def by_openvino(stages: Sequence[Stage], threads: int) -> Way:
    """Return OpenVINO's way."""
    run = OpenVinoRunner(stages, threads)
    return lambda inputs: [torch.from_numpy(each) for each in run(inputs.numpy())]


def by_onnxruntime(threads: int) -> Way:
    """Give onnxruntime's way."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    with TemporaryDirectory() as folder:
        export(Path(folder) / "network.onnx")
        session = onnxruntime.InferenceSession(Path(folder) / "network.onnx", options, ["CPUExecutionProvider"])
    return lambda inputs: [torch.from_numpy(each) for each in session.run(None, {"inputs": inputs.numpy()})]


def errors_of(way: Way, module: NanoDetOnPictures, inputs: Tensor) -> str:
    """Say how far a way's scores and distances are from torch's, where something is seen. Warms it."""
    with torch.inference_mode():
        own, theirs = module(inputs), way(inputs)
    seen = own[0] >= LEAST_SCORE
    score = (own[0] - theirs[0]).abs()[seen].max()
    return f"{float(score):.4f}, {float((own[1] - theirs[1]).abs()[seen.any(-1)].max()):.2f} px"


def measured(way: Way, inputs: Tensor) -> tuple[float, float]:
    """Give wall and CPU milliseconds an input."""
    times = max(1, INPUTS_A_TURN // len(inputs))
    with torch.inference_mode():
        started, cpu = time.perf_counter(), time.process_time()
        for _ in range(times):
            way(inputs)
        count = times * len(inputs) / 1000
        return (time.perf_counter() - started) / count, (time.process_time() - cpu) / count


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, "compile" in sys.argv)
