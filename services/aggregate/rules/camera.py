"""Cameras: incidents of the picture, and the minutes that they make untrustworthy."""

from __future__ import annotations

from msgspec import Struct, field

from services.aggregate.observation import MINUTE_MS, Step
from services.aggregate.scene_faults import SceneState, observe
from services.aggregate.scene_faults import release as release_scene
from services.aggregate.sights import Sight
from services.aggregate.unsaved import Unsaved
from services.aggregate.view import CameraView


class State(Struct, array_like=True):
    """What the rule remembers of a camera.

    ``quarantines`` are [from, until) in ms of capture time, the last one with until -1 while nobody has released it.
    """

    scene: SceneState = field(default_factory=SceneState)
    quarantines: list[tuple[int, int]] = field(default_factory=list)


def judge(state: State, sight: Sight, step: Step, view: CameraView, unsaved: Unsaved) -> None:
    """Take the next frame of the camera, in order of capture."""
    for incident in observe(state.scene, sight.scene, step.at_ms, view.camera.sampling_period_ms):
        if incident.quarantined and not incident.ended_because:
            _quarantine(state, incident.started_at_ms)
            first, last = incident.started_at_ms // MINUTE_MS, step.at_ms // MINUTE_MS
            unsaved.minutes[view.camera.camera_id].update(range(first, last + 1))


def release(state: State, at_ms: int, released_by: str, unsaved: Unsaved) -> None:
    """End what is open: a person says that the picture is as it should be."""
    release_scene(state.scene, at_ms)
    if state.quarantines and state.quarantines[-1][1] < 0:
        state.quarantines[-1] = (state.quarantines[-1][0], at_ms)


def is_valid(state: State, minute: int) -> bool:
    """Tell whether no moment of a minute (since 1970) was in quarantine."""
    start, end = minute * MINUTE_MS, (minute + 1) * MINUTE_MS
    return not any(since < end and (until < 0 or until > start) for since, until in state.quarantines)


def forget_before(state: State, minute: int) -> None:
    """Let go of quarantines that ended before ``minute``."""
    start = minute * MINUTE_MS
    state.quarantines = [each for each in state.quarantines if each[1] < 0 or each[1] > start]


def _quarantine(state: State, since_ms: int) -> None:
    if not state.quarantines or state.quarantines[-1][1] >= 0:
        state.quarantines.append((since_ms, -1))
    else:
        state.quarantines[-1] = (min(state.quarantines[-1][0], since_ms), -1)
