"""The home page: what this is, the shortest queues, standing water, the map."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.portal.pages.camera_figures import water_watchers
from services.portal.pages.city_map import draw_map
from services.portal.pages.counter_figures import STEP, counters_now
from services.portal.pages.counters import ranked
from services.portal.pages.episode_figures import open_floods
from services.portal.pages.public_cameras import places
from services.portal.pages.rendering import Pages, known
from services.portal.pages.words.home import HomeWords
from services.portal.pages.written import full_quarter_end

_SHORTEST: Final = 3
_FLOODS: Final = 5


def home_routes(pages: Pages) -> APIRouter:
    """Give the route of the home page."""
    router = APIRouter()

    @router.get("/")
    async def home(request: Request) -> HTMLResponse:
        cameras = pages.cameras.all()
        now = pages.now()
        end = full_quarter_end(now)
        ask = pages.portal.clickhouse
        counters, floods, watching = await asyncio.gather(
            known(counters_now(ask, end)), known(open_floods(ask, now)), known(water_watchers(ask, now))
        )
        public = {camera.camera_id for camera in cameras}
        water = {camera.camera_id for camera in cameras if camera.has_water_zone}
        floods_here = None if floods is None else [flood for flood in floods if flood.camera_id in public]
        go_on = [flood for flood in floods_here or () if flood.goes_on]
        wet = [flood.camera_id for flood in go_on if not flood.simulated]
        return pages.answer(
            request,
            "home.html",
            HomeWords,
            cameras=cameras,
            places=places(cameras),
            map=draw_map(cameras, wet, pages.portal.settings.tile_server),
            shortest=None if counters is None else ranked(cameras, counters).open[:_SHORTEST],
            quarter=(end - STEP, end),
            floods=None if floods_here is None else go_on[:_FLOODS],
            unseen=[flood for flood in floods_here or () if not flood.goes_on][:_FLOODS],
            watched=None if watching is None else len(watching & public),
            watchers=len(water | (watching or set()) & public),
        )

    return router
