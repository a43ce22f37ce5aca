"""Service counters: queue and staff by the minute; counters unattended, not open, or in use after hours."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from services.aggregate.counter_episodes import CounterRuns, Scene
from services.aggregate.observation import EXPECTED_SECONDS, MINUTE_MS, Step
from services.aggregate.row_columns import RULESET
from services.aggregate.rows import CounterMinuteRow
from services.aggregate.sights import Sight
from services.aggregate.tracks import PeopleTracks
from services.aggregate.unsaved import Unsaved
from services.aggregate.view import CameraView
from services.aggregate.zones import count_in

LEAST_DEPARTURES: Final = 3
"""Under so many departures a minute's waiting time would be an accident."""


class CounterMinute(Struct, array_like=True):
    """One minute of a counter. ``queue`` counts frames by the number of people in the queue.

    ``opening`` and the three ``has_`` facts are those of the largest registry revision among the frames.
    """

    queue: dict[int, int] = field(default_factory=dict)
    observed_ms: int = 0
    staffed_ms: int = 0
    served: int = 0
    camera_revision: int = 0
    opening: str = "unknown"
    has_queue: bool = False
    has_staff: bool = False
    has_edge: bool = False
    simulated: bool = False
    amended: int = 0

    def take(self, minute: int, sight: Sight, waiting: int, view: CameraView) -> None:
        """Count a frame that shows ``waiting`` people in the queue."""
        self.queue[waiting] = self.queue.get(waiting, 0) + 1
        self.simulated = self.simulated or sight.simulated
        if sight.camera_revision > self.camera_revision:
            self.camera_revision = sight.camera_revision
            self.has_queue, self.has_staff, self.has_edge = bool(view.queue), bool(view.staff), bool(view.edges)
            if view.opening is not None:
                self.opening = "open" if view.opening.at(minute * MINUTE_MS).in_force else "closed"
            else:
                self.opening = "unknown"

    def row(self, camera_id: str, minute: int, valid: bool, version: int) -> CounterMinuteRow:
        """Give the minute as it stands."""
        frames = sum(self.queue.values())
        queue_mean = sum(people * count for people, count in self.queue.items()) / frames
        observed_s = self.observed_ms / 1000
        waiting_known = self.has_edge and self.served >= LEAST_DEPARTURES
        return CounterMinuteRow(
            camera_id=camera_id,
            minute=minute * MINUTE_MS,
            camera_revision=self.camera_revision,
            frames=frames,
            opening=self.opening,
            queue_known=self.has_queue,
            queue_median=_median(self.queue, frames),
            queue_max=max(self.queue),
            queue_mean=queue_mean,
            staffed_known=self.has_staff and self.observed_ms > 0,
            staffed_s=self.staffed_ms / 1000,
            staffed_ratio=self.staffed_ms / self.observed_ms if self.observed_ms else 0.0,
            served_known=self.has_edge,
            served=self.served,
            waiting_known=waiting_known,
            waiting_s=queue_mean * observed_s / self.served if waiting_known else 0.0,
            observed_s=observed_s,
            expected_s=EXPECTED_SECONDS,
            valid=valid,
            simulated=self.simulated,
            ruleset=RULESET,
            revision=self.amended,
            version=version,
        )


class State(Struct, array_like=True):
    """What the rule remembers of a camera. ``staffed`` tells whether staff was seen in the previous frame."""

    fingerprint: bytes = b""
    staffed: bool = False
    minutes: dict[int, CounterMinute] = field(default_factory=dict)
    runs: CounterRuns = field(default_factory=CounterRuns)
    tracks: PeopleTracks = field(default_factory=PeopleTracks)


def judge(state: State, sight: Sight, step: Step, view: CameraView, unsaved: Unsaved) -> None:
    """Take the next frame, in order of capture, of a camera that has a counter or had one in the frame before."""
    if state.fingerprint:
        _credit(state, step)
    if step.no_data:
        state.runs.end_all("no_data", unsaved)
    if state.fingerprint and (not view.has_counter or view.counter_fingerprint != state.fingerprint):
        state.runs.end_all("rule_changed", unsaved)
        _start_over(state)
    elif step.reset:
        _start_over(state)
    if not view.has_counter:
        state.fingerprint = b""
        return
    state.fingerprint = view.counter_fingerprint
    minute = sight.at_ms // MINUTE_MS
    window = state.minutes.get(minute) or _begun(state.minutes, minute)
    scene = Scene(count_in(view.queue, sight.people), count_in(view.staff, sight.people))
    window.take(minute, sight, scene.waiting, view)
    if view.edges:
        window.served += state.tracks.follow(sight, view)
    state.staffed = scene.staff > 0
    state.runs.judge(scene, sight, step, view, unsaved)


def amend(state: State, sight: Sight, view: CameraView) -> None:
    """Take a frame that came after its turn: it amends the counts of its minute and nothing else."""
    if view.has_counter:
        minute = sight.at_ms // MINUTE_MS
        window = state.minutes.get(minute) or _begun(state.minutes, minute)
        window.take(minute, sight, count_in(view.queue, sight.people), view)
        window.amended += 1


def rows(state: State, camera_id: str, minute: int, valid: bool, version: int) -> list[CounterMinuteRow]:
    """Give the rows of a minute; none where no frame of it was judged."""
    window = state.minutes.get(minute)
    return [window.row(camera_id, minute, valid, version)] if window is not None and window.queue else []


def forget_before(state: State, minute: int) -> None:
    """Let go of the minutes before ``minute``."""
    state.minutes = {m: window for m, window in state.minutes.items() if m >= minute}


def _credit(state: State, step: Step) -> None:
    for minute, observed_ms in step.minutes:
        window = state.minutes.get(minute) or _begun(state.minutes, minute)
        window.observed_ms += observed_ms
        window.staffed_ms += observed_ms if state.staffed else 0


def _begun(minutes: dict[int, CounterMinute], minute: int) -> CounterMinute:
    window = minutes[minute] = CounterMinute()
    return window


def _start_over(state: State) -> None:
    state.runs.start_over()
    state.tracks = PeopleTracks()


def _median(queue: dict[int, int], frames: int) -> float:
    """Give the median of counted values; of an even number of frames the mean of the two in the middle."""
    low, high, seen = None, 0, 0
    for people in sorted(queue):
        seen += queue[people]
        if low is None and seen * 2 >= frames:
            low = people
        if seen * 2 > frames:
            high = people
            break
    return ((low or 0) + high) / 2
