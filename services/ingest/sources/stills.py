"""A folder of stills as a camera: one picture a sample; times from their names, or in the order they were written."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from schemas.cameras import Source as SourceEntry
from services.ingest.decoding.jobs import Decoded, Rework
from services.ingest.jpeg_header import UnusablePictureError
from services.ingest.source import Picture, Sample, SourceTools
from services.ingest.source_errors import SourceEnded, SourceFailed
from services.ingest.source_facts import SourceFacts
from services.runtime.clock import now_ms
from services.runtime.timed_stills import JPEG_NAMES, list_stills


class StillsSource:
    """See ``source.Source``. JPEG files pass through untouched, PNG files are encoded.

    ``clock: recorded`` gives each still the time of its name (local time of Semarang), or, where a name has none,
    ``recorded_from_ms`` + one sampling period a still. Played over (``loop``), capture times go on rising.
    """

    stall_means_broken = False

    def __init__(self, entry: SourceEntry, tools: SourceTools) -> None:
        self.facts = SourceFacts(clock=entry.clock)
        self._entry = entry
        self._tools = tools
        self._stream = tools.decoding.new_stream("stills")
        self._stills: Sequence[Path] = ()
        self._times_ms: Sequence[int] = ()
        self._round_ms = 0

    async def open(self) -> None:
        """List the folder."""
        await asyncio.to_thread(self._list)
        self.facts.codec = "mjpeg" if all(_is_jpeg(path) for path in self._stills) else "png"
        self.facts.decoding = "passthrough" if self.facts.codec == "mjpeg" else "all"

    async def read(self, sample: Sample) -> Picture | None:
        """Give the still of the sample's number."""
        await asyncio.sleep(max(0.0, sample.due - asyncio.get_running_loop().time()))
        rounds, index = divmod(sample.number, len(self._stills))
        if rounds and not self._entry.loop:
            raise SourceEnded("ended", f"{self._entry.url}: every still was shown")
        jpeg = await self._jpeg(self._stills[index])
        recorded = self._entry.clock == "recorded"
        return Picture(jpeg, self._times_ms[index] + rounds * self._round_ms if recorded else now_ms())

    async def close(self) -> None:
        """Nothing is held open between reads."""

    def _list(self) -> None:
        folder = Path(self._entry.url)
        if not folder.is_dir():
            raise SourceFailed("not_found", f"there is no folder {folder}")
        self._stills, times_ms = list_stills(folder)
        if not self._stills:
            raise SourceFailed("no_stills", f"{folder} holds no .jpg and no .png")
        period_ms = self._tools.period_seconds * 1000
        counted = [self._entry.recorded_from_ms + round(n * period_ms) for n in range(len(self._stills))]
        self._times_ms = counted if times_ms is None else times_ms
        gaps = [after - before for before, after in itertools.pairwise(self._times_ms)]
        gap = median(gaps) if gaps else period_ms
        self._round_ms = self._times_ms[-1] - self._times_ms[0] + max(1, round(gap))

    async def _jpeg(self, path: Path) -> bytes:
        image = await asyncio.to_thread(self._load, path)
        if _is_jpeg(path):
            return image
        encoded = await self._tools.decoding.run(self._stream, Rework(image), Decoded)
        return encoded.jpeg

    def _load(self, path: Path) -> bytes:
        try:
            if path.stat().st_size > self._tools.largest_picture_bytes:
                raise UnusablePictureError(f"{path} has more than {self._tools.largest_picture_bytes} bytes")
            return path.read_bytes()
        except OSError as error:
            raise UnusablePictureError(f"{path}: {error}") from error


def _is_jpeg(path: Path) -> bool:
    return path.suffix.lower() in JPEG_NAMES
