"""Sessions are signed, end by themselves, and end with the account they rest on."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from pathlib import Path

import msgspec
import pytest
from itsdangerous import Signer

from services.portal.operations.accounts import Account, Accounts
from services.portal.operations.secret_files import session_key
from services.portal.operations.sessions import Sessions
from services.runtime.errors import ConfigurationError
from tests.portal.operations.office import office

KEY = b"k" * 32
ACCOUNT = Account("siti", "reviewer", ("Tembalang",), "00" * 16, "11" * 32)


class Hours:
    """A clock that tests move, and the account that is there."""

    def __init__(self) -> None:
        self.now_s = 1_800_000_000
        self.account: Account | None = ACCOUNT

    def sessions(self, key: bytes = KEY) -> Sessions:
        return Sessions(key, 1_800, 28_800, lambda _: self.account, lambda: self.now_s * 1000)


def test_a_session_says_who_it_is() -> None:
    hours = Hours()
    sessions = hours.sessions()
    read = sessions.read(sessions.cookie_of(sessions.begin_local(ACCOUNT)))
    assert read is not None
    assert (read.person.name, read.person.role, read.person.areas) == ("siti", "reviewer", ("Tembalang",))


def test_another_replica_with_the_same_key_knows_it_and_one_with_another_does_not() -> None:
    hours = Hours()
    cookie = hours.sessions().cookie_of(hours.sessions().begin_local(ACCOUNT))
    assert hours.sessions().read(cookie) is not None
    assert hours.sessions(b"x" * 32).read(cookie) is None


def test_a_forged_session_is_none() -> None:
    hours = Hours()
    sessions = hours.sessions()
    session = sessions.begin_local(ACCOUNT)
    cookie = sessions.cookie_of(session)
    data, _, signature = cookie.rpartition(".")
    admin = msgspec.structs.replace(session, role="admin", areas=("*",))
    forged = urlsafe_b64encode(msgspec.json.encode(admin)).rstrip(b"=").decode()
    others = Signer(b"guessed", salt="tilik.portal.session").sign(forged).decode()
    for text in ("", ".", data, f"{data}.", f"{forged}.{signature}", others, cookie[:-2], "é" * 10, "a" * 9_000):
        assert sessions.read(text) is None, text


def test_it_ends_when_it_is_not_used_and_at_the_latest_after_its_longest_time() -> None:
    hours = Hours()
    sessions = hours.sessions()
    session = sessions.begin_local(ACCOUNT)
    hours.now_s += 1_800
    assert sessions.read(sessions.cookie_of(session)) is not None
    hours.now_s += 1
    assert sessions.read(sessions.cookie_of(session)) is None

    used = sessions.begin_local(ACCOUNT)
    lasted = 0
    while lasted < 100_000 and sessions.read(sessions.cookie_of(used)) is not None:
        hours.now_s += 1_000
        lasted += 1_000
        used = sessions.renewed(used) or used
    assert lasted == 29_000, "the first thousand seconds after 28,800"


def test_it_is_not_renewed_with_each_request() -> None:
    hours = Hours()
    sessions = hours.sessions()
    session = sessions.begin_local(ACCOUNT)
    assert sessions.renewed(session) is None
    hours.now_s += 61
    renewed = sessions.renewed(session)
    assert renewed is not None
    assert (renewed.used_at, renewed.began_at) == (hours.now_s, session.began_at)


def test_a_session_from_the_future_is_none() -> None:
    hours = Hours()
    cookie = hours.sessions().cookie_of(hours.sessions().begin_local(ACCOUNT))
    hours.now_s -= 3_600
    assert hours.sessions().read(cookie) is None


def test_signing_out_ends_it() -> None:
    sessions = Hours().sessions()
    session = sessions.begin_local(ACCOUNT)
    sessions.end(session)
    assert sessions.read(sessions.cookie_of(session)) is None


def test_it_ends_with_its_account_and_with_every_change_of_it() -> None:
    hours = Hours()
    sessions = hours.sessions()
    cookie = sessions.cookie_of(sessions.begin_local(ACCOUNT))
    hours.account = msgspec.structs.replace(ACCOUNT, role="viewer")
    assert sessions.read(cookie) is None
    hours.account = None
    assert sessions.read(cookie) is None


def test_form_tokens_are_a_sessions_own() -> None:
    sessions = Hours().sessions()
    token = sessions.form_token("one")
    assert sessions.is_form_token("one", token)
    assert not sessions.is_form_token("two", token)
    assert not sessions.is_form_token("one", "")
    assert not Hours().sessions(b"x" * 32).is_form_token("one", token)


def test_passwords_are_generated_and_kept_as_hashes_in_a_file_of_ones_own(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    password = accounts.create_first()
    assert password is not None
    assert accounts.create_first() is None, "told once"
    file = tmp_path / "accounts.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert password not in file.read_text()
    assert accounts.check("admin", password) is not None
    assert accounts.check("admin", password + "x") is None
    assert accounts.check("nobody", "") is None

    another = Accounts(tmp_path).set_password("admin", "viewer", ())
    assert accounts.check("admin", password) is None
    found = accounts.check("admin", another)
    assert found is not None
    assert found.role == "viewer"
    assert accounts.remove("admin")
    assert accounts.check("admin", another) is None


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    key = session_key(tmp_path, "")
    assert session_key(tmp_path, "") == key
    assert session_key(tmp_path, "y" * 32) == b"y" * 32
    (tmp_path / "session.key").chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        session_key(tmp_path, "")


@pytest.mark.parametrize("name", ["", "a\nb", "<b>", "x" * 81, " lead"])
def test_an_account_has_a_plain_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="no account"):
        Accounts(tmp_path).set_password(name, "viewer", ())


def test_cookies_travel_by_tls_alone_where_the_portal_has_it(tmp_path: Path) -> None:
    for public_url, wanted in (("https://tilik.test", ["__Secure-tilik-visit", "Secure"]), ("", ["tilik-visit"])):
        with office(tmp_path, public_url=public_url) as place:

            async def form() -> str:
                async with place.client() as client:
                    return (await client.get("/operations/sign-in")).headers["set-cookie"]

            cookie = asyncio.run(form())
            assert all(part in cookie for part in [*wanted, "HttpOnly", "SameSite=lax", "Path=/operations/sign-in"])
            assert place.operations.cookie_name.startswith("__Host-") == bool(public_url)
