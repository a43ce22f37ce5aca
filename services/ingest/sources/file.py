"""A video file as a camera: played in real time, or stepped through with the capture times of the recording."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from schemas.cameras import Source as SourceEntry
from services.ingest.decoding.jobs import Decoded, FootageAt, Opened, OpenFootage
from services.ingest.jpeg_header import UnusablePictureError
from services.ingest.source import Picture, Sample, SourceTools
from services.ingest.source_errors import SourceFailed
from services.ingest.source_facts import SourceFacts
from services.runtime.clock import now_ms

_STEP_SECONDS = 1.0
"""One second of 3840 x 2160 px at 60 fps takes 2.5 s to be decoded, and a job may take 10."""


class FileSource:
    """See ``source.Source``.

    ``clock: wall``: the position in the file is the time since the first sample; a sample that is left out is skipped
    in the file too. ``clock: recorded``: each sample goes one sampling period on, whatever the time, and a
    picture's capture time is ``recorded_from_ms`` + its position; played over (``loop``), capture times go on rising.
    Opened anew in a later round, it begins with that round: the rounds before it are not decoded once more.
    """

    stall_means_broken = False

    def __init__(self, entry: SourceEntry, tools: SourceTools) -> None:
        self.facts = SourceFacts(container=Path(entry.url).suffix.lstrip(".").lower(), clock=entry.clock)
        self._entry = entry
        self._tools = tools
        self._stream = tools.decoding.new_stream("file")
        self._first_due: float | None = None
        self._reached = 0.0
        self._begins_at: float | None = None

    async def open(self) -> None:
        """Open the file, in a decoding process, and read to its first picture."""
        path = Path(self._entry.url).absolute()
        if not await asyncio.to_thread(path.is_file):
            raise SourceFailed("not_found", f"there is no file {path}")
        opened = await self._tools.decoding.run(self._stream, OpenFootage(str(path), self._entry.loop), Opened)
        self.facts.codec, self.facts.frames_per_second = opened.codec, opened.frames_per_second
        self.facts.decoding = "passthrough" if opened.passthrough else "all"

    async def read(self, sample: Sample) -> Picture | None:
        """Give the picture that shows at the sample's position; None where the file shows no new one."""
        await asyncio.sleep(max(0.0, sample.due - asyncio.get_running_loop().time()))
        position = self._position(sample)
        begins_at = self._round_of(position)
        position -= begins_at
        await self._catch_up(position)
        found = await self._tools.decoding.find(self._stream, FootageAt(position), Decoded)
        if found is None:
            return None
        self._tools.footage.round_seconds = found.round_seconds or self._tools.footage.round_seconds
        recorded = self._entry.clock == "recorded"
        shown_at_ms = self._entry.recorded_from_ms + round((begins_at + found.position) * 1000)
        return Picture(found.jpeg, shown_at_ms if recorded else now_ms())

    async def close(self) -> None:
        """Have the file released, once a read under way has ended."""
        self._tools.decoding.release(self._stream)

    async def _catch_up(self, position: float) -> None:
        """Read on to shortly before ``position`` in bounded steps: a job may take some seconds only."""
        while self._reached + _STEP_SECONDS < position:
            self._reached += _STEP_SECONDS
            with contextlib.suppress(UnusablePictureError):
                await self._tools.decoding.find(self._stream, FootageAt(self._reached), Decoded)
        self._reached = max(self._reached, position)

    def _position(self, sample: Sample) -> float:
        if self._first_due is None:
            self._first_due = sample.due
        position = sample.due - self._first_due
        if self._entry.clock == "recorded":
            position = sample.number * self._tools.period_seconds
        return position

    def _round_of(self, position: float) -> float:
        """Give where the round begins, in seconds, in which this connection began to read. Later ones follow on it."""
        if self._begins_at is None:
            length = self._tools.footage.round_seconds
            known = self._entry.loop and self._entry.clock == "recorded" and length > 0
            self._begins_at = position // length * length if known else 0.0
        return self._begins_at
