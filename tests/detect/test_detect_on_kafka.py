"""Detect as a process on a real broker: every frame has one outcome, also when it is killed in mid-stream."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition

from deploy.local.broker import broker_spec
from deploy.local.kafka_jars import fetch_jars
from deploy.local.ports import free_port
from deploy.local.supervisor import Supervisor
from deploy.local.testing import SHARED_STATE
from schemas.camera_events import CAMERA_EVENT_CODEC, FrameDetections, FrameOutcome, FrameShed
from schemas.cameras import CAMERA_CODEC, Camera, Place, Source
from schemas.topics import CAMERA_EVENTS, CAMERAS, FRAMES
from services.runtime.kafka import OutgoingRecord, assign_whole_topic, events_producer, whole_topic_consumer
from services.runtime.loop import deliver
from services.runtime.settings import KafkaSettings
from services.runtime.topics import ensure_topics
from tests.detect.pictures import jpeg_of, make_headers, street_bgr

pytestmark = pytest.mark.integration

GROUP = "tilik-detect"
FRAMES_A_CAMERA = 40
PATIENT, HASTY = "cam-patient", "cam-hasty"


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaSettings]:
    state, port = tmp_path_factory.mktemp("broker"), free_port()
    fetch_jars(SHARED_STATE)
    supervisor = Supervisor(state)
    try:
        supervisor.start([broker_spec(state, SHARED_STATE, port, free_port(), heap_mib=256)])
        settings = KafkaSettings(bootstrap_servers=f"127.0.0.1:{port}")
        ensure_topics(settings, "local")
        yield settings
    finally:
        supervisor.stop()


class DetectProcess:
    def __init__(self, kafka: KafkaSettings, log: Path) -> None:
        self.http_port = free_port()
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TILIK_")},
            "TILIK_DETECT_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "TILIK_DETECT_HTTP_PORT": str(self.http_port),
            "TILIK_DETECT_POLL_FRAMES": "8",
            "TILIK_DETECT_LOG_FORMAT": "json",
        }
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.detect"], env=environment, stdout=output, stderr=output
            )

    def get(self, path: str) -> tuple[int, str]:
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.http_port}{path}", timeout=5)
        except httpx.TransportError:
            return 0, ""
        return answer.status_code, answer.text

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not in {seconds:g} s"
        time.sleep(0.1)


def make_camera(camera_id: str, stale_after_seconds: float) -> Camera:
    place = Place("Semarang Tengah", "Miroto", -6.98, 110.41)
    source = Source("file", "clip.mp4", stale_after_seconds=stale_after_seconds)
    return Camera(camera_id, 1, "Loket", "counter", place, source)


def produce_cameras(kafka: KafkaSettings) -> None:
    cameras = [make_camera(PATIENT, 3_600.0), make_camera(HASTY, 0.0)]
    deliver(
        events_producer(kafka),
        [OutgoingRecord(CAMERAS.name, camera.camera_id.encode(), CAMERA_CODEC.encode(camera)) for camera in cameras],
        timeout_seconds=20,
    )


def produce_frames(kafka: KafkaSettings) -> None:
    """Good frames of two cameras, among them one that is no JPEG, and a record without headers."""
    good = jpeg_of(street_bgr())
    records = [
        OutgoingRecord(
            FRAMES.name,
            camera_id.encode(),
            b"no jpeg" if camera_id == PATIENT and sequence == 5 else good,
            tuple(make_headers(sequence).to_kafka()),
        )
        for sequence in range(FRAMES_A_CAMERA)
        for camera_id in (PATIENT, HASTY)
    ]
    deliver(events_producer(kafka), [*records, OutgoingRecord(FRAMES.name, b"cam-headless", good)], timeout_seconds=30)


def read_values(kafka: KafkaSettings, topic: str) -> list[bytes]:
    consumer = whole_topic_consumer(kafka, "test-reader")
    try:
        open_partitions, values = set(assign_whole_topic(consumer, topic)), []
        while open_partitions:
            message = consumer.poll(10)
            assert message is not None
            if message.error() is not None:  # the end of a partition
                open_partitions.discard(message.partition() or 0)
            else:
                values.append(message.value() or b"")
        return values
    finally:
        consumer.close()


def outcomes(kafka: KafkaSettings) -> list[FrameOutcome]:
    events = [CAMERA_EVENT_CODEC.decode(value) for value in read_values(kafka, CAMERA_EVENTS.name)]
    return [event for event in events if isinstance(event, FrameDetections | FrameShed)]


def lag(kafka: KafkaSettings) -> int:
    consumer = Consumer({**kafka.client_config(), "group.id": GROUP})
    try:
        partitions = [TopicPartition(FRAMES.name, number) for number in range(8)]
        committed = consumer.committed(partitions, timeout=10)
        ends = [consumer.get_watermark_offsets(partition, timeout=10)[1] for partition in partitions]
        return sum(end - max(0, place.offset) for end, place in zip(ends, committed, strict=True))
    finally:
        consumer.close()


def test_every_frame_has_one_outcome_though_the_process_is_killed(kafka: KafkaSettings, tmp_path: Path) -> None:
    produce_cameras(kafka)
    produce_frames(kafka)
    first = DetectProcess(kafka, tmp_path / "detect.log")
    wait_until(lambda: len(outcomes(kafka)) >= 16, "the first outcomes")
    first.end(signal.SIGKILL)

    second = DetectProcess(kafka, tmp_path / "detect.log")
    try:
        wait_until(lambda: lag(kafka) == 0, "no lag")
        assert second.get("/readyz") == (200, "ready\n")
        assert second.get("/livez")[0] == 200
        assert "tilik_detect_frames_total" in second.get("/metrics")[1]
    finally:
        code = second.end(signal.SIGTERM)
    log = (tmp_path / "detect.log").read_text()
    assert code == 0, log

    found = outcomes(kafka)
    frames = {(event.camera_id, event.sequence) for event in found}
    assert frames == {(camera, sequence) for camera in (PATIENT, HASTY) for sequence in range(FRAMES_A_CAMERA)}
    assert len({event.event_id for event in found}) == len(frames), "a frame judged again gives the same event"
    patient = {event.sequence: event for event in found if event.camera_id == PATIENT}
    assert isinstance(patient[4], FrameDetections)
    assert isinstance(patient[5], FrameShed)
    assert patient[5].reason == "undecodable"
    hasty = [event for event in found if event.camera_id == HASTY]
    assert {event.reason for event in hasty if isinstance(event, FrameShed)} == {"stale"}
    assert len(read_values(kafka, FRAMES.dead_letters or "")) >= 2


def test_without_weights_the_process_ends_and_says_what_to_do(tmp_path: Path) -> None:
    environment = {**os.environ, "TILIK_DETECT_MODELS_FOLDER": str(tmp_path)}
    command = [sys.executable, "-m", "services.detect"]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 78
    assert "tilik models fetch" in done.stderr
