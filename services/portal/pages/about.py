"""The pages about the system itself: how it works, privacy with its assessment, the record."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markdown_it import MarkdownIt
from markupsafe import Markup

from services.portal.pages.language import LANGUAGES, Language, Text
from services.portal.pages.rendering import Pages
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


def about_routes(pages: Pages) -> APIRouter:
    """Give the routes of the pages about the system."""
    router = APIRouter()
    assessments = {language: _document(f"dpia.{language}.md") for language in LANGUAGES}

    @router.get("/how")
    async def how(request: Request) -> HTMLResponse:
        return pages.answer(request, "how.html", HowWords, sections=_said(HOW, pages.language(request)))

    @router.get("/privacy")
    async def privacy(request: Request) -> HTMLResponse:
        language = pages.language(request)
        return pages.answer(
            request,
            "privacy.html",
            PrivacyWords,
            never=_said((NEVER,), language),
            kept=[tuple(text.in_language(language) for text in row) for row in KEPT],
            sections=_said(PRIVACY, language),
        )

    @router.get("/privacy/assessment")
    async def assessment(request: Request) -> HTMLResponse:
        document = assessments[pages.language(request)]
        return pages.answer(request, "assessment.html", AssessmentWords, document=document)

    @router.get("/record")
    async def record(request: Request) -> HTMLResponse:
        return pages.answer(request, "record.html", RecordWords, sections=_said(RECORD, pages.language(request)))

    return router


def _said(sections: tuple[Section, ...], language: Language) -> list[dict[str, object]]:
    def texts(several: tuple[Text, ...]) -> list[str]:
        return [text.in_language(language) for text in several]

    return [
        {"heading": s.heading.in_language(language), "sentences": texts(s.sentences), "items": texts(s.items)}
        for s in sections
    ]


def _document(name: str) -> Markup:
    """Render a document of ours; raw HTML in it is shown as text."""
    text = (_DOCUMENTS / name).read_text(encoding="utf-8")
    return Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))  # noqa: S704
