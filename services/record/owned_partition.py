"""One partition that this process owns: how far its frames and episodes are read, and what may be committed of them."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from schemas.camera_events import Decision, FrameDetections, FrameShed
from schemas.episodes import Episode
from schemas.geometry import BoxXyxy
from schemas.recordings import GapReason
from schemas.verdicts import SceneVerdicts
from services.privacy.judged_spans import withdrawn_spans
from services.privacy.showable import FindCamera
from services.record.companions import MOST_EPISODES, NAMED_MS, Told
from services.record.evidence import Hidden, named_frames
from services.record.minutes import PartitionMinutes, Seconds, Waits

_MOST_NAMED = 20_000
"""Frames that episodes named, of which that is remembered; of a forgotten one the chain tells that it is copied."""


class WaitingEpisode(NamedTuple):
    """A message of an episode whose frames are not copied yet, and when it came (monotonic seconds)."""

    came_at: float
    offset: int
    episode: Episode


class Withdrawal(NamedTuple):
    """What a camera showed since ``from_ms`` is withdrawn, as was said at ``at_ms``.

    ``through_ms``: how far it had been judged then. What was captured later and is of the quarantine was never shown,
    and what is shown was captured after the release.
    """

    camera_id: str
    from_ms: int
    through_ms: int
    at_ms: int


@dataclass(slots=True)
class Committed:
    """Offsets from which the partition is read again after a crash."""

    frames: int = -1
    episodes: int = -1


@dataclass(eq=False)
class OwnedPartition:
    """See the file's head. For one thread, but for ``gone`` and ``hidden``, which others may read.

    Attributes:
        partition: Its number.
        minutes: The minutes of its cameras.
        next_frame: Offset of the frame that comes next; -1: none has been read, and none was committed.
        next_episode: Offset of the episode message that comes next.
        end: Offset after the last frame that Kafka had when that was asked, at ``end_asked_at`` (monotonic seconds).
        first_frame_ms: When Kafka took the first frame that was read of it.
        followed: Whether its events and verdicts are read.
        caught_up: Whether those of them were read that were there when this process began with the partition.
        copying: Which waiting episode's frames are being copied.
        unindexed: Offsets of episode messages whose frames are copied, and whose rows the index does not have yet.
        hidden: Of those frames what is hidden, or why one may not be shown; another mapping once one is withdrawn.
        gone: Whether another process owns it by now.
    """

    partition: int
    minutes: PartitionMinutes
    seconds: Seconds
    next_frame: int
    next_episode: int
    committed: Committed = field(default_factory=Committed)
    end: int = 0
    end_asked_at: float = -math.inf
    first_frame_ms: int = 0
    followed: bool = False
    caught_up: bool = False
    gone: bool = False
    copying: WaitingEpisode | None = None
    hidden: Hidden = field(default_factory=dict)
    episodes: deque[WaitingEpisode] = field(default_factory=deque)
    unindexed: deque[int] = field(default_factory=deque)
    withdrawals: list[Withdrawal] = field(default_factory=list)
    _quarantines: dict[str, int] = field(default_factory=dict)
    _newest: OrderedDict[str, Episode] = field(default_factory=OrderedDict)
    _named: OrderedDict[tuple[str, str], None] = field(default_factory=OrderedDict)

    def take_offset(self, offset: int) -> int:
        """Note the offset of a frame that was read, and give how many before it were lost."""
        lost = max(0, offset - self.next_frame) if self.next_frame >= 0 else 0
        self.next_frame = offset + 1
        if lost:
            self.minutes.frames_were_lost()
        return lost

    def take(self, told: Told) -> None:
        """Take a message of a companion topic."""
        value = told.value
        if isinstance(value, SceneVerdicts):
            self.minutes.take_verdicts(value)
            self._note_quarantines(value)
            if self.copying is not None:
                self._withdraw(self.copying.episode, value)
        elif isinstance(value, FrameDetections | FrameShed):
            self.minutes.take_event(value)
        elif isinstance(value, Episode):
            self._newest[value.episode_id] = value
            self._newest.move_to_end(value.episode_id)
            if len(self._newest) > MOST_EPISODES:
                self._newest.popitem(last=False)
            if told.offset >= self.next_episode:
                self._have_copied(told.offset, value)
                self.next_episode = told.offset + 1
        elif isinstance(value, Decision):
            self._take_decision(value)

    def due_episode(self, wait_seconds: Callable[[Episode], float], longest_seconds: float) -> Episode | None:
        """Give the episode whose frames are to be copied now, None while one is being copied or none is due.

        Args:
            wait_seconds: How long after it came, the same for all of a camera: they stay in order.
            longest_seconds: How long where it is not known yet what may be shown, as after a restart.
        """
        if self.copying is not None:
            return None
        for one in self.episodes:
            wait = wait_seconds(one.episode)
            if self.seconds() - one.came_at >= (wait if self.caught_up else max(wait, longest_seconds)):
                self.copying, self.hidden = one, self._hidden_of(one.episode)
                return one.episode
        return None

    def episode_copied(self) -> None:
        """Say that the frames of the episode that was due are copied: the next one's may be."""
        if self.copying is not None:
            self.episodes.remove(self.copying)
            self.unindexed.append(self.copying.offset)
            self.copying = None

    def episode_indexed(self) -> None:
        """Say that the index has the frames of the next of the episodes that were copied."""
        self.unindexed.popleft()

    def _have_copied(self, offset: int, episode: Episode) -> None:
        """Have an episode's frames copied, if it names one that no former message of it did: most name none."""
        named = [(episode.episode_id, one.frame.event_id) for one in named_frames(episode)]
        if not all(one in self._named for one in named):
            self.episodes.append(WaitingEpisode(self.seconds(), offset, episode))
        for one in named:
            self._named[one] = None
            self._named.move_to_end(one)
        while len(self._named) > _MOST_NAMED:
            self._named.popitem(last=False)

    def _hidden_of(self, episode: Episode) -> Hidden:
        """Give, of an episode's frames, what of them is hidden, or why one may not be shown.

        Of one that Kafka took before all that was read of events began, neighbours may be unknown.
        """
        said: dict[int, tuple[BoxXyxy, ...] | GapReason] = {}
        for frame in (episode.first, episode.best, episode.last):
            place, at_ms = frame.frame, frame.captured_at_ms
            if place.appended_at_ms < self.first_frame_ms - NAMED_MS:
                said[place.offset] = "not_judged"
                continue
            shown = self.minutes.showable.frames(episode.camera_id, at_ms, at_ms + 1)
            hidden = next((one.hidden for one in shown if one.frame.offset == place.offset), None)
            said[place.offset] = self.minutes.why_withheld(episode.camera_id, at_ms) if hidden is None else hidden
        return said

    def to_commit(self) -> Committed:
        """Give from where the partition must be read after a crash, so that nothing is left out."""
        needed = self.minutes.first_needed_offset()
        return Committed(
            frames=self.next_frame if needed is None else needed,
            episodes=min([*self.unindexed, *(one.offset for one in self.episodes), self.next_episode]),
        )

    def _withdraw(self, episode: Episode, verdicts: SceneVerdicts) -> None:
        """Show no more what these verdicts take back of an episode that is being copied."""
        frames = (episode.first, episode.best, episode.last)
        through_ms = max(frame.captured_at_ms for frame in frames)
        gone: dict[int, GapReason] = {
            frame.frame.offset: "quarantined" if verdict.quarantined_from_ms else "held"
            for verdict in verdicts.cameras
            if verdict.camera_id == episode.camera_id
            for from_ms, until_ms in withdrawn_spans(verdict, through_ms)
            for frame in frames
            if from_ms <= frame.captured_at_ms <= until_ms
        }
        self.hidden = {**self.hidden, **gone}

    def _take_decision(self, decision: Decision) -> None:
        """Have the frames of an episode that a person confirmed copied again: the last one may be another by now."""
        episode = self._newest.get(decision.episode_id or "")
        if decision.decision == "episode_confirmed" and episode is not None:
            confirmed = msgspec.structs.replace(episode, review="confirmed")
            self._have_copied(self.next_episode, confirmed)

    def _note_quarantines(self, verdicts: SceneVerdicts) -> None:
        for verdict in verdicts.cameras:
            from_ms = verdict.quarantined_from_ms
            if from_ms and self._quarantines.get(verdict.camera_id) != from_ms:
                through_ms = self.minutes.showable.standing(verdict.camera_id).through_ms  # of any ownership
                self.withdrawals.append(Withdrawal(verdict.camera_id, from_ms, through_ms, verdicts.at_ms))
            self._quarantines[verdict.camera_id] = from_ms


def own(
    partition: int, committed: Committed, find_camera: FindCamera, waits: Waits, seconds: Seconds
) -> OwnedPartition:
    """Begin with a partition where its group stood."""
    minutes = PartitionMinutes(partition, find_camera, waits, seconds)
    return OwnedPartition(partition, minutes, seconds, committed.frames, committed.episodes)
