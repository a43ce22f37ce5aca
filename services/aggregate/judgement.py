"""The judgement: a camera's events in, rows and episodes out. Knows no Kafka, no ClickHouse and no wall clock.

    event ─► account (at arrival) ─► wait for the watermark ─► in order of capture: time observed ─► rules
                │                                                                            │
                └─► rows of outcomes, statuses, decisions            minutes, stays, episodes ◄┘     ─► drain

How a shell uses it, one ``Judgement`` a partition:

    judgement = Judgement(find_camera)
    judgement.load(blob)                      # each camera's state as of some offset
    judgement.apply(event, offset)            # each event from there on, in offset order, once
    drained = judgement.drain()               # now and then: absolute rows, episodes and blobs of what changed
    judgement.restore(drained, ...)           # where saving them failed: the next drain holds it again
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from msgspec import Struct

from schemas.camera_events import CameraEvent, CameraStatus, Decision, FrameDetections, FrameOutcome
from schemas.cameras import Camera
from schemas.episodes import Episode
from schemas.geometry import Polygon
from schemas.table import Row
from schemas.verdicts import CameraVerdict
from services.aggregate import accounting
from services.aggregate.accounting import Arrival, CameraMinute
from services.aggregate.event_rows import decision_row, detections_row, status_row
from services.aggregate.ledger import Recorded
from services.aggregate.observation import MINUTE_MS
from services.aggregate.rows import CameraStatusRow, DecisionRow, DetectionsRow
from services.aggregate.rules import camera, counter, flood, parking
from services.aggregate.sights import Sight, sight_of
from services.aggregate.state import CameraState, Mask, OrderedDecision, decode_state, encode_state
from services.aggregate.unsaved import Unsaved
from services.aggregate.view import CameraView
from services.aggregate.windows import drain_rows, roll, settle_too_late, takes
from services.aggregate.zones import Area

FindCamera = Callable[[str, int], Camera | None]
"""(camera id, registry revision) to that revision of the camera, None where it is not known (yet)."""

_SETTLED: Final = Recorded("settled")
_JUDGING_DECISIONS: Final = frozenset({"quarantine_released", "dry_reference_approved", "static_object_masked"})


class UnknownRevisionError(LookupError):
    """The registry does not know the revision (yet) under which an event must be judged."""

    def __init__(self, camera_id: str, revision: int) -> None:
        super().__init__(f"revision {revision} of camera {camera_id!r} is not known")
        self.camera_id = camera_id
        self.revision = revision


class Drained(Struct, frozen=True):
    """What changed since the drain before.

    ``rows`` are absolute rows by table, empty tables left out; ``episodes`` the latest message of each changed episode;
    ``blobs`` the state of each changed camera, by camera id; ``verdicts`` which frames were judged and may be shown.
    """

    rows: dict[str, list[Row]]
    episodes: list[Episode]
    blobs: dict[str, bytes]
    verdicts: list[CameraVerdict]


class Judgement:
    """The state of some cameras, and what of it is unsaved.

    A deterministic function of the events applied: the same events in the same order give the same rows, however often
    it was drained, and whether or not states went through their blobs on the way.

    Args:
        find_camera: Looks up a registry revision.
    """

    def __init__(self, find_camera: FindCamera) -> None:
        self._find_camera = find_camera
        self._views: dict[tuple[str, int], CameraView] = {}
        self._states: dict[str, CameraState] = {}
        self._unchecked: set[str] = set()
        self._quarantines: dict[str, int] = {}
        self._unsaved = Unsaved()
        self.lower_epoch_count = 0
        """Frames that were not judged since one of a higher epoch was; of this object's events alone."""

    @property
    def camera_ids(self) -> list[str]:
        """Give the cameras that it holds a state of, sorted."""
        return sorted(self._states)

    @property
    def unsaved_count(self) -> int:
        """Give about how many rows the next drain will hold."""
        return len(self._unsaved)

    def load(self, blob: bytes) -> None:
        """Take over the state of a camera as a former drain gave it.

        Raises:
            FatalError: The blob can't be read by this version.
        """
        state = decode_state(blob)
        self._states[state.camera_id] = state
        self._unchecked.add(state.camera_id)
        self._note_quarantine(state)

    def apply(self, event: CameraEvent, offset: int) -> None:
        """Take the next event. ``offset`` is its place in the source; later events have larger ones.

        Raises:
            UnknownRevisionError: The event, or one that waits before it, needs a registry revision that is not known.
                Nothing has changed; apply the event again once the registry has been read on.
        """
        state = self._states.get(event.camera_id)
        if state is None:
            state = CameraState(event.camera_id)
        view = self._view(event.camera_id, event.camera_revision) if isinstance(event, FrameDetections) else None
        if self._unchecked:
            self._require_revisions(state)
        self._states[event.camera_id] = state
        unsaved = self._unsaved
        unsaved.offset = offset
        unsaved.cameras.add(event.camera_id)
        state.offset = max(state.offset, offset)
        unsaved.version = state.offset
        if isinstance(event, CameraStatus):
            self._take_status(state, event)
        elif isinstance(event, Decision):
            self._take_decision(state, event)
        else:
            self._take_frame(state, event, view)
        roll(state, unsaved)

    def drain(self, *, blobs: bool = True) -> Drained:
        """Give what changed since the last drain, and count it as saved. ``blobs=False`` leaves the states out."""
        unsaved, self._unsaved = self._unsaved, Unsaved()
        rows = drain_rows(self._states, unsaved)
        changed = sorted(unsaved.cameras) if blobs else []
        states = {camera_id: encode_state(self._states[camera_id]) for camera_id in changed}
        return Drained(rows, list(unsaved.episodes.values()), states, self._verdicts(unsaved))

    def restore(self, drained: Drained, *, rows: bool = True) -> None:
        """Hold again what ``drained`` held, because it could not be saved.

        ``rows=False`` where the rows are safe and only what came after them (blobs, episodes) is not. May be called
        whenever; what changed since the drain stays as it is.
        """
        unsaved = self._unsaved
        unsaved.cameras |= drained.blobs.keys()
        unsaved.episodes = {episode.episode_id: episode for episode in drained.episodes} | unsaved.episodes
        unsaved.verdicts.put_back(drained.verdicts)
        if rows:
            for table, old in drained.rows.items():
                unsaved.rows[table] = old + unsaved.rows[table]

    def _verdicts(self, unsaved: Unsaved) -> list[CameraVerdict]:
        for camera_id in self._quarantines:
            state = self._states[camera_id]
            unsaved.verdicts.mention(camera_id, state.applied_epoch, state.observation.at_ms)
        return unsaved.verdicts.told(self._quarantines)

    def _require_revisions(self, state: CameraState) -> None:
        """Make sure that what waits in a state that was loaded can be judged."""
        if state.camera_id in self._unchecked:
            for item in state.waiting:
                if isinstance(item, Sight):
                    self._view(state.camera_id, item.camera_revision)
            self._unchecked.discard(state.camera_id)

    def _view(self, camera_id: str, revision: int) -> CameraView:
        view = self._views.get((camera_id, revision))
        if view is None:
            camera = self._find_camera(camera_id, revision)
            if camera is None:
                raise UnknownRevisionError(camera_id, revision)
            view = self._views[camera_id, revision] = CameraView(camera)
        return view

    def _take_status(self, state: CameraState, event: CameraStatus) -> None:
        self._unsaved.rows[CameraStatusRow.TABLE].append(status_row(event, self._unsaved.offset))
        state.activity_ms = max(state.activity_ms, event.at_ms)
        ledger = state.ledger(event.owner_epoch)
        if ledger is not None:
            ledger.touch(event.at_ms)
            ledger.report(event.counters, event.at_ms)
            ledger.tell(event, self._unsaved.offset)
            self._unsaved.epochs[state.camera_id].add(event.owner_epoch)

    def _take_decision(self, state: CameraState, event: Decision) -> None:
        if event.event_id in state.decisions:
            return
        effective_at_ms = event.decided_at_ms
        if event.decision in _JUDGING_DECISIONS:
            effective_at_ms = max(event.decided_at_ms, state.watermark_ms)
            state.decisions[event.event_id] = effective_at_ms
            item = OrderedDecision(effective_at_ms, event.event_id, event.decision, event.mask, event.decided_by)
            _queue(state.waiting, item)
        self._unsaved.rows[DecisionRow.TABLE].append(decision_row(event, effective_at_ms, self._unsaved.offset))

    def _take_frame(self, state: CameraState, event: FrameOutcome, view: CameraView | None) -> None:
        arrival = accounting.arrival_of(event)
        recorded = self._record(state, arrival)
        if recorded.kind == "repeated":
            return
        accounting.add_outcome_rows(arrival, recorded, self._unsaved)
        if isinstance(event, FrameDetections):
            self._unsaved.rows[DetectionsRow.TABLE].append(detections_row(event, self._unsaved.offset))
        in_time = recorded.kind != "settled" and takes(state, arrival.minute, arrival.skewed)
        if in_time:
            self._count(state, arrival, recorded)
        else:
            self._count_too_late(state)
            settle_too_late(state, event)
        if arrival.skewed:
            return
        is_late = event.captured_at_ms < state.watermark_ms
        if in_time and isinstance(event, FrameDetections) and view is not None:
            self._place(state, event, view, is_late)
        if in_time and is_late:
            state.minutes[arrival.minute].late += 1
        state.latest_ms = max(state.latest_ms, event.captured_at_ms)
        self._judge_due(state)

    def _record(self, state: CameraState, arrival: Arrival) -> Recorded:
        event = arrival.event
        ledger = state.ledger(event.owner_epoch)
        state.activity_ms = max(state.activity_ms, event.frame.appended_at_ms)
        if ledger is None:
            return _SETTLED
        ledger.touch(event.frame.appended_at_ms)
        self._unsaved.epochs[state.camera_id].add(event.owner_epoch)
        return ledger.record(event.sequence, arrival.reason, arrival.minute)

    def _count(self, state: CameraState, arrival: Arrival, recorded: Recorded) -> None:
        window = state.minutes.get(arrival.minute)
        if window is None:
            window = state.minutes[arrival.minute] = CameraMinute()
        window.take(arrival, recorded)
        changed = self._unsaved.minutes[state.camera_id]
        changed.add(arrival.minute)
        filled = recorded.filled
        if filled is not None and filled.minute in state.minutes:
            state.minutes[filled.minute].expired -= accounting.expired_in(filled, arrival.event.sequence)
            changed.add(filled.minute)

    def _count_too_late(self, state: CameraState) -> None:
        latest = state.minutes.get(state.latest_ms // MINUTE_MS)
        if latest is not None:
            latest.too_late += 1
            self._unsaved.minutes[state.camera_id].add(state.latest_ms // MINUTE_MS)

    def _place(self, state: CameraState, event: FrameDetections, view: CameraView, is_late: bool) -> None:
        """Let the frame wait for its turn; one that has missed it amends the counts of its minute at once."""
        sight = sight_of(event, view)
        if not is_late:
            _queue(state.waiting, sight)
        elif state.applied_epoch in (0, event.owner_epoch):  # another reader's frames may show the same footage again
            seen = _unmasked(state, sight)
            counter.amend(state.counter, seen, view)
            parking.amend(state.parking, seen, view)
            flood.amend(state.flood, seen, view)
        elif event.owner_epoch < state.applied_epoch:
            self.lower_epoch_count += 1

    def _judge_due(self, state: CameraState) -> None:
        waiting, watermark_ms = state.waiting, state.watermark_ms
        due = 0
        while due < len(waiting) and waiting[due].at_ms < watermark_ms:
            self._judge(state, waiting[due])
            due += 1
        if due:
            del waiting[:due]

    def _judge(self, state: CameraState, item: Sight | OrderedDecision) -> None:
        if isinstance(item, OrderedDecision):
            self._decide(state, item)
            return
        if item.owner_epoch < state.applied_epoch:
            self.lower_epoch_count += 1
            return
        former_ms = state.observation.at_ms if item.owner_epoch == state.applied_epoch else -1
        state.applied_epoch = item.owner_epoch
        view = self._view(state.camera_id, item.camera_revision)
        step = state.observation.advance(item.at_ms, view)
        changed = self._unsaved.minutes[state.camera_id]
        for minute, observed_ms in step.minutes:
            if minute in state.minutes:
                state.minutes[minute].observed_ms += observed_ms
            changed.add(minute)
        changed.add(item.at_ms // MINUTE_MS)
        sight = _unmasked(state, item) if state.masks else item
        quarantined_from_ms = camera.judge(state.camera, sight, step, view, self._unsaved)
        judged = self._unsaved.verdicts.take(state.camera_id, item.owner_epoch, former_ms, item.at_ms)
        if state.camera.scene.hold:
            judged.hold(item.at_ms if quarantined_from_ms is None else quarantined_from_ms)
        self._judge_validity(state, quarantined_from_ms)
        if view.has_counter or state.counter.fingerprint:
            counter.judge(state.counter, sight, step, view, self._unsaved)
        if view.parking or state.parking.zones:
            parking.judge(state.parking, sight, step, view, self._unsaved)
        if view.water or state.flood.zones:
            flood.judge(state.flood, sight, step, view, self._unsaved)

    def _judge_validity(self, state: CameraState, from_ms: int | None) -> None:
        """Let all rows from then on be written again: whether they are valid has changed."""
        if from_ms is not None:
            changed = self._unsaved.minutes[state.camera_id]
            changed.update(minute for minute in state.minutes if (minute + 1) * MINUTE_MS > from_ms)
            self._note_quarantine(state)

    def _note_quarantine(self, state: CameraState) -> None:
        """Keep in mind whether the camera is in quarantine: that is told with each drain."""
        since_ms = camera.quarantined_from(state.camera)
        if since_ms is None:
            self._quarantines.pop(state.camera_id, None)
        else:
            self._quarantines[state.camera_id] = since_ms

    def _decide(self, state: CameraState, decision: OrderedDecision) -> None:
        if decision.decision == "quarantine_released":
            released_ms = camera.release(state.camera, decision.at_ms, decision.decided_by, self._unsaved)
            self._judge_validity(state, released_ms)
            if released_ms is not None:
                self._unsaved.verdicts.mention(state.camera_id, state.applied_epoch, state.observation.at_ms)
        elif decision.decision == "dry_reference_approved":
            flood.approve(state.flood, decision.at_ms)
        elif decision.mask is not None:
            state.masks.append(Mask(decision.at_ms, decision.mask))


def _queue(waiting: list[Sight | OrderedDecision], item: Sight | OrderedDecision) -> None:
    """Put an item where its turn is: nearly always behind all others."""
    if not waiting or waiting[-1].at_ms < item.at_ms or _turn(waiting[-1]) <= _turn(item):
        waiting.append(item)
    else:
        insort(waiting, item, key=_turn)


def _turn(item: Sight | OrderedDecision) -> tuple[int, str]:
    return item.at_ms, item.event_id


def _unmasked(state: CameraState, sight: Sight) -> Sight:
    """Give the sight without what stands in a mask that holds by then."""
    return sight.without(tuple([_area_of(mask.polygon) for mask in state.masks if mask.since_ms <= sight.at_ms]))


@lru_cache(maxsize=4_096)
def _area_of(polygon: Polygon) -> Area:
    return Area(polygon)
