"""Each route refuses whoever lacks its role; what is not a person's own area is as if it were not there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from services.portal.operations.routes import OPEN_PATHS
from services.portal.roles import ROLES, Role
from tests.portal.operations.office import HERE, Office, make_camera, office

EPISODE = "0" * 32
VALUES = {
    "camera_id": "jalan-nowhere-1",
    "episode_id": EPISODE,
    "which": "best",
    "verdict": "confirm",
    "change": "approve",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office")) as built:
        built.portal.cameras.add(make_camera())
        built.portal.cameras.add(make_camera("jalan-bulusan-1", "Bulusan"))
        yield built


def routes_of(place: Office) -> list[Any]:
    """Give every route as it is asked for, with all that it depends on."""
    return list(iter_route_contexts(place.router.routes))


def closed_routes(place: Office) -> list[tuple[str, str, Role]]:
    """Give method, address and least role of every route that is not open."""
    found = []
    for route in routes_of(place):
        if route.path in OPEN_PATHS:
            continue
        least = [call.least for dependency in route.dependant.dependencies if hasattr(call := dependency.call, "least")]
        assert len(least) == 1, f"{route.path} does not say its least role"
        found += [(method, route.path.format(**VALUES), least[0]) for method in sorted(route.methods or ())]
    return sorted(found, key=lambda route: route[1] == "/operations/sign-out")  # that ends the session: last


async def answers(place: Office, cookies: dict[str, str] | None, form_token: str = "") -> dict[tuple[str, str], int]:
    """Ask for every closed route, and give what each answers."""
    found = {}
    async with place.client(cookies) as client:
        for method, address, _ in closed_routes(place):
            data = {"form_token": form_token} if method != "GET" else None
            found[method, address] = (await client.request(method, address, data=data)).status_code
    return found


def test_every_route_is_below_operations_and_says_its_role(place: Office) -> None:
    routes = closed_routes(place)
    assert len(routes) >= 20
    assert all(address == "/operations" or address.startswith("/operations/") for _, address, _ in routes)
    assert {role for _, _, role in routes} == set(ROLES)
    assert {route.path for route in routes_of(place) if route.path in OPEN_PATHS} == OPEN_PATHS


def test_nobody_reaches_a_closed_route_without_signing_in(place: Office) -> None:
    found = asyncio.run(answers(place, None))
    assert {status for (method, _), status in found.items() if method == "GET"} == {303}
    assert {status for (method, _), status in found.items() if method != "GET"} == {401}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reaches_its_own_routes_and_no_higher_ones(place: Office, role: Role) -> None:
    cookies = place.cookies(role)
    found = asyncio.run(answers(place, cookies, place.token(cookies)))
    for method, address, least in closed_routes(place):
        is_refused = found[method, address] == 403
        assert is_refused == (ROLES.index(role) < ROLES.index(least)), (method, address, found[method, address])


def test_a_form_without_its_token_is_refused_everywhere(place: Office) -> None:
    cookies, others = place.cookies("admin"), place.cookies("admin", "Bulusan")
    for token in ("", "0" * 64, place.token(others), "é"):
        found = asyncio.run(answers(place, cookies, token))
        assert {status for (method, _), status in found.items() if method != "GET"} == {403}


def test_of_what_is_open_to_everybody_a_form_alone_changes_anything(place: Office) -> None:
    """It has a token of the visit, which ``test_sign_in`` asks for."""
    changing = {(route.path, *route.methods - {"GET"}) for route in routes_of(place) if route.path in OPEN_PATHS}
    assert {each for each in changing if len(each) > 1} == {("/operations/sign-in", "POST")}


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://elsewhere.test"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}],
)
def test_what_another_place_sends_is_refused_even_with_the_token(place: Office, headers: dict[str, str]) -> None:
    cookies = place.cookies("admin")

    async def ask() -> httpx.Response:
        async with place.client(cookies, **headers) as client:
            return await client.post("/operations/sign-out", data={"form_token": place.token(cookies)})

    assert asyncio.run(ask()).status_code == 403


def test_cameras_of_other_areas_are_as_if_they_were_not_there(place: Office) -> None:
    async def ask(client: httpx.AsyncClient) -> None:
        for page in ("", "/zones", "/now.jpg", "/before.jpg?at_ms=1", "/zones/entry.json"):
            theirs = await client.get(f"/operations/cameras/jalan-bulusan-1{page}")
            unknown = await client.get(f"/operations/cameras/jalan-nowhere-1{page}")
            assert (theirs.status_code, unknown.status_code) == (404, 404)
            assert theirs.text.replace("jalan-bulusan-1", "jalan-nowhere-1") == unknown.text
        listing = (await client.get("/operations/cameras")).text
        assert "jalan-tembalang-1" in listing
        assert "jalan-bulusan-1" not in listing

    place.ask(ask, "admin", "Tembalang")


def test_changes_to_cameras_of_other_areas_are_refused(place: Office) -> None:
    cookies = place.cookies("operator", "Tembalang")
    data = {"form_token": place.token(cookies), "reason": "to see", "looked": "yes", "revision": "1"}

    async def ask() -> set[int]:
        async with place.client(cookies) as client:
            addresses = (
                "cameras/jalan-bulusan-1/approve",
                "cameras/jalan-bulusan-1/original",
                "cameras/jalan-bulusan-1/withdraw",
            )
            found = {(await client.post(f"/operations/{address}", data=data)).status_code for address in addresses}
            found.add((await client.post("/operations/quarantine/jalan-bulusan-1/release", data=data)).status_code)
            edit = {"revision": 1, "zones": [], "opening_hours": None, "why": "to see"}
            told = {"x-form-token": data["form_token"]}
            found.add(
                (await client.post("/operations/cameras/jalan-bulusan-1/zones", json=edit, headers=told)).status_code
            )
            return found

    assert asyncio.run(ask()) == {404}


def test_nothing_that_is_answered_is_kept_by_a_cache(place: Office) -> None:
    async def ask(client: httpx.AsyncClient) -> None:
        for address in ("/operations/cameras", "/operations/cameras/jalan-tembalang-1/zones", "/operations/sign-in"):
            answer = await client.get(address)
            assert answer.headers["cache-control"] == "no-store"
            assert "script-src 'self'" in answer.headers["content-security-policy"]
            assert answer.headers["x-frame-options"] == "DENY"

    place.ask(ask, "operator")


def test_an_address_of_the_source_is_shown_to_operators_alone_and_without_its_secrets(place: Office) -> None:
    async def page(client: httpx.AsyncClient) -> str:
        return (await client.get("/operations/cameras/jalan-tembalang-1/zones")).text

    for role in ROLES:
        assert "10.20.0.15" not in place.ask(page, role)


@pytest.mark.parametrize(
    "address",
    [
        "/operations/cameras/..%2f..%2fetc%2fpasswd",
        "/operations/cameras/%2e%2e/zones",
        "/operations/episodes/..%2f..%2fx/best.jpg",
        "/operations/episodes/" + "0" * 31 + "/best.jpg",
        "/operations/episodes/" + "0" * 32 + "/..%2foriginal.jpg",
        "/operations/cameras?show=everything",
        "/operations/cameras?q=" + "x" * 81,
        "/operations/audit?before=-1",
        "/operations/audit?before=1-%27",
        "/operations/audit?action=%27%20OR%201=1",
        "/operations/cameras/jalan-tembalang-1%0d%0aset-cookie:%20a=b",
    ],
)
def test_odd_addresses_are_refused(place: Office, address: str) -> None:
    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        return await client.get(address)

    answer = place.ask(ask, "admin")
    assert answer.status_code in (400, 404)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("size", ["q=" + "x" * 5000, ""])
def test_oversized_requests_are_refused(place: Office, size: str) -> None:
    cookies = place.cookies("operator")

    async def ask() -> int:
        async with place.client(cookies) as client:
            if size:
                return (await client.get(f"/operations/cameras?{size}")).status_code
            data = {"form_token": place.token(cookies), "reason": "x" * (2 << 20)}
            return (await client.post("/operations/cameras/jalan-tembalang-1/approve", data=data)).status_code

    assert asyncio.run(ask()) == (414 if size else 413)


def test_the_place_of_this_portal_is_its_own(place: Office) -> None:
    cookies = place.cookies("viewer")

    async def ask() -> int:
        async with place.client(cookies, origin=HERE) as client:
            data = {"form_token": place.token(cookies)}
            return (await client.post("/operations/sign-out", data=data)).status_code

    assert asyncio.run(ask()) != 403
