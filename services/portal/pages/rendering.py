"""Answers as pages: templates, the reader's language, figures as people read them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from schemas.cameras import Camera
from services.portal.context import Portal
from services.portal.pages import written
from services.portal.pages.language import COOKIE, COOKIE_SECONDS, LANGUAGES, Language, Words, chosen_language
from services.portal.pages.public_cameras import PublicCameras
from services.portal.pages.words.camera import CameraWords
from services.portal.pages.words.counters import FloodWords
from services.portal.pages.words.frame import FrameWords
from services.portal.pages.words.home import HomeWords
from services.runtime.errors import RetryableError
from services.runtime.logging import get_logger

log = get_logger(__name__)

TEMPLATES: Final = Path(__file__).parent / "templates"
T = TypeVar("T")
_WRITTEN: Final = ("number", "percent", "duration", "clock", "day", "moment")
_SECONDS_IN_CACHES: Final = 10


def utc_now() -> datetime:
    """Give the time."""
    return datetime.now(UTC)


class Pages:
    """What every public page needs. ``now`` is the clock that figures and words of time go by."""

    def __init__(self, portal: Portal, now: Callable[[], datetime] = utc_now) -> None:
        self.portal = portal
        self.now = now
        self.cameras = PublicCameras(portal.cameras)
        self._environments = {language: self._environment(language) for language in LANGUAGES}

    def answer(self, request: Request, template: str, words: type, status: int = 200, **values: object) -> HTMLResponse:
        """Give a page. Its words are ``t`` in the template, those of the frame ``f``, other pages' ``w_…``."""
        language = self.language(request)
        page = self._environments[language].get_template(template)
        text = page.render(
            t=Words(words, language),
            f=Words(FrameWords, language),
            w_home=Words(HomeWords, language),
            w_camera=Words(CameraWords, language),
            w_floods=Words(FloodWords, language),
            lang=language,
            path=request.url.path,
            other_language=_other_language(request, language),
            now=self.now(),
            **values,
        )
        answer = HTMLResponse(text, status)
        answer.headers["cache-control"] = f"private, max-age={_SECONDS_IN_CACHES}" if status == 200 else "no-store"
        answer.headers["vary"] = "cookie"
        if request.query_params.get("lang") in LANGUAGES:
            is_protected = self.portal.settings.public_url.startswith("https://")
            answer.set_cookie(
                COOKIE, language, max_age=COOKIE_SECONDS, secure=is_protected, httponly=True, samesite="lax"
            )
        return answer

    def language(self, request: Request) -> Language:
        """Give the reader's language."""
        return chosen_language(request.query_params.get("lang"), request.cookies.get(COOKIE))

    def shows(self, camera: Camera, owner_epoch: int, sequence: int) -> bool:
        """Tell whether everybody may see a frame now, and can."""
        frame = self.portal.shown.find(camera.camera_id, owner_epoch, sequence)
        return frame is not None and self.portal.shown.is_published(camera, frame)

    def not_found(self, request: Request) -> HTMLResponse:
        """Give the page that says that there is none."""
        return self.answer(request, "not_found.html", FrameWords, 404)

    def _environment(self, language: Language) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(default_for_string=True, default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        for name in _WRITTEN:
            environment.filters[name] = partial(getattr(written, name), language=language)
        environment.filters["from_ms"] = written.from_ms
        environment.filters["iso"] = written.iso
        environment.filters["fill"] = fill
        environment.globals["asset"] = self.portal.assets.url
        environment.globals["jakarta"] = written.JAKARTA
        environment.globals["settings"] = self.portal.settings
        return environment


def fill(text: str, **values: object) -> str:
    """Put values into a text's ``{names}``."""
    return text.format(**values)


async def known(answer: Awaitable[T]) -> T | None:
    """Give an answer, or None where the store does not give one: the page says so, and shows the rest."""
    try:
        return await answer
    except RetryableError as error:
        log.warning("pages.figures_unavailable", error=str(error))
        return None


def _other_language(request: Request, language: Language) -> str:
    """Give the address of this page in the other language, relative: it leads nowhere else."""
    wanted = "id" if language == "en" else "en"
    return "?" + urlencode({**request.query_params, "lang": wanted})
