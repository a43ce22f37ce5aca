"""How a network is run fast: by OpenVINO on a CPU, as CUDA graphs in half precision on an NVIDIA GPU.

::

    torch module ─┬─ CPU ──► traced ─► OpenVINO ─► checked against the module ─► parts of a batch side by side
                  │                    (of a StagedModule the second stage in bfloat16, where the CPU has that)
                  └─ CUDA ─► channels_last, half ─► a graph for each bucket of batch sizes, replayed,
                             checked against the module in single precision on the CPU

Both are made of the module itself when it is loaded; nothing is kept on a disk. Why OpenVINO: ADR 12.
"""

from __future__ import annotations

import sys
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from services.runtime.errors import FatalError
from services.runtime.logging import get_logger

# OpenVINO tells its makers of every import and conversion unless this package is missing. Cameras of a city must not.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino  # noqa: E402  (see above)

CPU = torch.device("cpu")
Outputs = tuple[Tensor, ...]
Capture = Callable[[Tensor], Callable[[], Outputs]]
"""Takes a batch of inputs that stays where it is; what it gives runs the network on whatever lies there then."""

PART_INPUTS = 2
"""Inputs that one CPU thread takes at once. A larger batch gains nothing (13.7 ms an input alone, 13.3 ms among 32),
and small parts keep all threads busy to the end of a batch."""
BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128)
"""Batch sizes that there is a CUDA graph for; a batch is filled up to the next one, at worst to twice its size."""
MOST_GRAPHS = 32
"""Graphs kept: all buckets of four sizes of input. Cameras of a city have few shapes; the oldest one goes first."""
EXAMPLE_HW = (128, 192)
"""Size of the input that a module is traced with, px; sizes stay free. All networks here take multiples of 32."""
CHECKED_HWS = (EXAMPLE_HW, (160, 96))
"""Sizes that are checked: one more, of other sides, so that nothing of the first has stayed in the graph."""
LARGEST_ERROR = 1e-3
"""Most that an output may differ from the module's own, as part of its largest value (at least 1): ten times what
rounding was seen to make, a tenth of what may change a score."""
LARGEST_ERROR_BFLOAT16 = 5e-3
"""The same of a network that is in bfloat16 in part: half of what may change a score. Seen: 2.6e-3 of NanoDet-g, and
6.9e-3 with all of it in bfloat16, which is too much on real frames (ADR 12)."""
LARGEST_ERROR_HALF = 5e-3
"""The same on a GPU, where all is in half precision: half of what may change a score. Seen on a CPU, which computes in
half precision too: 7e-4 of NanoDet-g and 9e-4 of the water network."""
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Stage:
    """A module that is a whole network or a part of one; ``coarse``: it is run in bfloat16."""

    module: nn.Module
    coarse: bool


class StagedModule(nn.Module):
    """Two modules, one after the other; the second one's results stay close where it is computed in bfloat16.

    ``fine`` gives the maps, [N, channels, H, W] each, that ``coarse`` takes.
    """

    def __init__(self, fine: nn.Module, coarse: nn.Module) -> None:
        super().__init__()
        self.fine = fine
        self.coarse = coarse

    def forward(self, inputs_bgr: Tensor) -> Outputs:
        """Give the outputs of ``coarse``."""
        outputs: Outputs = self.coarse(self.fine(inputs_bgr))
        return outputs


class Runner(Protocol):
    """Runs a network. Threads may call it at once; does not change its input.

    It is called with uint8 [N, H, W, 3] on the device it was made for, N at least 1, and gives the network's outputs,
    float32 [N, ...], on the same device. On a GPU these may be still under way, in the current stream. What
    ``make_runner`` gives waits for them, for it looks at them.
    """

    def __call__(self, inputs_bgr: Tensor) -> Outputs:
        """Give what the network makes of the inputs."""


