"""Networks over a stream of prepared frames, in batches of inputs of one size.

::

    prepared ─► gathered by network and size ─► a batch is full ─► network, in a thread ─► what was found, by frame
                                            └─► the stream ends ─┘

While what one batch showed is worked out, the network has the next one; frames are gathered meanwhile. Which frames
share a batch makes no difference to what is found in them.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from schemas.camera_events import SceneFacts, WaterIdentity
from services.detect.detector import Detector, Thresholds
from services.detect.networks import InputsBgr
from services.detect.objects import NO_OBJECTS, Objects
from services.detect.views import Prepared, View, merge_views
from services.runtime.errors import InvalidMessageError

Stage = Literal["decode", "objects", "water"]
NO_SECONDS: dict[Stage, float] = {"decode": 0.0, "objects": 0.0, "water": 0.0}
BATCHES_AT_ONCE = 2
"""One whose objects are worked out in Python and NumPy, and one in the network. A third would only wait."""
Item = TypeVar("Item")


class WaterMeter(Protocol):
    """Measures standing water. Threads may ask at once; does not change its input."""

    @property
    def identity(self) -> WaterIdentity:
        """Give which network it is."""

    def infer(self, inputs_bgr: InputsBgr) -> NDArray[np.uint8]:
        """Give the probability of water, 255 = 1, uint8 [N, 18, 32], of pictures uint8 [N, 288, 512, 3]. Blocks."""


@dataclass(frozen=True)
class Networks:
    """Who looks, and at how many inputs at once.

    ``least_score``: nothing of a lower score is asked for.
    """

    detector: Detector
    water: WaterMeter | None
    batch_size: int
    least_score: float = 0.0


@dataclass
class StageSeconds:
    """What judging waited for: decoded frames, the detector, the water network."""

    seconds: dict[Stage, float] = field(default_factory=lambda: dict(NO_SECONDS))

    def timed(self, stage: Stage, work: Callable[[], Item]) -> Item:
        """Do ``work`` and add its time to that of ``stage``."""
        started = time.perf_counter()
        try:
            return work()
        finally:
            self.seconds[stage] += time.perf_counter() - started

    def taken(self) -> dict[Stage, float]:
        """Give the seconds by stage since they were last taken."""
        seconds, self.seconds = self.seconds, dict(NO_SECONDS)
        return seconds


@dataclass(frozen=True, slots=True)
class Sight:
    """What networks saw in a frame. ``water`` is the grid, row by row, where it was asked for.

    Objects are in px of a picture of ``decoded_hw``.
    """

    decoded_hw: tuple[int, int]
    objects: Objects
    water: bytes | None
    scene: SceneFacts


def look(
    prepared: Iterable[Prepared | InvalidMessageError],
    networks: Networks,
    times: StageSeconds,
    batch_done: Callable[[], None] = lambda: None,
) -> list[Sight | InvalidMessageError]:
    """Give what is seen in each frame, in their order. Blocks for the time of the networks.

    Inputs wait until a batch of their size is full; a frame's picture is not kept. ``batch_done`` is called after each.
    """
    seen: list[_Seen | InvalidMessageError] = []
    with ThreadPoolExecutor(BATCHES_AT_ONCE, thread_name_prefix="looking") as pool:
        batches = _Batches(networks, times, pool, batch_done)
        for each in _timed(prepared, times):
            if isinstance(each, InvalidMessageError):
                seen.append(each)
                continue
            frame = _Seen(each.decoded_hw, each.views, each.scene, [NO_OBJECTS] * len(each.views))
            seen.append(frame)
            batches.add(frame, each)
        batches.finish()
    thresholds = networks.detector.thresholds["2x2"]  # its own: those that replace them measure what came of these
    return [each if isinstance(each, InvalidMessageError) else each.sight(thresholds) for each in seen]


@dataclass
class _Seen:
    """A frame of which not all has been looked at yet."""

    decoded_hw: tuple[int, int]
    views: tuple[View, ...]
    scene: SceneFacts
    found: list[Objects]
    water: bytes | None = None

    def sight(self, thresholds: Thresholds) -> Sight:
        return Sight(self.decoded_hw, merge_views(self.views, self.found, thresholds), self.water, self.scene)


class _Batches:
    """Inputs that wait for their batch: ``_inputs`` for the detector, by size, with the index of their view.

    ``_under_way`` are the batches that were begun, the oldest first: what each waits for, and who takes its result.
    """

    def __init__(
        self, networks: Networks, times: StageSeconds, pool: ThreadPoolExecutor, batch_done: Callable[[], None]
    ) -> None:
        self._networks = networks
        self._times = times
        self._pool = pool
        self._batch_done = batch_done
        self._inputs: dict[tuple[int, ...], list[tuple[_Seen, int, InputsBgr]]] = defaultdict(list)
        self._water: list[tuple[_Seen, InputsBgr]] = []
        self._under_way: deque[Callable[[], None]] = deque()

    def add(self, frame: _Seen, prepared: Prepared) -> None:
        for index, input_bgr in enumerate(prepared.inputs_bgr):
            shape = tuple(input_bgr.shape)
            batch = self._inputs[shape]
            batch.append((frame, index, input_bgr))
            if len(batch) == self._networks.batch_size:
                self._find_objects(self._inputs.pop(shape))
        if prepared.water_bgr is not None:
            self._water.append((frame, prepared.water_bgr))
            if len(self._water) == self._networks.batch_size:
                self._measure_water()

    def finish(self) -> None:
        while self._inputs:
            self._find_objects(self._inputs.popitem()[1])
        if self._water:
            self._measure_water()
        while self._under_way:
            self._end_oldest()

    def _find_objects(self, batch: list[tuple[_Seen, int, InputsBgr]]) -> None:
        detector, least_score = self._networks.detector, self._networks.least_score

        def infer() -> list[Objects]:
            return detector.infer(_stacked([input_bgr for *_, input_bgr in batch]), least_score)

        def take(results: list[Objects]) -> None:
            for (frame, index, _), objects in zip(batch, results, strict=True):
                frame.found[index] = objects

        self._begin("objects", infer, take)

    def _measure_water(self) -> None:
        network, batch = self._networks.water, self._water
        assert network is not None, "water is asked for only where there is a network for it"
        self._water = []

        def infer() -> NDArray[np.uint8]:
            return network.infer(_stacked([input_bgr for _, input_bgr in batch]))

        def take(grids: NDArray[np.uint8]) -> None:
            for (frame, _), grid in zip(batch, grids, strict=True):
                frame.water = grid.tobytes()

        self._begin("water", infer, take)

    def _begin(self, stage: Stage, infer: Callable[[], Item], take: Callable[[Item], None]) -> None:
        """Begin a batch, once there are fewer than ``BATCHES_AT_ONCE``."""
        while len(self._under_way) >= BATCHES_AT_ONCE:
            self._end_oldest()
        result: Future[Item] = self._pool.submit(infer)
        self._under_way.append(lambda: take(self._times.timed(stage, result.result)))

    def _end_oldest(self) -> None:
        self._under_way.popleft()()
        self._batch_done()


def _stacked(inputs_bgr: Sequence[InputsBgr]) -> InputsBgr:
    """Return inputs of one size as one batch."""
    arrays = [each for each in inputs_bgr if isinstance(each, np.ndarray)]
    if arrays:
        return np.stack(arrays)
    # Only tensors come here, from a GPU's own preparation: torch is there.
    from services.detect.device_preparation import stack_tensors

    return stack_tensors([each for each in inputs_bgr if not isinstance(each, np.ndarray)])


def _timed(items: Iterable[Item], times: StageSeconds) -> Iterator[Item]:
    """Give the items, and count the time that they let one wait as decoding."""
    iterator = iter(items)
    while True:
        try:
            item = times.timed("decode", iterator.__next__)
        except StopIteration:
            return
        yield item
