"""Two cameras in two kelurahan, with frames in Kafka and episodes in ClickHouse: what operations work on."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import msgspec
import numpy as np
import simplejpeg

from schemas.camera_events import CAMERA_EVENT_CODEC, Decision
from schemas.cameras import Camera
from schemas.frames import FRAME_SCHEMA, FrameHeaders
from schemas.table import Row
from schemas.topics import CAMERA_EVENTS, FRAMES
from services.aggregate.migrate import choose_own_ruleset, known_migrations, migrate
from services.portal.operations.audit import AuditRow
from services.runtime.clickhouse import connect
from services.runtime.clock import now_ms
from services.runtime.kafka import OutgoingRecord, frames_producer
from services.runtime.loop import deliver
from services.runtime.registry_publishing import publish
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from tests.aggregate.camera_stories import LEARNED, computed, shown
from tests.aggregate.make_events import make_camera as make_judged_camera
from tests.aggregate.scene_looks import shifted
from tests.integration.aggregate_worker import read_all
from tests.portal.operations.office import make_camera

HERE, THERE = "ops-tembalang-1", "ops-bulusan-1"
"""The cameras, unless a test that shares its Kafka with others names its own."""
FLOODS = ("f1" * 16, "f2" * 16, "f3" * 16)
THEIRS = "b1" * 16
INCIDENT = "c1" * 16
EPOCH = 1_800_000_000_000


@dataclass(frozen=True)
class City:
    """Where the platform is."""

    kafka: KafkaSettings
    clickhouse: ClickHouseSettings
    here: str = HERE
    there: str = THERE

    def decisions(self) -> list[Decision]:
        """Give what was decided about the two cameras, in the order in which it was."""
        records = sorted(read_all(self.kafka, CAMERA_EVENTS.name), key=lambda record: record.timestamp_ms)
        ours = [record for record in records if record.key in (self.here.encode(), self.there.encode())]
        return [event for one in ours if isinstance(event := CAMERA_EVENT_CODEC.decode(one.value), Decision)]

    def audit(self, action: str) -> list[tuple[str, ...]]:
        """Give who, camera, subject and reason of the entries of an action, oldest first."""
        client = connect(self.clickhouse, self.clickhouse.database)
        try:
            rows = client.query(
                f"SELECT who, camera_id, subject, why FROM {AuditRow.TABLE} FINAL "
                "WHERE action = {action:String} ORDER BY at",
                parameters={"action": action},
            ).result_rows
        finally:
            client.close()
        return [tuple(row) for row in rows]


def build_city(
    kafka: KafkaSettings, clickhouse_port: int, database: str = "operations_tests", ids: tuple[str, str] = (HERE, THERE)
) -> City:
    """Make it. ``ids`` are those of its cameras: Kafka keeps what any test said of a camera."""
    clickhouse = ClickHouseSettings(port=clickhouse_port, database=database)
    migrate(clickhouse, known_migrations())
    choose_own_ruleset(clickhouse)
    cameras = [make_camera(ids[0]), make_camera(ids[1], "Bulusan")]
    publish(kafka, cameras)
    send_frames(kafka, cameras)
    rows = RowStore(clickhouse)
    rows.write(_rows(kafka, *ids))
    rows.close()
    return City(kafka, clickhouse, *ids)


def send_frames(kafka: KafkaSettings, cameras: list[Camera]) -> None:
    """Send one frame of each camera."""
    records = [
        OutgoingRecord(FRAMES.name, camera.camera_id.encode(), street_jpeg(), tuple(_headers().to_kafka()))
        for camera in cameras
    ]
    deliver(frames_producer(kafka, delivery_timeout_seconds=30), records, 30)


def street_jpeg() -> bytes:
    """Give a picture of 640 × 360 px with fine detail: no block of it is even."""
    noise = np.random.default_rng(7).integers(0, 255, (360, 640, 3), np.uint8)
    picture = cv2.GaussianBlur(noise, (3, 3), 0)
    jpeg: bytes = simplejpeg.encode_jpeg(picture, 90, "BGR")
    return jpeg


def _headers() -> FrameHeaders:
    return FrameHeaders(
        schema=FRAME_SCHEMA,
        captured_at_ms=now_ms(),
        owner_epoch=EPOCH,
        sequence=0,
        width=640,
        height=360,
        source_kind="snapshot",
        camera_revision=1,
        ingest_instance="ingest-1",
        simulated=False,
    )


def _rows(kafka: KafkaSettings, here: str, there: str) -> list[Row]:
    places = {
        (record.key or b"").decode(): (record.partition, record.offset) for record in read_all(kafka, FRAMES.name)
    }
    judged = computed(shown([*LEARNED, *[shifted] * 70], camera_id=here), make_judged_camera(camera_id=here))
    (incident,) = judged["episodes"]
    since = now_ms() - 300_000

    def episode(episode_id: str, camera_id: str, number: int, **more: object) -> Row:
        partition, offset = places[camera_id]
        return msgspec.structs.replace(
            incident,
            camera_id=camera_id,
            episode_id=episode_id,
            zone_id="jalan",
            started_at=since + number * 1_000,
            frame_partition=partition,
            first_frame_offset=offset,
            best_frame_offset=offset,
            last_frame_offset=offset,
            **more,
        )

    flood = {"episode_type": "flood_episode", "kind": "", "quarantined": False}
    return [
        *(episode(one, here, number, **flood) for number, one in enumerate(FLOODS)),
        episode(THEIRS, there, 0, **flood),
        episode(INCIDENT, here, 0, kind="shifted", quarantined=True),
    ]
