"""The processes in which pictures are decoded, as the worker sees them. See ``jobs`` for what they are asked."""

from __future__ import annotations

import asyncio
import itertools
from typing import TypeVar

from services.ingest.decoding.jobs import Answer, Failed, Job, NoPicture
from services.ingest.decoding.lane import Lane
from services.ingest.decoding.limits import DecodingLimits
from services.ingest.jpeg_header import UnusablePictureError
from services.ingest.source_errors import SourceEnded, SourceFailed
from services.runtime.metrics import Metrics

__all__ = ["DecodingLimits", "DecodingPool"]

AnswerT = TypeVar("AnswerT", bound=Answer)


class DecodingPool:
    """Some children, started when the first job comes; one that dies is started anew. Lives in one event loop.

    Args:
        limits: What a child may use.
        children: How many.
        metrics: The worker's, if there are any.
    """

    def __init__(self, limits: DecodingLimits, children: int, metrics: Metrics | None = None) -> None:
        self._lanes = [Lane(limits, metrics) for _ in range(children)]
        self._numbers = itertools.count(1)

    def new_stream(self, kind: str) -> str:
        """Give a name for a stream that no other has."""
        return f"{kind}-{next(self._numbers)}"

    async def run(self, stream: str, job: Job, answer: type[AnswerT]) -> AnswerT:
        """Do a job and give its answer. Jobs of one stream go to the same child, in the order asked for.

        Safe to cancel: a job that still waits is not done then, and the answer of one under way is thrown away.

        Raises:
            UnusablePictureError: This picture can't be decoded, or no picture came of it; the next may be better.
            SourceFailed: The stream is broken, or the child died (``decoder_died``) or took too long
                (``decoder_timeout``): what state it held of the stream is gone. Or far too many jobs wait
                (``decoder_busy``).
            SourceEnded: The footage is over.
        """
        found = await self.find(stream, job, answer)
        if found is None:
            raise UnusablePictureError("no picture came of it")
        return found

    async def find(self, stream: str, job: Job, answer: type[AnswerT]) -> AnswerT | None:
        """Do as ``run`` does, and give None where there is no new picture."""
        lane = self._lane_of(stream) or min(self._lanes, key=lambda lane: lane.load)
        found = await lane.run(stream, job)
        if isinstance(found, Failed):
            raise _error(found)
        if isinstance(found, NoPicture):
            return None
        if not isinstance(found, answer):
            raise SourceFailed("decoder_died", f"a decoding process answered {type(found).__name__}")
        return found

    def release(self, stream: str) -> None:
        """Have the stream's state forgotten, after its jobs that wait or are under way. Returns at once."""
        lane = self._lane_of(stream)
        if lane is not None:
            lane.release(stream)

    @property
    def child_pids(self) -> tuple[int, ...]:
        """Give the process ids of the children that there are now."""
        return tuple(lane.child_pid for lane in self._lanes if lane.child_pid is not None)

    def kill(self) -> None:
        """End the children at once, from outside of the event loop too."""
        for lane in self._lanes:
            lane.kill()

    async def close(self) -> None:
        """End the children; jobs that are not done fail."""
        await asyncio.gather(*(lane.close() for lane in self._lanes))

    def _lane_of(self, stream: str) -> Lane | None:
        return next((lane for lane in self._lanes if lane.knows(stream)), None)


def _error(failed: Failed) -> Exception:
    if failed.how == "unusable":
        return UnusablePictureError(failed.detail)
    if failed.how == "ended":
        return SourceEnded(failed.error_class, failed.detail)
    return SourceFailed(failed.error_class, failed.detail)
