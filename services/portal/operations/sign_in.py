"""Signing in and out."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import Annotated, Final
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Query, Request
from itsdangerous import BadSignature, URLSafeSerializer
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from services.portal.operations.accounts import CrowdedError
from services.portal.operations.guarding import (
    TOKEN_FIELD,
    OperationsRoute,
    Ops,
    RefusedError,
    Viewer,
    field,
    require_own_place,
    session_of,
    set_session,
)
from services.portal.operations.openid import SignInRefusedError, Ticket
from services.portal.operations.running import Operations
from services.portal.operations.sessions import Session
from services.portal.operations.typed_text import inside_address, single_line
from services.portal.requests import client_of
from services.runtime.logging import get_logger

log = get_logger(__name__)

HOME: Final = "/operations"
_SIGN_IN: Final = "/operations/sign-in"
_TICKET_SECONDS: Final = 600
_VISIT_SECONDS: Final = 86_400
_LONGEST_PASSWORD: Final = 200
_Address = Annotated[str, Query(alias="next", max_length=2_000)]

router = APIRouter(prefix=_SIGN_IN, route_class=OperationsRoute)
leaving = APIRouter(prefix="/operations/sign-out", route_class=OperationsRoute)


@router.get("")
async def form(request: Request, ops: Ops, following: _Address = "") -> Response:
    """Show the form, to everybody."""
    if session_of(request) is not None:
        return RedirectResponse(inside_address(following, HOME), 303)
    return _form(request, ops, following)


@router.post("")
async def sign_in(request: Request, ops: Ops) -> Response:
    """Sign in with a local account."""
    require_own_place(request)
    _require_own_visit(request, ops, await field(request, TOKEN_FIELD))
    client, following = client_of(request.scope), await field(request, "next")
    given = await field(request, "name")
    name = single_line(given, 80)
    if not ops.settings.local_accounts:
        raise RefusedError(404, "")
    if not ops.attempts.take(client, name or ""):
        return _form(request, ops, following, 429, "sign_in_too_often")
    password = await field(request, "password")
    account = None
    if name is not None and len(password) <= _LONGEST_PASSWORD:
        try:
            account = await run_in_threadpool(ops.accounts.check, name, password)
        except CrowdedError:
            return _form(request, ops, following, 429, "sign_in_too_often")
    if account is None:
        await run_in_threadpool(ops.audit.note, "sign_in_refused", client, None, who=name or "", detail="local")
        return _form(request, ops, following, 401, "sign_in_wrong")
    return await _signed_in(request, ops, ops.sessions.begin_local(account), following)


@router.get("/openid")
async def openid(request: Request, ops: Ops, following: _Address = "") -> Response:
    """Send the browser to the provider."""
    if ops.openid is None:
        raise RefusedError(404, "")
    try:
        address, ticket = await ops.openid.begin(inside_address(following, HOME))
    except SignInRefusedError as error:
        log.error("operations.openid_misconfigured", error=str(error))
        raise RefusedError(503, "away") from error
    answer = RedirectResponse(address, 303)
    _set(ops, answer, _ticket_cookie(ops), _sealed(ops).dumps(msgspec.to_builtins(ticket)), _TICKET_SECONDS)
    return answer


@router.get("/openid/callback")
async def openid_callback(
    request: Request,
    ops: Ops,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4_000)] = "",
    iss: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """Take what the provider says."""
    if ops.openid is None:
        raise RefusedError(404, "")
    client = client_of(request.scope)
    if not ops.attempts.take(client, ""):
        return _form(request, ops, "", 429, "sign_in_too_often")
    try:
        ticket = _ticket(request, ops)
        vouched = await ops.openid.finish(ticket, state, code, iss)
    except SignInRefusedError as error:
        log.warning("operations.sign_in_refused", error=str(error))
        await run_in_threadpool(ops.audit.note, "sign_in_refused", client, None, detail=f"openid: {error}")
        return _form(request, ops, "", 401, "sign_in_not_vouched")
    session = ops.sessions.begin_openid(vouched.name, vouched.role, vouched.areas)
    answer = await _signed_in(request, ops, session, ticket.following, vouched.subject)
    answer.delete_cookie(_ticket_cookie(ops), path=_SIGN_IN, secure=ops.is_protected, httponly=True, samesite="lax")
    return answer


@leaving.post("")
async def sign_out(request: Request, ops: Ops, person: Viewer) -> Response:
    """Note it, for all replicas, and then alone end the session: where that can't be noted, to try again helps."""
    session: Session = request.state.session
    await run_in_threadpool(ops.audit.note, "signed_out", client_of(request.scope), person)
    ops.sessions.end(session)
    request.state.session = request.state.renewed = None
    answer = RedirectResponse(_SIGN_IN, 303)
    answer.delete_cookie(ops.cookie_name, path="/", secure=ops.is_protected, httponly=True, samesite="lax")
    return answer


