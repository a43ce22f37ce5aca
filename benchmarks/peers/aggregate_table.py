"""Peer of the aggregation worker: the usual Faust program, that keeps a count for each camera in a Table.

Each event is decoded, and updates the Table, whose changelog goes to Kafka. Prints events, seconds, CPU seconds, from
a tenth of the events on to nine tenths. Usage: python -m benchmarks.peers.aggregate_table BOOTSTRAP TOPIC GROUP EVENTS
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import faust

from schemas.camera_events import CAMERA_EVENT_CODEC, FrameDetections

BOOTSTRAP, TOPIC, GROUP, EVENTS = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])

app = faust.App(GROUP, broker=f"kafka://{BOOTSTRAP}", store="memory://", topic_partitions=8, web_enabled=False)
topic = app.topic(TOPIC, value_type=bytes, key_serializer="raw", value_serializer="raw")
objects_seen = app.Table("objects_seen", default=int, partitions=8)


@app.agent(topic)
async def count(stream: Any) -> None:
    seen, began = 0, (0.0, 0.0)
    async for value in stream:
        event = CAMERA_EVENT_CODEC.decode(value)
        objects_seen[event.camera_id] += len(event.objects) if isinstance(event, FrameDetections) else 0
        seen += 1
        if seen == EVENTS // 10:
            began = (time.perf_counter(), time.process_time())
        if seen == EVENTS * 9 // 10:
            print("", seen - EVENTS // 10, time.perf_counter() - began[0], time.process_time() - began[1], flush=True)
            os._exit(0)


if __name__ == "__main__":
    faust.Worker(app, loglevel="ERROR", quiet=True, redirect_stdouts=False).execute_from_commandline()
