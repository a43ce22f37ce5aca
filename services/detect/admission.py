"""Which frames are judged when not all can be.

::

    frames ─► too old? ─► would the last of them wait too long? ──no──► judge all
                │                          │ yes
              stale          as many as fit into a short round, the urgent class first ─► judge
                                           │ the rest
                                        overload

Why so, and what it guarantees, is in ADR 13. Pure: the time is passed in, and nothing here knows Kafka or pixels.

Source: a standing queue is told by how long its frames wait and not by how many they are (Nichols and Jacobson,
"Controlling Queue Delay", 2012); the lower class's share is a deficit round robin (Shreedhar and Varghese, 1995).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Literal

PATIENCE_RATIO = 0.2
"""Part of the time until it is stale that a frame may wait before this counts as overload: 2 s of the usual 10 s."""
LOWER_CLASS_RATIO = 0.2
"""Least part of what is served under overload that the lower class gets while it has frames waiting."""
ROUNDS = 4
"""Rounds in one patience. A frame waits for at most three: in Kafka for a fetch, fetched for its turn, and its own."""
PRESSED_BATCHES = 4
"""Batches without a late frame for which overload is remembered: about one patience of rounds. What goes wrong without
is in ADR 13."""
EASY_RATIO = 0.75
"""Part of its patience that a frame may have waited before rounds get shorter, by the third power of the excess.

Of the powers 1 to 4 from 1.0 and the third from .75 on this kept the 95th percentile of ages lowest in a simulation of
1.5 to 6 times the capacity, of 7 ms to 100 ms a frame, and lost the least capacity (tests/detect/test_admission.py).
"""
MEMORY_FRAMES = 64
"""Frames over which the measured rate is averaged: two seconds of one CPU core."""
MOST_SLOWER = 4.0
"""Times slower than measured so far that a batch is taken for: above, the process was halted, and that is no rate."""
MOST_CAMERAS = 20_000
"""Cameras whose last turn is remembered; one that is forgotten counts as never served and comes first."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A frame that waits to be judged.

    ``stale_after_ms``: the age in Kafka from which it is shed; None: never, and it is never too much either.
    ``priority``: 0 is urgent, 1 is not.
    """

    camera_id: str
    appended_at_ms: int
    stale_after_ms: int | None
    priority: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a frame is not judged."""

    reason: Literal["stale", "overload"]
    detail: str


