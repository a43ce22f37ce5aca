"""Pages of the operations area: templates, the reader's language, what a refusal says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from services.portal.context import Portal
from services.portal.operations.sessions import Session, Sessions
from services.portal.operations.words import FAULTS, FIGURES, UNITS, FaultWords, FigureWords, OperationsWords, ZoneWords
from services.portal.pages import written
from services.portal.pages.language import COOKIE, COOKIE_SECONDS, LANGUAGES, Language, Words, chosen_language
from services.portal.roles import Person

TEMPLATES: Final = Path(__file__).parent / "templates"
_WRITTEN: Final = ("number", "percent", "duration", "clock", "day", "moment")


class Screen:
    """Gives pages. Safe to use from any thread."""

    def __init__(self, portal: Portal, sessions: Sessions) -> None:
        self._portal = portal
        self._sessions = sessions
        self._environments = {language: self._environment(language) for language in LANGUAGES}

    def page(self, request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """Give a page. Its words are ``t`` in the template; ``person`` is who is signed in, or None."""
        language = language_of(request)
        session: Session | None = getattr(request.state, "session", None)
        person: Person | None = session.person if session is not None else None
        text = (
            self._environments[language]
            .get_template(template)
            .render(
                t=Words(OperationsWords, language),
                lang=language,
                path=request.url.path,
                person=person,
                form_token=self._sessions.form_token(session.session) if session is not None else "",
                dashboards_url=self._portal.settings.operations.dashboards_url,
                now=datetime.now(UTC),
                **values,
            )
        )
        answer = HTMLResponse(text, status)
        if request.query_params.get("lang") in LANGUAGES:
            is_protected = self._portal.settings.public_url.startswith("https://")
            answer.set_cookie(
                COOKIE, language, max_age=COOKIE_SECONDS, secure=is_protected, httponly=True, samesite="lax"
            )
        return answer

    def refusal(self, request: Request, status: int, detail: str) -> Response:
        """Give what is told to somebody whose request is refused: a page, or JSON for a script."""
        language = language_of(request)
        words = Words(OperationsWords, language)
        named = {403: "refused_role", 404: "refused_unknown", 413: "refused_size", 401: "refused_session"}
        name = {"form": "refused_form", "away": "refused_away", "": named.get(status, "refused_other")}.get(detail)
        text = words[name] if name is not None else fault_text(detail, language)
        if "text/html" not in request.headers.get("accept", ""):
            return JSONResponse({"status": status, "error": text}, status)
        return self.page(request, "refusal.html", status, refusal=text)

    def _environment(self, language: Language) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        for name in _WRITTEN:
            environment.filters[name] = partial(getattr(written, name), language=language)
        environment.filters["at"] = written.from_ms
        environment.filters["fault"] = partial(fault_text, language=language)
        environment.filters["figure"] = partial(figure_text, language=language)
        environment.filters["unit"] = partial(unit_text, language=language)
        environment.globals["zone_words"] = zone_words(language)
        environment.filters["iso"] = written.iso
        environment.globals["asset"] = self._portal.assets.url
        return environment


def fault_text(fault: str, language: Language) -> str:
    """Give what a fault's word says; what is no such word speaks for itself."""
    return Words(FaultWords, language)[fault] if fault in FAULTS else fault


def figure_text(figure: str, language: Language) -> str:
    """Give what a figure of a rule is; one of a later rule goes by its name."""
    return Words(FigureWords, language)[figure] if figure in FIGURES else figure


def unit_text(unit: str, language: Language) -> str:
    """Give what a figure's unit is called; one of a later rule goes by its name."""
    return UNITS[unit].in_language(language) if unit in UNITS else unit


def zone_words(language: Language) -> str:
    """Give the zone editor's texts, as JSON."""
    words = Words(ZoneWords, language)
    return json.dumps({name: words[name] for name in vars(ZoneWords) if not name.startswith("_")}, ensure_ascii=False)


def language_of(request: Request) -> Language:
    """Give the reader's language."""
    return chosen_language(request.query_params.get("lang"), request.cookies.get(COOKIE))
