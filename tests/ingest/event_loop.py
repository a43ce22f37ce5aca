"""Run a test's work in the event loop that ingest uses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop


def run(work: Callable[[], Awaitable[Any]], seconds: float = 30.0) -> Any:
    """Give what ``work`` gives. In uvloop, as the engine: transports, TLS and closed sockets behave otherwise there."""

    async def bounded() -> Any:
        async with asyncio.timeout(seconds):
            return await work()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(bounded())
