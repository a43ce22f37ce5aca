"""How a network is run fast: by OpenVINO on a CPU, as CUDA graphs in half precision on an NVIDIA GPU.

::

    torch module ─┬─ CPU ──► traced ─► OpenVINO ─► checked against the module ─► parts of a batch side by side
                  └─ CUDA ─► channels_last, half ─► a graph for each bucket of batch sizes, replayed

Both are made of the module itself when it is loaded; nothing is kept on a disk. Why OpenVINO: ADR 12.
"""

from __future__ import annotations

import sys
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from services.runtime.errors import FatalError

# OpenVINO tells its makers of every import and conversion unless this package is missing. Cameras of a city must not.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino  # noqa: E402  (see above)

Outputs = tuple[Tensor, ...]
Arrays = tuple[NDArray[np.float32], ...]
Capture = Callable[[Tensor], Callable[[], Outputs]]
"""Takes a batch of inputs that stays where it is; what it gives runs the network on whatever lies there then."""

PART_INPUTS = 2
"""Inputs that one CPU thread takes at once. A larger batch gains nothing (13.7 ms an input alone, 13.3 ms among 32),
and small parts keep all threads busy to the end of a batch."""
REQUESTS_A_THREAD = 2
"""Parts a thread is given ahead: the next one begins while the result of the last is fetched."""
BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128)
"""Batch sizes that there is a CUDA graph for; a batch is filled up to the next one, at worst to twice its size."""
MOST_GRAPHS = 32
"""Graphs kept: all buckets of four sizes of input. Cameras of a city have few shapes; the oldest one goes first."""
EXAMPLE_HW = (64, 64)
"""Size of the input that a module is traced with, px; sizes stay free. All networks here take multiples of 32."""
LARGEST_ERROR = 1e-3
"""Most that an output may differ from the module's own, as part of its largest value (at least 1): ten times what
rounding was seen to make, a tenth of what may change a score."""


class Runner(Protocol):
    """Runs a network. One thread at a time; does not change its input.

    It is called with uint8 [N, H, W, 3] on the device it was made for, N at least 1, and gives the network's outputs,
    float32 [N, ...], on the same device. Blocks until they are there.
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
        FatalError: OpenVINO computes something else than the module.
    """
    module = deepcopy(module).eval().requires_grad_(requires_grad=False)
    if device.type == "cuda":
        module = module.to(device, torch.half).to(memory_format=torch.channels_last)
        return GraphRunner(cuda_capture(module))
    return OpenVinoRunner(module, torch.get_num_threads())


class OpenVinoRunner:
    """See ``Runner``. Each of ``threads`` runs a part of the batch of its own, so that none waits for another."""

    def __init__(self, module: nn.Module, threads: int) -> None:
        compiled = openvino.Core().compile_model(
            converted(module),
            "CPU",
            {
                "NUM_STREAMS": threads,
                "INFERENCE_NUM_THREADS": threads,
                "INFERENCE_PRECISION_HINT": "f32",  # on its own it would take bfloat16, which changes scores
                "ENABLE_CPU_PINNING": False,  # two replicas on one machine would be pinned to the same cores
            },
        )
        self._requests = [compiled.create_infer_request() for _ in range(REQUESTS_A_THREAD * threads)]
        self._output_count = len(compiled.outputs)
        self._check(module)

    def __call__(self, inputs_bgr: Tensor) -> Outputs:
        """Give what the network makes of the inputs; see ``Runner``."""
        parts = [part.numpy() for part in torch.split(inputs_bgr.contiguous(), PART_INPUTS)]
        results: list[Arrays] = []
        for index, part in enumerate(parts):
            request = self._requests[index % len(self._requests)]
            if index >= len(self._requests):
                results.append(self._result(request))
            request.start_async([part], share_inputs=True)
        first = len(results)
        results += [self._result(self._requests[index % len(self._requests)]) for index in range(first, len(parts))]
        # By numpy: after work of its own, torch's threads wait for more, busily (26 in place of 18 ms of CPU a frame).
        return tuple(torch.from_numpy(np.concatenate(outputs)) for outputs in zip(*results, strict=True))

    def _result(self, request: Any) -> Arrays:
        request.wait()
        # Copied: a request writes its next result to the same place.
        return tuple(request.get_output_tensor(n).data.copy() for n in range(self._output_count))

    def _check(self, module: nn.Module) -> None:
        example = _example(count=PART_INPUTS * len(self._requests) + 1)
        with torch.inference_mode():
            expected = outputs_of(module, example)
        for own, theirs in zip(expected, self(example), strict=True):
            error = float((own - theirs).abs().max())
            if not error <= LARGEST_ERROR * max(1.0, float(own.abs().max())):
                raise FatalError(f"OpenVINO's output differs from that of {type(module).__name__} by {error:g}")


class GraphRunner:
    """See ``Runner``. ``capture`` is called once a bucket and size of input, and its result replayed from then on."""

    def __init__(self, capture: Capture, buckets: Sequence[int] = BUCKETS, most_graphs: int = MOST_GRAPHS) -> None:
        self._capture = capture
        self._buckets = buckets
        self._most_graphs = most_graphs
        self._graphs: OrderedDict[tuple[int, ...], tuple[Tensor, Callable[[], Outputs]]] = OrderedDict()

    def __call__(self, inputs_bgr: Tensor) -> Outputs:
        """Give what the network makes of the inputs; see ``Runner``."""
        with torch.inference_mode():
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


def cuda_capture(module: nn.Module) -> Capture:
    """Give capture into CUDA graphs that share one pool of memory: only one of them runs at a time.

    Source: https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
    """
    pool = torch.cuda.graph_pool_handle()

    def capture(place: Tensor) -> Callable[[], Outputs]:
        beside = torch.cuda.Stream(place.device)  # type: ignore[no-untyped-call]
        beside.wait_stream(torch.cuda.current_stream(place.device))
        with torch.cuda.stream(beside):
            for _ in range(3):  # the first runs choose algorithms and allocate, which a capture may not
                outputs_of(module, place)
        torch.cuda.current_stream(place.device).wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        # thread_local: frames are decoded in another thread meanwhile, and it may allocate.
        with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
            outputs = outputs_of(module, place)

        def replay() -> Outputs:
            graph.replay()
            return outputs

        return replay

    return capture


def outputs_of(module: nn.Module, inputs_bgr: Tensor) -> Outputs:
    """Run a module as it is; give its outputs as float32, also where it gives but one."""
    result: Tensor | Outputs = module(inputs_bgr)
    return tuple(output.float() for output in ((result,) if isinstance(result, Tensor) else result))


def joined(results: Sequence[Outputs]) -> Outputs:
    """Give one batch's outputs from those of its parts, in order."""
    return results[0] if len(results) == 1 else tuple(torch.cat(parts) for parts in zip(*results, strict=True))


def converted(module: nn.Module) -> Any:
    """Give the module as OpenVINO's, for inputs of any size."""
    with warnings.catch_warnings():
        # Tracing is deprecated; torch.export takes 8 s of CPU where this takes half a second, for the same graph.
        warnings.simplefilter("ignore", FutureWarning)
        traced = torch.jit.trace(module, _example(count=1), check_trace=False)  # type: ignore[no-untyped-call]
    return openvino.convert_model(traced, input=[openvino.PartialShape([-1, -1, -1, 3])])


def _example(count: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, *EXAMPLE_HW, 3), dtype=torch.uint8, generator=generator)
