"""The measured side of ``bench broker``: detect's fetch, the service loop without a model. Prints messages a second.

Usage: python -m benchmarks.measured.detect_fetch BOOTSTRAP GROUP MESSAGES BATCH
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from schemas.topics import FRAMES
from services.runtime.health import Health
from services.runtime.kafka import ConsumedRecord, OutgoingRecord, events_producer, frames_consumer
from services.runtime.logging import configure_logging
from services.runtime.loop import LoopSettings, run_loop
from services.runtime.metrics import LOOP_METRICS, Metrics
from services.runtime.service import Service
from services.runtime.settings import KafkaSettings


def fetch(bootstrap_servers: str, group: str, messages: int, batch: int) -> float:
    """Read ``messages`` frames in a new group, from its first frame on; give the rate."""
    kafka = KafkaSettings(bootstrap_servers=bootstrap_servers)
    service = Service(Health(), Metrics(LOOP_METRICS))
    seen, began, ended = 0, 0.0, 0.0

    def count(records: Sequence[ConsumedRecord]) -> Sequence[OutgoingRecord]:
        nonlocal seen, began, ended
        ended = time.perf_counter()  # of the batch before this one: polled, processed, committed
        if seen == 0:
            began = ended
            first_batch.append(len(records))
        seen += len(records)
        if seen >= messages:
            service.stopping.set()
        return ()

    first_batch: list[int] = []
    settings = LoopSettings(FRAMES.name, batch_records=batch)
    run_loop(settings, frames_consumer(kafka, group), events_producer(kafka), count, service)
    return (seen - first_batch[0]) / (ended - began)


if __name__ == "__main__":
    configure_logging("bench", "bench")  # as a service does
    print(fetch(sys.argv[1], sys.argv[2], *(int(argument) for argument in sys.argv[3:5])))
