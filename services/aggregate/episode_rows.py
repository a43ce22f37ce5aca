"""The table ``episodes``: an episode as it was last published."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from schemas.episodes import CameraIncident, CounterEpisode, Episode, FloodEpisode, ParkingCase
from schemas.table import BOOL, COUNT, REAL, REVISION, STRING, TIME, WORD, Column, Row
from services.aggregate.row_columns import (
    CameraIdColumn,
    CameraRevisionColumn,
    RulesetColumn,
    SimulatedColumn,
    VersionColumn,
)

_NO_BOX = (0.0, 0.0, 0.0, 0.0)
_TYPES: Final[dict[type[Episode], str]] = {
    FloodEpisode: "flood_episode",
    ParkingCase: "parking_case",
    CounterEpisode: "counter_episode",
    CameraIncident: "camera_incident",
}


class EpisodeRow(Row, frozen=True, kw_only=True):
    """An episode as last published on its topic. A decision about it lies in ``decisions`` and is merged on reading."""

    TABLE: ClassVar[str] = "episodes"
    KEY: ClassVar[tuple[str, ...]] = ("camera_id", "episode_id", "ruleset")

    camera_id: CameraIdColumn
    episode_id: Annotated[str, Column("FixedString(32)", "Id of the episode, 32 hex digits")]
    episode_type: Annotated[str, Column(WORD, "flood_episode, parking_case, counter_episode or camera_incident")]
    kind: Annotated[str, Column(WORD, "Of a counter episode or camera incident what it is, else empty")]
    zone_id: Annotated[str, Column(WORD, "The zone, or empty")]
    camera_revision: CameraRevisionColumn
    phase: Annotated[str, Column(WORD, "open or ended")]
    review: Annotated[str, Column(WORD, "suspected: no rule confirms anything by itself")]
    started_at: Annotated[int, Column(TIME, "When it began")]
    last_seen_at: Annotated[int, Column(TIME, "Last frame that shows it")]
    ended_at: Annotated[int, Column(TIME, "When it ended; 1970 while open")]
    ended_because: Annotated[str, Column(WORD, "Why it ended; empty while open")]
    first_event_id: Annotated[str, Column("FixedString(32)", "Event of the first frame")]
    best_event_id: Annotated[str, Column("FixedString(32)", "Event of the frame that shows it best")]
    last_event_id: Annotated[str, Column("FixedString(32)", "Event of the last frame")]
    frame_topic: Annotated[str, Column(WORD, "Topic of its frames")]
    frame_partition: Annotated[int, Column("UInt32", "Their partition")]
    first_frame_offset: Annotated[int, Column(COUNT, "Offset of the first frame")]
    best_frame_offset: Annotated[int, Column(COUNT, "Offset of the best frame")]
    last_frame_offset: Annotated[int, Column(COUNT, "Offset of the last frame")]
    why_names: Annotated[tuple[str, ...], Column("Array(LowCardinality(String))", "Figures that crossed a threshold")]
    why_values: Annotated[tuple[float, ...], Column("Array(Float64)", "Their values")]
    why_thresholds: Annotated[tuple[float, ...], Column("Array(Float64)", "Their thresholds")]
    why_units: Annotated[tuple[str, ...], Column("Array(LowCardinality(String))", "Their units")]
    vehicle: Annotated[str, Column(WORD, "Parking: class of the vehicle, else empty")]
    left: Annotated[float, Column(REAL, "Parking: last box, 0 to 1")]
    top: Annotated[float, Column(REAL, "Parking: last box, 0 to 1")]
    right: Annotated[float, Column(REAL, "Parking: last box, 0 to 1")]
    bottom: Annotated[float, Column(REAL, "Parking: last box, 0 to 1")]
    dwell_s: Annotated[float, Column(REAL, "Parking: observed seconds that the vehicle stood")]
    people_waiting_max: Annotated[int, Column(COUNT, "Counter: most people waiting in a frame")]
    peak_ratio: Annotated[float, Column(REAL, "Flood: largest ratio of the zone under water, 0 to 1")]
    peak_at: Annotated[int, Column(TIME, "Flood: when that was; else 1970")]
    recession_at: Annotated[int, Column(TIME, "Flood: last time at 0.9 of the peak or more; 1970: not yet")]
    cleared_at: Annotated[int, Column(TIME, "Flood: start of the run that cleared it; 1970: not yet")]
    quarantined: Annotated[bool, Column(BOOL, "Camera: rows are not valid until a person releases it")]
    released_by: Annotated[str, Column(STRING, "Camera: who released it, or empty")]
    simulated: SimulatedColumn
    ruleset: RulesetColumn
    revision: Annotated[int, Column(REVISION, "Largest wins among messages of the episode", True)]
    version: VersionColumn


def episode_row(episode: Episode, version: int) -> EpisodeRow:
    """Give the row that says the same as an episode's message."""
    parking = episode if isinstance(episode, ParkingCase) else None
    counter = episode if isinstance(episode, CounterEpisode) else None
    flood = episode if isinstance(episode, FloodEpisode) else None
    incident = episode if isinstance(episode, CameraIncident) else None
    left, top, right, bottom = parking.box if parking else _NO_BOX
    return EpisodeRow(
        camera_id=episode.camera_id,
        episode_id=episode.episode_id,
        episode_type=_TYPES[type(episode)],
        kind=counter.kind if counter else incident.kind if incident else "",
        zone_id=episode.zone_id or "",
        camera_revision=episode.camera_revision,
        phase=episode.phase,
        review=episode.review,
        started_at=episode.started_at_ms,
        last_seen_at=episode.last_seen_at_ms,
        ended_at=episode.ended_at_ms,
        ended_because=episode.ended_because,
        first_event_id=episode.first.event_id,
        best_event_id=episode.best.event_id,
        last_event_id=episode.last.event_id,
        frame_topic=episode.last.frame.topic,
        frame_partition=episode.last.frame.partition,
        first_frame_offset=episode.first.frame.offset,
        best_frame_offset=episode.best.frame.offset,
        last_frame_offset=episode.last.frame.offset,
        why_names=tuple(crossing.name for crossing in episode.why),
        why_values=tuple(crossing.value for crossing in episode.why),
        why_thresholds=tuple(crossing.threshold for crossing in episode.why),
        why_units=tuple(crossing.unit for crossing in episode.why),
        vehicle=parking.vehicle if parking else "",
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        dwell_s=parking.dwell_seconds if parking else 0.0,
        people_waiting_max=counter.people_waiting_max if counter else 0,
        peak_ratio=flood.peak_ratio if flood else 0.0,
        peak_at=flood.peak_at_ms if flood else 0,
        recession_at=flood.recession_at_ms if flood else 0,
        cleared_at=flood.cleared_at_ms if flood else 0,
        quarantined=incident.quarantined if incident else False,
        released_by=incident.released_by if incident else "",
        simulated=episode.simulated,
        ruleset=episode.ruleset,
        revision=episode.revision,
        version=version,
    )
