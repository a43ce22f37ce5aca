"""Messages on the socket between worker and child: four bytes of length, then MessagePack."""

from __future__ import annotations

import asyncio
import socket

import msgspec
from msgspec import Struct

from services.ingest.decoding.jobs import Answer, Failed, Job

LENGTH_BYTES = 4
MOST_JOB_BYTES = 1 << 28
"""More than any job has: a segment's bytes are bounded before. Beyond, the other side is out of order."""
MOST_ANSWER_BYTES = 64 << 20
"""The most that is taken from a child, which hostile video may have taken over, before a byte of it is read: a segment
of 60 s with a JPEG of 1 MB a second. A child in order answers that a larger one is too large."""


class Order(Struct, frozen=True, array_like=True):
    """A job, and the stream that it is of."""

    stream: str
    job: Job


_encoder = msgspec.msgpack.Encoder()
_order_decoder = msgspec.msgpack.Decoder(Order)
_answer_decoder = msgspec.msgpack.Decoder(Answer)


class FramingError(ValueError):
    """The other side sends what is no message."""


def framed(message: Order | Answer) -> bytearray:
    """Give a message as it goes over the socket."""
    frame = bytearray(LENGTH_BYTES)
    _encoder.encode_into(message, frame, LENGTH_BYTES)
    frame[:LENGTH_BYTES] = (len(frame) - LENGTH_BYTES).to_bytes(LENGTH_BYTES)
    return frame


def framed_answer(answer: Answer) -> bytearray:
    """Give an answer as it goes over the socket; one that is too large as its failure."""
    frame = framed(answer)
    if len(frame) - LENGTH_BYTES > MOST_ANSWER_BYTES:
        return framed(Failed("unusable", "too_large", f"its pictures have {len(frame)} bytes together"))
    return frame


def body_bytes(head: bytes | bytearray, most: int) -> int:
    """Give the length that ``head`` announces.

    Raises:
        FramingError: It is beyond ``most``.
    """
    length = int.from_bytes(head)
    if length > most:
        raise FramingError(f"a message of {length} bytes")
    return length


def receive_job(channel: socket.socket) -> Order | None:
    """Wait for the next job; None: the worker has gone. Blocks; for the child."""
    head = bytearray(LENGTH_BYTES)
    if not _fill(channel, head):
        return None
    body = bytearray(body_bytes(head, MOST_JOB_BYTES))
    return _order_decoder.decode(body) if _fill(channel, body) else None


async def receive_answer(channel: socket.socket) -> Answer:
    """Wait for the child's answer; for the worker.

    Raises:
        EOFError: The child has ended.
        FramingError: What it sends is no answer.
    """
    head = await _filled(channel, LENGTH_BYTES)
    body = await _filled(channel, body_bytes(head, MOST_ANSWER_BYTES))
    try:
        answer: Answer = _answer_decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise FramingError(str(error)) from error
    return answer


def _fill(channel: socket.socket, buffer: bytearray) -> bool:
    rest = memoryview(buffer)
    while rest:
        count = channel.recv_into(rest, 0, socket.MSG_WAITALL)
        if count == 0:
            return False
        rest = rest[count:]
    return True


async def _filled(channel: socket.socket, length: int) -> bytearray:
    loop, buffer = asyncio.get_running_loop(), bytearray(length)
    rest = memoryview(buffer)
    while rest:
        count = await loop.sock_recv_into(channel, rest)
        if count == 0:
            raise EOFError("the child has ended")
        rest = rest[count:]
    return buffer
