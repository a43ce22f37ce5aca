"""What a browser is given when somebody signs in: a session of its own that nobody has chosen, and no way elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from services.portal.operations.sessions import Session
from services.runtime.settings import ClickHouseSettings
from tests.portal.operations.office import Office, office

pytestmark = pytest.mark.integration

ELSEWHERE = (
    "//elsewhere.test",
    "https://elsewhere.test/operations",
    "/operations/..//elsewhere.test",
    "/\\elsewhere.test",
)


@pytest.fixture
def place(clickhouse_port: int, tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path, clickhouse=ClickHouseSettings(port=clickhouse_port, database="default")) as built:
        yield built


async def sign_in(client: httpx.AsyncClient, name: str, password: str, form: httpx.Response) -> httpx.Response:
    token = form.text.split('name="form_token" value="')[1].split('"')[0]
    return await client.post("/operations/sign-in", data={"form_token": token, "name": name, "password": password})


def test_signing_in_gives_another_session_than_the_browser_came_with_and_ends_that(place: Office) -> None:
    _, password = place.account("admin", name="sri")
    planted, sessions, name = place.cookies("viewer"), place.operations.sessions, place.operations.cookie_name

    async def ask() -> httpx.Response:
        async with place.client() as client:
            form = await client.get("/operations/sign-in")
            client.cookies.set(name, planted[name])
            return await sign_in(client, "sri", password, form)

    given = sessions.read(asyncio.run(ask()).cookies[name])
    assert given is not None
    assert (given.name, given.role) == ("sri", "admin")
    assert sessions.read(planted[name]) is None, "who planted it has nothing of it"


def test_a_sign_out_holds_at_every_replica_once_the_cookie_is_a_minute_old(
    place: Office, clickhouse_port: int, tmp_path: Path
) -> None:
    """A cookie that was copied before is of no use elsewhere; where the log is away, it is not renewed."""
    account, _ = place.account("viewer", name="tuti")
    sessions = place.operations.sessions
    left, stays = sessions.begin_local(account), sessions.begin_local(account)

    def cookie(session: Session, age_s: int) -> dict[str, str]:
        used = msgspec.structs.replace(session, used_at=session.used_at - age_s)
        return {place.operations.cookie_name: sessions.cookie_of(used)}

    async def cameras(at: Office, session: Session, age_s: int) -> httpx.Response:
        async with at.client(cookie(session, age_s)) as client:
            return await client.get("/operations/cameras")

    async def sign_out() -> int:
        async with place.client(cookie(left, 0)) as client:
            data = {"form_token": sessions.form_token(left.session)}
            return (await client.post("/operations/sign-out", data=data)).status_code

    with office(tmp_path, clickhouse=ClickHouseSettings(port=clickhouse_port, database="default")) as other:
        assert asyncio.run(cameras(other, left, 61)).status_code == 200
        assert asyncio.run(sign_out()) == 303
        assert asyncio.run(cameras(other, left, 61)).headers["location"].startswith("/operations/sign-in")
        assert asyncio.run(cameras(other, left, 0)).status_code == 303, "it is known there from then on"
        assert other.operations.cookie_name in asyncio.run(cameras(other, stays, 61)).cookies
    with office(tmp_path) as blind:
        answer = asyncio.run(cameras(blind, left, 61))
        assert (answer.status_code, answer.headers.get("set-cookie")) == (200, None)


def test_a_token_of_another_visit_signs_nobody_in(place: Office) -> None:
    _, password = place.account("viewer", name="budi")

    async def both() -> list[int]:
        async with place.client() as mine, place.client() as theirs:
            own, other = await mine.get("/operations/sign-in"), await theirs.get("/operations/sign-in")
            return [(await sign_in(mine, "budi", password, form)).status_code for form in (other, own)]

    assert asyncio.run(both()) == [403, 303]


@pytest.mark.parametrize("following", ELSEWHERE)
def test_who_is_signed_in_already_is_led_nowhere_else_either(place: Office, following: str) -> None:
    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        return await client.get("/operations/sign-in", params={"next": following})

    answer = place.ask(ask, "viewer")
    assert (answer.status_code, answer.headers["location"]) == (303, "/operations")


def test_where_one_wanted_to_go_is_told_as_one_value(place: Office) -> None:
    async def ask() -> str:
        async with place.client() as client:
            return (await client.get("/operations/audit?who=a%0d%0aset-cookie:%20b=c&next=//x")).headers["location"]

    location = asyncio.run(ask())
    assert location.startswith("/operations/sign-in?next=%2Foperations%2Faudit%3F")
    assert not set(location.partition("next=")[2]) & set("&\r\n")


def test_a_session_is_a_cookie_of_this_host_alone_by_tls(clickhouse_port: int, tmp_path: Path) -> None:
    clickhouse = ClickHouseSettings(port=clickhouse_port, database="default")
    with office(tmp_path, clickhouse=clickhouse, public_url="https://tilik.test") as place:
        sessions, name = place.operations.sessions, place.operations.cookie_name
        session = sessions.read(place.cookies("viewer")[name])
        assert session is not None
        used = msgspec.structs.replace(session, used_at=session.used_at - 120)

        async def page() -> list[str]:
            async with place.client({name: sessions.cookie_of(used)}) as client:
                return (await client.get("/operations/cameras?lang=en")).headers.get_list("set-cookie")

        renewed, language = sorted(asyncio.run(page()))
        assert renewed.startswith("__Host-tilik-session=")
        for part in ("; Path=/;", "; Secure", "; HttpOnly", "; SameSite=lax", "; Max-Age=1800"):
            assert part in renewed
        assert "Domain" not in renewed, "a browser takes no such cookie under __Host-"
        assert "; Secure" in language
        assert "; HttpOnly" in language
