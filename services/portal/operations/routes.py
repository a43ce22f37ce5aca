"""The routes of the operations area, all of them below /operations."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from services.portal.context import Portal
from services.portal.operations import audit_pages, onboarding, pictures, quarantine, review, sign_in, zones
from services.portal.operations.running import Operations, build_operations

OPEN_PATHS = frozenset({"/operations/sign-in", "/operations/sign-in/openid", "/operations/sign-in/openid/callback"})
"""What whoever is not signed in may ask for. A test goes over all other routes, and finds each of them closed."""


def router(portal: Portal) -> APIRouter:
    """Give the operations area of a portal.

    Raises:
        ConfigurationError: Its settings, its key or its accounts are wrong.
    """
    return routes_of(build_operations(portal))


def routes_of(operations: Operations) -> APIRouter:
    """Give the routes of a running operations area."""

    async def bound(request: Request) -> None:
        request.state.operations = operations

    whole = APIRouter(dependencies=[Depends(bound)])
    for part in (sign_in.router, sign_in.leaving, review.router, quarantine.router, audit_pages.router):
        whole.include_router(part)
    for part in (zones.router, pictures.router, onboarding.router):  # the last one's paths take any word for a change
        whole.include_router(part)
    return whole
