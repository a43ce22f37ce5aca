"""Read one camera: connect, sample, publish, and after trouble again. One task in the event loop.

connecting ──► live ◄──► stalled          a stalled stream is connected anew after a while
    ▲            │           │
    │            ▼           ▼
    └─── backing_off (fails: growing pause), refused (a person must act: long pause)      stopped (no more)
"""

from __future__ import annotations

import asyncio
import contextlib

from schemas.camera_events import ConnectionState, MissReason
from schemas.cameras import Camera
from services.ingest.backoff import Backoff, jittered
from services.ingest.camera_status import Condition, StatusReporter
from services.ingest.jpeg_header import UnusablePictureError
from services.ingest.ledger import EpochLedger
from services.ingest.pipeline import FrameLimits, PreparedFrame, prepare
from services.ingest.publisher import FramePublisher
from services.ingest.reader_times import ReaderTimes
from services.ingest.sampling import SampleClock
from services.ingest.source import Picture, PictureUnchanged, Sample, Source, SourceTools, made_source
from services.ingest.source_errors import SourceEnded, SourceError, SourceFailed, SourceRefused
from services.ingest.source_facts import SourceFacts
from services.runtime.logging import get_logger
from services.runtime.metrics import Metrics

log = get_logger(__name__)

_STALL_PERIODS = 3
_MISSING = ("_404", "_410")
_CANCEL_AGAIN_SECONDS = 2.0
"""Twice what a source may take to close. A task that has swallowed its cancellation is cancelled again."""


