"""The table of cameras: the registry for whoever asks ClickHouse, one row a revision. No event leads to it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from schemas.cameras import Camera
from schemas.table import BOOL, REAL, REVISION, STRING, WORD, Column, Row
from services.aggregate.row_columns import CameraIdColumn
from services.aggregate.rows import ROW_TYPES
from services.aggregate.ruleset_rows import RulesetChoiceRow
from services.aggregate.tier_rows import TIER_TYPES


class CameraRow(Row, frozen=True, kw_only=True):
    """A revision of a camera's registry entry. It says where a camera stands, never where its pictures come from."""

    TABLE: ClassVar[str] = "cameras"
    KEY: ClassVar[tuple[str, ...]] = ("camera_id", "revision")

    camera_id: CameraIdColumn
    revision: Annotated[int, Column(REVISION, "Number of the revision; the largest one holds")]
    name: Annotated[str, Column(STRING, "What people call it")]
    kind: Annotated[str, Column(WORD, "counter, market, street or pump")]
    kecamatan: Annotated[str, Column(WORD, "District in which it stands")]
    kelurahan: Annotated[str, Column(WORD, "Village or quarter in which it stands")]
    rw: Annotated[str, Column(WORD, "Hamlet (rukun warga), or empty")]
    rt: Annotated[str, Column(WORD, "Neighbourhood (rukun tetangga), or empty")]
    latitude: Annotated[float, Column(REAL, "WGS 84, degrees")]
    longitude: Annotated[float, Column(REAL, "WGS 84, degrees")]
    source_kind: Annotated[str, Column(WORD, "Kind of the camera's source")]
    simulated: Annotated[bool, Column(BOOL, "True if effects are laid over its pictures")]
    sample_fps: Annotated[float, Column(REAL, "Samples a second that are wanted of it")]
    tiles: Annotated[str, Column(WORD, "How its frames are cut for detection: 1x1 or 2x2")]
    record: Annotated[bool, Column(BOOL, "True if its video is kept")]
    public: Annotated[bool, Column(BOOL, "True if a person has approved it for the public pages")]
    state: Annotated[str, Column(WORD, "active, paused or removed")]
    version: Annotated[int, Column("UInt64", "The revision: a revision never changes, so rows of one are equal", True)]


TABLE_TYPES: tuple[type[Row], ...] = (*ROW_TYPES, CameraRow, RulesetChoiceRow, *TIER_TYPES)
"""Every table of the database: those that events lead to, the registry, choices between rulesets, and the tiers."""


def camera_row(camera: Camera) -> CameraRow:
    """Give a revision as a row."""
    place = camera.place
    return CameraRow(
        camera_id=camera.camera_id,
        revision=camera.revision,
        name=camera.name,
        kind=camera.kind,
        kecamatan=place.kecamatan,
        kelurahan=place.kelurahan,
        rw=place.rw,
        rt=place.rt,
        latitude=place.latitude,
        longitude=place.longitude,
        source_kind=camera.source.kind,
        simulated=bool(camera.source.simulated),
        sample_fps=camera.sample_fps,
        tiles=camera.tiles,
        record=camera.record,
        public=camera.is_public,
        state=camera.state,
        version=camera.revision,
    )
