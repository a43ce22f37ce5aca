"""The page of open data, and its files."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from pydantic import Field

from services.portal.pages.datasets import DATASETS, Dataset
from services.portal.pages.language import Words
from services.portal.pages.open_data import (
    FORMATS,
    KEEP_MINUTES,
    Format,
    OpenData,
    Period,
    TooLargeError,
)
from services.portal.pages.rendering import Pages, fill
from services.portal.pages.words.data import DataWords
from services.portal.pages.written import local
from services.portal.requests import client_of, network_of

_DEFAULT_DAYS: Final = 7
_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}
Day = Annotated[date, Field(ge=date(2020, 1, 1), le=date(2100, 1, 1))]
PlaceName = Annotated[str, Query(max_length=120)]


def data_routes(pages: Pages) -> APIRouter:
    """Give the routes of open data."""
    router = APIRouter()
    limit = pages.portal.settings.pages.files_per_minute
    files = OpenData(pages.portal.settings.clickhouse, limit)
    pages.portal.closing.callback(files.close)

    @router.get("/data")
    async def data(request: Request) -> HTMLResponse:
        today = local(pages.now()).date()
        return pages.answer(
            request,
            "data.html",
            DataWords,
            datasets=[_told(dataset, pages.language(request) == "en") for dataset in DATASETS.values()],
            formats=FORMATS,
            limit=limit,
            keep_minutes=KEEP_MINUTES,
            first=today - timedelta(days=_DEFAULT_DAYS - 1),
            last=today,
            today=today,
        )

    @router.get("/data/{name}.{kind}")
    async def file(
        request: Request,
        name: Annotated[str, Path(max_length=40)],
        kind: Format,
        first: Annotated[Day | None, Query(alias="from")] = None,
        last: Annotated[Day | None, Query(alias="until")] = None,
        kelurahan: PlaceName = "",
    ) -> Response:
        words = Words(DataWords, pages.language(request))
        dataset = DATASETS.get(name)
        if dataset is None:
            return _refused(404, words.none_such)
        period = _period(local(pages.now()).date(), first, last)
        if not 1 <= period.days <= dataset.most_days:
            return _refused(400, fill(words.too_long, days=dataset.most_days))
        if not files.allows(network_of(client_of(request.scope))):
            return _refused(429, fill(words.too_often, limit=limit), {"retry-after": "60"})
        try:
            body = await files.file(dataset, kind, period, kelurahan, pages.now())
        except TooLargeError:
            return _refused(413, words.too_large)
        saved_as = f"tilik-{name}-{period.first}-{period.last}.{kind}"
        headers = {
            "content-disposition": f'attachment; filename="{saved_as}"',
            "cache-control": f"public, max-age={KEEP_MINUTES * 60}",
            "access-control-allow-origin": "*",
            "cross-origin-resource-policy": "cross-origin",
        }
        return Response(body, media_type=_TYPES[kind], headers=headers)

    @router.get("/data/file")
    async def chosen_file(
        name: Annotated[str, Query(max_length=40)],
        kind: Format,
        first: Annotated[Day, Query(alias="from")],
        last: Annotated[Day, Query(alias="until")],
        kelurahan: PlaceName = "",
    ) -> Response:
        """Lead the page's form to a file: names of data sets are the known ones only."""
        if name not in DATASETS:
            return _refused(404, "404")
        query = f"from={first}&until={last}" + (f"&kelurahan={quote(kelurahan, safe='')}" if kelurahan else "")
        return RedirectResponse(f"/data/{name}.{kind}?{query}", 303)

    return router


def _told(dataset: Dataset, english: bool) -> dict[str, object]:
    return {
        "name": dataset.name,
        "title": dataset.title.en if english else dataset.title.id,
        "about": dataset.about.en if english else dataset.about.id,
        "most_days": dataset.most_days,
        "columns": [(c.name, c.meaning.en if english else c.meaning.id) for c in dataset.columns],
    }


def _period(today: date, first: date | None, last: date | None) -> Period:
    """Give the period that is meant: the last days where nothing is said, the other side where one is."""
    until = last or today
    return Period(first or until - timedelta(days=_DEFAULT_DAYS - 1), until)


def _refused(status: int, why: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{why}\n", status, {"cache-control": "no-store", **(headers or {})})
