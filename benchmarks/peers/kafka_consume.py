"""Peer of detect's fetch: bare confluent-kafka that reads the same frames and commits each batch.

Prints messages a second, from the first message on. PREFETCH: short (as detect), deep (librdkafka's defaults).
Usage: python -m benchmarks.peers.kafka_consume BOOTSTRAP TOPIC GROUP PREFETCH MESSAGES BATCH
"""

from __future__ import annotations

import sys
import time

from confluent_kafka import Consumer

SETTINGS = {"enable.auto.commit": False, "auto.offset.reset": "earliest", "group.protocol": "consumer"}
SHORT = {"queued.min.messages": 64, "queued.max.messages.kbytes": 32_768, "fetch.queue.backoff.ms": 2}


def main(bootstrap: str, topic: str, group: str, prefetch: str, messages: int, batch: int) -> None:
    bounds = SHORT if prefetch == "short" else {}
    consumer = Consumer({**SETTINGS, **bounds, "bootstrap.servers": bootstrap, "group.id": group})
    consumer.subscribe([topic])
    while (first := consumer.poll(1.0)) is None or first.error() is not None:
        pass
    started, seen, size_bytes = time.perf_counter(), 1, len(first.value() or b"")
    while seen < messages:
        read = [message for message in consumer.consume(batch, 0.05) if message.error() is None]
        size_bytes += sum(len(message.value() or b"") for message in read)
        seen += len(read)
        if read:
            consumer.commit(asynchronous=False)
    print((seen - 1) / (time.perf_counter() - started))
    consumer.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]), int(sys.argv[6]))