class Reader:
    """One camera under one ownership. ``camera`` may be replaced by a revision that reads the same source.

    Args:
        camera: What to read.
        tools: What sources use.
        limits: What frames may be.
        times: How patient to be.
        statuses: Where statuses go.
        metrics: The worker's metrics.
    """

    def __init__(
        self,
        camera: Camera,
        tools: SourceTools,
        limits: FrameLimits,
        times: ReaderTimes,
        statuses: StatusReporter,
        metrics: Metrics,
    ) -> None:
        self.camera = camera
        self.state: ConnectionState = "connecting"
        self._error = ("", "")
        self._unusable = ""
        self._facts = SourceFacts()
        self._told: tuple[str, str, str] = ("connecting", "", "")
        self._connected = False
        self._has_given = False
        self._missing_since = 0.0
        self._samples = 0
        self._tools = tools
        self._limits = limits
        self._times = times
        self._statuses = statuses
        self._metrics = metrics
        self._backoff = Backoff(times.backoff_first, times.backoff_most)
        self._task: asyncio.Task[None] | None = None

    def start(self, publisher: FramePublisher, after_seconds: float = 0.0) -> None:
        """Begin to read, in the running event loop; connect after so long. Instants count from now on."""
        loop = asyncio.get_running_loop()
        self.publisher = publisher
        self._clock = SampleClock(self.camera.camera_id, self._tools.period_seconds, loop.time())
        self._opened = self._heard = loop.time()
        self.report()
        self._task = asyncio.create_task(self._run(after_seconds), name=f"reader {self.camera.camera_id}")

    async def stop(self) -> None:
        """End reading; the final status goes out after the last frame's report, so that its counters are exact."""
        reason: MissReason = "late" if self._connected else "source_down"
        while self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=_CANCEL_AGAIN_SECONDS)
        if self.state != "stopped":
            self._count(reason, self._clock.end(asyncio.get_running_loop().time()))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._times.delivery):
                await self.publisher.idle()
        if self.state == "stopped":
            self._error = ("", "")  # that the footage is over was said; this one says that the camera is let go
        self.state = "stopped"
        self.report()

    def check(self) -> None:
        """Look whether the reader still runs, or has ended as it should.

        Raises:
            Exception: What its task died of.
        """
        if self._task is not None and self._task.done() and not self._task.cancelled():
            self._task.result()

    def report(self) -> None:
        """Send the status as it is now; what passed without a connection is counted up to now."""
        self._count_time_down()
        self._statuses.report(self.camera, self.publisher.ledger, self._condition())

    def report_ended(self, ended: EpochLedger) -> None:
        """Send the final counters of an epoch that a failed delivery has ended."""
        self._statuses.report(self.camera, ended, self._condition())

    def _condition(self) -> Condition:
        return Condition(self.state, *self._error, self._facts.decoding, self._facts.keyframe_seconds)

    async def _run(self, after_seconds: float) -> None:
        await asyncio.sleep(after_seconds)
        try:
            while True:
                pause = await self._one_connection()
                await asyncio.sleep(pause)
                self._skip("source_down")
                self.publisher.ledger.reconnects += 1
                self._metrics.count("tilik_ingest_reconnects_total", source_kind=self.camera.source.kind)
        except SourceEnded as end:
            await self.publisher.idle()
            self._enter("stopped", end)

    async def _one_connection(self) -> float:
        """Connect and sample until trouble; give the pause before the next try, in seconds."""
        self._enter("connecting", None if self.state == "live" else self._trouble())
        source: Source | None = None
        asked_pause = 0.0
        try:
            source = await made_source(self.camera.source, self._tools, self._times.open)
            await self._open(source)
            self._connected = True
            await self._sample(source)
        except SourceEnded:
            raise
        except SourceRefused as error:
            if not self._may_be_restarting(error):
                self._enter("refused", error)
                return jittered(self._times.refused_pause)
            self._enter("backing_off", error)
        except SourceFailed as error:
            asked_pause = error.retry_after_seconds
            self._enter("backing_off", error)
        except Exception as error:  # a defect in one source must not end the camera, nor others
            log.exception("reader.defect", camera=self.camera.camera_id)
            self._enter("backing_off", SourceFailed("defect", f"{type(error).__name__}"))
        finally:
            self._connected = False
            if source is not None:
                await source.close()
        return max(asked_pause, self._backoff.pause())

    def _may_be_restarting(self, error: SourceRefused) -> bool:
        """Tell whether it is a camera that gave pictures and is not there now: servers say 404 while one restarts."""
        if not self._has_given or not error.error_class.endswith(_MISSING):
            return False
        now = asyncio.get_running_loop().time()
        self._missing_since = self._missing_since or now
        return now - self._missing_since < self._times.refused_pause

    async def _open(self, source: Source) -> None:
        try:
            async with asyncio.timeout(self._times.open):
                await source.open()
        except TimeoutError as error:
            raise SourceFailed("timeout", f"not open after {self._times.open:g} s") from error
        self._skip("source_down")
        self._opened = self._heard = asyncio.get_running_loop().time()
        self._unusable = ""

    async def _sample(self, source: Source) -> None:
        """Take one instant after the other; leaves only by an error."""
        while True:
            self._skip("late")
            due = self._clock.take()
            frame = await self._frame(source, Sample(due, due + self._tools.period_seconds, self._samples))
            now = asyncio.get_running_loop().time()
            if source.facts.decoding:  # what was learnt of a camera is kept while it is away
                self._facts = source.facts
            if frame is None:
                self._endure(source, now)
                continue
            if self._recorded:
                await self.publisher.deliver(frame, self.camera)  # footage can wait for Kafka: none of it is lost
            else:
                self.publisher.publish(frame, self.camera)
            self._metrics.observe("tilik_ingest_sample_lateness_seconds", max(0.0, now - due))
            self._heard, self._unusable = now, ""
            self._has_given, self._missing_since = True, 0.0
            if now - self._opened >= self._times.stall_after:
                self._backoff.reset()  # not at the first picture: a source may give one and break, again and again
            self._enter("live", None)

    async def _frame(self, source: Source, sample: Sample) -> PreparedFrame | None:
        """Give the instant's frame, or count why there is none."""
        try:
            picture = await source.read(sample)
            self._samples += 1
            if picture is None:
                self.publisher.miss("late")
                return None
            return await self._prepared(picture)
        except PictureUnchanged:
            self._samples = sample.number + 1
            self.publisher.miss("unchanged")
            self._hear_of_no_change()
            return None
        except asyncio.CancelledError:  # the reader is being stopped, maybe before the instant has come
            if asyncio.get_running_loop().time() > sample.due:
                self._count("late", 1)
            raise
        except UnusablePictureError as error:
            self._samples = sample.number + 1
            self.publisher.miss("unusable")
            self._unusable = str(error)
            return None
        except SourceEnded:
            raise
        except Exception:
            if not self._recorded:  # it goes on with this sample once it is open again
                self.publisher.miss("source_down")
            elif self._samples > sample.number:  # it was read, and then no frame could be made of it
                self.publisher.miss("unusable")
            raise

    async def _prepared(self, picture: Picture) -> PreparedFrame:
        frame = await prepare(picture, self.camera, self._limits, self._tools.decoding)
        for why in frame.reencoded:
            self._metrics.count("tilik_ingest_reencoded_total", why=why)
        return frame

    def _hear_of_no_change(self) -> None:
        """Note that the camera is well, unless what does not change is no picture."""
        if self._unusable:
            return
        self._heard, self._missing_since = asyncio.get_running_loop().time(), 0.0
        if self.state == "stalled":
            self._enter("live", None)

    def _endure(self, source: Source, now: float) -> None:
        """Say that the camera is stalled, once it has been silent for long; give up a stream after longer."""
        least = _STALL_PERIODS * self._tools.period_seconds
        silence = now - self._heard
        if silence >= max(self._times.stall_after, least):
            unusable = SourceFailed("unusable", self._unusable)
            silent = SourceFailed("no_picture", f"no picture for {silence:.0f} s")
            self._enter("stalled", unusable if self._unusable else silent)
        if source.stall_means_broken and silence >= max(self._times.reconnect_after, least):
            raise SourceFailed("stalled", f"no usable picture for {silence:.0f} s")

    def _skip(self, reason: MissReason) -> None:
        """Count the instants that have passed unserved. Recorded footage has none: it goes on where it was."""
        self._count(reason, self._clock.skip_past(asyncio.get_running_loop().time()))

    def _count(self, reason: MissReason, instants: int) -> None:
        if not self._recorded:
            self.publisher.miss(reason, instants)

    @property
    def _recorded(self) -> bool:
        return self.camera.source.clock == "recorded"

    def _count_time_down(self) -> None:
        if not self._connected and self.state != "stopped":
            self._skip("source_down")

    def _trouble(self) -> SourceError | None:
        return SourceFailed(*self._error) if self._error[0] else None

    def _enter(self, state: ConnectionState, error: SourceError | None) -> None:
        """Take on a state; a change of it, of what is wrong, or of how pictures come about, is reported."""
        trouble = (error.error_class, error.detail) if error is not None else ("", "")
        self.state, self._error = state, trouble
        told = (state, trouble[0], self._facts.decoding)
        if told != self._told:
            self._told = told
            log.info("camera.state", camera=self.camera.camera_id, state=state, error=trouble[0], detail=trouble[1])
            self.report()
