"""Find out what a camera is, with the very sources that ingest reads it by: ``tilik cameras probe``.

1 find the kind: by the URL's scheme, by what an HTTP server answers, by what lies at a path
2 open it as ingest would
3 read it for some seconds: pictures, and what the source learns of the camera meanwhile
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from schemas.cameras import Source as SourceEntry
from schemas.cameras import SourceKind
from services.ingest.jpeg_header import UnusablePictureError, read_header
from services.ingest.probing.kind import find_kind
from services.ingest.source import PictureUnchanged, Sample, Source, SourceTools, make_source
from services.ingest.source_errors import SourceEnded, SourceError, SourceFailed
from services.ingest.source_facts import SourceFacts

_OPEN_SECONDS = 20.0
"""For all of opening: name, connection, TLS and a few requests, each of which has its own limit."""
_ENOUGH_PICTURES = {"snapshot": 5, "file": 5, "stills": 5}
"""What has no rhythm of its own to be measured needs no longer look."""
_VIDEO = frozenset({"rtsp", "hls"})


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """What is to be probed, as a registry entry's source but for its kind, and for how many ``seconds``."""

    entry: SourceEntry
    seconds: float = 10.0


@dataclass(slots=True)
class Probed:
    """What a camera is.

    ``first_picture_seconds`` is from the start of connecting, ``picture_bytes`` the mean of the JPEGs that ingest would
    publish. ``jpeg`` is the last picture, ``width`` and ``height`` are its size in px. ``unusable`` counts what came
    and was no picture; ``broken_by`` is what ended the look before its time, or empty.
    """

    entry: SourceEntry
    facts: SourceFacts
    first_picture_seconds: float
    seconds: float
    sizes_bytes: list[int] = field(default_factory=list)
    unusable: int = 0
    broken_by: str = ""
    jpeg: bytes = b""
    width: int = 0
    height: int = 0

    @property
    def picture_bytes(self) -> float:
        """Give the mean size of a picture, in bytes."""
        return sum(self.sizes_bytes) / max(1, len(self.sizes_bytes))


async def probe(request: ProbeRequest, tools: SourceTools) -> Probed:
    """Find out what lies at the request's URL. Takes a little longer than ``request.seconds``, at most.

    Raises:
        SourceError: What hinders it, as ingest would report it; ``probe_advice.advise`` says what to do.
    """
    kind = await find_kind(request.entry, tools)
    entry = _entry_of(request.entry, kind)
    began = asyncio.get_running_loop().time()
    async with _opened(entry, tools) as source:
        return await _Look(request, entry, source, tools, began).run()


def _entry_of(wanted: SourceEntry, kind: SourceKind) -> SourceEntry:
    # A clip is short: without ``loop`` it would end before it has been looked at.
    return SourceEntry(
        kind=kind,
        url=str(Path(wanted.url).resolve()) if kind in ("file", "stills") else wanted.url,
        secret=wanted.secret,
        loop=kind in ("file", "stills"),
        transport=wanted.transport if kind == "rtsp" else "tcp",
        headers=wanted.headers if wanted.url.lower().startswith("http") else {},
        verify_tls=wanted.verify_tls or not wanted.url.lower().startswith(("https:", "rtsps:")),
    )


@asynccontextmanager
async def _opened(entry: SourceEntry, tools: SourceTools) -> AsyncIterator[Source]:
    source = make_source(entry, tools)
    try:
        try:
            async with asyncio.timeout(_OPEN_SECONDS):
                await source.open()
        except TimeoutError as error:
            raise SourceFailed("timeout", f"not open after {_OPEN_SECONDS:g} s") from error
        yield source
    finally:
        await source.close()


class _Look:
    """One look at an open source."""

    def __init__(
        self, request: ProbeRequest, entry: SourceEntry, source: Source, tools: SourceTools, began: float
    ) -> None:
        self._source = source
        self._period = tools.period_seconds
        self._largest_pixels = tools.largest_picture_pixels
        self._began = began
        self._opened_at = asyncio.get_running_loop().time()
        self._end = self._opened_at + request.seconds
        self._enough = _ENOUGH_PICTURES.get(entry.kind, 0)
        self._found = Probed(entry, source.facts, first_picture_seconds=0.0, seconds=0.0)
        self._fault = ""

    async def run(self) -> Probed:
        """Read until the time is over, or there is enough.

        Raises:
            SourceError: The source failed before its first picture, or none came.
        """
        loop = asyncio.get_running_loop()
        number, due = 0, self._opened_at
        while due < self._end and not 0 < self._enough <= len(self._found.sizes_bytes):
            # The first picture is waited for to the end: keyframes can be rare.
            deadline = due + self._period if self._found.jpeg else self._end
            if not await self._read(Sample(due, deadline, number)):
                break
            number, due = number + 1, max(due + self._period, loop.time())
        self._found.seconds = loop.time() - self._opened_at
        if not self._found.jpeg:
            raise self._nothing()
        return self._found

    async def _read(self, sample: Sample) -> bool:
        """Take one sample; False: there will be no more."""
        try:
            picture = await self._source.read(sample)
            if picture is not None:
                self._take(picture.jpeg)
        except PictureUnchanged:
            pass
        except UnusablePictureError as error:
            self._found.unusable += 1
            self._fault = str(error)
        except SourceError as error:
            if not self._found.jpeg:
                raise
            self._found.broken_by = "" if isinstance(error, SourceEnded) else str(error)
            return False
        return True

    def _take(self, jpeg: bytes) -> None:
        header = read_header(jpeg, self._largest_pixels)
        if not self._found.jpeg:
            self._found.first_picture_seconds = asyncio.get_running_loop().time() - self._began
        self._found.jpeg, self._found.width, self._found.height = jpeg, header.width, header.height
        self._found.sizes_bytes.append(len(jpeg))

    def _nothing(self) -> SourceFailed:
        seconds = self._found.seconds
        if self._fault:
            return SourceFailed("unusable", f"what came in {seconds:.0f} s was no picture: {self._fault}")
        if self._found.entry.kind in _VIDEO:
            codec = f" of {self._found.facts.codec}" if self._found.facts.codec else ""
            return SourceFailed("no_keyframe", f"no keyframe{codec} came in {seconds:.0f} s")
        return SourceFailed("no_picture", f"no picture came in {seconds:.0f} s")
