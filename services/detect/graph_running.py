"""A network run on an NVIDIA GPU: its torch module in half precision, as CUDA graphs. Imported for a GPU alone.

::

    torch module ─► channels_last, half ─► a graph for each bucket of batch sizes and usual size of input, captured at
                                           the start and replayed; other sizes without one. Each graph is checked, and
                                           what runs without one, against the module in single precision on the CPU
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from services.detect.networks import CHECKED_HWS, LARGEST_BATCH, InputsBgr, Outputs, Runner
from services.detect.output_check import outputs_of_examples, require_close
from services.runtime.errors import FatalError

Tensors = tuple[Tensor, ...]
RunTensors = Callable[[Tensor], Tensors]
"""Runs a network where its inputs lie: uint8 [N, H, W, 3] to float32 [N, ...] each."""
Capture = Callable[[Tensor], Callable[[], Tensors]]
"""Takes a batch of inputs that stays where it is; what it gives runs the network on whatever lies there then."""

BUCKETS = (1, 2, 4, 8, 16, 32, 64, LARGEST_BATCH)
"""Batch sizes that there is a CUDA graph for; a batch is filled up to the next one, at worst to twice its size."""
LARGEST_ERROR_HALF = 5e-3
"""Most that an output may differ, as part of its largest value, where all is in half precision: half of what may change
a score. Seen on a CPU, which computes in half precision too: 7e-4 of NanoDet-g and 9e-4 of the water network."""
_CAPTURING = Lock()
"""Held by whoever captures, its first runs included: a process may capture but one graph at a time."""


def make_gpu_runner(
    module: nn.Module, device: str, usual_hws: Sequence[tuple[int, int]], most_inputs: int, threads: int
) -> Runner:
    """Return the fastest way to run a module on a GPU; see ``make_runner``.

    Args:
        module: Takes uint8 [N, H, W, 3], H and W multiples of 32, and gives a float tensor or a tuple of them, each
            [N, ...]. Its parameters and buffers become half precision: where that is too coarse, it has to say
            ``float()`` itself.
        device: An NVIDIA GPU.
        usual_hws: Sizes of input that get graphs, px.
        most_inputs: The largest batch that will come.
        threads: CPU threads of torch, for what it does on the CPU.

    Raises:
        FatalError: A graph computes something else than the module.
    """
    torch.set_num_threads(threads)
    return gpu_runner(module, torch.device(device), usual_hws, most_inputs, cuda_capture)


def gpu_runner(
    module: nn.Module,
    device: torch.device,
    usual_hws: Sequence[tuple[int, int]],
    most_inputs: int,
    capture_of: Callable[[nn.Module, torch.device], Capture],
) -> Runner:
    """Return graphs in half precision, each of which gave what the module does; see ``make_gpu_runner``."""
    module = deepcopy(module).eval().requires_grad_(requires_grad=False)
    halved = deepcopy(module).to(device, torch.half).to(memory_format=torch.channels_last)
    buckets = [bucket for bucket in BUCKETS if bucket < 2 * most_inputs]  # up to the first that holds so many
    places = [torch.zeros((buckets[-1], *size_hw, 3), dtype=torch.uint8, device=device) for size_hw in usual_hws]
    run = DeviceRunner(GraphRunner(partial(outputs_of, halved), capture_of(halved, device), places, buckets), device)
    expected = outputs_of_examples(partial(outputs_on_cpu, module), (*CHECKED_HWS, *usual_hws))
    require_close(run, expected, LARGEST_ERROR_HALF, type(module).__name__, buckets)
    return run


def outputs_of(module: nn.Module, *inputs: Tensor) -> Tensors:
    """Run a module as it is; return its outputs as float32, also where it gives but one."""
    result: Tensor | Tensors = module(*inputs)
    return tuple(output.float() for output in ((result,) if isinstance(result, Tensor) else result))


def outputs_on_cpu(module: nn.Module, inputs_bgr: NDArray[np.uint8]) -> Outputs:
    """Return a module's outputs as arrays; it is on the CPU."""
    with torch.inference_mode():
        return tuple(output.numpy() for output in outputs_of(module, torch.from_numpy(inputs_bgr)))


class DeviceRunner:
    """See ``Runner``. Brings outputs back from ``device``, and ends the process where one is no number."""

    def __init__(self, run: RunTensors, device: torch.device) -> None:
        self._run = run
        self._device = device

    def __call__(self, inputs_bgr: InputsBgr) -> Outputs:
        """Return the network's outputs; see ``Runner``.

        Raises:
            FatalError: Some of them are infinite or no number.
        """
        outputs = self._run(torch.as_tensor(inputs_bgr, device=self._device))
        if not bool(torch.stack([output.isfinite().all() for output in outputs]).all()):
            raise FatalError(f"the network gave what is no number, of {len(inputs_bgr)} inputs on {self._device}")
        return tuple(output.cpu().numpy() for output in outputs)


class GraphRunner:
    """Runs a network by graphs. Thread-safe; outputs may be still under way, in the current stream.

    ``capture`` is called when this is made, for each bucket and place, and its results replayed. ``places`` are where
    inputs of a size lie, uint8 [the largest bucket, H, W, 3]; a smaller bucket is the first part of one. Inputs of
    another size go to ``run``.
    """

    def __init__(
        self, run: RunTensors, capture: Capture, places: Sequence[Tensor], buckets: Sequence[int] = BUCKETS
    ) -> None:
        self._run = run
        self._buckets = buckets
        self._lock = Lock()
        with _CAPTURING, torch.inference_mode():
            parts = [place[:bucket] for place in places for bucket in reversed(buckets)]  # the largest makes the pool
            self._graphs = {tuple(part.shape): (part, capture(part)) for part in parts}

    def __call__(self, inputs_bgr: Tensor) -> Tensors:
        """Return the network's outputs."""
        with self._lock, torch.inference_mode():
            return joined([self._outputs(part) for part in torch.split(inputs_bgr, self._buckets[-1])])

    def _outputs(self, part: Tensor) -> Tensors:
        bucket = next(size for size in self._buckets if size >= len(part))
        graph = self._graphs.get((bucket, *part.shape[1:]))
        if graph is None:
            return self._run(part)
        place, replay = graph
        place[: len(part)].copy_(part)  # behind them lies an earlier batch; its results are not given out
        return tuple(output[: len(part)].clone() for output in replay())


def cuda_capture(module: nn.Module, device: torch.device) -> Capture:
    """Return capture into CUDA graphs that share one pool of memory, and one stream: only one of them runs at a time.

    While it captures, no other work of this process may be on the GPU, in whatever thread; the caller sees to that.
    What another thread does all the same ends the capture with an error: torch's mode "global".

    Source: https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
    """
    pool = torch.cuda.graph_pool_handle()
    beside = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def capture(place: Tensor) -> Callable[[], Tensors]:
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

        def replay() -> Tensors:
            graph.replay()
            return outputs

        return replay

    return capture


def joined(results: Sequence[Tensors]) -> Tensors:
    """Return one batch's outputs from those of its parts, in order."""
    return results[0] if len(results) == 1 else tuple(torch.cat(parts) for parts in zip(*results, strict=True))
