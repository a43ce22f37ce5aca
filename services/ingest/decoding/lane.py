"""A queue of jobs before one decoding child."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from dataclasses import dataclass

from services.ingest.decoding.framing import FramingError
from services.ingest.decoding.jobs import Answer, CloseStream, DecodeChain, FootageAt, Job, Opened, OpenFootage
from services.ingest.decoding.limits import DecodingLimits
from services.ingest.decoding.process import Child
from services.ingest.source_errors import SourceFailed
from services.runtime.logging import get_logger
from services.runtime.metrics import Metrics

log = get_logger(__name__)

MOST_WAITING = 1000
"""A worker reads some hundred cameras, and each waits for one job at a time: beyond, something asks and never waits."""

_PAUSE_FIRST_SECONDS, _PAUSE_MOST_SECONDS = 0.2, 5.0


@dataclass(slots=True, eq=False)
class _Order:
    stream: str
    job: Job
    answered: asyncio.Future[Answer]

    def fail(self, error: SourceFailed) -> None:
        """Give the caller an error, unless it was cancelled."""
        if not self.answered.done():
            self.answered.set_exception(error)
            self.answered.exception()  # seen: a caller that is cancelled right now leaves no complaint behind


class Lane:
    """Has jobs done one after the other by one child, which is started for the first of them. Lives in the event loop.

    Args:
        limits: What the child may use.
        metrics: The worker's, if it has any.
    """

    def __init__(self, limits: DecodingLimits, metrics: Metrics | None) -> None:
        self._limits = limits
        self._metrics = metrics
        self._child: Child | None = None
        self._held: set[str] = set()
        self._waiting: deque[_Order] = deque()
        self._streams: Counter[str] = Counter()
        self._more = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._pause = 0.0
        self._closed = False

    @property
    def load(self) -> tuple[int, int]:
        """Give the number of jobs that are not done, and of streams whose state the child holds."""
        return self._streams.total(), len(self._held)

    @property
    def child_pid(self) -> int | None:
        """Give the child's process id, while there is one."""
        return self._child.pid if self._child is not None else None

    def knows(self, stream: str) -> bool:
        """Tell whether the stream's next job must come here: its state, or a job of it, is here."""
        return stream in self._held or self._streams[stream] > 0

    async def run(self, stream: str, job: Job) -> Answer:
        """Have a job done after those that wait already.

        Raises:
            SourceFailed: See ``DecodingPool.run``.
        """
        if self._closed:
            raise SourceFailed("closed", "decoding has ended")
        if len(self._waiting) >= MOST_WAITING:
            raise SourceFailed("decoder_busy", f"{len(self._waiting)} jobs wait for one decoding process")
        return await self._enqueued(stream, job).answered

    def release(self, stream: str) -> None:
        """Have the stream's state forgotten, after its jobs."""
        if not self._closed:
            self._enqueued(stream, CloseStream())

    def _enqueued(self, stream: str, job: Job) -> _Order:
        order = _Order(stream, job, asyncio.get_running_loop().create_future())
        self._waiting.append(order)
        self._streams[stream] += 1
        self._more.set()
        if self._task is None:
            self._task = asyncio.create_task(self._serve(), name="decoding lane")
        return order

    def kill(self) -> None:
        """End the child, and with it whatever is under way; also outside of the event loop."""
        self._closed = True
        if self._task is not None and not self._task.done():
            self._task.cancel()  # it closes the channel to the child, on which it may be waiting
            if self._child is not None:
                self._child.kill()

    async def close(self) -> None:
        """End the child; jobs that are not done fail."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._fail_all("closed", "decoding has ended")

    async def _serve(self) -> None:
        try:
            while True:
                while not self._waiting:
                    self._more.clear()
                    await self._more.wait()
                await self._serve_one(self._waiting.popleft())
        finally:
            if self._child is not None:
                self._child.close()
                self._child = None

    async def _serve_one(self, order: _Order) -> None:
        try:
            if order.answered.done():  # its caller was cancelled, so that nobody wants the answer
                return
            answer = await self._answer(order)
            if not order.answered.done():
                order.answered.set_result(answer)
        except SourceFailed as error:
            order.fail(error)
        except asyncio.CancelledError:
            order.fail(SourceFailed("closed", "decoding has ended"))
            raise
        except Exception as error:  # a defect with one job must not end the lane: every later job would wait for ever
            log.exception("decoder.defect", stream=order.stream, job=type(order.job).__name__)
            order.fail(SourceFailed("decoder_defect", type(error).__name__))
            await self._end_child("defect")
        finally:
            self._forget(order)

    async def _answer(self, order: _Order) -> Answer:
        if isinstance(order.job, CloseStream) and order.stream not in self._held:
            return Opened()
        child = await self._living_child()
        if _builds_on_state(order.job) and order.stream not in self._held:
            raise SourceFailed("decoder_died", "the decoding process that held this stream has ended")
        if isinstance(order.job, OpenFootage | DecodeChain):
            self._held.add(order.stream)
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._limits.job_seconds):
                return await child.ask(order.stream, order.job)
        except TimeoutError as error:
            raise await self._lost(order, "timeout") from error
        except (EOFError, OSError, FramingError) as error:
            raise await self._lost(order, "died") from error
        finally:
            if isinstance(order.job, CloseStream):
                self._held.discard(order.stream)
            if self._metrics is not None:
                name = type(order.job).__name__
                self._metrics.observe("tilik_ingest_decode_seconds", time.monotonic() - started, job=name)

    async def _living_child(self) -> Child:
        if self._child is not None and not self._child.ended:
            return self._child
        if self._child is not None:  # it died between two jobs, so that no job is to blame
            await self._end_child("idle")
        await asyncio.sleep(self._pause)
        try:
            self._child = Child(self._limits)
            await self._child.ready()
        except (TimeoutError, EOFError, OSError, FramingError) as error:
            self._pause = min(max(_PAUSE_FIRST_SECONDS, 2 * self._pause), _PAUSE_MOST_SECONDS)
            cause = await self._end_child("start") or str(error)
            self._fail_all("decoder_died", f"no decoding process can be started: {cause}")
            raise SourceFailed("decoder_died", f"no decoding process can be started: {cause}") from error
        self._pause = 0.0
        return self._child

    async def _lost(self, order: _Order, why: str) -> SourceFailed:
        cause = await self._end_child(why)
        log.warning("decoder.lost", stream=order.stream, job=type(order.job).__name__, why=why, cause=cause)
        if why == "timeout":
            return SourceFailed("decoder_timeout", f"not decoded in {self._limits.job_seconds:g} s")
        return SourceFailed("decoder_died", f"the decoding process died of it: {cause}")

    async def _end_child(self, why: str) -> str:
        child, self._child = self._child, None
        self._held.clear()
        if self._metrics is not None:
            self._metrics.count("tilik_ingest_decoders_restarted_total", why=why)
        return await child.end(at_once=why == "timeout") if child is not None else ""

    def _fail_all(self, error_class: str, detail: str) -> None:
        while self._waiting:
            order = self._waiting.popleft()
            order.fail(SourceFailed(error_class, detail))
            self._forget(order)

    def _forget(self, order: _Order) -> None:
        self._streams[order.stream] -= 1
        if self._streams[order.stream] <= 0:
            del self._streams[order.stream]


def _builds_on_state(job: Job) -> bool:
    return isinstance(job, FootageAt) or (isinstance(job, DecodeChain) and not job.restart)
