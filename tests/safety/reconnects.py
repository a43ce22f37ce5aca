"""Connect to cameras again and again in a process of its own, and tell what that process holds before and after.

``python -m tests.safety.reconnects`` reads sources by name, as JSON, from standard input; its answer is JSON too.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import psutil
import uvloop
from msgspec import Struct

from schemas.cameras import Source as SourceEntry
from services.ingest.jpeg_header import UnusablePictureError
from services.ingest.source import Sample, Source, SourceTools, make_source
from services.ingest.source_errors import SourceError
from tests.ingest.builders import source_tools

ROUNDS, AT_ONCE = 10, 20
_WARM_UP_ROUNDS = 2
"""So many until caches, arenas and the decoding process are as large as they get."""
_PATIENCE_SECONDS = 8.0


class Holdings(Struct, frozen=True):
    """What the process has at one moment; ``resident_bytes`` with its children's."""

    threads: int
    descriptors: int
    children: int
    tasks: int
    objects: int
    resident_bytes: int


class Finding(Struct, frozen=True):
    """What ``connections`` to one source left behind, how many of them gave a picture, and how long all of it took.

    ``halfway`` is after half of them: what a connection leaves, each half leaves; what a cache takes, but one of them.
    """

    before: Holdings
    halfway: Holdings
    after: Holdings
    connections: int
    pictures: int
    seconds: float


def holdings() -> Holdings:
    """Count, in the event loop, after rubbish was collected."""
    gc.collect()
    process = psutil.Process()
    family = [process, *process.children(recursive=True)]
    return Holdings(
        threads=threading.active_count(),
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        children=len(family) - 1,
        tasks=len(asyncio.all_tasks()),
        objects=len(gc.get_objects()),
        resident_bytes=sum(one.memory_info().rss for one in family),
    )


async def repeat(entry: SourceEntry, tools: SourceTools) -> Finding:
    """Reconnect ``ROUNDS`` times, ``AT_ONCE`` at a time."""
    began = time.monotonic()
    for _ in range(_WARM_UP_ROUNDS):
        await one_round(entry, tools)
    before = halfway = await settled(None)
    pictures = 0
    for number in range(ROUNDS):
        pictures += await one_round(entry, tools)
        if number == ROUNDS // 2 - 1:
            halfway = await settled(before)
    after = await settled(before)
    return Finding(before, halfway, after, ROUNDS * AT_ONCE, pictures, round(time.monotonic() - began, 1))


async def settled(wanted: Holdings | None) -> Holdings:
    """Give the holdings once they are no more than ``wanted``, or when that does not come within seconds."""
    found = holdings()
    for _ in range(50):
        if wanted is None or (found.descriptors <= wanted.descriptors and found.tasks <= wanted.tasks):
            break
        await asyncio.sleep(0.02)
        found = holdings()
    return found


async def one_round(entry: SourceEntry, tools: SourceTools) -> int:
    results = await asyncio.gather(*(connect(entry, tools, number) for number in range(AT_ONCE)))
    return sum(results)


async def connect(entry: SourceEntry, tools: SourceTools, number: int) -> bool:
    """Open, read, close. Every fifth waits for a picture; as many are broken off early, and as many in closing."""
    work = asyncio.ensure_future(visit(entry, tools, number))
    if number % 5 == 3:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(work, 0.003 * number)
        return False
    return await work


async def visit(entry: SourceEntry, tools: SourceTools, number: int) -> bool:
    source = make_source(entry, tools)
    loop = asyncio.get_running_loop()
    end = loop.time() + (_PATIENCE_SECONDS if number % 5 == 0 else 0.0)
    try:
        await source.open()
        for sample in itertools.count():
            due = loop.time()
            with contextlib.suppress(UnusablePictureError):
                if await source.read(Sample(due, due + tools.period_seconds, sample)) is not None:
                    return True
            if due > end:
                return False
    except SourceError:
        return False
    finally:
        await close(source, number)
    return False


async def close(source: Source, number: int) -> None:
    """Close; of every fifth connection the closing itself is cancelled, as when a worker ends."""
    closing = asyncio.ensure_future(source.close())
    if number % 5 == 1:
        for _ in range(1 + number // 5):  # it has begun
            await asyncio.sleep(0)
        closing.cancel()
    await asyncio.wait([closing])
    if not closing.cancelled():
        closing.result()


async def main(sources: dict[str, SourceEntry]) -> dict[str, Finding]:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))
    await asyncio.gather(*(asyncio.to_thread(time.sleep, 0.1) for _ in range(2)))  # its threads are there from now on
    with source_tools(response_seconds=10.0) as tools:
        found = {name: await repeat(entry, tools) for name, entry in sources.items()}
        await tools.decoding.close()
    return found


if __name__ == "__main__":
    entries = msgspec.json.decode(sys.stdin.buffer.read(), type=dict[str, SourceEntry])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as the engine has it
        sys.stdout.buffer.write(msgspec.json.encode(runner.run(main(entries))))
