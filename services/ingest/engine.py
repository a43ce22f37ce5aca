"""The event loop in which cameras are read, on a thread of its own, as the main thread sees it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Collection, Coroutine
from typing import Any

import uvloop

from schemas.cameras import Camera
from services.ingest.deliveries import Deliveries
from services.ingest.fence import Fence
from services.ingest.fleet import Fleet
from services.ingest.settings import IngestSettings
from services.runtime.errors import FatalError
from services.runtime.kafka import events_producer, frames_producer
from services.runtime.logging import get_logger
from services.runtime.metrics import Metrics

log = get_logger(__name__)

_EVENTS_DELIVERY_SECONDS = 600.0
"""Statuses are small and wait for Kafka: the final counters of an epoch are said once."""


class Engine:
    """Runs a fleet. Methods are for the main thread.

    Args:
        settings: The worker's.
        fence: Shut when this worker may not own its cameras any more.
        metrics: The worker's.
    """

    def __init__(self, settings: IngestSettings, fence: Fence, metrics: Metrics) -> None:
        self._settings = settings
        self._loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()  # a tenth less CPU than asyncio's own
        self._thread = threading.Thread(target=self._loop.run_forever, name="engine", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: BaseException | None = None
        frames = frames_producer(settings.kafka, settings.delivery_timeout_seconds)
        events = events_producer(settings.kafka, _EVENTS_DELIVERY_SECONDS)
        self._deliveries = Deliveries(frames, events, self._loop)
        self._fleet = Fleet(settings, self._deliveries, fence, metrics)
        self._thread.start()
        self._later(self._fleet.tick())

    def apply(self, camera: Camera) -> None:
        """Start, change or stop a camera; returns at once."""
        self._later(self._fleet.apply(camera))

    def release(self, camera_ids: Collection[str]) -> None:
        """Stop cameras; returns when their last frames' fates are known and their final statuses are on the way."""
        self._now(self._fleet.release(camera_ids))

    def suspend(self, camera_ids: Collection[str]) -> None:
        """Publish nothing more of these cameras; returns at once."""
        self._later(self._fleet.suspend(camera_ids))

    def check(self) -> None:
        """Look whether the engine can go on.

        Raises:
            FatalError: A producer or a task has failed for good. Whether the event loop turns, ``turns`` says.
        """
        self._deliveries.check()
        if self._failed is not None:
            raise FatalError(f"the engine failed: {self._failed!r}") from self._failed

    def turns(self, within_seconds: float = 5.0) -> bool:
        """Tell whether the event loop answers. Blocks for at most ``within_seconds``."""
        answered = threading.Event()
        self._loop.call_soon_threadsafe(answered.set)
        return answered.wait(within_seconds)

    def close(self) -> None:
        """Stop every camera, wait for the final statuses, end the loop."""
        started = time.monotonic()
        try:
            self._now(self._fleet.close())
        finally:
            self._deliveries.close(self._settings.delivery_timeout_seconds + 1.0)
            self._now(self._cancel_tasks())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            log.info("engine.closed", seconds=round(time.monotonic() - started, 2))

    def _now(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        def begin() -> None:
            task = self._loop.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._finished)

        self._loop.call_soon_threadsafe(begin)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed = error

    async def _cancel_tasks(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
