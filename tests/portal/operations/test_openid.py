"""Sign-in by a provider: only what it signed for us, for this browser and this attempt, lets somebody in."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from services.portal.operations_settings import OpenIdSettings
from services.runtime.errors import ConfigurationError
from services.runtime.settings import ClickHouseSettings
from tests.portal.operations.office import HERE, Office, office
from tests.portal.operations.openid_provider import Claims, Provider, running_provider

pytestmark = pytest.mark.integration


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running_provider() as running:
        yield running


@pytest.fixture
def place(provider: Provider, clickhouse_port: int, tmp_path: Path) -> Iterator[Office]:
    clickhouse = ClickHouseSettings(port=clickhouse_port, database="default")
    openid = OpenIdSettings(issuer=provider.issuer, client_secret="hush")
    with office(tmp_path, clickhouse=clickhouse, openid=openid, public_url=HERE, local_accounts=False) as built:
        yield built


async def sign_in(place: Office, **changed: str) -> tuple[httpx.Response, httpx.Response]:
    """Go the whole way, as a browser does; give the callback's answer and the start page's."""
    async with place.client() as browser, httpx.AsyncClient() as at_provider:
        started = await browser.get("/operations/sign-in/openid", params={"next": "/operations/cameras"})
        assert started.status_code == 303
        sent_back = await at_provider.get(started.headers["location"])
        query = dict(httpx.URL(sent_back.headers["location"]).params)
        if "ticket" in changed:
            browser.cookies.set("tilik-ticket", changed.pop("ticket"), domain="portal.test", path="/operations/sign-in")
        answer = await browser.get("/operations/sign-in/openid/callback", params={**query, **changed})
        return answer, await browser.get("/operations/cameras")


def test_whom_the_provider_vouches_for_is_signed_in_with_role_and_areas(place: Office) -> None:
    answer, page = asyncio.run(sign_in(place))
    assert (answer.status_code, answer.headers["location"]) == (303, "/operations/cameras")
    assert page.status_code == 200
    session = place.operations.sessions.read(answer.cookies[place.operations.cookie_name])
    assert session is not None
    assert (session.name, session.role, session.areas, session.via) == ("sri", "reviewer", ("Tembalang",), "openid")
    written = {"action": "signed_in", "outcome": "written"}
    assert place.portal.metrics.registry.get_sample_value("tilik_portal_audit_entries_total", written) == 1


def test_where_a_provider_signs_in_local_accounts_do_not(place: Office) -> None:
    cookies = place.cookies("admin")

    async def ask() -> tuple[int, str]:
        async with place.client(cookies) as browser:
            return (await browser.get("/operations")).status_code, (await browser.get("/operations/sign-in")).text

    status, form = asyncio.run(ask())
    assert status == 303
    assert 'type="password"' not in form


def test_the_highest_role_counts_and_claims_may_lie_deeper(provider: Provider, place: Office) -> None:
    provider.told = {"preferred_username": "sri", "roles": ["tilik-viewer", "tilik-admin", "other"]}
    answer, _ = asyncio.run(sign_in(place))
    session = place.operations.sessions.read(answer.cookies[place.operations.cookie_name])
    assert session is not None
    assert (session.role, session.areas) == ("admin", ()), "without areas nobody sees a camera"


def test_a_new_key_of_the_provider_is_fetched(
    provider: Provider, place: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.portal.operations.openid._KEYS_EVERY_SECONDS", -1.0)
    assert asyncio.run(sign_in(place))[1].status_code == 200
    provider.change_key()
    assert asyncio.run(sign_in(place))[1].status_code == 200


def _unsigned(claims: Claims) -> str:
    def part(value: Any) -> str:
        return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(claims)}."


def _by_public_key(provider: Provider) -> str:
    return str(provider.key.as_pem(private=False).decode())


@pytest.mark.parametrize(
    "told",
    [
        {"iss": "http://elsewhere.test"},
        {"aud": "another-client"},
        {"aud": ["another-client", "tilik-portal"], "azp": "another-client"},
        {"nonce": "of another attempt"},
        {"nonce": None},
        pytest.param({"exp": int(time.time()) - 120}, id="expired"),
        {"exp": None},
        {"sub": None},
        {"roles": []},
        {"roles": ["admin"]},
        {"roles": None},
        {"preferred_username": "sri\r\nset-cookie: a=b"},
    ],
    ids=str,
)
def test_a_token_that_does_not_hold_lets_nobody_in(provider: Provider, place: Office, told: Claims) -> None:
    provider.told = {**provider.told, **told}
    answer, page = asyncio.run(sign_in(place))
    assert (answer.status_code, page.status_code) == (401, 303)
    assert place.operations.cookie_name not in answer.cookies


@pytest.mark.parametrize("forged", ["unsigned", "by another key", "by the public key as a password", "nonsense"])
def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(provider: Provider, place: Office, forged: str) -> None:
    another = RSAKey.generate_key(2048, {"kid": "first"}, auto_kid=False)
    provider.sign = {
        "unsigned": _unsigned,
        "by another key": lambda claims: jwt.encode({"alg": "RS256", "kid": "first"}, claims, another),
        "by the public key as a password": lambda claims: jwt.encode(
            {"alg": "HS256", "kid": "first"}, claims, OctKey.import_key(_by_public_key(provider).replace("-----", ""))
        ),
        "nonsense": lambda claims: "a.b.c",
    }[forged]
    answer, page = asyncio.run(sign_in(place))
    assert (answer.status_code, page.status_code) == (401, 303)


@pytest.mark.parametrize(
    "changed",
    [{"state": "x" * 32}, {"code": "guessed"}, {"iss": "http://elsewhere.test"}, {"ticket": "forged"}],
    ids=str,
)
def test_an_answer_to_another_attempt_lets_nobody_in(place: Office, changed: dict[str, str]) -> None:
    answer, page = asyncio.run(sign_in(place, **changed))
    assert (answer.status_code, page.status_code) == (401, 303)


def test_a_provider_of_another_name_is_not_believed(provider: Provider, place: Office) -> None:
    provider.discovery = {"issuer": "http://elsewhere.test"}

    async def ask() -> httpx.Response:
        async with place.client() as browser:
            return await browser.get("/operations/sign-in/openid")

    assert asyncio.run(ask()).status_code == 503


def test_a_provider_needs_the_portals_own_address(tmp_path: Path) -> None:
    openid = OpenIdSettings(issuer="https://sso.semarang.test")
    with pytest.raises(ConfigurationError, match="PUBLIC_URL"), office(tmp_path, openid=openid):
        pass


@pytest.mark.parametrize(
    "issuer", ["http://sso.semarang.test", "sso.semarang.test", "https://sso.test?x=y", "https://a b"]
)
def test_a_provider_is_reached_by_tls(issuer: str) -> None:
    with pytest.raises(ValueError, match="issuer"):
        OpenIdSettings(issuer=issuer)
