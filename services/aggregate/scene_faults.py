"""Is a camera's picture still what it should be? Incidents (shifted, covered, defocused, dark, frozen) by scene facts.

    facts ─► fault of the frame, by the lights of the camera's view ─► run of suspect frames ─► incident
                              ▲                    │ none
                              └──── followed ◄─────┘

What passes (traffic, a bus that stands in front) makes frames suspect and no incident, for an incident takes a minute.
Pure: a function of the camera's frames in order of capture. Source: ``docs/semantics.md``, Cameras.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct, field, structs

from schemas.camera_events import SceneFacts
from schemas.episodes import Crossing
from schemas.times import NO_DATA_MS
from services.aggregate.scene_lights import Fault, Kind, View, follow, learn_anew, look_at

Ending = Literal["", "cleared", "released", "no_data"]

QUARANTINING: Final[frozenset[Kind]] = frozenset({"shifted", "covered", "frozen"})
"""These only a person ends, and no gap: what the picture shows after it is no sign that somebody saw to the camera."""
ANOTHER_VIEW: Final[frozenset[Kind]] = frozenset({"shifted", "covered"})

INCIDENT_MS: Final = 60_000
"""Suspect for so long, and it is an incident; without its fault for so long, and one that may clear has ended."""
FEWEST_FRAMES: Final = 2
"""Of an incident, where frames come more rarely than once a minute."""
MISSED_MS: Final = 6_000
"""A run goes on over so much time without fault in all, a tenth of what an incident takes: a drop of rain, or somebody
who passes the uncovered part, does not start it over."""
PRESENT_MS: Final = 60_000
"""After a longer gap the light of now is one that was: dusk may lie in between. In a minute, at the equator, it takes a
sixth of the light, far from ``DARK_RATIO``."""
FROZEN_PERIODS: Final = 3
"""In so many sampling periods, and at least a minute, nothing changes: frozen. A gap that is longer ends all runs."""


class SceneIncident(Struct, frozen=True, array_like=True):
    """A fault that lasts. ``started_at_ms`` is its first frame, ``why`` the figure of the frame that opened it.

    That frame is of the incident's kind, which no other has more frames of: where the one that would do by time is of
    another kind, a later one opens it.
    """

    kind: Kind
    started_at_ms: int
    opened_at_ms: int
    last_seen_at_ms: int
    why: Crossing
    ended_at_ms: int = 0
    ended_because: Ending = ""

    @property
    def quarantined(self) -> bool:
        """Tell whether rows are not valid from its start until a person's release."""
        return self.kind in QUARANTINING


class Run(Struct, array_like=True):
    """Suspect frames with little between them: since when, time observed since, time without fault, frames by kind."""

    since_ms: int
    lasted_ms: int = 0
    missed_ms: int = 0
    votes: dict[Kind, int] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        """Give how many frames are suspect."""
        return sum(self.votes.values())

    def is_most(self, kind: Kind) -> bool:
        """Tell whether no other fault is that of more of its frames."""
        return self.votes[kind] == max(self.votes.values())


class SceneState(Struct, array_like=True):
    """What is remembered of a camera: 0.8 to 1.5 kB as msgpack.

    Attributes:
        at_ms: Capture time of the last frame, -1 before the first.
        content_hash: Of the last frame.
        same_since_ms: The first frame with that content.
        same_ms: Time observed since then.
        run: Suspect frames, None where the last ones are without fault.
        incidents: Open ones, at most one of a kind.
        calm_ms: By kind, time observed since an open one's fault was last seen.
        period_ms: The sampling period under which the last frame was taken.
    """

    at_ms: int = -1
    content_hash: str = ""
    same_since_ms: int = -1
    same_ms: int = 0
    view: View = field(default_factory=View)
    run: Run | None = None
    incidents: dict[Kind, SceneIncident] = field(default_factory=dict)
    calm_ms: dict[Kind, int] = field(default_factory=dict)
    period_ms: float = 0.0

    @property
    def hold(self) -> bool:
        """Tell whether the last frame is suspect or an incident is open: nothing is to be shown of the camera then."""
        return self.run is not None or bool(self.incidents) or self.same_since_ms < self.at_ms


def observe(state: SceneState, facts: SceneFacts, at_ms: int, period_ms: float) -> list[SceneIncident]:
    """Take the camera's next frame in order of capture, and give the incidents that it opens or ends.

    A frame observes the time to the next one, at most two sampling periods of its own.

    Args:
        state: What is remembered of the camera. Changed.
        facts: Of the frame.
        at_ms: When it was captured.
        period_ms: The camera's sampling period.
    """
    gap_ms = at_ms - state.at_ms if state.at_ms >= 0 else 0
    observed_ms = round(min(gap_ms, 2 * state.period_ms))
    incidents = _end_without_data(state) if gap_ms >= NO_DATA_MS else []
    if gap_ms > INCIDENT_MS and gap_ms > _frozen_ms(state.period_ms):
        state.run, state.content_hash = None, ""
    state.period_ms = period_ms
    if gap_ms > PRESENT_MS and "dark" not in state.incidents:
        state.view.is_present = False
    state.at_ms = at_ms
    for kind in state.calm_ms:
        state.calm_ms[kind] += observed_ms
    look = look_at(state.view, facts)
    fault = look.fault
    incidents += _judge_sameness(state, facts, observed_ms, period_ms)
    if fault is not None or state.run is not None:
        incidents += _judge_run(state, fault, observed_ms, period_ms)
    if fault is None and state.run is None and not (state.incidents and QUARANTINING & state.incidents.keys()):
        follow(state.view, facts, look.light, observed_ms)
    return incidents + _end_cleared(state) if state.incidents else incidents


