"""The page of a camera: live, the last ten minutes, recorded days, a day's curves, what happened, its state."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, get_args

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, Response

from schemas.cameras import Camera
from schemas.recordings import IndexedGap
from services.portal.pages.camera_figures import observed_day, water_day
from services.portal.pages.counter_figures import STEP, counter_day
from services.portal.pages.curves import Curve, Point, draw_curve
from services.portal.pages.episode_figures import EPISODE_DAYS
from services.portal.pages.evidence import picture_of
from services.portal.pages.public_cameras import chosen
from services.portal.pages.rendering import Pages, known
from services.portal.pages.told_episodes import told_episodes
from services.portal.pages.words.camera import CameraWords
from services.portal.pages.written import day_start, full_quarter_end, local

CameraPath = Annotated[str, Path(max_length=64)]
HexId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
_HOUR: Final = timedelta(hours=1)
_MOST_DAYS_BACK: Final = 90
_NEIGHBOURS: Final = 6
_PICTURE_SECONDS: Final = 30


def camera_routes(pages: Pages) -> APIRouter:
    """Give the routes of a camera's page and of its episodes' pictures."""
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
            known(_curves(pages, found, shown_day, now)), known(told_episodes(pages, found, now))
        )
        near = chosen(pages.cameras.all(), "", found.place.kecamatan, found.place.kelurahan, "")
        return pages.answer(
            request,
            "camera.html",
            CameraWords,
            camera=found,
            state=pages.portal.shown.state(found),
            silent_seconds=pages.portal.settings.live.silent_seconds,
            day=shown_day,
            today=today,
            at=at_time,
            earliest=today - timedelta(days=found.retention_days),
            gaps=get_args(IndexedGap),
            curves=curves,
            episodes=episodes,
            episode_days=EPISODE_DAYS,
            neighbours=[other for other in near if other.camera_id != camera_id][:_NEIGHBOURS],
        )

    @router.get("/cameras/{camera_id}/episodes/{episode_id}/{event_id}.jpg")
    async def episode_picture(request: Request, camera_id: CameraPath, episode_id: HexId, event_id: HexId) -> Response:
        found = pages.cameras.find(camera_id)
        names = (episode_id, event_id)
        jpeg = found and await picture_of(pages.portal, found, names, pages.now())
        if not jpeg:
            return pages.not_found(request)
        headers = {"cache-control": f"public, max-age={_PICTURE_SECONDS}"}  # it may be withdrawn
        return Response(jpeg, media_type="image/jpeg", headers=headers)

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
