"""How a network is run fast: by OpenVINO on a CPU, as CUDA graphs in half precision on an NVIDIA GPU.

::

    weights ─┬─ CPU ──► OpenVINO's graph ─► held against what the torch module gave (models/expected_outputs.py)
             │          (of NanoDet-g the second stage in bfloat16, where the CPU has that)
             └─ CUDA ─► torch module ─► CUDA graphs, each held against the module (graph_running.py)

Only the second way needs torch. Why OpenVINO: ADR 12.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from services.detect.networks import CHECKED_HWS, LARGEST_BATCH, InputsBgr, Network, Outputs, Runner, is_gpu
from services.detect.openvino_running import OpenVinoRunner, Stage
from services.detect.output_check import largest_error, outputs_of_examples, require_close
from services.detect.torch_extra import translate_missing_torch
from services.runtime.errors import FatalError
from services.runtime.logging import get_logger

LARGEST_ERROR = 1e-3
"""Most that an output may differ from the module's own, as part of its largest value (at least 1): ten times what
rounding was seen to make, a tenth of what may change a score."""
LARGEST_ERROR_BFLOAT16 = 5e-3
"""The same of a network that is in bfloat16 in part: half of what may change a score. Seen: 2.6e-3 of NanoDet-g, and
5.8e-3 with all of it in bfloat16, which is too much on real frames (ADR 12)."""
log = get_logger(__name__)


def make_runner(
    network: Network,
    device: str,
    usual_hws: Sequence[tuple[int, int]] = (),
    most_inputs: int = LARGEST_BATCH,
    threads: int | None = None,
) -> Runner:
    """Return the fastest way to run ``network`` on ``device``; takes a second on a CPU.

    On a GPU graphs are captured here, and never later: while one is, no other thread may use the GPU.

    Args:
        network: What is run.
        device: ``cpu``, ``cuda`` or ``cuda:<number>``.
        usual_hws: Sizes of input for which a GPU gets graphs, px; others are run without, which costs more.
        most_inputs: The largest batch that will come. A GPU gets no graphs for much larger ones: they hold memory.
        threads: CPU threads; None: as many as this process may use.

    Raises:
        ConfigurationError: There is no such device, or torch is missing for a GPU.
        FatalError: What runs it computes something else than the torch module.
    """
    threads = threads or count_threads()
    if not is_gpu(device):
        return FiniteRunner(cpu_runner(network, threads, cpu_gains_by_bfloat16()))
    with translate_missing_torch(f"device {device}"):
        from services.detect.graph_running import make_gpu_runner
    return make_gpu_runner(network.build_module(), device, usual_hws, most_inputs, threads)


def count_threads() -> int:
    """Return how many threads can run at once: the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class WatchedRunner:
    """See ``Runner``. Runs ``fast`` until that gives what is no number; that batch and all later ones, ``exact``."""

    def __init__(self, fast: Runner, exact: Runner) -> None:
        self._run = fast
        self._exact = exact

    def __call__(self, inputs_bgr: InputsBgr) -> Outputs:
        """Return the network's outputs; see ``Runner``."""
        outputs = self._run(inputs_bgr)
        if self._run is not self._exact and not all_finite(outputs):
            log.warning("detect.bfloat16_not_finite", inputs=len(inputs_bgr))
            self._run = self._exact
            outputs = self._run(inputs_bgr)
        return outputs


class FiniteRunner:
    """See ``Runner``. Ends the process where an output is no number: an image of such would look like an empty one."""

    def __init__(self, run: Runner) -> None:
        self._run = run

    def __call__(self, inputs_bgr: InputsBgr) -> Outputs:
        """Return the network's outputs; see ``Runner``.

        Raises:
            FatalError: Some of them are infinite or no number.
        """
        outputs = self._run(inputs_bgr)
        if not all_finite(outputs):
            raise FatalError(f"the network gave what is no number, of {len(inputs_bgr)} inputs")
        return outputs


def all_finite(outputs: Outputs) -> bool:
    """Return whether all are numbers."""
    return all(bool(np.isfinite(output).all()) for output in outputs)


def cpu_runner(network: Network, threads: int, in_bfloat16: bool) -> Runner:
    """Return the fastest way on a CPU that is close enough to the torch module.

    Where nobody knows what the module gives, since weights are random, what is in bfloat16 is held against the same
    graph in single precision.

    Raises:
        FatalError: OpenVINO computes something else than the module, even in single precision.
    """
    exact = OpenVinoRunner([Stage(network.build_model(), coarse=False)], threads)
    if network.expected is not None:
        require_close(exact, network.expected, LARGEST_ERROR, network.name)
    if network.build_stages is None or not in_bfloat16:
        return exact
    fine, coarse = network.build_stages()
    fast = OpenVinoRunner([Stage(fine, coarse=False), Stage(coarse, coarse=True)], threads)
    error = largest_error(fast, network.expected or outputs_of_examples(exact, CHECKED_HWS))
    if not error <= LARGEST_ERROR_BFLOAT16:
        log.warning("detect.bfloat16_differs", network=network.name, error=error)
        return exact
    return WatchedRunner(fast, exact)


def cpu_gains_by_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Return whether bfloat16 is faster on this CPU, where that was measured (ADR 12): with AMX, and on AMD's without.

    An Intel one that has ``avx512_bf16`` alone takes half as long again; others imitate it, more slowly still.
    """
    cpus = cpuinfo.read_text() if cpuinfo.exists() else ""
    return "amx_bf16" in cpus or ("AuthenticAMD" in cpus and "avx512_bf16" in cpus)
