"""Playlists and segments from their servers: every request by the source's own client, every size limited."""

from __future__ import annotations

import asyncio

from services.ingest.hls.playlist import (
    LARGEST_PLAYLIST_BYTES,
    MasterPlaylist,
    MediaPlaylist,
    MediaSegment,
    PlaylistError,
    Resource,
    parse_playlist,
)
from services.ingest.hls.variants import choose_variant
from services.ingest.http.client import HttpClient, HttpResponse
from services.ingest.source_errors import SourceFailed, SourceRefused

LARGEST_SEGMENT_BYTES = 33_554_432
"""10 s of 26 Mbit/s; a city camera has 2 to 8."""
_LONG_BYTES = 16_384
"""Reading a longer playlist takes more than 2 ms: not in the event loop."""
_EXPIRED = ("http_401", "http_403")


class HlsLoader:
    """Loads one stream of one camera.

    Args:
        client: The source's client.
        largest_pixels: Of a rendition's pictures.
    """

    def __init__(self, client: HttpClient, largest_pixels: int) -> None:
        self._client = client
        self._largest_pixels = largest_pixels
        self._media_url = ""
        self._initialisation: tuple[Resource, bytes] | None = None
        self.answer = HttpResponse(0, {})

    async def playlist(self) -> MediaPlaylist:
        """Give the media playlist as it is now. A master playlist is read once, and again for a new token.

        Raises:
            SourceFailed: It does not come, or is malformed.
            SourceRefused: It is encrypted or too large, its place is forbidden, or the server does not want us.
        """
        if self._client.token_due:
            self._media_url = ""
        try:
            found = await self._load(self._media_url)
        except SourceRefused as error:
            if not self._media_url or not self.expired(error):
                raise
            found = await self._load("")
        if isinstance(found, MasterPlaylist):
            self._media_url = choose_variant(found, self._largest_pixels).url
            found = await self._load(self._media_url)
            if isinstance(found, MasterPlaylist):
                raise SourceFailed("playlist", "a master playlist leads to another one")
        if found.segments and (method := found.segments[-1].encryption):
            raise SourceRefused(
                "encrypted", f"the stream is encrypted ({method}): Tilik reads streams without keys only"
            )
        return found

    def expired(self, error: SourceRefused) -> bool:
        """Tell whether a new token may help, and have it fetched with the next playlist."""
        if error.error_class not in _EXPIRED or not self._client.forget_token():
            return False
        self._media_url = ""
        return True

    def forget_initialisation(self) -> None:
        """Fetch what segments begin with anew for the next one."""
        self._initialisation = None

    async def segment(self, segment: MediaSegment, seconds: float) -> bytes:
        """Give a segment's bytes, its initialisation before them.

        Args:
            segment: Which one.
            seconds: How long it may take.

        Raises:
            SourceFailed: It does not come whole in time, or is too large.
            SourceRefused: It is not there, or its place is forbidden.
        """
        start = b""
        if segment.initialisation is not None:
            if self._initialisation is None or self._initialisation[0] != segment.initialisation:
                self._initialisation = (segment.initialisation, await self._bytes(segment.initialisation, seconds))
            start = self._initialisation[1]
        return start + await self._bytes(segment.resource, seconds)

    async def _load(self, url: str) -> MasterPlaylist | MediaPlaylist:
        self.answer = await self._client.get(url=url)
        data = await self._client.read_body(LARGEST_PLAYLIST_BYTES)
        try:
            if len(data) < _LONG_BYTES:
                return parse_playlist(data, self._client.answered_url)
            return await asyncio.to_thread(parse_playlist, data, self._client.answered_url)
        except PlaylistError as error:
            raise SourceFailed("playlist", str(error)) from error

    async def _bytes(self, resource: Resource, seconds: float) -> bytes:
        if resource.length is None:
            await self._client.get(url=resource.url)
            return await self._client.read_body(LARGEST_SEGMENT_BYTES, seconds)
        end = resource.offset + resource.length
        if resource.length > LARGEST_SEGMENT_BYTES:
            raise SourceFailed("too_large", f"a segment of more than {LARGEST_SEGMENT_BYTES} bytes")
        ranged = ("Range", f"bytes={resource.offset}-{end - 1}")
        response = await self._client.get([ranged], resource.url)
        data = await self._client.read_body(LARGEST_SEGMENT_BYTES, seconds)
        piece = data if response.status == 206 else data[resource.offset : end]  # a plain server sends the whole file
        if len(piece) != resource.length:
            raise SourceFailed("byte_range", "the server did not send the range that the playlist names")
        return piece
