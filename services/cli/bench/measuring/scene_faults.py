"""How well the rule of a camera's scene finds faults, and how often it takes for one what is none.

Faults are simulated on clips at one picture a second, and on a time-lapse at one in five minutes. Thresholds were
chosen on the tuning clips and on the time-lapse's first day; figures are of the test clips, where their names don't say
otherwise. All of it was looked at while the rule was made. Night is not among the footage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.aggregate.scene_faults import SceneIncident, SceneState, observe
from services.cli.bench.measuring.scene_clips import SceneClip, TimeLapse, partly_seen, reported_clips, tuning_clips
from services.cli.bench.measuring.scene_trials import (
    Harmless,
    SceneFault,
    day_and_night,
    faults,
    harmless,
    moved_looks,
    slight_faults,
)
from services.detect.accuracy.bootstrap import bootstrap_interval
from services.detect.accuracy.intervals import poisson_interval, wilson_interval
from services.detect.accuracy.measured import Measured, Progress, unseen

SEEDS = range(3)
"""How often each fault is laid on each clip: from another second on, and drawn otherwise."""
TIMELAPSE_SEEDS = range(2)
LEAD_SECONDS, MOST_MORE_SECONDS = 75, 75
"""A fault begins so long after the camera, and up to so much later: the view is learned in a minute."""
HARMLESS_LEAD_SECONDS = 120
FOUND_WITHIN_SECONDS = 60
QUIET_SECONDS = 600
"""How long each clip is played unaltered."""
STILL_PERIOD_MS = 300_000
FIRST_STILL = 10
"""Of the time-lapse, no fault begins before it."""
_SEED = 20131018


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a fault: ``delay_seconds`` is None if it was not found in time.

    ``early`` counts the incidents that opened before it: they are false.
    """

    fault: SceneFault
    delay_seconds: float | None
    kind_is_right: bool
    early: int


def measure_scene_faults(data_folder: Path, progress: Progress = unseen) -> list[Measured]:
    """Measure the rule; takes two and a half minutes of one core.

    ``scene_false_incidents_timelapse`` is over the whole time-lapse, whose first day is one that thresholds were chosen
    on; ``…_timelapse_test`` is over the days after it. Clips last some seconds to minutes and are played there and
    back.

    Figures whose name ends in ``_seconds`` are times. Those with ``incidents`` are numbers of incidents, with the
    interval of a Poisson count over the same footage. All others are shares, with Wilson's interval; it takes trials as
    independent, and those of one clip are not, so the true interval is wider.

    Args:
        data_folder: The folder of labelled footage.
        progress: Told how far it is.

    Raises:
        ConfigurationError: Footage is not there.
    """
    tests, tuning, lapse = (
        reported_clips(data_folder),
        tuning_clips(data_folder),
        TimeLapse(data_folder / "pklot/timelapse"),
    )
    total = 6
    found = [find_on_clip(clip, fault, seed) for clip in tests for fault in faults() for seed in SEEDS]
    progress(1, total)
    tuned = [find_on_clip(clip, fault, seed) for clip in tuning for fault in faults() for seed in SEEDS[:1]]
    slight = [find_on_clip(clip, fault, seed) for clip in tests for fault in slight_faults() for seed in SEEDS[:1]]
    seen = [
        find_on_clip(partly_seen(clip), fault, seed) for clip in tests for fault in moved_looks() for seed in SEEDS[:1]
    ]
    progress(2, total)
    next_day = [finding for clip in tests for finding in find_after_a_day(clip, faults())]
    progress(3, total)
    passing = [incidents_of(clip, event) for clip in tests for event in harmless()]
    progress(4, total)
    quiet = [quiet_incidents(clip, QUIET_SECONDS) for clip in tests]
    first = lapse.first_of_second_day
    progress(5, total)
    in_lapse = [find_in_timelapse(lapse, fault, seed) for fault in faults() if fault.build for seed in TIMELAPSE_SEEDS]
    progress(6, total)
    return [
        *_figures(found),
        _share("scene_fault_recall_tuning", [one.delay_seconds is not None for one in tuned]),
        _share("scene_fault_recall_slight", [one.delay_seconds is not None for one in slight]),
        _share("scene_fault_recall_real_moves", [one.delay_seconds is not None for one in seen]),
        _share("scene_fault_recall_after_a_day", [one.delay_seconds is not None for one in next_day]),
        _share("scene_fault_recall_timelapse", [one.delay_seconds is not None for one in in_lapse]),
        _count("scene_false_incidents_timelapse", len(timelapse_incidents(lapse)), len(lapse.stills)),
        _count(
            "scene_false_incidents_timelapse_test", len(timelapse_incidents(lapse, first)), len(lapse.stills) - first
        ),
        _count("scene_false_incidents_clips", sum(map(len, quiet)), QUIET_SECONDS * len(quiet)),
        _count("scene_false_incidents_harmless", sum(map(len, passing)), len(passing)),
        _count("scene_false_incidents_before_faults", sum(one.early for one in found), len(found)),
    ]


def find_on_clip(clip: SceneClip, fault: SceneFault, seed: int) -> Finding:
    """Let a fault begin at a second that ``seed`` says, and tell whether its incident is open a minute later."""
    random = np.random.default_rng([_SEED, seed, *clip.name.encode(), *fault.name.encode()])
    first = int(random.integers(0, 1000))
    onset = LEAD_SECONDS + int(random.integers(0, MOST_MORE_SECONDS + 1))
    state = SceneState()
    early = 0
    for second in range(onset):
        early += len(_opened(observe(state, clip.facts(first + second), second * 1000, 1000)))
    return _find_from(state, clip, fault, seed, first + onset, early)


