"""The pages about the system itself: how it works, privacy with its assessment, the record."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from markdown_it import MarkdownIt
from markupsafe import Markup

from schemas.kept_periods import KeptPeriods
from services.portal.pages.daily_roots import DailyRoots
from services.portal.pages.language import LANGUAGES, Language, Text
from services.portal.pages.periods import periods_of, written_periods
from services.portal.pages.rendering import Pages, fill, known
from services.portal.pages.words.about import (
    HOW,
    KEPT,
    NEVER,
    PRIVACY,
    RECORD,
    AssessmentWords,
    HowWords,
    PrivacyWords,
    RecordWords,
    Section,
)

_DOCUMENTS: Final = Path(__file__).parent / "documents"
_ROOT_SECONDS: Final = 3600


def about_routes(pages: Pages) -> APIRouter:
    """Give the routes of the pages about the system."""
    router = APIRouter()
    roots = DailyRoots(pages.portal.store)
    assessments = {language: _document(language) for language in LANGUAGES}

    @router.get("/how")
    async def how(request: Request) -> HTMLResponse:
        return pages.answer(request, "how.html", HowWords, sections=_said(HOW, pages.language(request)))

    @router.get("/privacy")
    async def privacy(request: Request) -> HTMLResponse:
        language = pages.language(request)
        periods = await periods_of(pages.portal.store)
        told = written_periods(periods or KeptPeriods(), language)
        return pages.answer(
            request,
            "privacy.html",
            PrivacyWords,
            never=_said((NEVER,), language),
            kept=[tuple(fill(text.in_language(language), **told) for text in row) for row in KEPT],
            are_usual=periods is None,
            sections=_said(PRIVACY, language),
        )

    @router.get("/privacy/assessment")
    async def assessment(request: Request) -> HTMLResponse:
        document = assessments[pages.language(request)]
        return pages.answer(request, "assessment.html", AssessmentWords, document=document)

    @router.get("/record")
    async def record(request: Request) -> HTMLResponse:
        sections = _said(RECORD, pages.language(request))
        return pages.answer(request, "record.html", RecordWords, sections=sections, roots=await known(roots.now()))

    @router.get("/record/roots/{day}.json")
    async def root(request: Request, day: str) -> Response:
        return _file(await roots.root_file(day)) or pages.not_found(request)

    @router.get("/record/keys/{key_id}.json")
    async def key(request: Request, key_id: str) -> Response:
        return _file(await roots.key_file(key_id)) or pages.not_found(request)

    return router


def _file(data: bytes | None) -> Response | None:
    """Give a file as it was signed: not a byte of it may be another one."""
    if data is None:
        return None
    return Response(data, media_type="application/json", headers={"cache-control": f"public, max-age={_ROOT_SECONDS}"})


def _said(sections: tuple[Section, ...], language: Language) -> list[dict[str, object]]:
    def texts(several: tuple[Text, ...]) -> list[str]:
        return [text.in_language(language) for text in several]

    return [
        {"heading": s.heading.in_language(language), "sentences": texts(s.sentences), "items": texts(s.items)}
        for s in sections
    ]


def _document(language: Language) -> Markup:
    """Render the assessment; raw HTML in it is shown as text. Wide tables can be scrolled by keyboard."""
    text = (_DOCUMENTS / f"dpia.{language}.md").read_text(encoding="utf-8")
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    name = AssessmentWords.table.in_language(language)
    return Markup(  # noqa: S704  (rendered from a file of ours)
        body.replace("<table>", f'<div class="scroll" tabindex="0" role="region" aria-label="{name}"><table>').replace(
            "</table>", "</table></div>"
        )
    )
