"""What is said of a secret, and when."""

from __future__ import annotations

from services.ingest.http.authorization import Authorization
from services.ingest.secret_store import Secret

SECRET = Secret(user="admin", password="geheim")
BASIC = 'Basic realm="cam"'
DIGEST = 'Digest realm="cam", nonce="abc", qop="auth", algorithm=MD5'


def said(authorization: Authorization) -> str:
    return (authorization.header("/v") or "nothing").partition(" ")[0]


def test_nothing_is_said_before_it_is_asked_for() -> None:
    assert said(Authorization(SECRET)) == "nothing"


def test_digest_is_preferred_whatever_the_order_of_the_offers() -> None:
    for offers in ([BASIC, DIGEST], [DIGEST, BASIC], [f"{BASIC}, {DIGEST}"], [f"Negotiate, {DIGEST}, {BASIC}"]):
        authorization = Authorization(SECRET)
        assert authorization.challenge(offers)
        header = authorization.header("/v") or ""
        assert header.startswith('Digest username="admin", realm="cam", nonce="abc"')


def test_a_comma_in_a_realm_begins_no_other_challenge() -> None:
    authorization = Authorization(SECRET)
    assert authorization.challenge(['Basic realm="cam, Digest nonce=1"'])
    assert said(authorization) == "Basic"


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


def test_another_nonce_is_taken_after_one_that_was_good_or_where_it_is_said_to_be_stale() -> None:
    renewed = DIGEST.replace("abc", "def")
    used = Authorization(SECRET)
    assert used.challenge([DIGEST])
    used.header("/v")
    assert not used.challenge([renewed]), "the first answer was refused: the secret is wrong"
    used.header("/v")  # a second one is only asked for after an answer that was taken
    assert used.challenge([renewed])
    stale = Authorization(SECRET)
    assert stale.challenge([DIGEST])
    stale.header("/v")
    assert stale.challenge([f"{renewed}, stale=TRUE"])


def test_the_same_nonce_is_not_answered_again() -> None:
    authorization = Authorization(SECRET)
    assert authorization.challenge([DIGEST])
    for _ in range(3):
        authorization.header("/v")
    assert not authorization.challenge([f"{DIGEST}, stale=true"])


def test_a_digest_is_of_the_method_and_speaks_the_oldest_dialect() -> None:
    authorization = Authorization(SECRET)
    assert authorization.challenge(['Digest realm="cam", nonce="abc"'])
    said = authorization.header("rtsp://10.0.0.2/v", "DESCRIBE")
    assert said == (
        'Digest username="admin", realm="cam", nonce="abc", uri="rtsp://10.0.0.2/v", '
        'response="856171e39a694b797dd9fb27596521de"'
    )
