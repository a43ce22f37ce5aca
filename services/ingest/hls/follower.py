"""Follow a live playlist: load it in its rhythm, fetch what is new, have it decoded, hand the pictures to playout."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable

from services.ingest.decoding.jobs import DecodeSegment, Segment
from services.ingest.hls.loading import HlsLoader
from services.ingest.hls.playlist import MediaPlaylist, MediaSegment
from services.ingest.hls.playout import Playout
from services.ingest.hls.timeline import PlacedSegment, Timeline
from services.ingest.jpeg_header import UnusablePictureError
from services.ingest.source import Picture, SourceTools
from services.ingest.source_errors import SourceFailed, SourceRefused
from services.ingest.source_facts import SourceFacts
from services.runtime.clock import now_ms

_MOST_FAILURES = 3
"""Requests that may fail one after the other before the stream is given up: a content network drops one at times."""
_MISSING = frozenset({"http_404", "http_410"})
_SHORTEST_PAUSE_SECONDS = 0.25
"""A playlist whose target duration is nearly 0 is not asked for more often."""
_DOWNLOAD_SEGMENTS = 2.0
"""A segment that takes so many times its own length to come can't be played in real time."""
_SAME_RATIO = 1.02
"""Keyframes that are rarer than the sampling period by less than this are as frequent: clocks differ."""


class Follower:
    """Follows one stream until it fails or ends.

    Args:
        loader: Loads its playlist and segments.
        tools: What the source uses.
        facts: Is filled in.
        playout: Gets the pictures.
        changed: Called when there are new ones.
    """

    def __init__(
        self, loader: HlsLoader, tools: SourceTools, facts: SourceFacts, playout: Playout, changed: Callable[[], None]
    ) -> None:
        self._loader = loader
        self._tools = tools
        self._facts = facts
        self._playout = playout
        self._changed = changed
        self._stream = tools.decoding.new_stream("hls")
        self._timeline = Timeline()
        self._listed: dict[int, MediaSegment] = {}
        self._failed_loads = 0
        self._failed_segments = 0
        self._captured_ms = 0

    async def run(self, playlist: MediaPlaylist) -> None:
        """Follow from ``playlist`` on, which was just loaded; leaves only by an error.

        Raises:
            SourceFailed: The stream has ended, or loading failed several times.
            SourceRefused: The server does not want us any more.
        """
        loop = asyncio.get_running_loop()
        target = playlist.target_seconds
        began = loop.time()
        found: MediaPlaylist | None = playlist
        while True:
            pause = target / 2
            if found is not None:
                target = found.target_seconds
                pause = target if await self._take_new(found) else target / 2
                if found.ended:
                    raise SourceFailed("stream_ended", "the playlist says that its stream has ended")
            await asyncio.sleep(max(0.0, began + max(_SHORTEST_PAUSE_SECONDS, pause) - loop.time()))
            began = loop.time()
            found = await self._load()

    async def _load(self) -> MediaPlaylist | None:
        """Give the playlist, or None where loading failed and is tried again."""
        try:
            found = await self._playlist()
        except SourceFailed as error:
            self._failed_loads += 1
            if self._failed_loads >= _MOST_FAILURES or error.retry_after_seconds:
                raise
            return None
        self._failed_loads = 0
        return found

    async def _playlist(self) -> MediaPlaylist:
        try:
            return await self._loader.playlist()
        except SourceRefused as error:
            if error.error_class not in _MISSING:
                raise
            # A server whose camera is just coming back has none for a moment: no reason to stay away for long.
            raise SourceFailed(error.error_class, error.detail) from error

    async def _take_new(self, playlist: MediaPlaylist) -> bool:
        """Fetch and decode what is new in a playlist; tell whether anything is."""
        placed = self._timeline.extend(playlist, now_ms())
        self._listed = {segment.number: segment for segment in playlist.segments}
        if self._timeline.clock_ahead_seconds is not None:
            self._facts.clock = "program-date-time"
            self._facts.clock_ahead_seconds = self._timeline.clock_ahead_seconds
        now = asyncio.get_running_loop().time()
        for one in self._playout.wanted(placed, self._timeline.edge, playlist.target_seconds, now):
            await self._take(one, playlist.target_seconds)
        return bool(placed)

    async def _take(self, placed: PlacedSegment, target: float) -> None:
        if placed.segment.discontinuity:
            self._loader.forget_initialisation()  # of another encoder, it may lie under the same URL
        data = await self._fetched(placed)
        if data is None:
            return
        now = asyncio.get_running_loop().time()
        positions = self._playout.admit(placed, self._timeline.edge, target, now)
        if not positions:
            return
        job = DecodeSegment(data, tuple(positions), self._tools.period_seconds * _SAME_RATIO)
        try:
            found = await self._tools.decoding.run(self._stream, job, Segment)
        except UnusablePictureError as error:
            self._loader.forget_initialisation()
            for position in positions:
                self._playout.add(placed, position, error)
        else:
            self._show(placed, positions, found)
        self._changed()

    async def _fetched(self, placed: PlacedSegment) -> bytes | None:
        """Give a segment's bytes; None where it could not be had, which the stream survives some times."""
        for is_last in (False, True):
            try:
                data = await self._bytes(placed)
            except SourceRefused as error:
                if error.error_class not in _MISSING:
                    raise
                self._miss(SourceFailed(error.error_class, error.detail))
                return None
            except SourceFailed as error:
                if error.error_class == "connection" and not is_last:
                    continue  # a download that broke off is tried once more: there is half a segment's time for it
                self._miss(error)
                return None
            self._failed_segments = 0
            return data
        return None

    async def _bytes(self, placed: PlacedSegment) -> bytes:
        seconds = max(self._tools.http.response_seconds, _DOWNLOAD_SEGMENTS * placed.segment.seconds)
        number = placed.segment.number
        try:
            return await self._loader.segment(self._listed.get(number, placed.segment), seconds)
        except SourceRefused as error:
            if not self._loader.expired(error):
                raise
        # Its URL holds an old token: the playlist of a new one names it anew.
        self._listed = {segment.number: segment for segment in (await self._loader.playlist()).segments}
        return await self._loader.segment(self._listed.get(number, placed.segment), seconds)

    def _miss(self, error: SourceFailed) -> None:
        self._failed_segments += 1
        if self._failed_segments >= _MOST_FAILURES:
            raise error

    def _show(self, placed: PlacedSegment, positions: list[float], found: Segment) -> None:
        """Hand each picture to the first instant that it shows at. Capture times rise, whatever clocks say."""
        for picture in found.pictures:
            index = min(bisect_left(positions, picture.position - 1e-3), len(positions) - 1)
            captured_at_ms = round(self._timeline.captured_at_ms(placed, picture.position))
            self._captured_ms = max(self._captured_ms + 1, captured_at_ms)
            self._playout.add(placed, positions[index], Picture(picture.jpeg, self._captured_ms))
        facts = self._facts
        facts.codec, facts.container = found.codec, "fmp4" if "mp4" in found.container else found.container
        facts.decoding = "all" if found.decoded_all else "keyframes"
        facts.frames_per_second = round(found.frames_per_second, 2)
        facts.keyframe_seconds = round(found.keyframe_seconds, 3)
