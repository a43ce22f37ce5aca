"""The declared tables."""

from __future__ import annotations

import json

import msgspec
import pytest

from schemas.camera_events import CAMERA_EVENT_CODEC
from schemas.cameras import Approval, Camera, Effect, Place, Source
from schemas.table import REAL, Row, columns_of, lasting_columns_of
from services.aggregate.recomputation import recompute
from services.aggregate.registry_rows import TABLE_TYPES, camera_row
from services.aggregate.rows import ROW_TYPES
from tests.aggregate.make_events import make_camera, make_frame, person, vehicle


@pytest.mark.parametrize("row_type", TABLE_TYPES, ids=lambda row_type: row_type.TABLE)
def test_a_table_declares_every_column_with_type_and_meaning(row_type: type[Row]) -> None:
    columns = columns_of(row_type)
    assert list(columns) == list(row_type.__struct_fields__)
    assert all(column.sql and len(column.doc) > 2 and "Nullable" not in column.sql for column in columns.values())


@pytest.mark.parametrize("row_type", ROW_TYPES, ids=lambda row_type: row_type.TABLE)
def test_the_key_lasts_and_the_version_does_not(row_type: type[Row]) -> None:
    lasting = lasting_columns_of(row_type)
    assert set(row_type.KEY) <= set(lasting)
    assert row_type.KEY[0] == "camera_id"
    assert "version" not in lasting
    assert ("ruleset" in lasting) == (row_type in ROW_TYPES), "what is judged names the rules; the registry is not"


def test_tables_have_names_of_their_own() -> None:
    assert len({row_type.TABLE for row_type in TABLE_TYPES}) == len(TABLE_TYPES)


def test_a_camera_s_row_says_where_it_stands_and_not_where_its_pictures_come_from() -> None:
    source = Source("rtsp", "rtsp://10.0.0.7/one", secret="gate", simulated=(Effect(effect="rain"),))
    place = Place("Candisari", "Jatingaleh", -7.03, 110.42, rw="04", rt="02")
    camera = Camera("cam-1", 3, "Gate", "street", place, source, sample_fps=2.0, state="paused")
    row = camera_row(camera)
    assert row.key() == ("cam-1", 3)
    assert (row.kelurahan, row.rw, row.rt, row.latitude, row.longitude) == ("Jatingaleh", "04", "02", -7.03, 110.42)
    assert (row.source_kind, row.simulated, row.sample_fps) == ("rtsp", True, 2.0)
    assert (row.state, row.version) == ("paused", 3)
    text = msgspec.json.encode(row)
    assert b"10.0.0.7" not in text
    assert b"gate" not in text.replace(b"Gate", b"")


def test_a_camera_is_public_in_its_row_only_with_a_person_s_approval() -> None:
    place = Place("Candisari", "Jatingaleh", -7.03, 110.42)
    camera = Camera("cam-1", 1, "Gate", "street", place, Source("file", "clip.avi"), public=True)
    assert not camera_row(camera).public
    assert camera_row(msgspec.structs.replace(camera, approval=Approval("Sari", 1_700_000_000_000))).public


def test_what_tells_how_a_row_came_about_is_operational() -> None:
    operational = {
        (row_type.TABLE, name)
        for row_type in ROW_TYPES
        for name in columns_of(row_type)
        if name not in lasting_columns_of(row_type)
    }
    assert {name for _, name in operational} == {
        "version", "revision", "source_offset", "late", "too_late", "detected_at", "judged_at",
        "age_appended_p50_s", "age_appended_p95_s", "age_detected_p50_s", "age_detected_p95_s",
    }  # fmt: skip


def test_what_is_packed_holds_a_float_in_each_column_of_floats_however_a_producer_wrote_it() -> None:
    event = make_frame(0, [person(0.25), vehicle(0.7)], water=bytes(576))
    written = json.loads(CAMERA_EVENT_CODEC.encode(event))
    written["scene"] |= {"luma": 1, "contrast": 0, "sharpness": 100}
    written["reliability"] = 1
    written["objects"] = [["person", 1, [0, 0, 1, 1]]]
    tables = recompute([CAMERA_EVENT_CODEC.decode(json.dumps(written).encode())], [make_camera()])
    packed_rows = [row for rows in tables.values() for row in rows if row.PACKED]
    assert {row.TABLE for row in packed_rows} == {"detections", "frame_outcomes"}
    for row in packed_rows:
        for name, column in columns_of(type(row)).items():
            value = getattr(row, name)
            floats = [value] if column.sql == REAL else value if column.sql == "Array(Float64)" else []
            assert all(type(one) is float for one in floats), name
