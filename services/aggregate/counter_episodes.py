"""When a counter is unattended, not open, or in use after hours: runs of frames, and the episodes that they open."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct, field

from schemas.camera_events import make_event_id
from schemas.cameras import Camera, CounterRule
from schemas.episodes import CounterEpisode, Crossing, EndReason
from services.aggregate.episode_rows import episode_row
from services.aggregate.observation import MINUTE_MS, Mark, Step
from services.aggregate.row_columns import RULESET
from services.aggregate.sights import Evidence, Sight
from services.aggregate.unsaved import Unsaved
from services.aggregate.view import CameraView

Kind = Literal["unattended", "not_open", "after_hours"]
IN_OPENING_HOURS: Final[tuple[Kind, ...]] = ("unattended", "not_open")
WAITING_RATIO: Final = 0.5
"""People are waiting if someone is in the queue in this share of the frames of the waiting window."""


class Scene(Struct, frozen=True, gc=False):
    """People in the zones of a counter in one frame."""

    waiting: int
    staff: int


class OpenEpisode(Struct, array_like=True):
    """An episode that has begun and not ended, with all that its message needs."""

    kind: Kind
    camera_id: str
    camera_revision: int
    started_at_ms: int
    first: Evidence
    best: Evidence
    last: Evidence
    why: tuple[Crossing, ...]
    people_most: int
    simulated: bool
    revision: int = 0
    published_minute: int = -1

    def see(self, sight: Sight, people: int) -> None:
        """Take a frame in which the episode goes on."""
        self.last = sight.evidence
        if people > self.people_most:
            self.people_most, self.best = people, sight.evidence
        self.simulated = self.simulated or sight.simulated

    def publish(self, unsaved: Unsaved, ended_at_ms: int = 0, because: EndReason = "") -> None:
        """Publish it as it stands, open or (with a reason) ended."""
        self.revision += 1
        self.published_minute = self.last.captured_at_ms // MINUTE_MS
        episode = CounterEpisode(
            episode_id=make_event_id("counter_episode", self.camera_id, self.kind, self.started_at_ms),
            camera_id=self.camera_id,
            zone_id=None,
            revision=self.revision,
            ruleset=RULESET,
            camera_revision=self.camera_revision,
            phase="ended" if because else "open",
            review="suspected",
            started_at_ms=self.started_at_ms,
            last_seen_at_ms=self.last.captured_at_ms,
            ended_at_ms=ended_at_ms,
            ended_because=because,
            first=self.first.published(),
            best=self.best.published(),
            last=self.last.published(),
            why=self.why,
            simulated=self.simulated,
            kind=self.kind,
            people_waiting_max=self.people_most,
        )
        unsaved.publish(episode_row(episode, unsaved.version), episode)


class Sighting(Struct, frozen=True, array_like=True, gc=False):
    """A frame as the start of a run: when, what the clock of observed time showed, and the frame itself."""

    at_ms: int
    clock_ms: int
    evidence: Evidence


class Usage(Struct, array_like=True):
    """People at the counter outside opening hours, seen again and again with short gaps."""

    first: Sighting
    last: Mark


class Moment(Struct, frozen=True, gc=False):
    """The frame that is being judged."""

    scene: Scene
    sight: Sight
    now: Sighting
    camera: Camera


class Start(Struct, frozen=True, gc=False):
    """How an episode would begin, and whether its threshold is crossed."""

    kind: Kind
    at_ms: int
    first: Evidence
    why: tuple[Crossing, ...]
    crossed: bool


class CounterRuns(Struct, array_like=True):
    """What the episodes of a counter rest on.

    ``absent_from``: the last frame with staff, if staff is away. ``present_from``: start of the presence that is going
    on, ``last_staff`` its last frame, ``missed`` whether there were frames without staff since. ``window``: frames of
    the waiting window, as twice the capture time plus 1 where someone was in the queue, ``used_frames`` the number of
    these. ``opened``: when the opening hours that hold now began, and ``open_until`` when they end. ``previous``: the
    frame before, ``before_presence`` the one before ``present_from``.
    """

    last_staff: Sighting | None = None
    absent_from: Sighting | None = None
    present_from: Sighting | None = None
    window: list[int] = field(default_factory=list)
    waiting_from: Sighting | None = None
    opened: Mark | None = None
    open_until: int = 0
    usage: Usage | None = None
    episodes: dict[Kind, OpenEpisode] = field(default_factory=dict)
    missed: bool = False
    previous: Sighting | None = None
    before_presence: Sighting | None = None
    used_frames: int = 0

    def start_over(self) -> None:
        """Forget all runs; an open episode stays open."""
        self.last_staff = self.absent_from = self.present_from = self.waiting_from = self.opened = None
        self.window, self.used_frames = [], 0
        self.usage = None
        self.missed = False
        self.previous = self.before_presence = None

    def count_again(self) -> None:
        """Count ``used_frames``, which older states lack, from the window."""
        self.used_frames = sum(frame & 1 for frame in self.window)

    def end_all(self, because: EndReason, unsaved: Unsaved) -> None:
        """End what is open at its last sight."""
        for kind in list(self.episodes):
            self._end_at_last_sight(kind, because, unsaved)

    def judge(self, scene: Scene, sight: Sight, step: Step, view: CameraView, unsaved: Unsaved) -> None:
        """Take the next frame."""
        rule = view.camera.rules.counter
        now = Sighting(sight.at_ms, step.clock_ms, sight.evidence)
        self._follow_opening(step, view, unsaved)
        self._follow_staff(scene, now, view, unsaved)
        self.previous = now
        waiting_ratio = self._follow_waiting(scene, now, rule)
        moment = Moment(scene, sight, now, view.camera)
        if view.opening is None:
            return
        if self.opened is None:
            self._judge_after_hours(moment, unsaved)
        elif view.staff:
            self._judge_unattended(moment, waiting_ratio, unsaved)
            self._judge_not_open(moment, unsaved)

    def _follow_opening(self, step: Step, view: CameraView, unsaved: Unsaved) -> None:
        span = None if view.opening is None else view.opening.at(step.at_ms)
        if span is None or not span.in_force:
            self._end_opening(unsaved)
            return
        if span.start_ms > self.open_until:
            self._end_opening(unsaved)
        if self.opened is None:
            self.opened = Mark(span.start_ms, step.clock_at(span.start_ms))
            self._end("after_hours", span.start_ms, "timetable", unsaved)
            self.usage = None
        self.open_until = span.end_ms

    def _end_opening(self, unsaved: Unsaved) -> None:
        for kind in IN_OPENING_HOURS:
            if kind in self.episodes:
                self._end(kind, self.open_until, "timetable", unsaved)
        self.opened = None

    def _follow_staff(self, scene: Scene, now: Sighting, view: CameraView, unsaved: Unsaved) -> None:
        last = self.last_staff
        gone = last is None or now.clock_ms - last.clock_ms > view.presence_gap_ms
        if not scene.staff:
            self.missed = True
            if gone or self.present_from is None:
                self.present_from, self.absent_from = None, self.absent_from or last or now
            return
        if gone and self.missed:
            self.present_from, self.absent_from = None, self.absent_from or last
        self.missed, self.last_staff = False, now
        if self.present_from is None:
            self.present_from, self.before_presence = now, self.previous
        present_ms = now.clock_ms - self.present_from.clock_ms
        if present_ms >= view.camera.rules.counter.presence_bridge_seconds * 1000:
            self.absent_from = None
            for kind in IN_OPENING_HOURS:  # also where a gap made this forget the absence on which an episode rests
                self._end(kind, self.present_from.at_ms, "cleared", unsaved)

    def _follow_waiting(self, scene: Scene, now: Sighting, rule: CounterRule) -> float:
        """Give the share of the waiting window's frames with someone in the queue."""
        oldest = (now.at_ms - round(rule.waiting_window_seconds * 1000)) * 2 + 1
        window, is_used = self.window, int(scene.waiting > 0)
        gone = 0
        while gone < len(window) and window[gone] <= oldest:
            self.used_frames -= window[gone] & 1
            gone += 1
        del window[:gone]
        window.append(now.at_ms * 2 + is_used)
        self.used_frames += is_used
        ratio = self.used_frames / len(window)
        self.waiting_from = (self.waiting_from or now) if ratio >= WAITING_RATIO else None
        return ratio

    def _absence_ms(self, clock_ms: int) -> int:
        """Give how long staff has been away within the opening hours, in observed time.

        A presence that goes on may yet turn out to be too short to end the absence; until then it counts up to the
        last frame before it.
        """
        if self.absent_from is None or self.opened is None:
            return 0
        if self.present_from is not None:
            clock_ms = self.absent_from.clock_ms if self.before_presence is None else self.before_presence.clock_ms
        return clock_ms - max(self.absent_from.clock_ms, self.opened.clock_ms)

    def _judge_unattended(self, moment: Moment, waiting_ratio: float, unsaved: Unsaved) -> None:
        if self.waiting_from is None:
            self._end_at_last_sight("unattended", "left", unsaved)
        elif self.absent_from is not None and self.opened is not None:
            threshold = moment.camera.rules.counter.unattended_after_seconds
            absence_s = self._absence_ms(moment.now.clock_ms) / 1000
            if absence_s < threshold and "unattended" not in self.episodes:
                return
            first = max(self.absent_from, self.waiting_from, key=_time_of)
            why = (
                Crossing(name="staff_absence", value=absence_s, threshold=threshold, unit="s"),
                Crossing(name="waiting_ratio", value=waiting_ratio, threshold=WAITING_RATIO, unit="ratio"),
            )
            started_at_ms = max(first.at_ms, self.opened.at_ms)
            in_time = self.present_from is None or started_at_ms < self.present_from.at_ms
            start = Start("unattended", started_at_ms, first.evidence, why, in_time and absence_s >= threshold)
            self._go_on(start, moment, moment.scene.waiting, unsaved)

    def _judge_not_open(self, moment: Moment, unsaved: Unsaved) -> None:
        if self.absent_from is not None and self.opened is not None:
            threshold = moment.camera.rules.counter.not_open_after_seconds
            absence_s = self._absence_ms(moment.now.clock_ms) / 1000
            if absence_s < threshold and "not_open" not in self.episodes:
                return
            started_at_ms = max(self.absent_from.at_ms, self.opened.at_ms)
            why = (Crossing(name="staff_absence", value=absence_s, threshold=threshold, unit="s"),)
            start = Start("not_open", started_at_ms, self.absent_from.evidence, why, absence_s >= threshold)
            self._go_on(start, moment, moment.scene.waiting, unsaved)

    def _judge_after_hours(self, moment: Moment, unsaved: Unsaved) -> None:
        rule, now, people = moment.camera.rules.counter, moment.now, moment.scene.waiting + moment.scene.staff
        usage = self.usage
        if usage is not None and now.clock_ms - usage.last.clock_ms > rule.presence_bridge_seconds * 1000:
            self._end_at_last_sight("after_hours", "left", unsaved)
            usage = self.usage = None
        if not people:
            if usage is None:  # open since before a gap that started runs over
                self._end_at_last_sight("after_hours", "left", unsaved)
            return
        first = now if usage is None else usage.first
        self.usage = Usage(first, Mark(now.at_ms, now.clock_ms))
        used_s, threshold = (now.clock_ms - first.clock_ms) / 1000, rule.after_hours_after_seconds
        is_open = "after_hours" in self.episodes
        if used_s < threshold and not is_open:
            return
        why = () if is_open else (Crossing(name="presence", value=used_s, threshold=threshold, unit="s"),)
        start = Start("after_hours", first.at_ms, first.evidence, why, used_s >= threshold)
        self._go_on(start, moment, people, unsaved)

    def _go_on(self, start: Start, moment: Moment, people: int, unsaved: Unsaved) -> None:
        """See the frame as part of the open episode, or open one where the threshold is crossed."""
        episode = self.episodes.get(start.kind)
        sight, seen = moment.sight, moment.sight.evidence
        if start.kind in IN_OPENING_HOURS and self.present_from is not None:
            if episode is not None or self.before_presence is None:
                return  # staff may be back: then it has ended before this frame
            seen = self.before_presence.evidence
        if episode is not None:
            episode.see(sight, people)
        elif start.crossed:
            camera = moment.camera
            episode = self.episodes[start.kind] = OpenEpisode(
                start.kind,
                camera.camera_id,
                sight.camera_revision,
                start.at_ms,
                start.first,
                seen,
                seen,
                start.why,
                people,
                sight.simulated,
            )
        if episode is not None and sight.at_ms // MINUTE_MS != episode.published_minute:
            episode.publish(unsaved)

    def _end_at_last_sight(self, kind: Kind, because: EndReason, unsaved: Unsaved) -> None:
        if kind in self.episodes:
            self._end(kind, self.episodes[kind].last.captured_at_ms, because, unsaved)

    def _end(self, kind: Kind, ended_at_ms: int, because: EndReason, unsaved: Unsaved) -> None:
        episode = self.episodes.pop(kind, None)
        if episode is not None:
            episode.publish(unsaved, ended_at_ms, because)


def _time_of(sighting: Sighting) -> int:
    return sighting.at_ms
