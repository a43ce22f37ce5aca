"""The processes in which pictures are decoded, as the worker sees them. See ``jobs`` for what they are asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from services.ingest.decoding.jobs import Answer, Job

AnswerT = TypeVar("AnswerT", bound=Answer)


@dataclass(frozen=True, slots=True)
class DecodingLimits:
    """What a child may use. ``jpeg_quality`` is of the JPEGs that it encodes."""

    largest_pixels: int
    jpeg_quality: int
    job_seconds: float = 10.0
    memory_bytes: int = 2 << 30


class DecodingPool:
    """Some children, started when the first job comes; one that dies is started anew.

    Args:
        limits: What a child may use.
        children: How many.
    """

    def __init__(self, limits: DecodingLimits, children: int) -> None:
        self._limits = limits
        self._children = children

    async def run(self, stream: str, job: Job, answer: type[AnswerT]) -> AnswerT:
        """Do a job and give its answer. Jobs of one stream go to the same child, in the order asked for.

        Safe to cancel: the answer is then thrown away.

        Raises:
            UnusablePictureError: This picture can't be decoded; the next may be.
            SourceFailed: The stream is broken, or the child died (``decoder_died``) or took too long
                (``decoder_timeout``): what state it held of the stream is gone.
            SourceEnded: The footage is over.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """End the children."""