class Admission:
    """Decides batch by batch. Remembers the rate, whose turn it was, what the lower class is owed, and recent overload.

    Args:
        patience_ratio: See ``PATIENCE_RATIO``.
        lower_class_ratio: See ``LOWER_CLASS_RATIO``.
        whole_batch: Frames from which on a batch shows the full rate; fewer leave the network half used. Of a detector
            that is too slow for so many in a round, a full round does.
        first_frame_ms: What a frame is taken to cost at first, as tried before; None: unknown, and nothing is overload
            until a batch was judged.
    """

    def __init__(
        self,
        patience_ratio: float = PATIENCE_RATIO,
        lower_class_ratio: float = LOWER_CLASS_RATIO,
        whole_batch: int = 8,
        first_frame_ms: float | None = None,
    ) -> None:
        self._patience_ratio = patience_ratio
        self._lower_class_ratio = lower_class_ratio
        self._whole_batch = whole_batch
        self._seats: int | None = None
        self._frame_ms = first_frame_ms
        self._is_measured = False
        self._turn = 0
        self._last_turns: dict[str, int] = {}
        self._owed = 0.0
        self._pressed = 0

    @property
    def frame_ms(self) -> float | None:
        """Give the time of one frame, in ms, as far as it is known."""
        return self._frame_ms

    def served(self, count: int, seconds: float) -> None:
        """Say that ``count`` frames were judged in ``seconds``.

        A batch that is not whole costs more a frame than the network could do, so once there was a whole one it counts
        only where it was faster. Until then it counts in any case, for a few cameras may never make a whole one.
        Under overload a round is whole once its seats are taken, however few: a slow detector has no larger ones.
        """
        if count <= 0:
            return
        whole = self._whole_batch if self._seats is None else min(self._whole_batch, self._seats)
        measured = seconds * 1000 / count
        if self._frame_ms is None or (count >= whole and not self._is_measured):
            self._frame_ms, self._is_measured = measured, True
        elif count >= whole or not self._is_measured or measured < self._frame_ms:
            measured = min(measured, MOST_SLOWER * self._frame_ms)
            self._frame_ms += (measured - self._frame_ms) * count / (count + MEMORY_FRAMES)

    def decide(self, frames: Sequence[Waiting], at_ms: int) -> list[Verdict | None]:
        """Say of each frame, at the time ``at_ms`` since the epoch, why it is shed, or None: judge it.

        Args:
            frames: All that was fetched; those of one camera from the oldest to the newest.
            at_ms: The time now, in ms since the epoch.
        """
        verdicts = [_stale(frame, at_ms) for frame in frames]
        live = [index for index, verdict in enumerate(verdicts) if verdict is None]
        round_ = self._round(frames, live, at_ms)
        self._seats = None if round_ is None else round_.seats
        if round_ is None:
            self._owed = min(1.0, self._owed)
        else:
            chosen = self._choose(frames, round_)
            for index in set(round_.contenders) - chosen:
                verdicts[index] = Verdict("overload", round_.detail(frames[index].priority))
        self._remember([frames[index].camera_id for index in live if verdicts[index] is None])
        return verdicts

    def _patience_ms(self, frame: Waiting) -> float:
        return float("inf") if frame.stale_after_ms is None else self._patience_ratio * frame.stale_after_ms

    def _round(self, frames: Sequence[Waiting], live: Sequence[int], at_ms: int) -> _Round | None:
        """Give who must contend for how much, or None while all can be served in time.

        Who contends is who would be late had it waited as long as the one that is latest. So footage with much patience
        is not thinned because of cameras with little. The longer frames wait already, the shorter the round: the
        queue is drained faster than the load fills it, as far as a batch holds several times what is judged in a round.
        """
        if self._frame_ms is None or not live:
            return None
        need_ms = len(live) * self._frame_ms
        waits = {index: at_ms - frames[index].appended_at_ms for index in live}
        late = [index for index in live if self._is_late(frames[index], waits[index], need_ms)]
        if not late:
            self._pressed = max(0, self._pressed - 1)
            return None
        worst_ms = max(waits[index] for index in late)
        contenders = [index for index in live if self._is_late(frames[index], worst_ms, need_ms)]
        self._pressed = PRESSED_BATCHES
        usual_ms = median_low(self._patience_ms(frames[index]) for index in contenders)
        strain = max(waits[index] / max(1.0, self._patience_ms(frames[index])) for index in late)
        whole = usual_ms / ROUNDS / max(1.0, (strain / EASY_RATIO) ** 3) / self._frame_ms
        others = len(live) - len(contenders)
        seats = max(1, round(max(whole - others, whole * self._lower_class_ratio)))
        return _Round(contenders, seats, worst_ms + need_ms)

    def _is_late(self, frame: Waiting, wait_ms: float, need_ms: float) -> bool:
        """Tell whether a frame would wait too long, were all judged; under overload: whether all are more than a round.

        Without the second, a round in which nothing was late would be judged whole and take so long that the next one
        is far too much: the lower class would get more than its share in the one, the urgent lose theirs in the other.
        """
        patience_ms = self._patience_ms(frame)
        return wait_ms + need_ms > patience_ms or (self._pressed > 0 and need_ms > patience_ms / ROUNDS)

    def _choose(self, frames: Sequence[Waiting], round_: _Round) -> set[int]:
        """Give those that are judged: the urgent first, but of the lower class at least what it is owed by now.

        The debt is kept from round to round, since a fifth of a short round is less than one frame; one frame of it
        also while the lower class has none waiting, as in many a batch of a slow detector.
        """
        urgent, lower = (
            self._by_turn(frames, [index for index in round_.contenders if (frames[index].priority > 0) == is_lower])
            for is_lower in (False, True)
        )
        self._owed += round_.seats * self._lower_class_ratio
        reserved = min(int(self._owed), len(lower), round_.seats)
        first = urgent[: round_.seats - reserved]
        second = lower[: round_.seats - len(first)]
        self._owed = max(0.0, self._owed - len(second))
        if len(second) == len(lower):
            self._owed = min(1.0, self._owed)
        return {*first, *second}

    def _by_turn(self, frames: Sequence[Waiting], indices: Sequence[int]) -> list[int]:
        """Order by whose turn it is: the newest frame of each camera first, cameras longest unserved first."""
        newer: Counter[str] = Counter()
        places: list[tuple[int, int, int]] = []
        for index in reversed(indices):
            camera = frames[index].camera_id
            places.append((newer[camera], self._last_turns.get(camera, 0), index))
            newer[camera] += 1
        return [index for *_, index in sorted(places)]

    def _remember(self, cameras: Sequence[str]) -> None:
        self._turn += 1
        for camera in cameras:
            self._last_turns.pop(camera, None)
            self._last_turns[camera] = self._turn  # at the end: the first is always the one that is longest unserved
        while len(self._last_turns) > MOST_CAMERAS:
            del self._last_turns[next(iter(self._last_turns))]


@dataclass(frozen=True, slots=True)
class _Round:
    """Who contends, by index; how many of them are judged; how long the last would wait, were all judged."""

    contenders: Sequence[int]
    seats: int
    pressure_ms: float

    def detail(self, priority: int) -> str:
        return (
            f"{self.pressure_ms:.0f} ms until the last of the waiting frames would be judged: "
            f"{self.seats} of {len(self.contenders)} taken, this one of class {priority} left out"
        )


def _stale(frame: Waiting, at_ms: int) -> Verdict | None:
    """Count the time in Kafka and not since the capture: a file may replay footage of years ago (ADR 4)."""
    age_ms = at_ms - frame.appended_at_ms
    if frame.stale_after_ms is None or age_ms <= frame.stale_after_ms:
        return None
    return Verdict("stale", f"{age_ms} ms in Kafka, at most {frame.stale_after_ms} ms")
