"""What is said of a secret, and when."""

from __future__ import annotations

from services.ingest.http_auth import Authorization
from services.ingest.secret_store import Secret

SECRET = Secret(user="admin", password="geheim")
BASIC = 'Basic realm="cam"'
DIGEST = 'Digest realm="cam", nonce="abc", qop="auth", algorithm=MD5'


def said(authorization: Authorization) -> str:
    return (authorization.header("/v") or "nothing").partition(" ")[0]


def test_nothing_is_said_before_it_is_asked_for() -> None:
    assert said(Authorization(SECRET)) == "nothing"


def test_digest_is_preferred_whatever_the_order_of_the_offers() -> None:
    for offers in ([BASIC, DIGEST], [DIGEST, BASIC]):
        authorization = Authorization(SECRET)
        assert authorization.challenge(offers)
        assert said(authorization) == "Digest"


def test_basic_is_said_where_it_is_all_that_is_offered_and_once() -> None:
    authorization = Authorization(SECRET)
    assert authorization.challenge([BASIC])
    assert said(authorization) == "Basic"
    assert not authorization.challenge([BASIC])


def test_a_digest_that_failed_is_not_followed_by_the_password_itself() -> None:
    authorization = Authorization(SECRET)
    assert authorization.challenge([DIGEST])
    assert not authorization.challenge([DIGEST, BASIC])
    assert said(authorization) == "Digest"
