"""How a network is run fast: by OpenVINO on a CPU, as CUDA graphs in half precision on an NVIDIA GPU.

::

    torch module ─┬─ CPU ──► traced ─► OpenVINO ─► checked against the module (openvino_running.py)
                  │                    (of a StagedModule the second stage in bfloat16, where the CPU has that)
                  └─ CUDA ─► channels_last, half ─► a graph for each bucket of batch sizes and usual size of input,
                             captured at the start and replayed; other sizes without one. Each graph is checked, and
                             what runs without one, against the module in single precision on the CPU

Both are made of the module itself when it is loaded; nothing is kept on a disk. Why OpenVINO: ADR 12.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from services.detect.modules import EXAMPLE_HW, Outputs, Stage, StagedModule, example_bgr, outputs_of
from services.detect.openvino_running import PART_INPUTS, OpenVinoRunner
from services.runtime.errors import FatalError
from services.runtime.logging import get_logger

CPU = torch.device("cpu")
Capture = Callable[[Tensor], Callable[[], Outputs]]
"""Takes a batch of inputs that stays where it is; what it gives runs the network on whatever lies there then."""

BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128)
"""Batch sizes that there is a CUDA graph for; a batch is filled up to the next one, at worst to twice its size."""
CHECKED_HWS = (EXAMPLE_HW, (160, 96))
"""Sizes that are checked: one more, of other sides, so that nothing of the first has stayed in the graph."""
CHECKED_INPUTS = PART_INPUTS + 1
"""Pictures that are checked of each size. On a CPU they are a batch, of whose parts one is full and one is not."""
LARGEST_ERROR = 1e-3
"""Most that an output may differ from the module's own, as part of its largest value (at least 1): ten times what
rounding was seen to make, a tenth of what may change a score."""
LARGEST_ERROR_BFLOAT16 = 5e-3
"""The same of a network that is in bfloat16 in part: half of what may change a score. Seen: 2.6e-3 of NanoDet-g, and
6.9e-3 with all of it in bfloat16, which is too much on real frames (ADR 12)."""
LARGEST_ERROR_HALF = 5e-3
"""The same on a GPU, where all is in half precision: half of what may change a score. Seen on a CPU, which computes in
half precision too: 7e-4 of NanoDet-g and 9e-4 of the water network."""
_CAPTURING = Lock()
"""Held by whoever captures, its first runs included: a process may capture but one graph at a time."""
log = get_logger(__name__)


class Runner(Protocol):
    """Runs a network. Threads may call it at once; does not change its input.

    It is called with uint8 [N, H, W, 3] on the device it was made for, N at least 1, and gives the network's outputs,
    float32 [N, ...], on the same device. On a GPU these may be still under way, in the current stream. What
    ``make_runner`` gives waits for them, for it looks at them.
    """

    def __call__(self, inputs_bgr: Tensor) -> Outputs:
        """Give what the network makes of the inputs."""


def make_runner(
    module: nn.Module,
    device: torch.device,
    usual_hws: Sequence[tuple[int, int]] = (),
    most_inputs: int = BUCKETS[-1],
) -> Runner:
    """Give the fastest way to run ``module`` on ``device``; takes a second on a CPU. The module is left as it is.

    On a GPU graphs are captured here, and never later: while one is, no other thread may use the GPU.

    Args:
        module: Takes uint8 [N, H, W, 3], H and W multiples of 32, and gives a float tensor or a tuple of them, each
            [N, ...]. What it computes must depend on sizes by torch's operations alone, for it is traced. On a GPU its
            parameters and buffers become half precision: where that is too coarse, it has to say ``float()`` itself.
        device: ``cpu`` or an NVIDIA GPU. On a CPU as many threads run as torch is set to use now.
        usual_hws: Sizes of input for which a GPU gets graphs, px; others are run without, which costs more.
        most_inputs: The largest batch that will come. A GPU gets no graphs for much larger ones: they hold memory.

    Raises:
        FatalError: What runs it computes something else than the module.
    """
    module = deepcopy(module).eval().requires_grad_(requires_grad=False)
    if device.type == "cuda":
        return FiniteRunner(gpu_runner(module, device, usual_hws, most_inputs, cuda_capture))
    return FiniteRunner(cpu_runner(module, torch.get_num_threads(), cpu_gains_by_bfloat16()))


class WatchedRunner:
    """See ``Runner``. Runs ``fast`` until that gives what is no number; that batch and all later ones, ``exact``."""

    def __init__(self, fast: Runner, exact: Runner) -> None:
        self._run = fast
        self._exact = exact

    def __call__(self, inputs_bgr: Tensor) -> Outputs:
        """Give what the network makes of the inputs; see ``Runner``."""
        outputs = self._run(inputs_bgr)
        if self._run is not self._exact and not all_finite(outputs):
            log.warning("detect.bfloat16_not_finite", inputs=len(inputs_bgr))
            self._run = self._exact
            outputs = self._run(inputs_bgr)
        return outputs


class FiniteRunner:
    """See ``Runner``. Ends the process where an output is no number: a picture of such would look like an empty one."""

    def __init__(self, run: Runner) -> None:
        self._run = run

    def __call__(self, inputs_bgr: Tensor) -> Outputs:
        """Give what the network makes of the inputs; see ``Runner``.

        Raises:
            FatalError: Some of it is infinite or no number.
        """
        outputs = self._run(inputs_bgr)
        if not all_finite(outputs):
            raise FatalError(f"the network gave what is no number, of {len(inputs_bgr)} inputs on {inputs_bgr.device}")
        return outputs


def all_finite(outputs: Outputs) -> bool:
    """Tell whether all are numbers. Waits for them. On a CPU by numpy: see ``OpenVinoRunner``."""
    if outputs[0].device.type == "cpu":
        return all(bool(np.isfinite(output.numpy()).all()) for output in outputs)
    return bool(torch.stack([output.isfinite().all() for output in outputs]).all())


def cpu_runner(module: nn.Module, threads: int, in_bfloat16: bool) -> Runner:
    """Give the fastest way on a CPU that is close enough to the module.

    Raises:
        FatalError: OpenVINO computes something else than the module, even in single precision.
    """
    exact = checked(OpenVinoRunner([Stage(module, coarse=False)], threads), module, LARGEST_ERROR)
    if not isinstance(module, StagedModule) or not in_bfloat16:
        return exact
    fast = OpenVinoRunner([Stage(module.fine, coarse=False), Stage(module.coarse, coarse=True)], threads)
    error = largest_error(fast, module)
    if not error <= LARGEST_ERROR_BFLOAT16:
        log.warning("detect.bfloat16_differs", module=type(module).__name__, error=error)
        return exact
    return WatchedRunner(fast, exact)


def gpu_runner(
    module: nn.Module,
    device: torch.device,
    usual_hws: Sequence[tuple[int, int]],
    most_inputs: int,
    capture_of: Callable[[nn.Module, torch.device], Capture],
) -> Runner:
    """Give graphs in half precision, each of which gave what the module does; see ``make_runner``.

    Raises:
        FatalError: One of them computes something else.
    """
    halved = deepcopy(module).to(device, torch.half).to(memory_format=torch.channels_last)
    buckets = [bucket for bucket in BUCKETS if bucket < 2 * most_inputs]  # up to the first that holds so many
    places = [torch.zeros((buckets[-1], *size_hw, 3), dtype=torch.uint8, device=device) for size_hw in usual_hws]
    run = GraphRunner(partial(outputs_of, halved), capture_of(halved, device), places, buckets)
    return checked(run, module, LARGEST_ERROR_HALF, device, (*CHECKED_HWS, *usual_hws), buckets)


def checked(
    run: Runner,
    module: nn.Module,
    most: float,
    device: torch.device = CPU,
    sizes_hw: Sequence[tuple[int, int]] = CHECKED_HWS,
    counts: Sequence[int] = (CHECKED_INPUTS,),
) -> Runner:
    """Give ``run`` back, which runs on ``device``, if it computes what ``module`` does on a CPU in single precision.

    Raises:
        FatalError: It differs by more than ``most`` (see ``largest_error``), or gives what is no number.
    """
    error = largest_error(run, module, device, sizes_hw, counts)
    if not error <= most:
        raise FatalError(
            f"{type(run).__name__}'s output on {device} differs from that of {type(module).__name__} by {error:g} of "
            f"its largest; at most {most:g} is allowed"
        )
    return run


def largest_error(
    run: Runner,
    module: nn.Module,
    device: torch.device = CPU,
    sizes_hw: Sequence[tuple[int, int]] = CHECKED_HWS,
    counts: Sequence[int] = (CHECKED_INPUTS,),
) -> float:
    """Give the most that an output differs from the module's, as part of its largest value (at least 1).

    NaN if any of either is no number. Of each size, batches of ``counts`` inputs are tried; they repeat the same
    ``CHECKED_INPUTS`` pictures, so that the module itself, which takes its time, looks at no more.
    """
    errors = []
    for size_hw in sizes_hw:
        example = example_bgr(CHECKED_INPUTS, size_hw)
        with torch.inference_mode():
            expected = outputs_of(module, example)
        for count in counts:
            repeated = torch.arange(count) % CHECKED_INPUTS
            for own, theirs in zip(expected, run(example[repeated].to(device)), strict=True):
                if own[repeated].shape != theirs.shape:
                    return float("inf")
                errors.append(float((own[repeated] - theirs.cpu()).abs().max()) / max(1.0, float(own.abs().max())))
    return float(np.max(errors))  # which keeps NaN; Python's own gives whichever it met first


def cpu_gains_by_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Tell whether bfloat16 is faster on this CPU, where that was measured (ADR 12): with AMX, and on AMD's without.

    An Intel one that has ``avx512_bf16`` alone takes half as long again; others imitate it, more slowly still.
    """
    cpus = cpuinfo.read_text() if cpuinfo.exists() else ""
    return "amx_bf16" in cpus or ("AuthenticAMD" in cpus and "avx512_bf16" in cpus)