def make_runner(module: nn.Module, device: torch.device) -> Runner:
    """Give the fastest way to run ``module`` on ``device``; takes a second on a CPU. The module is left as it is.

    Args:
        module: Takes uint8 [N, H, W, 3], H and W multiples of 32, and gives a float tensor or a tuple of them, each
            [N, ...]. What it computes must depend on sizes by torch's operations alone, for it is traced. On a GPU its
            parameters and buffers become half precision: where that is too coarse, it has to say ``float()`` itself.
        device: ``cpu`` or an NVIDIA GPU. On a CPU as many threads run as torch is set to use now.

    Raises:
        FatalError: What runs it computes something else than the module.
    """
    module = deepcopy(module).eval().requires_grad_(requires_grad=False)
    if device.type == "cuda":
        halved = deepcopy(module).to(device, torch.half).to(memory_format=torch.channels_last)
        return FiniteRunner(checked(GraphRunner(cuda_capture(halved, device)), module, LARGEST_ERROR_HALF, device))
    return FiniteRunner(cpu_runner(module, torch.get_num_threads(), cpu_gains_by_bfloat16()))


class OpenVinoRunner:
    """See ``Runner``. Each of ``threads`` runs a part of the batch of its own, so that none waits for another.

    The stages, one or two, are networks of one precision each: within one, OpenVINO gave NaN in most of the divisions
    into two precisions that were tried.
    """

    def __init__(self, stages: Sequence[Stage], threads: int) -> None:
        examples: Outputs = (_example(1, EXAMPLE_HW),)
        compiled = []
        for stage in stages:
            settings = {
                "NUM_STREAMS": threads,
                "INFERENCE_NUM_THREADS": threads,
                "INFERENCE_PRECISION_HINT": "bf16" if stage.coarse else "f32",
                "ENABLE_CPU_PINNING": False,  # two replicas on one machine would be pinned to the same cores
            }
            compiled.append(openvino.Core().compile_model(converted(stage.module, examples), "CPU", settings))
            with torch.no_grad():  # and not in inference mode, whose tensors can't be traced with
                examples = outputs_of(stage.module, *examples)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="network")
        self._free: SimpleQueue[list[tuple[Any, int]]] = SimpleQueue()
        for _ in range(threads):
            self._free.put([(each.create_infer_request(), len(each.outputs)) for each in compiled])

    def __call__(self, inputs_bgr: Tensor) -> Outputs:
        """Give what the network makes of the inputs; see ``Runner``."""
        parts = [part.numpy() for part in torch.split(inputs_bgr.contiguous(), PART_INPUTS)]
        results = list(self._pool.map(self._part, parts))
        # By numpy: after work of its own, torch's threads wait for more, busily (26 in place of 18 ms of CPU a frame).
        return tuple(torch.from_numpy(np.concatenate(outputs)) for outputs in zip(*results, strict=True))

    def _part(self, part_bgr: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        requests = self._free.get()
        try:
            tensors = [openvino.Tensor(part_bgr, shared_memory=True)]
            for request, output_count in requests:
                for index, tensor in enumerate(tensors):
                    request.set_input_tensor(index, tensor)
                request.start_async()
                request.wait()
                tensors = [request.get_output_tensor(index) for index in range(output_count)]
            # Copied: a request writes its next result to the same place.
            return tuple(tensor.data.copy() for tensor in tensors)
        finally:
            self._free.put(requests)


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


def checked(run: Runner, module: nn.Module, most: float, device: torch.device = CPU) -> Runner:
    """Give ``run`` back, which runs on ``device``, if it computes what ``module`` does on a CPU in single precision.

    Raises:
        FatalError: It differs by more than ``most`` (see ``largest_error``), or gives what is no number.
    """
    error = largest_error(run, module, device)
    if not error <= most:
        raise FatalError(
            f"{type(run).__name__}'s output on {device} differs from that of {type(module).__name__} by {error:g} of "
            f"its largest; at most {most:g} is allowed"
        )
    return run


def largest_error(run: Runner, module: nn.Module, device: torch.device = CPU) -> float:
    """Give the most that an output differs from the module's, as part of its largest value (at least 1).

    NaN if any of either is no number. Parts of a batch have one or ``PART_INPUTS`` inputs; both are tried.
    """
    errors = []
    for size_hw in CHECKED_HWS:
        example = _example(PART_INPUTS + 1, size_hw)
        with torch.inference_mode():
            expected = outputs_of(module, example)
        for own, theirs in zip(expected, run(example.to(device)), strict=True):
            if own.shape != theirs.shape:
                return float("inf")
            errors.append(float((own - theirs.cpu()).abs().max()) / max(1.0, float(own.abs().max())))
    return float(np.max(errors))  # which keeps NaN; Python's own gives whichever it met first


def cpu_gains_by_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Tell whether bfloat16 is faster on this CPU, where that was measured (ADR 12): with AMX, and on AMD's without.

    An Intel one that has ``avx512_bf16`` alone takes half as long again; others imitate it, more slowly still.
    """
    cpus = cpuinfo.read_text() if cpuinfo.exists() else ""
    return "amx_bf16" in cpus or ("AuthenticAMD" in cpus and "avx512_bf16" in cpus)


class GraphRunner:
    """See ``Runner``. ``capture`` is called once a bucket and size of input, and its result replayed from then on."""

    def __init__(self, capture: Capture, buckets: Sequence[int] = BUCKETS, most_graphs: int = MOST_GRAPHS) -> None:
        self._capture = capture
        self._buckets = buckets
        self._most_graphs = most_graphs
        self._graphs: OrderedDict[tuple[int, ...], tuple[Tensor, Callable[[], Outputs]]] = OrderedDict()
        self._lock = Lock()

    def __call__(self, inputs_bgr: Tensor) -> Outputs:
        """Give what the network makes of the inputs; see ``Runner``."""
        with self._lock, torch.inference_mode():
            return joined([self._replayed(part) for part in torch.split(inputs_bgr, self._buckets[-1])])

    def _replayed(self, part: Tensor) -> Outputs:
        bucket = next(size for size in self._buckets if size >= len(part))
        place, replay = self._graph((bucket, *part.shape[1:]), part)
        place[: len(part)].copy_(part)  # behind them lies an earlier batch; its results are not given out
        return tuple(output[: len(part)].clone() for output in replay())

    def _graph(self, shape: tuple[int, ...], like: Tensor) -> tuple[Tensor, Callable[[], Outputs]]:
        if shape not in self._graphs:
            while len(self._graphs) >= self._most_graphs:
                self._graphs.popitem(last=False)
            place = like.new_zeros(shape)
            self._graphs[shape] = place, self._capture(place)
        self._graphs.move_to_end(shape)
        return self._graphs[shape]


def cuda_capture(module: nn.Module, device: torch.device) -> Capture:
    """Give capture into CUDA graphs that share one pool of memory, and one stream: only one of them runs at a time.

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
            # thread_local: frames are decoded in another thread meanwhile, and it may allocate.
            with torch.cuda.graph(graph, pool=pool, stream=beside, capture_error_mode="thread_local"):
                outputs = outputs_of(module, place)

        def replay() -> Outputs:
            graph.replay()
            return outputs

        return replay

    return capture


def outputs_of(module: nn.Module, *inputs: Tensor) -> Outputs:
    """Run a module as it is; give its outputs as float32, also where it gives but one."""
    result: Tensor | Outputs = module(*inputs)
    return tuple(output.float() for output in ((result,) if isinstance(result, Tensor) else result))


def joined(results: Sequence[Outputs]) -> Outputs:
    """Give one batch's outputs from those of its parts, in order."""
    return results[0] if len(results) == 1 else tuple(torch.cat(parts) for parts in zip(*results, strict=True))


def converted(module: nn.Module, examples: Outputs) -> Any:
    """Give the module as OpenVINO's: for pictures [N, H, W, 3], or maps [N, channels, H, W], of any size."""
    with warnings.catch_warnings():
        # Tracing is deprecated; torch.export takes 8 s of CPU where this takes half a second, for the same graph.
        warnings.simplefilter("ignore", FutureWarning)
        traced = torch.jit.trace(module, examples, check_trace=False)  # type: ignore[no-untyped-call]
    shapes = [(-1, -1, -1, 3) if each.dtype == torch.uint8 else (-1, each.shape[1], -1, -1) for each in examples]
    return openvino.convert_model(traced, input=[openvino.PartialShape(list(shape)) for shape in shapes])


def _example(count: int, size_hw: tuple[int, int]) -> Tensor:
    """Give pictures of coarse, coloured noise, uint8 [count, *size_hw, 3]: smooth in most places, as real ones."""
    generator = torch.Generator().manual_seed(0)
    patches = torch.rand((count, 3, size_hw[0] // 16, size_hw[1] // 16), generator=generator) * 255
    smooth = nn.functional.interpolate(patches, size=size_hw, mode="bilinear")
    return smooth.permute(0, 2, 3, 1).round().to(torch.uint8).contiguous()
