"""The loop of a decoding child: a job in, its answer out, until the worker has gone."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys

import av.logging
import msgspec

from services.ingest.decoding.chains import Chain
from services.ingest.decoding.confinement import confine
from services.ingest.decoding.failures import JobFailedError
from services.ingest.decoding.footage import Footage
from services.ingest.decoding.framing import framed, framed_answer, receive_job
from services.ingest.decoding.jobs import (
    Answer,
    CloseStream,
    DecodeChain,
    DecodeKeyframe,
    DecodeSegment,
    Failed,
    FootageAt,
    Job,
    NoPicture,
    Opened,
    OpenFootage,
    Rework,
)
from services.ingest.decoding.keyframes import decode_keyframe
from services.ingest.decoding.limits import DecodingLimits
from services.ingest.decoding.rework import rework
from services.ingest.decoding.segments import decode_segment

MOST_STATES = 200
"""Streams whose state a child holds. Each takes about 10 MB of the 2 GB that it may have."""


class Decoder:
    """Does jobs, and holds the states of streams.

    Args:
        limits: What it may use.
    """

    def __init__(self, limits: DecodingLimits) -> None:
        self._limits = limits
        self._footage: dict[str, Footage] = {}
        self._chains: dict[str, Chain] = {}

    def answer(self, stream: str, job: Job) -> Answer:
        """Do a job; never raises for what the job holds."""
        try:
            return self._done(stream, job)
        except JobFailedError as error:
            return error.answer
        except MemoryError:
            return self._given_up(stream, "decoder_memory", f"takes more than {self._limits.memory_bytes} bytes")
        except Exception as error:  # bytes find what nobody thought of; other streams keep their states
            return self._given_up(stream, "decoder_defect", f"{type(error).__name__}: {error}")

    def _given_up(self, stream: str, error_class: str, detail: str) -> Failed:
        held = stream in self._footage or stream in self._chains
        self._drop(stream)
        return Failed("broken" if held else "unusable", error_class, detail[:500])

    def _done(self, stream: str, job: Job) -> Answer:  # noqa: PLR0911  (a line a job)
        match job:
            case DecodeKeyframe():
                return decode_keyframe(job, self._limits)
            case Rework():
                return rework(job, self._limits)
            case DecodeSegment():
                return decode_segment(job, self._limits)
            case DecodeChain():
                return self._chain(stream, job).decode(job)
            case OpenFootage():
                return self._open(stream, job)
            case FootageAt():
                return self._opened(stream).picture_at(job.position) or NoPicture()
            case CloseStream():
                self._drop(stream)
                return Opened()

    def _open(self, stream: str, job: OpenFootage) -> Opened:
        self._drop(stream)
        self._make_room()
        footage = self._footage[stream] = Footage(job, self._limits)
        return footage.facts

    def _opened(self, stream: str) -> Footage:
        if stream not in self._footage:
            raise JobFailedError("broken", "not_open", "the footage is not open")
        return self._footage[stream]

    def _chain(self, stream: str, job: DecodeChain) -> Chain:
        chain = self._chains.get(stream)
        if chain is None:
            self._make_room()
            chain = self._chains[stream] = Chain(job.codec, self._limits)
        return chain

    def _make_room(self) -> None:
        if len(self._footage) + len(self._chains) >= MOST_STATES:
            raise JobFailedError("broken", "too_many_streams", f"{MOST_STATES} streams are open in a decoding process")

    def _drop(self, stream: str) -> None:
        self._chains.pop(stream, None)
        if (footage := self._footage.pop(stream, None)) is not None:
            footage.close()


def serve(limits_json: str) -> None:
    """Do jobs from standard input, a socket, until the worker has gone."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they go to the whole group; the worker decides when a child ends
        signal.signal(number, signal.SIG_IGN)
    limits = msgspec.json.decode(limits_json, type=DecodingLimits)
    av.logging.set_level(None)
    confine(limits.memory_bytes)
    decoder = Decoder(limits)
    with socket.socket(fileno=sys.stdin.fileno()) as channel, contextlib.suppress(ConnectionError):
        channel.sendall(framed(Opened()))
        while (order := receive_job(channel)) is not None:
            channel.sendall(framed_answer(decoder.answer(order.stream, order.job)))
