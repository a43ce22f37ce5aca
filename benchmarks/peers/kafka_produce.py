"""Peer of ingest's publisher: bare confluent-kafka that sends the same frames. Prints acknowledged messages a second.

Usage: python -m benchmarks.peers.kafka_produce BOOTSTRAP TOPIC MESSAGES SIZE_BYTES CAMERAS
"""

from __future__ import annotations

import os
import sys
import time

from confluent_kafka import Producer

SETTINGS = {"acks": 1, "partitioner": "murmur2_random", "linger.ms": 5, "batch.size": 1_000_000}
HEADERS: list[tuple[str, str | bytes | None]] = [(f"header-{n}", b"0123456789") for n in range(10)]  # as a frame has


def main(bootstrap: str, topic: str, messages: int, size_bytes: int, cameras: int) -> None:
    producer = Producer({**SETTINGS, "bootstrap.servers": bootstrap, "queue.buffering.max.kbytes": 262_144})
    producer.list_topics(topic, timeout=10)
    value, acknowledged = os.urandom(size_bytes), [0]

    def report(error: object, message: object) -> None:
        acknowledged[0] += error is None

    started = time.perf_counter()
    for number in range(messages):
        while True:
            try:
                producer.produce(topic, value, f"bench-{number % cameras:04d}", headers=HEADERS, on_delivery=report)
                break
            except BufferError:
                producer.poll(0.01)
        producer.poll(0)
    producer.flush(60)
    print(acknowledged[0] / (time.perf_counter() - started))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *(int(argument) for argument in sys.argv[3:6]))
