"""The pages of standing water and of illegal parking."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Final, Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.portal.pages.camera_figures import water_watchers
from services.portal.pages.episode_figures import (
    MOST_LISTED,
    SILENT_AFTER,
    flooded_kelurahan,
    latest_parking,
    open_floods,
    parking_places,
    past_floods,
)
from services.portal.pages.rendering import Pages, known
from services.portal.pages.words.counters import FloodWords, ParkingWords
from services.portal.pages.written import local

Days = Literal["7", "30", "90"]
PERIODS: Final[tuple[Days, ...]] = ("7", "30", "90")


def flood_routes(pages: Pages) -> APIRouter:
    """Give the routes of floods and of parking cases."""
    router = APIRouter()
    ask = pages.portal.clickhouse

    @router.get("/floods")
    async def floods(request: Request, days: Days = "7") -> HTMLResponse:
        first, last = _period(pages, days)
        cameras = {camera.camera_id: camera for camera in pages.cameras.all()}
        now, past, kelurahan, watching = await asyncio.gather(
            known(open_floods(ask, pages.now())),
            known(past_floods(ask, first, last)),
            known(flooded_kelurahan(ask, first, last, pages.now())),
            known(water_watchers(ask, pages.now())),
        )
        here = [flood for flood in now or () if flood.camera_id in cameras]
        water = {camera_id for camera_id, camera in cameras.items() if camera.has_water_zone}
        return pages.answer(
            request,
            "floods.html",
            FloodWords,
            now_known=now is not None,
            go_on=[flood for flood in here if flood.goes_on],
            unseen=[flood for flood in here if not flood.goes_on],
            silent_minutes=SILENT_AFTER // timedelta(minutes=1),
            past=None if past is None else [flood for flood in past if flood.camera_id in cameras],
            kelurahan=kelurahan,
            watched=None if watching is None else len(watching & cameras.keys()),
            watchers=len(water | (watching or set()) & cameras.keys()),
            days=days,
            periods=PERIODS,
            most=MOST_LISTED,
        )

    @router.get("/parking")
    async def parking(request: Request, days: Days = "30") -> HTMLResponse:
        first, last = _period(pages, days)
        public = {camera.camera_id for camera in pages.cameras.all()}
        found, latest = await asyncio.gather(
            known(parking_places(ask, first, last)), known(latest_parking(ask, first, last))
        )
        return pages.answer(
            request,
            "parking.html",
            ParkingWords,
            spots=None if found is None else [spot for spot in found if spot.camera_id in public],
            latest=None if latest is None else [case for case in latest if case.camera_id in public],
            days=days,
            periods=PERIODS,
        )

    return router


def _period(pages: Pages, days: Days) -> tuple[date, date]:
    today = local(pages.now()).date()
    return today - timedelta(days=int(days) - 1), today
