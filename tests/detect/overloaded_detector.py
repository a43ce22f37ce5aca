"""A detector in simulated time: cameras fill Kafka's partitions, a loop polls, asks the admission and judges."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field

from services.detect.admission import Admission, Waiting

STALE_AFTER_MS = 10_000
PARTITIONS = 8
FETCHED_AT_ONCE = 16
"""Frames that come from one partition before those of the next: some ten fit into what a fetch brings of each."""
OVERHEAD_MS = 8.0
"""Poll, flush and commit of a batch; measured 5 to 15 ms."""
SETTLED_MS = 5_000

Arrival = tuple[float, str]
"""When a frame came into Kafka, ms, and its camera."""


@dataclass(frozen=True)
class Load:
    """``load`` times what the detector can do, from ``urgent`` cameras of class 0 and ``lower`` of class 1.

    ``pause_ms``: from when to when the process is halted.
    """

    load: float
    frame_ms: float = 20.0
    urgent: int = 30
    lower: int = 60
    poll_frames: int = 256
    seconds: int = 40
    jitter_ratio: float = 0.0
    pause_ms: tuple[int, int] | None = None
    seed: int = 1

    @property
    def cameras(self) -> dict[str, int]:
        """Give the cameras with their class."""
        return {
            f"{priority}-{n}": priority for priority, many in enumerate((self.urgent, self.lower)) for n in range(many)
        }

    def arrivals(self, randomness: random.Random) -> list[Arrival]:
        """Give all frames in the order in which they come; each camera's come evenly."""
        period_ms = len(self.cameras) * self.frame_ms / self.load
        firsts = {camera: randomness.uniform(0, period_ms) for camera in self.cameras}
        count = math.ceil(self.seconds * 1000 / period_ms)
        return sorted((first + n * period_ms, camera) for camera, first in firsts.items() for n in range(count))


@dataclass
class Run:
    """What came of it. ``ages``: when each judged frame was done, and how old it was then; both ms."""

    load: Load
    came: int = 0
    left: int = 0
    ages: list[tuple[float, float]] = field(default_factory=list)
    done_at_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    shed: Counter[tuple[str, int]] = field(default_factory=Counter)
    shed_at_ms: list[float] = field(default_factory=list)

    @property
    def accounted(self) -> bool:
        """Tell whether captured = judged + shed + in flight."""
        return self.came == len(self.ages) + self.shed.total() + self.left

    @property
    def used_ratio(self) -> float:
        """Give the part of the settled time that the network ran."""
        settled = sum(at_ms > SETTLED_MS for at_ms, _ in self.ages)
        return settled * self.load.frame_ms / (self.load.seconds * 1000 - SETTLED_MS)

    def age_ms(self, quantile: float) -> float:
        """Give a quantile of the age at which frames were done, once settled."""
        ages = sorted(age_ms for at_ms, age_ms in self.ages if at_ms > SETTLED_MS)
        return ages[min(len(ages) - 1, int(quantile * len(ages)))]

    def share_of(self, priority: int) -> float:
        """Give the part of the network's capacity that a class had, once settled."""
        done = sum(
            at_ms > SETTLED_MS
            for camera, times in self.done_at_ms.items()
            if self.load.cameras[camera] == priority
            for at_ms in times
        )
        return done * self.load.frame_ms / (self.load.seconds * 1000 - SETTLED_MS)

    def gaps_ms(self, priority: int) -> list[float]:
        """Give, of each camera of a class that was ever served, the longest time between two turns."""
        mine = [times for camera, times in self.done_at_ms.items() if self.load.cameras[camera] == priority]
        return [max(late - early for early, late in itertools.pairwise(times)) for times in mine]


def simulate(load: Load) -> Run:
    """Play it to the end."""
    randomness = random.Random(load.seed)
    arrivals, cameras = deque(load.arrivals(randomness)), load.cameras
    partition_of = {camera: randomness.randrange(PARTITIONS) for camera in cameras}
    queues: list[deque[Arrival]] = [deque() for _ in range(PARTITIONS)]
    admission, run, now_ms = Admission(), Run(load), 0.0
    while now_ms < load.seconds * 1000:
        while arrivals and arrivals[0][0] <= now_ms:
            queues[partition_of[arrivals[0][1]]].append(arrivals.popleft())
            run.came += 1
        batch = fetch(queues, load.poll_frames)
        if not batch:
            now_ms = max(now_ms + 1, arrivals[0][0]) if arrivals else load.seconds * 1000
            continue
        waiting = [Waiting(camera, int(at_ms), STALE_AFTER_MS, cameras[camera]) for at_ms, camera in batch]
        verdicts = admission.decide(waiting, int(now_ms))
        taken = [each for each, verdict in zip(batch, verdicts, strict=True) if verdict is None]
        for (_, camera), verdict in zip(batch, verdicts, strict=True):
            if verdict is not None:
                run.shed[verdict.reason, cameras[camera]] += 1
                run.shed_at_ms.append(now_ms)
        took_ms = len(taken) * load.frame_ms * randomness.uniform(1 - load.jitter_ratio, 1 + load.jitter_ratio)
        if load.pause_ms and load.pause_ms[0] <= now_ms + took_ms and now_ms < load.pause_ms[0]:
            took_ms += load.pause_ms[1] - now_ms
        admission.served(len(taken), took_ms / 1000)
        now_ms += took_ms + OVERHEAD_MS
        for at_ms, camera in taken:
            run.ages.append((now_ms, now_ms - at_ms))
            run.done_at_ms[camera].append(now_ms)
    run.left = sum(map(len, queues))
    return run


def fetch(queues: list[deque[Arrival]], most: int) -> list[Arrival]:
    """Take up to ``most`` frames, some of each partition in turn; what was taken from goes to the end of the turn."""
    batch: list[Arrival] = []
    while len(batch) < most and any(queues):
        queue = queues.pop(0)
        queues.append(queue)
        batch += [queue.popleft() for _ in range(min(len(queue), FETCHED_AT_ONCE, most - len(batch)))]
    return batch
