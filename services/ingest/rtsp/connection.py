"""One TCP connection that carries RTSP's text and, interleaved with it, packets. Source: RFC 2326, 10.12.

A camera sends some 200 packets a second, a worker has hundreds of cameras: the loop over frames is one loop over a
buffer, without a coroutine, a copy or an object a packet; and what comes within a few hundredths of a second is read
in one go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from services.ingest.rtsp.messages import HEAD_END, LARGEST_HEAD_BYTES, Message, parse_head
from services.ingest.source_errors import SourceError, SourceFailed

_DOLLAR = 0x24
_LINE_ENDS = b"\r\n"
_REST_SECONDS = 0.04
"""Pause between two reads of a stream, by which pictures may be later: one picture's time at 25 a second. A
longer one saved little more: 0.1 s took a worker from 2.3 ms a second and camera to 2.0, of 11 with decoding."""
_MUCH_BYTES = 131_072
"""A read of so much is followed by the next one at once: a stream may have any rate."""
_MOST_UNSENT_BYTES = 65_536
"""A camera that asks and asks, and reads no answer, would fill our memory with them."""
_SERVER_REQUESTS = ("OPTIONS", "GET_PARAMETER", "SET_PARAMETER")

TakePacket = Callable[[bytes, int, int], None]
"""Takes the packet ``data[start:end]``; may raise a SourceError, which ends the connection."""


@dataclass(frozen=True, slots=True)
class Inlet:
    """Where a connection's packets go: RTP of the video, its RTCP. ``failed`` is called once, when no more come."""

    video: TakePacket
    control: TakePacket
    failed: Callable[[], None]


class RtspConnection(asyncio.Protocol):
    """What is sent and received. The first failure is kept in ``failure``; nothing is received after it."""

    def __init__(self, inlet: Inlet) -> None:
        self.failure: SourceError | None = None
        self.video_channel = self.control_channel = -1
        self.resting = False
        """Whether to pause between reads: once a stream comes, and not while answers are waited for one by one."""
        self._inlet = inlet
        self._rest = b""
        self._answers: dict[int, asyncio.Future[Message]] = {}
        self._lost = asyncio.Event()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        self._lost.set()
        self.fail(SourceFailed("connection", str(exc) if exc else "the camera closed the connection"))

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        if self.failure is not None:
            return
        try:
            self._rest = self._parsed(self._rest + data if self._rest else data)
        except SourceError as error:
            self.fail(error)
        if self.resting and len(data) < _MUCH_BYTES and self._transport is not None:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(_REST_SECONDS, self._read_on)

    def _read_on(self) -> None:
        if self._transport is not None and not self._transport.is_closing():  # uvloop's would raise
            self._transport.resume_reading()

    def fail(self, error: SourceError) -> None:
        """Keep the first failure, and end what waits for an answer."""
        if self.failure is None:
            self.failure = error
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(error)
            self._inlet.failed()

    def send(self, data: bytes) -> None:
        """Send bytes, unless the connection is gone. What is sent is small and rare: nothing waits for room."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > _MOST_UNSENT_BYTES:
            self.fail(SourceFailed("connection", "the camera takes nothing of what it is sent"))
            return
        self._transport.write(data)

    def send_packet(self, data: bytes) -> None:
        """Send an RTCP packet."""
        self.send(bytes((_DOLLAR, self.control_channel)) + len(data).to_bytes(2) + data)

    async def ask(self, number: int, request: bytes) -> Message:
        """Send a request with the CSeq ``number`` and give its reply.

        Raises:
            SourceError: The connection failed.
        """
        if self.failure is not None:
            raise self.failure
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            self.send(request)
            return await answer
        finally:
            del self._answers[number]

    async def close(self) -> None:
        """Close at once, and wait until the event loop has let go of it."""
        if self._transport is not None:
            self._transport.abort()
            await self._lost.wait()

    def peer(self) -> str:
        """Give the address at the other end."""
        name = self._transport.get_extra_info("peername") if self._transport is not None else None
        return str(name[0]) if name else ""

    def _parsed(self, data: bytes) -> bytes:
        """Take all that is whole in ``data``; give the rest, which is less than one frame or message."""
        position, end = 0, len(data)
        video, take_video = self.video_channel, self._inlet.video
        while end - position > 3:
            if data[position] != _DOLLAR:
                size = self._take_text(data, position)
                if size == 0:
                    break
                position += size
                video = self.video_channel
                continue
            following = position + 4 + (data[position + 2] << 8 | data[position + 3])
            if following > end:
                break
            channel = data[position + 1]
            if channel == video:
                take_video(data, position + 4, following)
            elif channel == self.control_channel:
                self._inlet.control(data, position + 4, following)
            position = following
        return data[position:]

    def _take_text(self, data: bytes, start: int) -> int:
        """Take the message at ``start`` and give its size in bytes, 0 while it is not whole."""
        if data[start] in _LINE_ENDS:
            return 1
        if not 0x41 <= data[start] <= 0x5A:
            raise SourceFailed("framing", "the camera sends what is neither RTSP nor a packet")
        head_end = data.find(HEAD_END, start, start + LARGEST_HEAD_BYTES)
        if head_end < 0:
            if len(data) - start >= LARGEST_HEAD_BYTES:
                raise SourceFailed("framing", f"a reply's head has more than {LARGEST_HEAD_BYTES} bytes")
            return 0
        message = parse_head(data[start:head_end])
        body = head_end + len(HEAD_END)
        end = body + message.body_bytes
        if end > len(data):
            return 0
        self._dispatch(Message(message.status, message.reason, message.method, message.headers, data[body:end]))
        return end - start

    def _dispatch(self, message: Message) -> None:
        number = message.header("cseq")
        if message.method:
            status = "200 OK" if message.method in _SERVER_REQUESTS else "501 Not Implemented"
            self.send(f"RTSP/1.0 {status}\r\nCSeq: {number[:20]}\r\n\r\n".encode("latin-1"))
            return
        known = number.isascii() and number.isdigit() and len(number) < 10
        answer = self._answers.get(int(number)) if known else None
        if answer is not None and not answer.done():
            answer.set_result(message)