class GraphRunner:
    """See ``Runner``. ``capture`` is called when this is made, for each bucket and place, and its results replayed.

    ``places`` are where inputs of a size lie, uint8 [the largest bucket, H, W, 3]; a smaller bucket is the first part
    of one. Inputs of another size go to ``run``.
    """

    def __init__(
        self, run: Runner, capture: Capture, places: Sequence[Tensor], buckets: Sequence[int] = BUCKETS
    ) -> None:
        self._run = run
        self._buckets = buckets
        self._lock = Lock()
        with _CAPTURING, torch.inference_mode():
            parts = [place[:bucket] for place in places for bucket in reversed(buckets)]  # the largest makes the pool
            self._graphs = {tuple(part.shape): (part, capture(part)) for part in parts}

    def __call__(self, inputs_bgr: Tensor) -> Outputs:
        """Give what the network makes of the inputs; see ``Runner``."""
        with self._lock, torch.inference_mode():
            return joined([self._outputs(part) for part in torch.split(inputs_bgr, self._buckets[-1])])

    def _outputs(self, part: Tensor) -> Outputs:
        bucket = next(size for size in self._buckets if size >= len(part))
        graph = self._graphs.get((bucket, *part.shape[1:]))
        if graph is None:
            return self._run(part)
        place, replay = graph
        place[: len(part)].copy_(part)  # behind them lies an earlier batch; its results are not given out
        return tuple(output[: len(part)].clone() for output in replay())


def cuda_capture(module: nn.Module, device: torch.device) -> Capture:
    """Give capture into CUDA graphs that share one pool of memory, and one stream: only one of them runs at a time.

    While it captures, no other work of this process may be on the GPU, in whatever thread; the caller sees to that.
    What another thread does all the same ends the capture with an error: torch's mode "global".

    Source: https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
    """
    pool = torch.cuda.graph_pool_handle()
    beside = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def capture(place: Tensor) -> Callable[[], Outputs]:
        with torch.cuda.device(place.device):  # otherwise a capture begins on the first GPU
            current = torch.cuda.current_stream()
            beside.wait_stream(current)
            with torch.cuda.stream(beside):
                for _ in range(3):  # the first runs choose algorithms and allocate, which a capture may not
                    outputs_of(module, place)
            current.wait_stream(beside)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=pool, stream=beside, capture_error_mode="global"):
                outputs = outputs_of(module, place)

        def replay() -> Outputs:
            graph.replay()
            return outputs

        return replay

    return capture


def joined(results: Sequence[Outputs]) -> Outputs:
    """Give one batch's outputs from those of its parts, in order."""
    return results[0] if len(results) == 1 else tuple(torch.cat(parts) for parts in zip(*results, strict=True))
