"""What is done on threads: encode and store a minute, copy an episode's frames, note a silence, withdraw minutes.

Each gives the rows that the index then gets; where the store or Kafka is away, it is tried again until it succeeds, or
until nobody wants it any more. Meanwhile what it holds stays held, so that reading pauses when memory is full.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from schemas.episodes import Episode
from schemas.recordings import StoredFile
from services.record.evidence import AskHidden, Evidence
from services.record.minute_videos import Asked, MinuteVideos, make_videos
from services.record.minutes import ClosedMinute
from services.record.recording import Recording, Stored
from services.record.settings import RecordSettings
from services.record.video import Encoding
from services.runtime.errors import InvalidMessageError, RetryableError
from services.runtime.logging import get_logger
from services.runtime.metrics import Metrics

log = get_logger(__name__)

T = TypeVar("T")

Wanted = Callable[[], bool]
"""Tells whether what is being done is still this process's to do."""


class GivenUpError(Exception):
    """A task was left: the process is told to stop, or the partition is another's by now."""


class Tasks:
    """See the file's head. Its methods are called on one thread, and what they give is done on others."""

    def __init__(
        self,
        settings: RecordSettings,
        recording: Recording,
        evidence: Evidence,
        metrics: Metrics,
        stopping: threading.Event,
    ) -> None:
        self._settings = settings
        self._encoding = Encoding(settings.quality)
        self._recording = recording
        self._evidence = evidence
        self._metrics = metrics
        self._stopping = stopping
        self._pool = ThreadPoolExecutor(settings.encoders, thread_name_prefix="record")
        self._evidence_pool = ThreadPoolExecutor(settings.encoders, thread_name_prefix="record-evidence")

    def store_minute(self, closed: ClosedMinute, asked: Callable[[], Asked], wanted: Wanted) -> Future[Stored]:
        """Encode and store a minute; one that is in the chain only gives its rows.

        ``asked`` is called on another thread, at each attempt to store it: the store may be away for hours.
        """
        return self._pool.submit(self._store_minute, closed, asked, wanted)

    def copy_evidence(self, episode: Episode, hidden: AskHidden, wanted: Wanted) -> Future[Stored]:
        """Copy the frames that an episode names, behind no minute: Kafka soon deletes them."""
        return self._evidence_pool.submit(self._insist, lambda: self._evidence.keep(episode, hidden), wanted)

    def note_silence(self, camera_id: str, until_ms: int, wanted: Wanted) -> Future[Stored]:
        """Note that a camera sent nothing until a time."""
        return self._pool.submit(self._insist, lambda: self._recording.note_silence(camera_id, until_ms), wanted)

    def close(self) -> None:
        """Wait until what is under way has been done or left; nothing else begins."""
        self._evidence_pool.shutdown(wait=False, cancel_futures=True)
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._evidence_pool.shutdown(wait=True)

    def _store_minute(self, closed: ClosedMinute, asked: Callable[[], Asked], wanted: Wanted) -> Stored:
        started = time.monotonic()
        recording = self._recording
        if (before := self._insist(lambda: recording.stored_before(closed), wanted)) is not None:
            return before
        made, files = self._insist(lambda: self._made_and_kept(closed, asked()), wanted)
        stored = self._insist(lambda: recording.say(closed, made, files), wanted)
        for file in files:
            self._metrics.count("tilik_record_minutes_total", form=file.form)
            self._metrics.count("tilik_record_bytes_total", file.size, form=file.form)
        self._metrics.observe("tilik_record_minute_seconds", time.monotonic() - started)
        return stored

    def _made_and_kept(self, closed: ClosedMinute, asked: Asked) -> tuple[MinuteVideos, list[StoredFile]]:
        """Encode a minute and store its files; made anew at each attempt, for by then something else may be asked."""
        made = self._videos(closed, asked)
        return made, self._recording.keep_files(closed, made)

    def _videos(self, closed: ClosedMinute, asked: Asked) -> MinuteVideos:
        try:
            made = make_videos(closed, asked, self._encoding)
        except InvalidMessageError as error:
            log.error("record.minute_failed", camera=closed.camera_id, minute_ms=closed.minute_ms, error=str(error))
            return MinuteVideos({}, 0, 0, asked.revision)
        if made.undecodable:
            self._metrics.count("tilik_record_undecodable_total", made.undecodable)
        return made

    def _insist(self, step: Callable[[], T], wanted: Wanted) -> T:
        """Do a step until it succeeds.

        Raises:
            GivenUpError: It is no longer wanted.
        """
        pause = self._settings.backoff_first_seconds
        while True:
            if self._stopping.is_set() or not wanted():
                raise GivenUpError
            try:
                return step()
            except RetryableError as error:
                log.warning("record.retry", error=str(error), pause_seconds=round(pause, 1))
                self._metrics.count("tilik_record_retries_total")
                self._stopping.wait(pause * random.uniform(0.5, 1.0))  # noqa: S311  jitter, not secrecy
                pause = min(pause * 2, self._settings.backoff_most_seconds)
