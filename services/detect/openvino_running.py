"""A network run by OpenVINO on a CPU: parts of a batch side by side, each in a thread of its own.

::

    graph ─► stages of free sizes ─► run whatever comes
                  └─ in the background, for a size that came ─► of that size alone, if it gives the very same

A network that is compiled for one size of input is faster: half of NanoDet-g in bfloat16 takes 4.3 in place of 4.7 ms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.detect.networks import InputsBgr, Outputs, example_bgr
from services.detect.openvino_package import openvino
from services.runtime.logging import get_logger

PART_INPUTS = 2
"""Inputs that one CPU thread takes at once. A larger batch gains nothing (13.7 ms an input alone, 13.3 ms among 32),
and small parts keep all threads busy to the end of a batch."""
PARTS_IN_HAND = 2
"""Parts that wait inside OpenVINO beside those that its threads run: a thread then goes on without waiting for Python,
which takes a part's results and brings the next one. So two threads kept 1.91 of two cores busy; with none, 1.75."""
WORTH_COMPILING = 16
"""Parts of one shape that come before a network is compiled for it, which takes a second of CPU."""
MOST_SHAPES = 12
"""Shapes of parts that networks of their own are compiled for, in the order in which they come: one and two inputs of
four sizes, and the four that the start tries. Others are run by the network of free sizes."""
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Stage:
    """An OpenVINO model that is a whole network or a part of one; ``coarse``: it is run in bfloat16."""

    model: Any
    coarse: bool


class OpenVinoRunner:
    """See ``Runner``. Each of ``threads`` runs a part of the batch of its own, so that none waits for another.

    The stages, one or two, are networks of one precision each: within one, OpenVINO gave NaN in most of the divisions
    into two precisions that were tried.
    """

    def __init__(self, stages: Sequence[Stage], threads: int) -> None:
        self._threads = threads
        self._coarse = [stage.coarse for stage in stages]
        self._models = [stage.model for stage in stages]
        self._of_any_shape = self._compiled(self._models)
        self._came: Counter[tuple[int, ...]] = Counter()
        self._by_shape: dict[tuple[int, ...], _Requests] = {}
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(threads + PARTS_IN_HAND, thread_name_prefix="network")
        self._compiler = ThreadPoolExecutor(1, thread_name_prefix="compiling")

    def __call__(self, inputs_bgr: InputsBgr) -> Outputs:
        """Return the network's outputs; see ``Runner``."""
        inputs = np.ascontiguousarray(inputs_bgr)
        parts = [inputs[first : first + PART_INPUTS] for first in range(0, len(inputs), PART_INPUTS)]
        results = list(self._pool.map(self._part, parts))
        return tuple(np.concatenate(outputs) for outputs in zip(*results, strict=True))

    def finish_compiling(self) -> None:
        """Wait until what is being compiled is done. Blocks."""
        self._compiler.submit(lambda: None).result()

    def _part(self, part_bgr: NDArray[np.uint8]) -> Outputs:
        return (self._of_shape(part_bgr.shape) or self._of_any_shape).run(part_bgr)

    def _of_shape(self, shape: tuple[int, ...]) -> _Requests | None:
        """Give what runs parts of one shape, once there is something; see to it where many such parts come."""
        with self._lock:
            if shape in self._by_shape:
                return self._by_shape[shape]
            if shape in self._came or len(self._came) < MOST_SHAPES:
                self._came[shape] += 1
            if self._came[shape] == WORTH_COMPILING:
                self._compiler.submit(self._compile_for, shape)
            return None

    def _compile_for(self, shape: tuple[int, ...]) -> None:
        """Compile the network for one shape. It is used only where it gives the same to the bit.

        So a frame's event does not depend on when it was compiled.
        """
        example = example_bgr(shape[0], (shape[1], shape[2]))
        try:
            compiled = self._compiled(_reshaped(self._models, shape))
            same = all(map(np.array_equal, compiled.run(example), self._of_any_shape.run(example)))
        except RuntimeError as error:  # it would go on with what it has; that is right, only slower
            log.warning("detect.size_not_compiled", shape=shape, detail=str(error)[:300])
            return
        log.info("detect.size_compiled", shape=shape, used=same)
        if same:
            with self._lock:
                self._by_shape[shape] = compiled

    def _compiled(self, models: Sequence[Any]) -> _Requests:
        networks = []
        for model, coarse in zip(models, self._coarse, strict=True):
            settings = {
                "NUM_STREAMS": self._threads,
                "INFERENCE_NUM_THREADS": self._threads,
                "INFERENCE_PRECISION_HINT": "bf16" if coarse else "f32",
                "ENABLE_CPU_PINNING": False,  # two replicas on one machine would be pinned to the same cores
            }
            networks.append(openvino.Core().compile_model(model, "CPU", settings))
        return _Requests(networks, self._threads + PARTS_IN_HAND)


class _Requests:
    """Compiled stages, and what runs them: as many parts at once as are asked for, others wait."""

    def __init__(self, networks: Sequence[Any], at_once: int) -> None:
        self._free: SimpleQueue[list[tuple[Any, int]]] = SimpleQueue()
        for _ in range(at_once):
            self._free.put([(each.create_infer_request(), len(each.outputs)) for each in networks])

    def run(self, part_bgr: NDArray[np.uint8]) -> Outputs:
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


def _reshaped(models: Sequence[Any], shape: tuple[int, ...]) -> list[Any]:
    """Give copies of the stages for pictures of that shape alone."""
    fixed = []
    shapes = [openvino.PartialShape(list(shape))]
    for model in models:
        copy = model.clone()
        copy.reshape({index: each for index, each in enumerate(shapes)})
        shapes = [output.get_partial_shape() for output in copy.outputs]
        fixed.append(copy)
    return fixed
