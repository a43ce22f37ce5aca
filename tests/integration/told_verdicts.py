"""What was told of frames on ``scene-verdicts``, beside what the pure core says of the same events."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from schemas.camera_events import CAMERA_EVENT_CODEC, CameraEvent
from schemas.topics import CAMERA_EVENTS, SCENE_VERDICTS
from schemas.verdicts import SCENE_VERDICTS_CODEC, CameraVerdict
from services.aggregate.judgement import Judgement
from services.runtime.camera_registry import read_registry
from services.runtime.settings import KafkaSettings
from tests.aggregate.shown_frames import seconds_shown
from tests.integration.aggregate_worker import read_all


def verdicts_of(kafka: KafkaSettings, prefix: str) -> dict[str, list[CameraVerdict]]:
    """Give by camera all that was told, in its order. A camera's verdicts lie where its events lie."""
    homes = {(record.key or b"").decode(): record.partition for record in read_all(kafka, CAMERA_EVENTS.name)}
    found: dict[str, list[CameraVerdict]] = defaultdict(list)
    for record in read_all(kafka, SCENE_VERDICTS.name):
        assert record.key == str(record.partition).encode()
        for verdict in SCENE_VERDICTS_CODEC.decode(record.value).cameras:
            assert record.partition == homes[verdict.camera_id]
            if verdict.camera_id.startswith(prefix):
                found[verdict.camera_id].append(verdict)
    return found


def assert_verdicts_are_exact(kafka: KafkaSettings, prefix: str) -> None:
    """Each judged frame of each camera was told once, and is shown or held as the pure core says."""
    events: dict[str, list[CameraEvent]] = defaultdict(list)
    for record in read_all(kafka, CAMERA_EVENTS.name):
        if (record.key or b"").decode().startswith(prefix):
            events[(record.key or b"").decode()].append(CAMERA_EVENT_CODEC.decode(record.value))
    found, find_camera = verdicts_of(kafka, prefix), read_registry(kafka).find
    assert found.keys() == events.keys()
    for camera_id, of_camera in events.items():
        judgement = Judgement(find_camera)
        for offset, event in enumerate(of_camera):
            judgement.apply(event, offset)
        expected, told = judgement.drain().verdicts, found[camera_id]
        assert seconds_shown(told, of_camera) == seconds_shown(expected, of_camera), camera_id
        assert sum(one.judged for one in told) == sum(one.judged for one in expected), camera_id
        assert (told[0].after_ms, told[-1].through_ms) == (expected[0].after_ms, expected[-1].through_ms), camera_id
        assert all(one.after_ms == former.through_ms for former, one in pairwise(told)), camera_id
