"""Who may ask for what: each route states the least role, and what is refused is told as a page.

Whoever adds a route says ``at_least(role)`` in it. That looks at the session and the role, and of everything but GET at
the form's token and where the request comes from: no route can forget that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any, Final
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from schemas.cameras import Camera
from services.portal.operations.running import Operations
from services.portal.operations.sessions import Session
from services.portal.operations.sign_outs import is_signed_out
from services.portal.roles import Person, Role
from services.runtime.errors import ConfigurationError, RetryableError
from services.runtime.logging import get_logger

log = get_logger(__name__)

TOKEN_FIELD: Final = "form_token"  # noqa: S105  (a name)
TOKEN_HEADER: Final = "x-form-token"  # noqa: S105  (a name)
_FORM: Final = "application/x-www-form-urlencoded"
_FIELDS: Final = 40
Guard = Callable[[Request], Coroutine[Any, Any, Person]]


class RefusedError(HTTPException):
    """What was asked for can't be done; ``detail`` is told to the person."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(status, detail)


class _SignInNeededError(Exception):
    """Nobody is signed in."""


def operations_of(request: Request) -> Operations:
    """Give the running operations area."""
    operations: Operations = request.state.operations
    return operations


async def _depended(request: Request) -> Operations:
    """Give it to a route: on the event loop, for a plain function would wait for a thread."""
    return operations_of(request)


def at_least(role: Role) -> Guard:
    """Give what a route depends on so that only people of this role or a higher one reach it."""

    async def guard(request: Request) -> Person:
        session, renewed = await _known_session(request)
        if session is None:
            raise _SignInNeededError
        if request.method not in ("GET", "HEAD"):
            await require_own_form(request, session.session)
        person = session.person
        if not person.may(role):
            raise RefusedError(403, "")
        request.state.session, request.state.renewed = session, renewed
        return person

    guard.least = role  # type: ignore[attr-defined]  # read by the test that goes over all routes
    return guard


Viewer = Annotated[Person, Depends(at_least("viewer"))]
Reviewer = Annotated[Person, Depends(at_least("reviewer"))]
Operator = Annotated[Person, Depends(at_least("operator"))]
Admin = Annotated[Person, Depends(at_least("admin"))]
Ops = Annotated[Operations, Depends(_depended)]


def session_of(request: Request) -> Session | None:
    """Give the session that a request comes with."""
    operations = operations_of(request)
    return operations.sessions.read(request.cookies.get(operations.cookie_name, ""))


async def _known_session(request: Request) -> tuple[Session | None, Session | None]:
    """Give the session of a request, and it renewed where it is time to.

    One that somebody has left at another replica is over here too, at the latest when it would be renewed; where that
    is not known, it is not renewed, and ends when its time without use is over.
    """
    operations, session = operations_of(request), session_of(request)
    renewed = operations.sessions.renewed(session) if session is not None else None
    if session is None or renewed is None:
        return session, None
    try:
        if await is_signed_out(operations, session):
            operations.sessions.end(session)
            return None, None
    except RetryableError as error:
        log.warning("operations.session_not_renewed", error=str(error))
        return session, None
    return session, renewed


async def require_own_form(request: Request, session: str) -> None:
    """Refuse what does not come from a page of this session.

    Raises:
        RefusedError: The token is missing or another session's, or the browser says that another place sent it.
    """
    operations = operations_of(request)
    require_own_place(request)
    token = request.headers.get(TOKEN_HEADER)
    if token is None:
        token = await field(request, TOKEN_FIELD)
    if not operations.sessions.is_form_token(session, token):
        raise RefusedError(403, "form")


def require_own_place(request: Request) -> None:
    """Refuse what a browser says was sent by a page of another place.

    Raises:
        RefusedError: It says so.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise RefusedError(403, "form")
    origin = request.headers.get("origin")
    own = operations_of(request).public_url or f"{request.url.scheme}://{request.url.netloc}"
    if origin is not None and urlsplit(origin)[:2] != urlsplit(own)[:2]:
        raise RefusedError(403, "form")


async def field(request: Request, name: str) -> str:
    """Give a field of the form that was sent; empty: it has none of this name.

    Raises:
        RefusedError: What was sent is no plain form.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise RefusedError(415, "")
    value = (await request.form(max_fields=_FIELDS)).get(name, "")
    return value if isinstance(value, str) else ""


def camera_for(operations: Operations, person: Person, camera_id: str) -> Camera:
    """Give a camera that a person may see. One of another area is as if it were not there.

    Raises:
        RefusedError: There is none.
    """
    camera = operations.portal.cameras.latest(camera_id)
    if camera is None or not person.sees(camera):
        raise RefusedError(404, "")
    return camera


class OperationsRoute(APIRoute):
    """A route whose answers no cache keeps, whose session is renewed, and whose refusals are pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give what answers a request."""
        inner = super().get_route_handler()

        async def answer(request: Request) -> Response:
            response = await _answered(request, inner)
            response.headers["cache-control"] = "no-store"
            renewed = getattr(request.state, "renewed", None)
            if renewed is not None:
                set_session(request, response, renewed)
            return response

        return answer


async def _answered(request: Request, inner: Callable[[Request], Awaitable[Response]]) -> Response:
    try:
        return await inner(request)
    except _SignInNeededError:
        return _to_sign_in(request)
    except RefusedError as error:
        return _told(request, error.status_code, str(error.detail))
    except RetryableError as error:
        log.warning("operations.away", path=request.url.path, error=str(error))
        return _told(request, 503, "away")
    except ConfigurationError as error:
        log.error("operations.misconfigured", path=request.url.path, error=str(error))
        return _told(request, 500, "")


def _told(request: Request, status: int, detail: str) -> Response:
    if not hasattr(request.state, "operations"):
        raise HTTPException(status)
    return operations_of(request).screen.refusal(request, status, detail)


def _to_sign_in(request: Request) -> Response:
    if request.method not in ("GET", "HEAD") or "text/html" not in request.headers.get("accept", "text/html"):
        return _told(request, 401, "")
    following = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/operations/sign-in?next={quote(following, safe='')}", 303)


def set_session(request: Request, response: Response, session: Session) -> None:
    """Give the browser its session."""
    operations = operations_of(request)
    response.set_cookie(
        operations.cookie_name,
        operations.sessions.cookie_of(session),
        max_age=operations.settings.idle_seconds,
        path="/",
        secure=operations.is_protected,
        httponly=True,
        samesite="lax",
    )