def find_after_a_day(clip: SceneClip, faults: Sequence[SceneFault], seed: int = 7) -> list[Finding]:
    """Let a simulated day go by, with dusk, night and dawn, and then each fault begin for itself."""
    event = day_and_night()
    alteration, period = event.build(seed), event.period_seconds
    state = SceneState()
    early = 0
    for second in range(0, event.seconds, period):
        facts = clip.altered_facts(second, second, alteration)
        early += len(_opened(observe(state, facts, second * 1000, period * 1000)))
    blob = msgspec.msgpack.encode(state)
    return [
        _find_from(msgspec.msgpack.decode(blob, type=SceneState), clip, fault, seed, event.seconds, early)
        for fault in faults
    ]


def _find_from(state: SceneState, clip: SceneClip, fault: SceneFault, seed: int, second: int, early: int) -> Finding:
    """Let a fault begin with the next second, which is that ``second`` of the clip."""
    alteration = fault.build(seed) if fault.build else None
    last_good, began_ms = clip.facts(second - 1), state.at_ms + 1000
    for since in range(FOUND_WITHIN_SECONDS + 1):
        facts = clip.altered_facts(second + since, since, alteration) if alteration else last_good
        incidents = _opened(observe(state, facts, began_ms + since * 1000, 1000))
        if incidents:
            return Finding(fault, since, incidents[0].kind == fault.kind, early)
    return Finding(fault, None, False, early)


def find_in_timelapse(lapse: TimeLapse, fault: SceneFault, seed: int) -> Finding:
    """Let a fault begin at a still that ``seed`` says, and tell whether its incident is open at the next one."""
    assert fault.build is not None
    random = np.random.default_rng([_SEED, seed, *fault.name.encode()])
    onset = int(random.integers(FIRST_STILL, len(lapse.stills) - 1))
    alteration = fault.build(seed)
    state = SceneState()
    early = 0
    for place in range(onset):
        early += len(_opened(observe(state, lapse.facts[place], lapse.stills[place][0], STILL_PERIOD_MS)))
    for place in (onset, onset + 1):
        since = (lapse.stills[place][0] - lapse.stills[onset][0]) / 1000
        facts = lapse.altered_facts(place, since, alteration)
        incidents = _opened(observe(state, facts, lapse.stills[place][0], STILL_PERIOD_MS))
        if incidents:
            return Finding(fault, since, incidents[0].kind == fault.kind, early)
    return Finding(fault, None, False, early)


def incidents_of(clip: SceneClip, event: Harmless, seed: int = 5) -> list[SceneIncident]:
    """Give the incidents that something opens which is no fault."""
    alteration = event.build(seed)
    period = event.period_seconds
    state = SceneState()
    found = []
    for second in range(0, HARMLESS_LEAD_SECONDS + event.seconds, period):
        since = second - HARMLESS_LEAD_SECONDS
        facts = clip.facts(second) if since < 0 else clip.altered_facts(second, since, alteration)
        found += _opened(observe(state, facts, second * 1000, period * 1000))
    return found


def quiet_incidents(clip: SceneClip, seconds: int) -> list[SceneIncident]:
    """Give the incidents of an unaltered clip."""
    state = SceneState()
    played = (observe(state, clip.facts(second), second * 1000, 1000) for second in range(seconds))
    return [one for changed in played for one in _opened(changed)]


def timelapse_incidents(lapse: TimeLapse, first: int = 0) -> list[SceneIncident]:
    """Give the incidents of the unaltered time-lapse from a still on: two suspect stills in a row are one."""
    state = SceneState()
    stills = [(facts, at_ms) for facts, (at_ms, _) in zip(lapse.facts, lapse.stills, strict=True)][first:]
    played = (observe(state, facts, at_ms, STILL_PERIOD_MS) for facts, at_ms in stills)
    return [one for changed in played for one in _opened(changed)]


def _opened(changed: Sequence[SceneIncident]) -> list[SceneIncident]:
    """Leave out what ends: it was told when it opened."""
    return [one for one in changed if not one.ended_because]


def _figures(found: Sequence[Finding]) -> list[Measured]:
    """Give recall, over all and by kind; how many of what was found have the right kind; and the delay."""
    in_time = [one for one in found if one.delay_seconds is not None]
    kinds = sorted({one.fault.kind for one in found})
    return [
        _share("scene_fault_recall", [one.delay_seconds is not None for one in found]),
        *(
            _share(
                f"scene_fault_recall_{kind}",
                [one.delay_seconds is not None for one in found if one.fault.kind == kind],
            )
            for kind in kinds
        ),
        _share("scene_fault_kind_right", [one.kind_is_right for one in in_time]),
        _median("scene_fault_delay_median_seconds", [one.delay_seconds or 0.0 for one in in_time]),
    ]


def _share(name: str, hits: Sequence[bool]) -> Measured:
    low, high = wilson_interval(sum(hits), len(hits))
    return Measured(name, sum(hits) / max(1, len(hits)), low, high, len(hits))


def _median(name: str, values: Sequence[float]) -> Measured:
    if not values:
        return Measured(name, 0.0, 0.0, 0.0, 0)
    array = np.array(values)

    def median(weights: NDArray[np.int64]) -> float:
        return float(np.median(np.repeat(array, weights)))

    low, high = bootstrap_interval([len(values)], median, block=1)
    return Measured(name, float(np.median(array)), low, high, len(values))


def _count(name: str, count: int, cases: int) -> Measured:
    low, high = poisson_interval(count)
    return Measured(name, count, low, high, cases)
