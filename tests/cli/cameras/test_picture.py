"""The newest picture of a camera, found in Kafka behind those of its neighbours."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from aiokafka import partitioner
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from schemas.frames import FRAME_SCHEMA, FrameHeaders
from schemas.topics import FRAMES, PARTITIONS
from services.cli.cameras import command, publish
from services.cli.cameras.picture import notes_on, told
from services.runtime.clock import now_ms
from services.runtime.errors import ConfigurationError, RetryableError
from services.runtime.kafka import OutgoingRecord, frames_producer
from services.runtime.loop import deliver
from services.runtime.murmur2 import murmur2, partition_of
from services.runtime.newest_frame import Frame, newest_frame
from services.runtime.settings import KafkaSettings
from tests.ingest.builders import make_camera, make_jpeg, square_left

NOW = 1_790_000_000_000
HEADERS = FrameHeaders(
    schema=FRAME_SCHEMA,
    captured_at_ms=NOW,
    owner_epoch=NOW - 60_000,
    sequence=60,
    width=160,
    height=120,
    source_kind="rtsp",
    camera_revision=3,
    ingest_instance="ingest-1",
    simulated=False,
)


def record(camera_id: str, jpeg: bytes, headers: FrameHeaders = HEADERS) -> OutgoingRecord:
    return OutgoingRecord(FRAMES.name, camera_id.encode(), jpeg, tuple(headers.to_kafka()))


def picture(kafka: KafkaSettings, camera_id: str, out: Path) -> Result:
    return CliRunner().invoke(
        command, ["picture", camera_id, "--out", str(out), "--bootstrap", kafka.bootstrap_servers]
    )


@given(st.binary(max_size=70))
def test_keys_are_hashed_as_by_kafkas_other_clients(key: bytes) -> None:
    assert murmur2(key) == partitioner.murmur2(key) & 0xFFFF_FFFF


@pytest.mark.integration
def test_keys_lie_in_the_partitions_in_which_producers_put_them(kafka: KafkaSettings) -> None:
    found: dict[bytes | None, int | None] = {}
    producer = frames_producer(kafka, delivery_timeout_seconds=30)
    keys = [f"picture-key-{'x' * n}" for n in range(8)]
    for key in keys:
        producer.produce(
            FRAMES.name,
            make_jpeg(),
            key,
            headers=dict(HEADERS.to_kafka()),
            on_delivery=lambda _, message: found.update({message.key(): message.partition()}),
        )
    producer.flush(30)
    assert found == {key.encode(): partition_of(key.encode(), PARTITIONS["local"]) for key in keys}


def test_a_picture_says_when_it_was_taken_its_size_and_its_revision() -> None:
    text = told(Frame(b"x" * 118_240, HEADERS), NOW + 8_000)
    assert text == "taken 2026-09-21 21:13:20 (8 s ago), 160 × 120 px, 118.2 KB, revision 3, by ingest-1"


def test_what_may_look_otherwise_now_is_noted() -> None:
    assert notes_on(Frame(b"", HEADERS), make_camera(revision=3)) == []
    simulated = Frame(b"", msgspec.structs.replace(HEADERS, simulated=True))
    old, effects = notes_on(simulated, make_camera(revision=4))
    assert "registry holds revision 4" in old
    assert "simulated" in effects


@pytest.mark.integration
def test_the_newest_picture_is_found_behind_a_hundred_of_a_neighbours(kafka: KafkaSettings, tmp_path: Path) -> None:
    camera_id, partitions = "picture-a", PARTITIONS["local"]
    neighbour = next(
        name
        for name in (f"picture-neighbour-{n}" for n in range(1_000))
        if partition_of(name.encode(), partitions) == partition_of(camera_id.encode(), partitions)
    )
    publish(kafka, [make_camera(camera_id), make_camera(neighbour)])
    newest = msgspec.structs.replace(HEADERS, camera_revision=1, captured_at_ms=now_ms())
    deliver(
        frames_producer(kafka, delivery_timeout_seconds=30),
        [
            *(record(camera_id, make_jpeg(number), newest) for number in (1, 2, 3)),
            *(record(neighbour, make_jpeg(), newest) for _ in range(100)),
        ],
        30,
    )
    result = picture(kafka, camera_id, saved := tmp_path / "a.jpg")
    assert result.exit_code == 0, result.output
    assert square_left(saved.read_bytes()) == 3
    assert saved.stat().st_mode & 0o077 == 0
    assert "160 × 120 px" in result.output
    assert "revision 1, by ingest-1" in result.output
    assert "!" not in result.output


@pytest.mark.integration
def test_no_picture_and_no_camera_are_said(kafka: KafkaSettings, tmp_path: Path) -> None:
    publish(kafka, [make_camera("picture-none")])
    none = picture(kafka, "picture-none", saved := tmp_path / "none.jpg")
    assert isinstance(none.exception, RetryableError)
    assert "there is no picture of picture-none: none was captured in the last ten minutes" in str(none.exception)
    assert isinstance(picture(kafka, "picture-nobody", saved).exception, ConfigurationError)
    assert not saved.exists()


@pytest.mark.integration
def test_looking_ends_in_time(kafka: KafkaSettings) -> None:
    deliver(frames_producer(kafka, delivery_timeout_seconds=30), [record("picture-late", make_jpeg())], 30)
    with pytest.raises(RetryableError, match="in time"):
        newest_frame(kafka, "picture-late", timeout_seconds=0.0)
