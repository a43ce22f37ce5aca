"""One turn of the recorder's loop: read, hand out what is due, take what is done; now and then, settle."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import NamedTuple

from schemas.cameras import Camera
from schemas.episodes import Episode
from schemas.recordings import EvidenceKept, GapNoted
from services.record.evidence import evidence_wait
from services.record.index import Index
from services.record.minute_videos import Asked, asked_of
from services.record.minutes import ClosedMinute, minute_of
from services.record.owned_partition import OwnedPartition, Withdrawal
from services.record.reading import Reading
from services.record.recording import Recording, Stored
from services.record.settings import RecordSettings
from services.record.tasks import GivenUpError, Tasks
from services.runtime.errors import RetryableError
from services.runtime.logging import get_logger
from services.runtime.service import Service

log = get_logger(__name__)

_CLOSE_EVERY_SECONDS = 0.2
_SILENT_BEFORE_MS = 120_000
"""Silence is noted up to so long ago: what came since may still be on its way."""


class _UnderWay(NamedTuple):
    """A task: the camera that it is for, and what is to be called once it is done, and once the index has its rows."""

    camera_id: str
    done: Callable[[], None]
    indexed: Callable[[], None]


class Turns:
    """See the file's head. For one thread."""

    def __init__(
        self, settings: RecordSettings, service: Service, reading: Reading, recording: Recording, tasks: Tasks
    ) -> None:
        self._settings = settings
        self._service = service
        self._reading = reading
        self._recording = recording
        self._tasks = tasks
        self._index = Index(settings.clickhouse)
        self._under_way: dict[Future[Stored], _UnderWay] = {}
        self._withdrawals: list[Withdrawal] = []
        self._close_at = 0.0
        self._write_at = 0.0
        self._pause_seconds = settings.backoff_first_seconds
        self._silence_at = time.monotonic() + settings.gap_every_seconds

    def take(self) -> None:
        """Read, hand out what is due, and take what is done.

        Raises:
            FatalError: This process can't go on.
        """
        self._reading.poll()
        if self._reading.was_assigned:
            self._reading.was_assigned = False
            self._recording.forget()
        is_time = time.monotonic() >= self._close_at
        if is_time:
            self._close_at = time.monotonic() + _CLOSE_EVERY_SECONDS
        for owned in list(self._reading.owned.values()):
            if is_time:
                self._hand_out_minutes(owned)
            self._hand_out_evidence(owned)
            self._withdrawals += owned.withdrawals
            owned.withdrawals.clear()
        self._take_done()
        self._reading.keep_within_memory(self._is_busy, self._index.is_full)

    def settle(self) -> None:
        """Write the index, note silences, and commit."""
        self._write_index()
        self._note_silences()
        self._reading.commit()
        self._service.metrics.set("tilik_record_waiting_cameras", self._waiting_cameras())

    def close(self) -> None:
        """Write what is done, if ClickHouse is there, and commit it."""
        try:
            self._take_done()
            self._index.write()
            self._reading.commit()
        except RetryableError as error:
            log.warning("record.index_left", error=str(error))
        self._index.close()

    def _waiting_cameras(self) -> int:
        return sum(owned.minutes.waiting_cameras() for owned in self._reading.owned.values())

    def _is_busy(self) -> bool:
        """Tell whether minutes are being stored or judged: memory will be freed without more frames."""
        return bool(self._under_way or self._waiting_cameras())

    def _hand_out_minutes(self, owned: OwnedPartition) -> None:
        for closed in owned.minutes.close(partial(self._reading.has_all_frames, owned)):
            camera = self._reading.camera(closed.camera_id)
            if camera is not None:
                asked = partial(self._asked, closed, camera)
                future = self._tasks.store_minute(closed, asked, partial(_is_ours, owned))
                minute = closed.camera_id, closed.minute_ms
                stored, indexed = partial(owned.minutes.stored, *minute), partial(owned.minutes.indexed, *minute)
                self._under_way[future] = _UnderWay(closed.camera_id, stored, indexed)

    def _asked(self, closed: ClosedMinute, camera: Camera) -> Asked:
        """Give what a camera, of which this revision is known to be there, asks of a minute now; for any thread."""
        return asked_of(closed, self._reading.camera(closed.camera_id) or camera, self._reading.find_camera)

    def _hand_out_evidence(self, owned: OwnedPartition) -> None:
        episode = owned.due_episode(self._evidence_wait, self._settings.verdict_wait_seconds)
        if episode is not None:
            future = self._tasks.copy_evidence(episode, lambda: owned.hidden, partial(_is_ours, owned))
            self._under_way[future] = _UnderWay(episode.camera_id, owned.episode_copied, owned.episode_indexed)

    def _evidence_wait(self, episode: Episode) -> float:
        """Give how long after a change of an episode its newest frame is judged whole, in seconds."""
        camera = self._reading.camera(episode.camera_id)
        return evidence_wait(self._settings.evidence_wait_seconds, camera)

    def _take_done(self) -> None:
        for future in [future for future in self._under_way if future.done()]:
            task = self._under_way.pop(future)
            try:
                stored = future.result()
            except GivenUpError:
                continue
            task.done()
            self._count(stored)
            self._index.add(stored.rows, task.indexed)

    def _count(self, stored: Stored) -> None:
        for fact in stored.facts:
            if isinstance(fact, GapNoted):
                self._service.metrics.count("tilik_record_gaps_total", reason=fact.reason)
            elif isinstance(fact, EvidenceKept):
                outcome = "missing" if fact.missing else "copied"
                self._service.metrics.count("tilik_record_evidence_total", outcome=outcome)

    def _write_index(self) -> None:
        """Write rows and withdrawals; where ClickHouse is away, again after a pause."""
        if time.monotonic() < self._write_at or not (self._index.waits or self._withdrawals):
            return
        try:
            if self._index.waits:
                self._index.write()
            self._withdraw()
        except RetryableError as error:
            log.warning("record.index_waits", error=str(error), pause_seconds=self._pause_seconds)
            self._service.metrics.count("tilik_record_retries_total")
            self._write_at = time.monotonic() + self._pause_seconds
            self._pause_seconds = min(self._pause_seconds * 2, self._settings.backoff_most_seconds)
        else:
            self._pause_seconds = self._settings.backoff_first_seconds

    def _withdraw(self) -> None:
        """Mark minutes of cameras in quarantine, once nothing of theirs is under way that the index does not have."""
        busy = {task.camera_id for task in self._under_way.values()}
        for one in [one for one in self._withdrawals if one.camera_id not in busy]:
            marked = self._index.withdraw(one)
            self._withdrawals.remove(one)
            log.info("record.withdrawn", camera=one.camera_id, from_ms=one.from_ms, minutes=marked)

    def _note_silences(self) -> None:
        """Note of each camera that should send, and whose frames are all here, until when it sent nothing.

        Before any frame was seen none is: by a clock that is ahead, frames would come too late that are yet to come.
        None is while the index is full: it is noted later, with what has come to it.
        """
        if time.monotonic() < self._silence_at or not self._reading.clock.is_confirmed or self._index.is_full:
            return
        self._silence_at = time.monotonic() + self._settings.gap_every_seconds
        until_ms = minute_of(self._reading.clock() - _SILENT_BEFORE_MS)
        for camera in self._reading.cameras():
            owned = self._reading.owned_of(camera.camera_id) if _should_send(camera) else None
            if owned is None or not owned.minutes.is_idle(camera.camera_id, until_ms):
                continue
            if self._reading.has_all_frames(owned):
                future = self._tasks.note_silence(camera.camera_id, until_ms, partial(_is_ours, owned))
                self._under_way[future] = _UnderWay(camera.camera_id, _nothing, _nothing)


def _is_ours(owned: OwnedPartition) -> bool:
    return not owned.gone


def _nothing() -> None:
    """Nothing waits for the note of a silence."""


def _should_send(camera: Camera) -> bool:
    """Tell whether a camera's minutes go by with the clock on the wall, and are recorded."""
    return camera.record and camera.state == "active" and camera.source.clock == "wall"
