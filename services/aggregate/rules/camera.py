"""Cameras: incidents of the picture, and the minutes that they make untrustworthy."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from services.aggregate.camera_incidents import OpenIncident
from services.aggregate.observation import MINUTE_MS, Step
from services.aggregate.scene_faults import SceneIncident, SceneState, observe
from services.aggregate.scene_faults import release as release_scene
from services.aggregate.scene_lights import Kind
from services.aggregate.sights import Evidence, Sight
from services.aggregate.unsaved import Unsaved
from services.aggregate.view import CameraView

REACHES_BACK_MS: Final = 60 * MINUTE_MS
"""So far before the frame that opens an incident a quarantine makes minutes invalid: those before may have been let go.
Longer takes only an incident of frames that come nearly a minute apart from a camera that should give three a second.
"""


class State(Struct, array_like=True):
    """What the rule remembers of a camera.

    Attributes:
        quarantines: [from, until) in ms of capture time, the last one with until -1 while nobody has released it.
        first_suspect: The first frame of the run of suspect frames that goes on, or of the last one.
        first_alike: The first frame with the content of the last one.
        incidents: Open ones, those of ``scene`` with their frames.
    """

    scene: SceneState = field(default_factory=SceneState)
    quarantines: list[tuple[int, int]] = field(default_factory=list)
    first_suspect: Evidence | None = None
    first_alike: Evidence | None = None
    incidents: dict[Kind, OpenIncident] = field(default_factory=dict)


def judge(state: State, sight: Sight, step: Step, view: CameraView, unsaved: Unsaved) -> int | None:
    """Take the next frame of the camera, in order of capture.

    Returns:
        From when on minutes are not valid any more, in ms of capture time; None where that stays as it was.
    """
    scene, at_ms = state.scene, step.at_ms
    quarantined_from: int | None = None
    for incident in observe(scene, sight.scene, at_ms, view.period_ms):
        if incident.ended_because:
            state.incidents.pop(incident.kind).publish(unsaved, incident.ended_at_ms, incident.ended_because)
            continue
        state.incidents[incident.kind] = _opened(state, incident, sight, view.camera.camera_id)
        if incident.quarantined:
            since_ms = _quarantine(state, max(incident.started_at_ms, at_ms - REACHES_BACK_MS))
            quarantined_from = quarantined_from if since_ms is None else since_ms
    for kind, known in state.incidents.items():
        if scene.incidents[kind].last_seen_at_ms == at_ms:
            known.see(sight, unsaved)
    _remember_first_frames(state, sight)
    return quarantined_from


def release(state: State, at_ms: int, released_by: str, unsaved: Unsaved) -> int | None:
    """End what is open: a person says that the picture is as it should be.

    Returns:
        From when on minutes are valid again, in ms of capture time; None where none was invalid.
    """
    for incident in release_scene(state.scene, at_ms):
        state.incidents.pop(incident.kind).publish(unsaved, at_ms, "released", released_by)
    if not _is_quarantined(state):
        return None
    state.quarantines[-1] = (state.quarantines[-1][0], at_ms)
    return at_ms


def quarantined_from(state: State) -> int | None:
    """Give since when the camera is in quarantine, in ms of capture time; None where it is not."""
    return state.quarantines[-1][0] if _is_quarantined(state) else None


def is_valid(state: State, minute: int) -> bool:
    """Tell whether no moment of a minute (since 1970) was in quarantine."""
    start, end = minute * MINUTE_MS, (minute + 1) * MINUTE_MS
    return not any(since < end and (until < 0 or until > start) for since, until in state.quarantines)


def forget_before(state: State, minute: int) -> None:
    """Let go of quarantines that ended before ``minute``."""
    start = minute * MINUTE_MS
    state.quarantines = [each for each in state.quarantines if each[1] < 0 or each[1] > start]


def _opened(state: State, incident: SceneIncident, sight: Sight, camera_id: str) -> OpenIncident:
    first = state.first_alike if incident.kind == "frozen" else state.first_suspect
    seen = sight.evidence
    assert first is not None  # an incident takes two frames at least
    return OpenIncident(
        incident.kind,
        camera_id,
        sight.camera_revision,
        incident.started_at_ms,
        incident.quarantined,
        first,
        seen,
        seen,
        incident.why,
        sight.simulated,
    )


def _is_quarantined(state: State) -> bool:
    return bool(state.quarantines) and state.quarantines[-1][1] < 0


def _quarantine(state: State, since_ms: int) -> int | None:
    """Begin a quarantine, or let the one that is on begin earlier; give from when on, None where nothing changed."""
    if not _is_quarantined(state):
        state.quarantines.append((since_ms, -1))
    elif since_ms < state.quarantines[-1][0]:
        state.quarantines[-1] = (since_ms, -1)
    else:
        return None
    return since_ms


def _remember_first_frames(state: State, sight: Sight) -> None:
    """Keep the frames with which a run begins: an incident that opens later starts with one of them."""
    scene, first = state.scene, state.first_suspect
    if scene.run is not None and (first is None or first.captured_at_ms != scene.run.since_ms):
        state.first_suspect = sight.evidence
    if state.first_alike is None or state.first_alike.captured_at_ms != scene.same_since_ms:
        state.first_alike = sight.evidence
