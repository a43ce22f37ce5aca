"""What happened at a camera, as its page tells it, with pictures that may be shown: live, or of the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from schemas.cameras import Camera
from services.portal.pages.counter_figures import STEP
from services.portal.pages.episode_figures import Episode, ShownFrame, episodes_of, frames_of
from services.portal.pages.evidence import Copy, copies_of, may_have_copies
from services.portal.pages.rendering import Pages, known
from services.portal.pages.written import quarter_start

_SHOWN_FOR: Final = timedelta(minutes=10)


class Picture(NamedTuple):
    """A picture of an episode. ``label`` says what it is to it, as a word of the camera's page."""

    label: str
    url: str
    captured_at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """An episode as the page tells it. ``rounded``: its times are of quarters, ``last_seen`` the begin of one."""

    episode: Episode
    start: datetime
    end: datetime
    last_seen: datetime
    rounded: bool
    pictures: tuple[Picture, ...]


async def told_episodes(pages: Pages, camera: Camera, now: datetime) -> list[Told]:
    """Give a camera's episodes with the pictures of them that may be shown; none of vehicles.

    Raises:
        RetryableError: ClickHouse does not answer.
    """
    ask = pages.portal.clickhouse
    episodes = await episodes_of(ask, camera.camera_id, now)
    recent = [each for each in episodes if _has_pictures(each) and now - each.last_seen_at < _SHOWN_FOR]
    wanted = sorted({event_id for each in recent for _, event_id in _events(each)})
    frames = await frames_of(ask, camera.camera_id, wanted, now - _SHOWN_FOR)
    has_copies = any(map(may_have_copies, episodes))
    kept = await known(copies_of(ask, pages.portal.cameras, camera, episodes)) if has_copies else None
    return [_told(pages, camera, episode, frames, kept or {}) for episode in episodes]


def _told(
    pages: Pages,
    camera: Camera,
    episode: Episode,
    frames: Mapping[str, ShownFrame],
    kept: Mapping[tuple[str, str], Copy],
) -> Told:
    rounded = episode.episode_type in ("counter_episode", "parking_case")
    start, end = episode.started_at, episode.last_seen_at if episode.open else episode.ended_at
    last_seen = episode.last_seen_at
    if rounded:
        start, end, last_seen = quarter_start(start), quarter_start(end) + STEP, quarter_start(last_seen)
    pictures = []
    for label, event_id in _events(episode) if _has_pictures(episode) else ():
        frame, copy = frames.get(event_id), kept.get((episode.episode_id, event_id))
        if frame is not None and pages.shows(camera, frame.owner_epoch, frame.sequence):
            url = f"/frames/{camera.camera_id}/{frame.owner_epoch}-{frame.sequence}.jpg"
            pictures.append(Picture(label, url, frame.captured_at))
        elif copy is not None:
            url = f"/cameras/{camera.camera_id}/episodes/{episode.episode_id}/{event_id}.jpg"
            pictures.append(Picture(label, url, copy.captured_at))
    return Told(episode, start, end, last_seen, rounded, tuple(pictures))


def _events(episode: Episode) -> Sequence[tuple[str, str]]:
    """Give the events of an episode's frames, each once, with what the frame is to it."""
    by_event = {
        episode.last_event_id: "frame_last",
        episode.best_event_id: "frame_best",
        episode.first_event_id: "frame_first",
    }
    return [(label, event_id) for event_id, label in reversed(by_event.items())]


def _has_pictures(episode: Episode) -> bool:
    """A vehicle that stood where it must not is never shown as a case."""
    return episode.episode_type != "parking_case"
