"""The measured side of ``bench broker``: ingest's publisher, one for each camera. Prints messages a second.

Usage: python -m benchmarks.measured.ingest_publish BOOTSTRAP MESSAGES SIZE_BYTES CAMERAS
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

from schemas.cameras import Camera, Place, Source
from schemas.topics import FRAMES
from services.ingest.deliveries import Deliveries
from services.ingest.fence import Fence
from services.ingest.ledger import EpochLedger
from services.ingest.metrics import INGEST_METRICS
from services.ingest.pipeline import PreparedFrame
from services.ingest.publisher import FramePublisher
from services.runtime.clock import now_ms
from services.runtime.kafka import events_producer, frames_producer
from services.runtime.logging import configure_logging
from services.runtime.metrics import Metrics
from services.runtime.settings import KafkaSettings

_FENCE_SECONDS = 300.0


async def publish(bootstrap_servers: str, messages: int, size_bytes: int, cameras: int) -> float:
    """Publish ``messages`` frames evenly over the cameras, each as fast as Kafka acknowledges; give the rate."""
    kafka = KafkaSettings(bootstrap_servers=bootstrap_servers)
    frames = frames_producer(kafka, delivery_timeout_seconds=60.0)
    frames.list_topics(FRAMES.name, timeout=10)
    deliveries = Deliveries(frames, events_producer(kafka), asyncio.get_running_loop())
    fence, metrics = Fence(_FENCE_SECONDS), Metrics(INGEST_METRICS)
    publishers = [FramePublisher(now_ms(), deliveries, fence, metrics, "bench", _fail) for _ in range(cameras)]
    frame = PreparedFrame(os.urandom(size_bytes), 1280, 720, now_ms())
    each = messages // cameras

    async def play(number: int, publisher: FramePublisher) -> None:
        camera = _camera(number)
        for _ in range(each):
            publisher.publish(frame, camera)
            await publisher.idle()

    started = time.perf_counter()
    await asyncio.gather(*(play(number, publisher) for number, publisher in enumerate(publishers)))
    seconds = time.perf_counter() - started
    await asyncio.to_thread(deliveries.close, 10.0)
    captured = sum(publisher.ledger.captured for publisher in publishers)
    if captured != each * cameras:
        raise RuntimeError(f"Kafka acknowledged {captured} of {each * cameras} frames")
    return captured / seconds


def _camera(number: int) -> Camera:
    return Camera(
        camera_id=f"bench-{number:04d}",
        revision=1,
        name="Benchmark",
        kind="street",
        place=Place("Semarang Tengah", "Sekayu", -6.98, 110.41),
        source=Source("file", "none"),
    )


def _fail(ledger: EpochLedger) -> None:
    raise RuntimeError(f"a frame was not acknowledged after {ledger.captured} that were")


if __name__ == "__main__":
    configure_logging("bench", "bench")  # as a service does: no line a frame
    print(asyncio.run(publish(sys.argv[1], *(int(argument) for argument in sys.argv[2:5]))))
