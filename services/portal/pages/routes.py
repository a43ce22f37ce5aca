"""All public pages as one router."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter

from services.portal.context import Portal
from services.portal.pages.about import about_routes
from services.portal.pages.camera_list import camera_list_routes
from services.portal.pages.camera_page import camera_routes
from services.portal.pages.counters import counter_routes
from services.portal.pages.data_page import data_routes
from services.portal.pages.floods import flood_routes
from services.portal.pages.home import home_routes
from services.portal.pages.rendering import Pages, utc_now


def router(portal: Portal, now: Callable[[], datetime] = utc_now) -> APIRouter:
    """Give the routes of the public pages.

    Args:
        portal: The parts of the running portal.
        now: The clock that figures and words of time go by.
    """
    pages = Pages(portal, now)
    whole = APIRouter()
    for part in (
        home_routes,
        camera_list_routes,
        camera_routes,
        counter_routes,
        flood_routes,
        data_routes,
        about_routes,
    ):
        whole.include_router(part(pages))
    return whole
