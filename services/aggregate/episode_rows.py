"""Episodes as rows of the table ``episodes``."""

from __future__ import annotations

from schemas.episodes import CounterEpisode, ParkingCase
from services.aggregate.rows import EpisodeRow

JudgedEpisode = ParkingCase | CounterEpisode
_NO_BOX = (0.0, 0.0, 0.0, 0.0)


def episode_row(episode: JudgedEpisode, version: int) -> EpisodeRow:
    """Give the row that says the same as an episode's message."""
    parking = episode if isinstance(episode, ParkingCase) else None
    counter = episode if isinstance(episode, CounterEpisode) else None
    left, top, right, bottom = parking.box if parking else _NO_BOX
    return EpisodeRow(
        camera_id=episode.camera_id,
        episode_id=episode.episode_id,
        episode_type="parking_case" if parking else "counter_episode",
        kind=counter.kind if counter else "",
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
        simulated=episode.simulated,
        ruleset=episode.ruleset,
        revision=episode.revision,
        version=version,
    )
