"""What a source is: one camera's pictures, one connection at a time.

The file ``sources/<kind>.py`` holds the class ``<Kind>Source`` for the registry's ``source.kind``. Only the file of a
kind that is used is imported.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Protocol

from schemas.cameras import Source as SourceEntry
from services.ingest.decoding.pool import DecodingPool
from services.ingest.http.client import HttpClient, HttpLimits
from services.ingest.network_policy import NetworkPolicy
from services.ingest.secret_store import SecretStore
from services.ingest.simulation.schedule import SimulationMemory
from services.ingest.source_errors import SourceFailed, SourceRefused
from services.ingest.source_facts import SourceFacts

SIMULATED = "simulated"
"""The file whose source lays effects over another one's pictures. It is no kind: it reads entries that have effects."""

_SECRET_THREADS = ThreadPoolExecutor(8, thread_name_prefix="secret")
"""Where secrets are read, and nothing else: a mount that hangs takes along no camera that needs nothing of it."""


class PictureUnchanged(Exception):  # noqa: N818  (no error: the camera has answered)
    """The camera says that its picture is still the one that was given last."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture as JPEG bytes, and when it was taken (ms since the epoch)."""

    jpeg: bytes
    captured_at_ms: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One sampling instant: when a picture is due, and until when it is waited for, in the event loop's seconds.

    ``number`` counts the samples that this reader has had, over all connections: where footage is to go on.
    """

    due: float
    deadline: float
    number: int = 0


@dataclass(slots=True)
class FootageMemory:
    """What is known of footage from one connection to the next: its length, once it was read to its end; before, 0."""

    round_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SourceTools:
    """What a reader's sources may use, one after the other. ``decoding`` are the processes in which video is decoded:
    never in this one. ``simulation`` is for simulated cameras alone, ``footage`` for files."""

    period_seconds: float
    largest_picture_bytes: int
    largest_picture_pixels: int
    decoding: DecodingPool
    network: NetworkPolicy
    secrets: SecretStore
    http: HttpLimits
    simulation: SimulationMemory = field(default_factory=SimulationMemory)
    footage: FootageMemory = field(default_factory=FootageMemory)

    def http_client(self, entry: SourceEntry) -> HttpClient:
        """Give a client for the entry, with its secret.

        Raises:
            SourceRefused: The URL's scheme or a header is not allowed, or the secret is not there.
        """
        return HttpClient(entry, self.network, self.secrets.find(entry.secret), self.http)


class Source(Protocol):
    """A way to a camera's pictures. It lives in the event loop and serves one connection: open, read…, close.

    Every method may be cancelled at any await; ``close`` then still releases all. Errors leave as the three of
    ``source_errors``, nothing else. A source never retries: the reader decides when to connect anew, with a new object.

    ``stall_means_broken``: a source that is open but gives nothing for long is to be connected anew. ``facts``: see
    there.
    """

    stall_means_broken: bool
    facts: SourceFacts

    def __init__(self, entry: SourceEntry, tools: SourceTools) -> None: ...

    async def open(self) -> None:
        """Connect; called once, before any read. The reader bounds its time."""
        ...

    async def read(self, sample: Sample) -> Picture | None:
        """Wait for ``sample.due``, then give the newest picture that was not given before, or the next one that comes.

        A stream's picture may have come up to half a period before ``due``: then a camera whose rhythm is the sampling
        period's own loses nothing to jitter. The source itself waits, because a stream must be drained meanwhile.
        None: by ``sample.deadline`` there was no picture that had not been given before; the connection stays. Samples
        come in rising order; some may be left out. A picture is given once.

        Raises:
            UnusablePictureError: What is there for this sample is no picture; the next sample may be better.
            PictureUnchanged: The camera has answered, and has no newer picture than the one that was given last.
        """
        ...

    async def close(self) -> None:
        """Release everything within a second. Called once, also after a failed or cancelled ``open``."""
        ...


def source_kinds() -> list[str]:
    """Give the kinds that can be read: the files of ``sources/``, but for the one that wraps another source."""
    folder = Path(__file__).parent / "sources"
    return sorted(path.stem for path in folder.glob("[a-z]*.py") if path.stem != SIMULATED)


def make_source(entry: SourceEntry, tools: SourceTools) -> Source:
    """Give a source for a registry entry, not yet open.

    Raises:
        SourceRefused: There is no source of this kind, or the entry can't be used.
    """
    if entry.kind not in source_kinds():
        raise SourceRefused("unknown_kind", f"no source of kind {entry.kind!r}; there are {', '.join(source_kinds())}")
    name = SIMULATED if entry.simulated else entry.kind
    module = import_module(f"services.ingest.sources.{name}")
    source: Source = getattr(module, f"{name.capitalize()}Source")(entry, tools)
    return source


async def made_source(entry: SourceEntry, tools: SourceTools, within_seconds: float) -> Source:
    """Do as ``make_source`` does, in the event loop. A secret is read on a thread: it may lie on a mount that hangs.

    Raises:
        SourceRefused: As ``make_source``.
        SourceFailed: The secret was not read in time.
    """
    if not entry.secret:
        return make_source(entry, tools)
    making = asyncio.get_running_loop().run_in_executor(_SECRET_THREADS, make_source, entry, tools)
    try:
        async with asyncio.timeout(within_seconds):
            return await making
    except TimeoutError as error:
        raise SourceFailed("timeout", f"its secret was not read in {within_seconds:g} s") from error
