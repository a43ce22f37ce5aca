"""A video file as a camera: played in real time, or stepped through with the capture times of the recording."""

from __future__ import annotations

import asyncio
from pathlib import Path

from schemas.cameras import Source as SourceEntry
from services.ingest.footage import Footage
from services.ingest.source import Picture, Sample, SourceTools
from services.ingest.source_errors import SourceFailed
from services.runtime.clock import now_ms


class FileSource:
    """See ``source.Source``.

    ``clock: wall``: the position in the file is the time since the first sample; a sample that is left out is skipped
    in the file too. ``clock: recorded``: each sample goes one sampling period on, whatever the time, and a
    picture's capture time is ``recorded_from_ms`` + its position; played over (``loop``), capture times go on rising.
    """

    stall_means_broken = False

    def __init__(self, entry: SourceEntry, tools: SourceTools) -> None:
        self._entry = entry
        self._tools = tools
        self._footage: Footage | None = None
        self._first_due: float | None = None

    async def open(self) -> None:
        """Open the file and read to its first picture."""
        opening = asyncio.get_running_loop().run_in_executor(self._tools.decoding, self._opened)
        try:
            self._footage = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_unclaimed)
            raise

    async def read(self, sample: Sample) -> Picture | None:
        """Give the picture that shows at the sample's position; None where the file shows no new one."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, sample.due - loop.time()))
        if self._footage is None:
            raise SourceFailed("closed", "the file is not open")
        position = self._position(sample)
        found = await loop.run_in_executor(self._tools.decoding, self._footage.picture_at, position)
        if found is None:
            return None
        shown_at, jpeg = found
        recorded = self._entry.clock == "recorded"
        return Picture(jpeg, self._entry.recorded_from_ms + round(shown_at * 1000) if recorded else now_ms())

    async def close(self) -> None:
        """Release the file, in a worker thread, since a read may still be under way there."""
        if self._footage is not None:
            await asyncio.get_running_loop().run_in_executor(self._tools.decoding, self._footage.close)
            self._footage = None

    def _opened(self) -> Footage:
        path = Path(self._entry.url)
        if not path.is_file():
            raise SourceFailed("not_found", f"there is no file {path}")
        return Footage(path, self._entry.loop, self._tools.jpeg_quality, self._tools.largest_picture_pixels)

    def _position(self, sample: Sample) -> float:
        if self._first_due is None:
            self._first_due = sample.due
        position = sample.due - self._first_due
        if self._entry.clock == "recorded":
            position = sample.number * self._tools.period_seconds
        return position


def _close_unclaimed(opening: asyncio.Future[Footage]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
