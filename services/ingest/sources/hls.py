"""HLS: a live playlist is followed, its segments are decoded in a child and played out in real time."""

from __future__ import annotations

import asyncio

from schemas.cameras import Source as SourceEntry
from services.ingest.hls.follower import Follower
from services.ingest.hls.loading import HlsLoader
from services.ingest.hls.playlist import MediaPlaylist
from services.ingest.hls.playout import Instants, Playout
from services.ingest.http.facts import note_answer
from services.ingest.jpeg_header import UnusablePictureError
from services.ingest.source import Picture, Sample, SourceTools
from services.ingest.source_errors import SourceFailed
from services.ingest.source_facts import SourceFacts
from services.runtime.clock import now_ms


class HlsSource:
    """See ``source.Source``. A camera is live: a playlist that ends (``EXT-X-ENDLIST``) fails the source once it was
    played, and ``loop`` means nothing here. One that stands still gives None.
    """

    stall_means_broken = True

    def __init__(self, entry: SourceEntry, tools: SourceTools) -> None:
        self.facts = SourceFacts()
        self._tools = tools
        self._client = tools.http_client(entry)
        self._loader = HlsLoader(self._client, tools.largest_picture_pixels)
        self._playout: Playout | None = None
        self._playlist: MediaPlaylist | None = None
        self._following: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    async def open(self) -> None:
        """Load the playlist; of a master playlist, the one of the rendition that is read."""
        self._playlist = await self._loader.playlist()
        note_answer(self.facts, self._loader.answer, now_ms())
        if self._playlist.ended:
            raise SourceFailed("stream_ended", "the playlist says that its stream has ended")

    async def read(self, sample: Sample) -> Picture | None:
        """Give the picture that is played at the instant. The first instant says where the sampling grid lies."""
        playout, following = self._followed(sample)
        if (wait := sample.due - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(wait)
        try:
            async with asyncio.timeout_at(sample.deadline):
                while (found := playout.take(sample.due)) is None:
                    if following.done() and playout.empty:
                        await following  # raises what ended it
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return None
        if isinstance(found, UnusablePictureError):
            raise found
        return found

    async def close(self) -> None:
        """Stop following and close all connections."""
        try:
            if self._following is not None:
                self._following.cancel()
                await asyncio.gather(self._following, return_exceptions=True)
        finally:
            await self._client.close()

    def _followed(self, sample: Sample) -> tuple[Playout, asyncio.Task[None]]:
        """Give what plays the stream and what follows it, begun with the first sample."""
        if self._playlist is None:
            raise SourceFailed("closed", "the stream is not open")
        if self._playout is None or self._following is None:
            self._playout = Playout(Instants(sample.due, self._tools.period_seconds))
            follower = Follower(self._loader, self._tools, self.facts, self._playout, self._changed.set)
            self._following = asyncio.create_task(follower.run(self._playlist), name="hls follower")
            self._following.add_done_callback(lambda _: self._changed.set())
        return self._playout, self._following
