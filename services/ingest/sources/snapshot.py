"""Snapshot JPEG over HTTP: one GET a sample; a picture that the camera has not changed is not sent again."""

from __future__ import annotations

import asyncio

from schemas.cameras import Source as SourceEntry
from services.ingest.http.facts import note_answer
from services.ingest.source import Picture, PictureUnchanged, Sample, SourceTools
from services.ingest.source_errors import SourceFailed
from services.ingest.source_facts import SourceFacts
from services.runtime.clock import now_ms

_JPEG_START = b"\xff\xd8"


class SnapshotSource:
    """See ``source.Source``. Asks with ``If-None-Match`` and ``If-Modified-Since`` where the camera gave the means."""

    stall_means_broken = False

    def __init__(self, entry: SourceEntry, tools: SourceTools) -> None:
        self.facts = SourceFacts(codec="mjpeg", decoding="passthrough")
        self._client = tools.http_client(entry)
        self._largest_bytes = tools.largest_picture_bytes
        self._etag = ""
        self._last_modified = ""

    async def open(self) -> None:
        """Nothing: the first read connects."""

    async def read(self, sample: Sample) -> Picture | None:
        """Ask at the instant."""
        if (wait := sample.due - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(wait)
        response = await self._client.get(self._conditions())
        body = await self._client.read_body(self._largest_bytes)
        etag = response.headers.get("etag", "")
        if response.status == 304 or (etag and etag == self._etag):
            raise PictureUnchanged
        if not body.startswith(_JPEG_START):
            kind = response.headers.get("content-type", "nothing stated")[:80]
            raise SourceFailed("not_jpeg", f"the answer is no JPEG (content type: {kind})")
        if not self.facts.container:
            self.facts.container = "jpeg"
            note_answer(self.facts, response, now_ms())
        self._etag, self._last_modified = etag, response.headers.get("last-modified", "")
        return Picture(body, now_ms())

    async def close(self) -> None:
        """Close the connection."""
        await self._client.close()

    def _conditions(self) -> list[tuple[str, str]]:
        conditions = [("If-None-Match", self._etag), ("If-Modified-Since", self._last_modified)]
        return [(name, value) for name, value in conditions if value]
