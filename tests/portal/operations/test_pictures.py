"""Which picture somebody gets: anonymised as everybody's, the record's copy, a few blocks; never more than that."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import numpy as np
import pytest
import simplejpeg

from schemas.cameras import Zone
from services.aggregate.migrate import choose_own_ruleset, known_migrations, migrate
from services.aggregate.rows import DetectionsRow
from services.portal.delivery.follower import Follower
from services.portal.delivery.shown import Shown
from services.record.index_rows import RecordedEvidenceRow
from services.record.index_tables import ensure_tables
from services.runtime.camera_registry import CameraRegistry
from services.runtime.clock import now_ms
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from tests.aggregate.camera_stories import LEARNED, computed, shown
from tests.aggregate.make_events import make_camera
from tests.aggregate.scene_looks import shifted
from tests.portal.delivery.scene import PERSON, FilmedCamera, picture, until, within
from tests.portal.operations.office import Office, office
from tests.portal.operations.test_operations import get

pytestmark = pytest.mark.integration

CAMERA = "ops-filmed-1"
EPISODE = "ab" * 16
PRIVATE = (0.0, 0.0, 0.5, 1.0)


@contextmanager
def followed(place: Office, kafka: KafkaSettings) -> Iterator[None]:
    """Let the portal know what may be shown."""
    registry = CameraRegistry(kafka, "ops-pictures")
    follower = Follower(kafka, "ops-pictures", place.portal.shown, registry, place.portal.metrics)
    follower.start()
    try:
        until(lambda: place.portal.shown.is_current)
        yield
    finally:
        follower.close()
        registry.close()


def form_of(place: Office, address: str) -> str:
    answer = get(place, "viewer", address)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return answer.headers["x-tilik-picture"]


def captured_ms(answer: httpx.Response) -> int:
    return int(answer.headers["server-timing"].removeprefix('captured;desc="').rstrip('"'))


def draw_private_zone(place: Office, filmed: FilmedCamera) -> None:
    """Let a person draw a private zone, after all that was filmed was."""
    left, top, right, bottom = PRIVATE
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    zone = Zone(zone_id="jendela", purpose="private", polygon=corners)
    place.portal.cameras.add(msgspec.structs.replace(filmed.camera, revision=2, zones=(*filmed.camera.zones, zone)))


def is_burnt(answer: httpx.Response) -> bool:
    """Tell whether the private zone is black in a picture, and what lies beside it is not."""
    shown = simplejpeg.decode_jpeg(answer.content, "GRAY")[..., 0]
    height, width = shown.shape
    zone = shown[int(PRIVATE[1] * height) + 20 : int(PRIVATE[3] * height) - 20, : int(PRIVATE[2] * width) - 20]
    return bool(zone.max() < 20 and shown[:, int(0.9 * width) :].mean() > 40)


def test_what_became_private_after_a_picture_was_captured_is_burnt_out_of_it(
    kafka: KafkaSettings, tmp_path: Path
) -> None:
    filmed = FilmedCamera(kafka, "ops-later-zone-1", public=False)
    filmed.film(range(4))
    filmed.judge(3, 4)
    now = "cameras/ops-later-zone-1/now.jpg"
    with office(tmp_path, kafka) as place:
        place.portal.cameras.add(filmed.camera)
        assert not is_burnt(get(place, "viewer", now))
        with followed(place, kafka):
            until(lambda: place.portal.shown.newest("ops-later-zone-1"))
            assert not is_burnt(get(place, "viewer", now))
            draw_private_zone(place, filmed)
            assert form_of(place, now) == "anonymised"
            assert is_burnt(get(place, "viewer", now))
    with office(tmp_path, kafka) as place:
        draw_private_zone(place, filmed)
        assert form_of(place, now) == "coarse"
        assert is_burnt(get(place, "viewer", now))


def test_a_picture_is_the_best_that_may_be_seen(kafka: KafkaSettings, clickhouse_port: int, tmp_path: Path) -> None:
    clickhouse = ClickHouseSettings(port=clickhouse_port, database="operations_pictures")
    migrate(clickhouse, known_migrations())
    choose_own_ruleset(clickhouse)
    ensure_tables(clickhouse)
    filmed = FilmedCamera(kafka, CAMERA, public=False)
    filmed.film(range(4))
    filmed.judge(3, 4)
    where = filmed._places[1]
    tables = computed(shown([*LEARNED, *[shifted] * 70], camera_id=CAMERA), make_camera(camera_id=CAMERA))
    frame = {"frame_partition": where.partition, "frame_offset": where.offset, "owner_epoch": filmed.epoch}
    first = tables["detections"][0]
    assert isinstance(first, DetectionsRow)
    judged = msgspec.structs.replace(first, captured_at=filmed.captured_ms(1), sequence=1, **frame)
    offsets = {f"{which}_frame_offset": where.offset for which in ("first", "best", "last")}
    events = {f"{which}_event_id": judged.event_id for which in ("first", "best", "last")}
    (incident,) = tables["episodes"]
    episode = msgspec.structs.replace(
        incident, episode_id=EPISODE, frame_partition=where.partition, started_at=now_ms(), **offsets, **events
    )
    rows = RowStore(clickhouse)
    rows.write([judged, episode])
    with office(tmp_path, kafka, clickhouse) as place:
        place.portal.cameras.add(filmed.camera)
        best = f"episodes/{EPISODE}/best.jpg"
        assert form_of(place, best) == "coarse", "nothing is known yet of who is in it"
        with followed(place, kafka):
            until(lambda: place.portal.shown.find(CAMERA, filmed.epoch, 1))
            assert (
                form_of(place, best) == form_of(place, f"cameras/{CAMERA}/before.jpg?at_ms={now_ms()}") == "anonymised"
            )
            seen = simplejpeg.decode_jpeg(get(place, "viewer", best).content, "BGR").astype(np.int16)
            away = np.abs(seen - picture(1).astype(np.int16))
            person, wall = away[within(PERSON.box)].mean(), away[:40, 240:].mean()
            assert person > 40
            assert wall < 10
            assert form_of(place, f"cameras/{CAMERA}/now.jpg") == "anonymised"
            with pytest.MonkeyPatch.context() as silent:
                silent.setattr(Shown, "is_current", False)
                assert form_of(place, best) == form_of(place, f"cameras/{CAMERA}/now.jpg") == "coarse"

            filmed.film(range(4, 6))
            filmed.judge(5, 2, quarantine=4)
            until(lambda: place.portal.shown.standing(CAMERA).held)
            assert place.portal.shown.newest(CAMERA) is not None, "what was before stays"
            now = get(place, "viewer", f"cameras/{CAMERA}/now.jpg")
            assert (now.headers["x-tilik-picture"], captured_ms(now)) == ("coarse", filmed.captured_ms(5))
            before = get(place, "viewer", f"cameras/{CAMERA}/before.jpg?at_ms={now_ms()}")
            assert (before.headers["x-tilik-picture"], captured_ms(before)) == ("anonymised", filmed.captured_ms(1))

            filmed.film([6])
            filmed.judge(6, 1, quarantine=0)
            until(lambda: place.portal.shown.find(CAMERA, filmed.epoch, 1) is None)
            assert form_of(place, best) == form_of(place, f"cameras/{CAMERA}/now.jpg") == "coarse"

        copy = simplejpeg.encode_jpeg(picture(9), 80, "BGR")
        place.portal.store.store.put("evidence/copy.jpg", copy)
        kept = RecordedEvidenceRow(
            camera_id=CAMERA,
            episode_id=EPISODE,
            event_id=judged.event_id,
            form="public",
            roles=("best",),
            moment="opened",
            captured_at=filmed.captured_ms(1),
            camera_revision=1,
            object_key="evidence/copy.jpg",
            bytes=len(copy),
            sha256=hashlib.sha256(copy).hexdigest(),
            missing="",
            simulated=False,
            version=1,
        )
        rows.write([kept])
        assert form_of(place, best) == "evidence"
        assert get(place, "viewer", best).content == copy
        draw_private_zone(place, filmed)
        assert is_burnt(get(place, "viewer", best))
        place.portal.store.store.put("evidence/damaged.jpg", copy[:-1] + b"x")
        rows.write([msgspec.structs.replace(kept, object_key="evidence/damaged.jpg", version=2)])
        assert form_of(place, best) == "coarse", "a damaged copy is none"
        assert is_burnt(get(place, "viewer", best))
    rows.close()
