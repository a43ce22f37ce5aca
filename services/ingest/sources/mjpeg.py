"""MJPEG over HTTP (``multipart/x-mixed-replace``): the camera sends at its own rate, its JPEGs pass untouched."""

from __future__ import annotations

import asyncio

from schemas.cameras import Source as SourceEntry
from services.ingest.http.facts import note_answer
from services.ingest.http.multipart import MultipartError, MultipartParser, boundary_of
from services.ingest.source import Picture, Sample, SourceTools
from services.ingest.source_errors import SourceFailed
from services.ingest.source_facts import SourceFacts
from services.runtime.clock import now_ms


class MjpegSource:
    """See ``source.Source``. The stream is read without a pause, so that a sample is never an old picture."""

    stall_means_broken = True

    def __init__(self, entry: SourceEntry, tools: SourceTools) -> None:
        self.facts = SourceFacts(codec="mjpeg", decoding="passthrough")
        self._client = tools.http_client(entry)
        self._largest_bytes = tools.largest_picture_bytes
        self._period = tools.period_seconds
        self._parser: MultipartParser | None = None
        self._newest: tuple[float, Picture] | None = None
        self._first_at = 0.0
        self._arrived = 0

    async def open(self) -> None:
        """Ask for the stream."""
        response = await self._client.get()
        if response.status != 200:
            raise SourceFailed(f"http_{response.status}", "the camera sent no stream")
        note_answer(self.facts, response, now_ms())
        content_type = response.headers.get("content-type", "")
        self.facts.container = content_type.partition(";")[0].strip()[:80]
        try:
            delimiter = boundary_of(content_type)
        except MultipartError as error:
            raise SourceFailed("not_mjpeg", str(error)) from error
        self._parser = MultipartParser(delimiter, self._largest_bytes)

    async def read(self, sample: Sample) -> Picture | None:
        """Drain until the instant; give the newest picture that is at most half a period older, or the next one."""
        earliest = sample.due - self._period / 2
        try:
            async with asyncio.timeout_at(sample.due):
                while True:
                    await self._receive()
        except TimeoutError:
            pass
        try:
            async with asyncio.timeout_at(sample.deadline):
                while (picture := self._taken(earliest)) is None:
                    await self._receive()
        except TimeoutError:
            return None
        return picture

    async def close(self) -> None:
        """Close the connection."""
        await self._client.close()

    def _taken(self, earliest: float) -> Picture | None:
        if self._newest is None or self._newest[0] < earliest:
            return None
        picture, self._newest = self._newest[1], None
        return picture

    async def _receive(self) -> None:
        chunk = await self._client.read_chunk()
        if not chunk or self._parser is None:
            raise SourceFailed("stream_ended", "the camera ended its stream")
        try:
            parts = self._parser.feed(chunk)
        except MultipartError as error:
            raise SourceFailed("framing", str(error)) from error
        if parts:
            at = asyncio.get_running_loop().time()
            self._newest = (at, Picture(parts[-1], now_ms()))
            self._count(at, len(parts))

    def _count(self, at: float, pictures: int) -> None:
        if self._arrived == 0:
            self._first_at = at
        self._arrived += pictures
        if at > self._first_at:
            self.facts.frames_per_second = round((self._arrived - 1) / (at - self._first_at), 2)
