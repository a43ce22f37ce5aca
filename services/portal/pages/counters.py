"""The page of service counters: where the queue is shortest, and what is not known."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from schemas.cameras import Camera
from services.portal.pages.counter_figures import LEAST_MINUTES, LEAST_SERVED, STEP, CounterNow, counters_now
from services.portal.pages.public_cameras import chosen, places
from services.portal.pages.rendering import Pages, known
from services.portal.pages.words.counters import CounterWords
from services.portal.pages.written import full_quarter_end

PlaceName = Annotated[str, Query(max_length=120)]


class CounterHere(NamedTuple):
    """A counter's camera and its figures."""

    camera: Camera
    figures: CounterNow


class Ranked(NamedTuple):
    """Counters by what is known of them: open with a queue (shortest first), closed, nothing known."""

    open: list[CounterHere]
    closed: list[Camera]
    unknown: list[Camera]


def ranked(cameras: list[Camera], figures: dict[str, CounterNow]) -> Ranked:
    """Put the counters among cameras in order; one that was hardly observed is not known: that is no queue of none."""
    counters = [camera for camera in cameras if camera.kind == "counter"]
    found = [CounterHere(camera, figures[camera.camera_id]) for camera in counters if camera.camera_id in figures]
    open_ones = [
        here for here in found if here.figures.open_minutes >= LEAST_MINUTES and here.figures.queue_mean is not None
    ]
    closed = [here.camera for here in found if not here.figures.open_minutes and here.figures.closed_minutes]
    placed = {here.camera.camera_id for here in open_ones} | {camera.camera_id for camera in closed}
    unknown = [camera for camera in counters if camera.camera_id not in placed]
    return Ranked(sorted(open_ones, key=_shortest_first), closed, unknown)


def _shortest_first(here: CounterHere) -> tuple[float, int, str]:
    return (round(here.figures.queue_mean or 0.0, 1), -here.figures.open_minutes, here.camera.camera_id)


def counter_routes(pages: Pages) -> APIRouter:
    """Give the route of the counters' page."""
    router = APIRouter()

    @router.get("/counters")
    async def counters(request: Request, kecamatan: PlaceName = "") -> HTMLResponse:
        end = full_quarter_end(pages.now())
        cameras = pages.cameras.all()
        figures = await known(counters_now(pages.portal.clickhouse, end))
        return pages.answer(
            request,
            "counters.html",
            CounterWords,
            ranked=None if figures is None else ranked(chosen(cameras, "", kecamatan, "", ""), figures),
            quarter=(end - STEP, end),
            places=places([camera for camera in cameras if camera.kind == "counter"]),
            kecamatan=kecamatan,
            least_minutes=LEAST_MINUTES,
            least_served=LEAST_SERVED,
        )

    return router
