"""The page of a camera: live, the last ten minutes, recorded days, a day's curves, what happened, its state."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, get_args

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse

from schemas.cameras import Camera
from schemas.recordings import GapReason
from services.portal.pages.camera_figures import observed_day, water_day
from services.portal.pages.counter_figures import STEP, counter_day
from services.portal.pages.curves import Curve, Point, draw_curve
from services.portal.pages.episode_figures import EPISODE_DAYS, Episode, ShownFrame, episodes_of, frames_of
from services.portal.pages.public_cameras import chosen
from services.portal.pages.rendering import Pages, known
from services.portal.pages.words.camera import CameraWords
from services.portal.pages.written import day_start, full_quarter_end, local, quarter_start

CameraPath = Annotated[str, Path(max_length=64)]
_HOUR: Final = timedelta(hours=1)
_MOST_DAYS_BACK: Final = 90
_SHOWN_FOR: Final = timedelta(minutes=10)
_NEIGHBOURS: Final = 6


@dataclass(frozen=True, slots=True)
class Told:
    """An episode as the page tells it: times of counters as quarters, and the frames that may still be shown."""

    episode: Episode
    start: datetime
    end: datetime
    rounded: bool
    frames: tuple[tuple[str, ShownFrame], ...]


def camera_routes(pages: Pages) -> APIRouter:
    """Give the route of a camera's page."""
    router = APIRouter()

    @router.get("/cameras/{camera_id}")
    async def camera(
        request: Request,
        camera_id: CameraPath,
        day: date | None = None,
        at: Annotated[int | None, Query(ge=0, le=4_102_444_800_000)] = None,
    ) -> HTMLResponse:
        found = pages.cameras.find(camera_id)
        if found is None:
            return pages.not_found(request)
        now = pages.now()
        at_time = None if at is None else datetime.fromtimestamp(at / 1000, UTC)
        today = local(now).date()
        asked = day or (local(at_time).date() if at_time else today)
        shown_day = max(today - timedelta(days=_MOST_DAYS_BACK), min(asked, today))
        curves, episodes = await asyncio.gather(
            known(_curves(pages, found, shown_day, now)), known(_told_episodes(pages, found, now))
        )
        near = chosen(pages.cameras.all(), "", found.place.kecamatan, found.place.kelurahan, "")
        return pages.answer(
            request,
            "camera.html",
            CameraWords,
            camera=found,
            state=pages.state(found),
            silent_seconds=pages.portal.settings.live.silent_seconds,
            day=shown_day,
            today=today,
            at=at_time,
            earliest=today - timedelta(days=found.retention_days),
            gaps=get_args(GapReason),
            curves=curves,
            episodes=episodes,
            episode_days=EPISODE_DAYS,
            neighbours=[other for other in near if other.camera_id != camera_id][:_NEIGHBOURS],
        )

    return router


async def _curves(pages: Pages, camera: Camera, day: date, now: datetime) -> list[Curve]:
    """Give a day's curves: a counter's queue and staff, water where it is watched for, and what was observed.

    Raises:
        RetryableError: ClickHouse does not answer.
    """
    ask = pages.portal.clickhouse
    start = day_start(day)
    span = (start, start + timedelta(days=1))
    full = full_quarter_end(now)
    made = []
    purposes = {zone.purpose for zone in camera.zones}
    if camera.kind == "counter" or purposes & {"queue", "staff"}:
        quarters = await counter_day(ask, camera.camera_id, day, full)
        queue = [Point(q.start, q.queue_mean, q.minutes) for q in quarters if q.queue_mean is not None]
        staffed = [Point(q.start, q.staffed_ratio, q.minutes) for q in quarters if q.staffed_ratio is not None]
        made.append(draw_curve("queue", queue, span, STEP))
        if staffed:
            made.append(draw_curve("staffed", staffed, span, STEP, 1.0))
    if camera.has_water_zone:
        water = [Point(w.start, w.ratio, w.minutes) for w in await water_day(ask, camera.camera_id, day, full)]
        made.append(draw_curve("water", water, span, STEP, 1.0))
    hours = await observed_day(ask, camera.camera_id, day, now)
    observed = [Point(hour.start, float(hour.minutes), hour.minutes) for hour in hours]
    made.append(draw_curve("observed", observed, span, _HOUR, 60.0))
    return made


async def _told_episodes(pages: Pages, camera: Camera, now: datetime) -> list[Told]:
    """Give a camera's episodes with the frames of them that the portal can still show; none of vehicles.

    Raises:
        RetryableError: ClickHouse does not answer.
    """
    ask = pages.portal.clickhouse
    episodes = await episodes_of(ask, camera.camera_id, now)
    recent = [each for each in episodes if _has_pictures(each) and now - each.last_seen_at < _SHOWN_FOR]
    wanted = sorted({event_id for each in recent for _, event_id in _events(each)})
    frames = await frames_of(ask, camera.camera_id, wanted, now - _SHOWN_FOR)
    return [_told(pages, camera, episode, frames) for episode in episodes]


def _told(pages: Pages, camera: Camera, episode: Episode, frames: Mapping[str, ShownFrame]) -> Told:
    rounded = episode.episode_type in ("counter_episode", "parking_case")
    end = episode.last_seen_at if episode.open else episode.ended_at
    start = episode.started_at
    if rounded:
        start, end = quarter_start(start), quarter_start(end) + STEP
    shown = tuple(
        (label, frames[event_id])
        for label, event_id in _events(episode)
        if event_id in frames and pages.shows(camera, frames[event_id].owner_epoch, frames[event_id].sequence)
    )
    return Told(episode, start, end, rounded, shown if _has_pictures(episode) else ())


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