def release(state: SceneState, at_ms: int) -> list[SceneIncident]:
    """End all that is open, and give it: a person says that the picture is as it should be.

    What it shows from then on is learned as one more light, beside those that are known: the camera was repaired, or
    looks elsewhere for good. Where nothing is held, a release changes nothing.
    """
    if not state.hold:
        return []
    ended = [_ended(incident, at_ms, "released") for incident in state.incidents.values()]
    state.incidents, state.calm_ms, state.run, state.content_hash = {}, {}, None, ""
    state.same_since_ms, state.same_ms = state.at_ms, 0
    learn_anew(state.view)
    return ended


def _judge_sameness(state: SceneState, facts: SceneFacts, observed_ms: int, period_ms: float) -> list[SceneIncident]:
    if facts.content_hash != state.content_hash:
        state.content_hash, state.same_since_ms, state.same_ms = facts.content_hash, state.at_ms, 0
        return []
    state.same_ms += observed_ms
    needed_ms = _frozen_ms(period_ms)
    if state.same_ms < needed_ms:
        return []
    why = Crossing(name="unchanged", value=state.same_ms / 1000, threshold=needed_ms / 1000, unit="s")
    return _see(state, "frozen", state.same_since_ms, why)


def _judge_run(state: SceneState, fault: Fault | None, observed_ms: int, period_ms: float) -> list[SceneIncident]:
    run = state.run
    if run is not None:
        run.lasted_ms += observed_ms
    explained = _explained_by(state, fault)
    if fault is None or explained is not None:
        if run is not None:
            run.missed_ms += round(period_ms)
            state.run = run if run.missed_ms <= MISSED_MS else None
        return [] if fault is None or explained is None else _see(state, explained, state.at_ms, fault.why)
    if run is None:
        run = state.run = Run(state.at_ms)
    run.votes[fault.kind] = run.votes.get(fault.kind, 0) + 1
    if run.frames < FEWEST_FRAMES or run.lasted_ms + period_ms < INCIDENT_MS or not run.is_most(fault.kind):
        return []
    state.run = None
    return _see(state, fault.kind, run.since_ms, fault.why)


def _explained_by(state: SceneState, fault: Fault | None) -> Kind | None:
    """Give the open incident that a fault belongs to.

    A camera that looks elsewhere, or at nothing, waits for a person: no other fault of it is told apart until then.
    """
    if fault is None:
        return None
    if fault.kind in state.incidents:
        return fault.kind
    return next((kind for kind in ANOTHER_VIEW if kind in state.incidents), None)


def _see(state: SceneState, kind: Kind, since_ms: int, why: Crossing) -> list[SceneIncident]:
    """Note that a fault goes on; give its incident where that opens."""
    state.calm_ms[kind] = 0
    known = state.incidents.get(kind)
    if known is not None:
        state.incidents[kind] = structs.replace(known, last_seen_at_ms=state.at_ms)
        return []
    incident = SceneIncident(kind, since_ms, state.at_ms, state.at_ms, why)
    state.incidents[kind] = incident
    return [incident]


def _end_without_data(state: SceneState) -> list[SceneIncident]:
    """End what no person must end, at its last sight, and give it: for half an hour nobody knew."""
    return _end_at_last_sight(state, [kind for kind in state.incidents if kind not in QUARANTINING], "no_data")


def _end_cleared(state: SceneState) -> list[SceneIncident]:
    """End what no person must end and was not seen for a minute, at its last sight; and give it."""
    over = [kind for kind in state.incidents if kind not in QUARANTINING and state.calm_ms[kind] >= INCIDENT_MS]
    return _end_at_last_sight(state, over, "cleared")


def _end_at_last_sight(state: SceneState, kinds: list[Kind], because: Ending) -> list[SceneIncident]:
    for kind in kinds:
        del state.calm_ms[kind]
    incidents = [state.incidents.pop(kind) for kind in kinds]
    return [_ended(incident, incident.last_seen_at_ms, because) for incident in incidents]


def _ended(incident: SceneIncident, at_ms: int, because: Ending) -> SceneIncident:
    return structs.replace(incident, ended_at_ms=at_ms, ended_because=because)


def _frozen_ms(period_ms: float) -> float:
    return max(float(INCIDENT_MS), FROZEN_PERIODS * period_ms)
