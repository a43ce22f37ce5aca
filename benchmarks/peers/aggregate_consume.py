"""Peer of the aggregation worker: bare confluent-kafka that reads the same events and decodes them, nothing else.

Prints events, seconds and CPU seconds, from a tenth of the events on to nine tenths.
Usage: python -m benchmarks.peers.aggregate_consume BOOTSTRAP TOPIC GROUP EVENTS
"""

from __future__ import annotations

import sys
import time

from confluent_kafka import Consumer

from schemas.camera_events import CAMERA_EVENT_CODEC

SETTINGS = {"enable.auto.commit": True, "auto.offset.reset": "earliest", "group.protocol": "consumer"}


def main(bootstrap: str, topic: str, group: str, events: int) -> None:
    consumer = Consumer({**SETTINGS, "bootstrap.servers": bootstrap, "group.id": group})
    consumer.subscribe([topic])
    seen, began = 0, (0, 0.0, 0.0)
    while seen < events * 9 // 10:
        for message in consumer.consume(500, 0.05):
            if message.error() is None:
                CAMERA_EVENT_CODEC.decode(message.value() or b"")
                seen += 1
        if not began[0] and seen >= events // 10:
            began = (seen, time.perf_counter(), time.process_time())
    print(seen - began[0], time.perf_counter() - began[1], time.process_time() - began[2])
    consumer.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