async def _signed_in(
    request: Request, ops: Operations, session: Session, following: str, subject: str = ""
) -> Response:
    """Note it, and then alone give the session; one that the browser had until then is over."""
    client = client_of(request.scope)
    await run_in_threadpool(ops.audit.note, "signed_in", client, session.person, subject=subject, detail=session.via)
    log.info("operations.signed_in", role=session.role, via=session.via)
    former = session_of(request)
    if former is not None:
        await run_in_threadpool(ops.audit.note, "signed_out", client, former.person, detail="signed in anew")
        ops.sessions.end(former)
    answer = RedirectResponse(inside_address(following, HOME), 303)
    set_session(request, answer, session)
    return answer


def _form(request: Request, ops: Operations, following: str, status: int = 200, fault: str = "") -> Response:
    visit = request.cookies.get(_visit_cookie(ops), "")
    if len(visit) != 32 or not visit.isalnum():
        visit = secrets.token_hex(16)
    following = inside_address(following, HOME)
    answer = ops.screen.page(
        request,
        "sign_in.html",
        status,
        fault=fault,
        following=following,
        visit_token=_visit_token(ops, visit),
        local=ops.settings.local_accounts,
        openid="/operations/sign-in/openid?" + urlencode({"next": following}) if ops.openid is not None else "",
    )
    _set(ops, answer, _visit_cookie(ops), visit, _VISIT_SECONDS)
    return answer


def _require_own_visit(request: Request, ops: Operations, token: str) -> None:
    """Refuse a sign-in that no form of ours made: somebody else's page could sign a person in under its own name."""
    visit = request.cookies.get(_visit_cookie(ops), "")
    if not visit or not hmac.compare_digest(_visit_token(ops, visit).encode(), token.encode()):
        raise RefusedError(403, "form")


def _visit_token(ops: Operations, visit: str) -> str:
    return hmac.new(ops.sessions.key_for("visit"), visit.encode(), hashlib.sha256).hexdigest()


def _ticket(request: Request, ops: Operations) -> Ticket:
    try:
        ticket = msgspec.convert(_sealed(ops).loads(request.cookies.get(_ticket_cookie(ops), "")), Ticket)
    except (BadSignature, msgspec.ValidationError) as error:
        raise SignInRefusedError("there is no ticket: the sign-in began in another browser, or long ago") from error
    if not 0 <= time.time() - ticket.began_at <= _TICKET_SECONDS:
        raise SignInRefusedError("the ticket is over")
    return ticket


def _sealed(ops: Operations) -> URLSafeSerializer:
    return URLSafeSerializer(
        ops.sessions.key_for("ticket"),
        salt="tilik.portal.ticket",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )


def _visit_cookie(ops: Operations) -> str:
    return "__Secure-tilik-visit" if ops.is_protected else "tilik-visit"


def _ticket_cookie(ops: Operations) -> str:
    return "__Secure-tilik-ticket" if ops.is_protected else "tilik-ticket"


def _set(ops: Operations, answer: Response, name: str, value: str, seconds: int) -> None:
    answer.set_cookie(
        name, value, max_age=seconds, path=_SIGN_IN, secure=ops.is_protected, httponly=True, samesite="lax"
    )
