"""A live playlist's segments on one line of time, and when the pictures on it were taken. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from services.ingest.hls.playlist import MediaPlaylist, MediaSegment

_LISTINGS = 16
"""Playlists that the arrival of a picture is estimated by: enough for one that was read right when it changed, and few
enough to follow a camera whose clock runs 100 ppm slow to within milliseconds."""
_URLS_KEPT = 64
_STALE_TARGETS = 3.0
_AHEAD_SECONDS = 5.0
"""A camera's clock that is set by NTP is right to a second; a picture from the future would be a wrong one."""
_BEHIND_SECONDS = 300.0
"""No live stream is that much late; a clock in the wrong time zone is 7 h off."""


@dataclass(frozen=True, slots=True)
class PlacedSegment:
    """A segment and where it begins on the line, in seconds."""

    segment: MediaSegment
    start: float

    @property
    def end(self) -> float:
        """Give where it ends, in seconds."""
        return self.start + self.segment.seconds


class Timeline:
    """Places each segment once. ``edge`` is the end of the newest one, in seconds."""

    def __init__(self) -> None:
        self.edge = 0.0
        self._next: int | None = None
        self._urls: dict[int, str] = {}
        self._changed_at_ms = 0.0
        self._offsets_ms: deque[float] = deque(maxlen=_LISTINGS)
        self.clock_ahead_seconds: float | None = None

    def extend(self, playlist: MediaPlaylist, now_ms: float) -> list[PlacedSegment]:
        """Give the playlist's segments that were not placed before, placed.

        Numbers that begin anew (a server was restarted) are a new stream behind the old one. An old copy of the
        playlist, as a content network may give now and then, has nothing new; one that stays is a new stream.

        Args:
            playlist: As it was loaded.
            now_ms: When that was, ms since the epoch.
        """
        if not playlist.segments:
            return []
        newest = playlist.segments[-1]
        if self._next is not None and newest.number + 1 < self._next and self._begins_anew(playlist, newest, now_ms):
            self._next = None
            self._urls.clear()
            self._offsets_ms.clear()
        placed: list[PlacedSegment] = []
        for segment in playlist.segments:
            if self._next is None or segment.number >= self._next:
                placed.append(PlacedSegment(segment, self.edge))
                self.edge += segment.seconds
                self._urls[segment.number] = segment.resource.url
        if placed:
            self._note(placed, now_ms, playlist.target_seconds)
        return placed

    def captured_at_ms(self, placed: PlacedSegment, position: float) -> float:
        """Give when the picture ``position`` seconds into a segment was taken, ms since the epoch.

        By the camera's own clock (``EXT-X-PROGRAM-DATE-TIME``) where that is at most 5 s ahead of and 5 min behind the
        arrival; else by the arrival: the picture came when its segment was first listed, less what of the list was
        still to come after it. Of the latest playlists the one that was read soonest after its change decides.
        """
        arrived_ms = (placed.start + position) * 1000 + min(self._offsets_ms)
        if placed.segment.date_ms is not None:
            said_ms = placed.segment.date_ms + position * 1000
            if -_BEHIND_SECONDS * 1000 <= said_ms - arrived_ms <= _AHEAD_SECONDS * 1000:
                return said_ms
        return arrived_ms

    def _begins_anew(self, playlist: MediaPlaylist, newest: MediaSegment, now_ms: float) -> bool:
        stale_ms = now_ms - self._changed_at_ms
        known = self._urls.get(newest.number) == newest.resource.url
        return not known or stale_ms > _STALE_TARGETS * playlist.target_seconds * 1000

    def _note(self, placed: list[PlacedSegment], now_ms: float, target_seconds: float) -> None:
        newest = placed[-1].segment
        offset_ms = now_ms - self.edge * 1000
        skipped = self._next is not None and placed[0].segment.number > self._next
        if skipped or offset_ms - min(self._offsets_ms, default=offset_ms) > _STALE_TARGETS * target_seconds * 1000:
            self._offsets_ms.clear()  # the stream has paused: the line is as much shorter than the time that passed
        self._next = newest.number + 1
        self._changed_at_ms = now_ms
        self._offsets_ms.append(offset_ms)
        for number in list(self._urls)[:-_URLS_KEPT]:
            del self._urls[number]
        if newest.date_ms is not None:
            self.clock_ahead_seconds = round((newest.date_ms + newest.seconds * 1000 - now_ms) / 1000, 3)
