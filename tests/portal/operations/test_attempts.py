"""Guessing at passwords is bounded, and takes nothing from whoever is signed in."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from threading import BoundedSemaphore

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from services.portal.operations import accounts
from services.portal.operations.attempts import Attempts
from tests.portal.operations.office import office


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("10.0.0.1", "10.0.0.2", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2", False),
        ("", "unix", False),
    ],
)
def test_addresses_that_one_line_has_are_counted_together(first: str, second: str, together: bool) -> None:
    attempts = Attempts(1, 30)
    assert attempts.take(first, "siti")
    assert attempts.take(second, "budi") is not together


def test_whoever_comes_while_too_many_passwords_are_looked_at_is_not_kept_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(tmp_path) as place:
        _, password = place.account("viewer", name="siti")

        async def sign_in() -> httpx.Response:
            async with place.client() as client:
                form = await client.get("/operations/sign-in")
                token = form.text.split('name="form_token" value="')[1].split('"')[0]
                data = {"form_token": token, "name": "siti", "password": password}
                return await asyncio.wait_for(client.post("/operations/sign-in", data=data), 30)

        monkeypatch.setattr(accounts, "_AT_ONCE", busy := BoundedSemaphore(1))
        with busy:
            assert asyncio.run(sign_in()).status_code == 429
        assert place.operations.accounts.check("siti", password) is not None, "its turn was given back"


def test_nothing_that_a_route_depends_on_waits_for_a_thread(tmp_path: Path) -> None:
    with office(tmp_path) as place:
        for route in iter_route_contexts(place.router.routes):
            for dependency in route.dependant.dependencies:
                assert inspect.iscoroutinefunction(dependency.call), (route.path, dependency.call)
