"""What is asked of every page of the portal: read by everybody, light, and none of the table of routes forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from fastapi import APIRouter
from fastapi.routing import iter_route_contexts
from playwright.sync_api import Page, Response

MOST_BYTES = 150_000
"""Of a first view, before compression, without pictures of cameras."""
_SERIOUS = ("serious", "critical")
_FILES = (".jpg", ".json", ".{kind}")
_NO_PAGES = {"/data/file", "/operations/sign-in/openid", "/operations/sign-in/openid/callback"}
"""They lead elsewhere."""


def faults(page: Page) -> list[str]:
    """Give what axe-core finds serious, with where it is."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found if one["impact"] in _SERIOUS for node in one["nodes"]]


def opened(page: Page, url: str) -> int:
    """Open a page, and give the bytes of its first view, before compression, without pictures of cameras."""
    answers: list[Response] = []

    def note(answer: Response) -> None:
        answers.append(answer)

    page.on("response", note)
    page.goto(url, wait_until="load")
    page.remove_listener("response", note)
    return sum(len(answer.body()) for answer in answers if _counts(answer))


def forgotten(routes: APIRouter, looked_at: Iterable[str]) -> list[str]:
    """Give the paths of the table's pages that no address of ``looked_at`` leads to."""
    table: list[Any] = list(iter_route_contexts(routes.routes))
    paths = [
        str(route.path)
        for route in table
        if "GET" in route.methods and not route.path.endswith(_FILES) and route.path not in _NO_PAGES
    ]
    addresses = [address.partition("?")[0] for address in looked_at]
    return [path for path in paths if not any(_leads_to(address, path) for address in addresses)]


def in_language(path: str, language: str) -> str:
    """Give a page's address in a language."""
    return f"{path}{'&' if '?' in path else '?'}lang={language}"


def _leads_to(address: str, path: str) -> bool:
    parts = re.split(r"\{\w+\}", path)
    return re.fullmatch("[^/]+".join(map(re.escape, parts)), address) is not None


def _counts(answer: Response) -> bool:
    """An icon of the tab comes when it likes, and then it may be the page before's: ``test_pages`` weighs it."""
    kind = answer.headers.get("content-type", "")
    is_icon = answer.request.resource_type == "other"
    return not (is_icon or 300 <= answer.status < 400 or kind.startswith(("image/jpeg", "text/event-stream")))
