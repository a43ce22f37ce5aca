"""MJPEG over HTTP (``multipart/x-mixed-replace``): the camera sends at its own rate, its JPEGs pass untouched."""

from __future__ import annotations

import asyncio
from collections import deque

from schemas.cameras import Source as SourceEntry
from services.ingest.multipart import MultipartError, MultipartParser, boundary_of
from services.ingest.source import Picture, Sample, SourceTools
from services.ingest.source_errors import SourceFailed
from services.runtime.clock import now_ms


class MjpegSource:
    """See ``source.Source``. The stream is read without a pause, so that a sample is never an old picture."""

    stall_means_broken = True

    def __init__(self, entry: SourceEntry, tools: SourceTools) -> None:
        self._client = tools.http_client(entry)
        self._largest_bytes = tools.largest_picture_bytes
        self._parser: MultipartParser | None = None
        self._arrived: deque[tuple[float, Picture]] = deque(maxlen=4)

    async def open(self) -> None:
        """Ask for the stream."""
        response = await self._client.get()
        if response.status != 200:
            raise SourceFailed(f"http_{response.status}", "the camera sent no stream")
        try:
            delimiter = boundary_of(response.headers.get("content-type", ""))
        except MultipartError as error:
            raise SourceFailed("not_mjpeg", str(error)) from error
        self._parser = MultipartParser(delimiter, self._largest_bytes)

    async def read(self, sample: Sample) -> Picture | None:
        """Drain until a picture has arrived at or after the instant; older ones are passed over."""
        try:
            async with asyncio.timeout_at(sample.deadline):
                while True:
                    while self._arrived:
                        at, picture = self._arrived.popleft()
                        if at >= sample.due:
                            return picture
                    await self._receive()
        except TimeoutError:
            return None

    async def close(self) -> None:
        """Close the connection."""
        await self._client.close()

    async def _receive(self) -> None:
        chunk = await self._client.read_chunk()
        if not chunk or self._parser is None:
            raise SourceFailed("stream_ended", "the camera ended its stream")
        try:
            parts = self._parser.feed(chunk)
        except MultipartError as error:
            raise SourceFailed("framing", str(error)) from error
        at, captured_at_ms = asyncio.get_running_loop().time(), now_ms()
        self._arrived.extend((at, Picture(part, captured_at_ms)) for part in parts)
