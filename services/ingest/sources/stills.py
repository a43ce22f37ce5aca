"""A folder of stills as a camera: one picture a sample; times from their names, or in the order they were written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import simplejpeg

from schemas.cameras import Source as SourceEntry
from services.ingest.jpeg_header import UnusablePictureError
from services.ingest.source import Picture, Sample, SourceTools
from services.ingest.source_errors import SourceEnded, SourceFailed
from services.runtime.clock import now_ms
from services.runtime.timed_stills import JPEG_NAMES, list_stills


class StillsSource:
    """See ``source.Source``. JPEG files pass through untouched, PNG files are encoded.

    ``clock: recorded`` gives each still the time of its name (local time of Semarang), or, where a name has none,
    ``recorded_from_ms`` + one sampling period a still. Played over (``loop``), capture times go on rising.
    """

    stall_means_broken = False

    def __init__(self, entry: SourceEntry, tools: SourceTools) -> None:
        self._entry = entry
        self._tools = tools
        self._stills: Sequence[Path] = ()
        self._times_ms: Sequence[int] = ()

    async def open(self) -> None:
        """List the folder."""
        await asyncio.get_running_loop().run_in_executor(self._tools.decoding, self._list)

    async def read(self, sample: Sample) -> Picture | None:
        """Give the still of the sample's number."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, sample.due - loop.time()))
        rounds, index = divmod(sample.number, len(self._stills))
        if rounds and not self._entry.loop:
            raise SourceEnded("ended", f"{self._entry.url}: every still was shown")
        jpeg = await loop.run_in_executor(self._tools.decoding, self._load, self._stills[index])
        recorded = self._entry.clock == "recorded"
        return Picture(jpeg, self._times_ms[index] + rounds * self._round_ms() if recorded else now_ms())

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

    def _round_ms(self) -> int:
        gaps = [after - before for before, after in zip(self._times_ms, self._times_ms[1:], strict=False)]
        gap = median(gaps) if gaps else self._tools.period_seconds * 1000
        return self._times_ms[-1] - self._times_ms[0] + max(1, round(gap))

    def _load(self, path: Path) -> bytes:
        try:
            if path.stat().st_size > self._tools.largest_picture_bytes:
                raise UnusablePictureError(f"{path} has more than {self._tools.largest_picture_bytes} bytes")
            if path.suffix.lower() in JPEG_NAMES:
                return path.read_bytes()
        except OSError as error:
            raise UnusablePictureError(f"{path}: {error}") from error
        return self._encoded(path)

    def _encoded(self, path: Path) -> bytes:
        import av  # only folders with PNG files need a decoder
        import av.error

        width, height = _png_size(path)
        if width * height > self._tools.largest_picture_pixels:
            raise UnusablePictureError(f"{path} has {width} x {height} px")
        try:
            with av.open(str(path)) as container:
                image_rgb = next(container.decode(video=0)).to_ndarray(format="rgb24")
        except (av.error.FFmpegError, OSError, ValueError, IndexError, StopIteration) as error:
            raise UnusablePictureError(f"{path}: {error}") from error
        jpeg: bytes = simplejpeg.encode_jpeg(
            image_rgb, quality=self._tools.jpeg_quality, colorspace="RGB", colorsubsampling="420"
        )
        return jpeg


def _png_size(path: Path) -> tuple[int, int]:
    """Read width and height where every PNG has them. Source: PNG specification, IHDR."""
    with path.open("rb") as file:
        head = file.read(24)
    return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
