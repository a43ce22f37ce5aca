"""End the run in the order in which a frame travels, so that nothing is under way when the books are taken.

1 pause every camera in the registry ─► its reader ends with a final status, whose counters are exact
2 every status has come to ClickHouse ─► 3 detect has committed all frames ─► 4 aggregate has stored all events

Each step is bounded: what is still under way then shows in the books, as frames in flight or as a difference.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec
from clickhouse_connect.driver.client import Client

from schemas.topics import CAMERA_EVENTS, FRAMES
from services.aggregate.settings import AggregateSettings
from services.cli.cameras import publish
from services.cli.demo.offsets import end_offsets, has_passed, unread_records
from services.detect.settings import DetectSettings
from services.runtime.camera_registry import read_registry
from services.runtime.clickhouse import translated_errors
from services.runtime.errors import RetryableError
from services.runtime.settings import KafkaSettings, load_settings

_STEP_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 0.2

_STOPPED = """
SELECT count() FROM (
    SELECT camera_id, argMax(state, (reported_at, version)) AS newest FROM camera_statuses GROUP BY camera_id
) WHERE newest = 'stopped' AND camera_id IN {cameras:Array(String)}
"""


def end_run(client: Client, kafka: KafkaSettings, camera_ids: Sequence[str], say: Callable[[str], None]) -> None:
    """Bring everything that was captured to its row; see the file's head. Blocks for seconds.

    Raises:
        RetryableError: Kafka or ClickHouse is away.
    """
    _pause(kafka, camera_ids)
    say("every camera is paused; waiting for the last frames to come through")
    detect_group, aggregate_group = load_settings(DetectSettings).group, load_settings(AggregateSettings).group
    steps: list[tuple[str, Callable[[], bool]]] = [
        ("the final status of every camera", lambda: _stopped(client, camera_ids) == len(camera_ids)),
        ("detect to finish the frames", lambda: unread_records(kafka, FRAMES.name, detect_group) == 0),
    ]
    for what, done in steps:
        _wait(what, done, say)
    ends = end_offsets(kafka, CAMERA_EVENTS.name)  # aggregate commits once rows are stored
    _wait("aggregate to store the events", lambda: has_passed(kafka, CAMERA_EVENTS.name, aggregate_group, ends), say)


def _pause(kafka: KafkaSettings, camera_ids: Sequence[str]) -> None:
    registry = read_registry(kafka)
    latest = [camera for camera in map(registry.latest, camera_ids) if camera is not None and camera.state == "active"]
    publish(kafka, [msgspec.structs.replace(c, revision=c.revision + 1, state="paused") for c in latest])


def _wait(what: str, done: Callable[[], bool], say: Callable[[str], None]) -> None:
    deadline = time.monotonic() + _STEP_SECONDS
    while time.monotonic() < deadline:
        try:
            if done():
                return
        except RetryableError:
            pass  # something is being started again: it has until the deadline
        time.sleep(_LOOK_AGAIN_SECONDS)
    say(f"waited {_STEP_SECONDS:g} s for {what}, in vain")


def _stopped(client: Client, camera_ids: Sequence[str]) -> int:
    with translated_errors("reading statuses"):
        return int(client.query(_STOPPED, parameters={"cameras": list(camera_ids)}).result_rows[0][0])
