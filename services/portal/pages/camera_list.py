"""The list of public cameras, by place, kind and words, each with its state now."""

from __future__ import annotations

from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from services.portal.pages.city_map import draw_map
from services.portal.pages.episode_figures import open_floods
from services.portal.pages.public_cameras import KINDS, chosen, kelurahan_of, places
from services.portal.pages.rendering import Pages, known
from services.portal.pages.words.home import CameraListWords

PAGE_SIZE: Final = 60
PlaceName = Annotated[str, Query(max_length=120)]
Words = Annotated[str, Query(max_length=100)]
Kind = Literal["", "counter", "market", "street", "pump"]


def camera_list_routes(pages: Pages) -> APIRouter:
    """Give the route of the list of cameras."""
    router = APIRouter()

    @router.get("/cameras")
    async def cameras(
        request: Request,
        q: Words = "",
        kecamatan: PlaceName = "",
        kelurahan: PlaceName = "",
        kind: Kind = "",
        page: Annotated[int, Query(ge=1, le=1000)] = 1,
    ) -> HTMLResponse:
        public = pages.cameras.all()
        found = chosen(public, q, kecamatan, kelurahan, kind)
        count = max(1, -(-len(found) // PAGE_SIZE))
        page = min(page, count)
        shown = found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        floods = await known(open_floods(pages.portal.clickhouse, pages.now()))
        wet = [flood.camera_id for flood in floods or () if flood.goes_on and not flood.simulated]
        choice = {"q": q, "kecamatan": kecamatan, "kelurahan": kelurahan, "kind": kind}
        return pages.answer(
            request,
            "cameras.html",
            CameraListWords,
            found=len(found),
            rows=[(camera, pages.portal.shown.state(camera)) for camera in shown],
            map=draw_map(shown, wet, pages.portal.settings.tile_server, each=True) if kecamatan or q else None,
            floods_known=floods is not None,
            places=places(public),
            kelurahan_names=kelurahan_of(public, kecamatan),
            kinds=KINDS,
            choice=choice,
            link=urlencode({name: value for name, value in choice.items() if value}),
            page=page,
            pages_count=count,
        )

    return router
