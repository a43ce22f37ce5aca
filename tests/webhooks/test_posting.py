from __future__ import annotations

import json

import pytest

from services.runtime.addresses import AddressPolicy
from services.webhooks.message import Standing, check_message, message_of
from services.webhooks.posting import Answer, Poster, answer_of
from tests.webhooks.make_episodes import make_parking


@pytest.mark.parametrize("url", ["https://127.0.0.1/x", "https://169.254.169.254/latest", "https://[::1]/x"])
def test_nothing_is_posted_to_an_address_that_is_not_allowed(url: str) -> None:
    """Sockets are off in this test: an attempt to connect would be an error."""
    poster = Poster(url, bytes(24), AddressPolicy(["public", "private"]), 1)
    answer = poster.post(check_message("a", 0))
    poster.close()
    assert answer == Answer("again", "the host is in no allowed network")


def test_what_nobody_thought_of_is_an_answer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """httpx raises UnicodeEncodeError for a host in another script; reading the subscriptions encodes it before."""
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("203.0.113.1", 0))])
    monkeypatch.setattr(AddressPolicy, "allows", lambda *_: True)
    poster = Poster("https://bücher.example/x", bytes(24), AddressPolicy(["public"]), 1)
    answer = poster.post(check_message("a", 0))
    poster.close()
    assert answer.verdict == "again"
    assert "UnicodeEncodeError" in answer.text


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, "accepted"),
        (204, "accepted"),
        (301, "again"),
        (307, "again"),
        (400, "refused"),
        (401, "again"),
        (404, "again"),
        (410, "gone"),
        (422, "refused"),
        (429, "again"),
        (500, "again"),
        (503, "again"),
    ],
)
def test_what_follows_from_a_status(status: int, verdict: str) -> None:
    assert answer_of(status).verdict == verdict


def test_a_receiver_may_ask_for_a_pause() -> None:
    assert answer_of(429, "30").retry_after_seconds == 30
    assert answer_of(503, "soon").retry_after_seconds == 0
    assert answer_of(200, "30").retry_after_seconds == 0


def test_a_message_says_the_episode_and_where_its_camera_stands() -> None:
    episode = make_parking("a", 3, phase="ended")
    message = message_of(episode, Standing("Loket", "Genuk", "Kaligawe"))
    assert message == message_of(episode, Standing("Loket", "Genuk", "Kaligawe"))
    assert message.message_id == f"{episode.episode_id}.3"
    body = json.loads(message.body)
    assert (body["type"], body["timestamp"]) == ("parking_case.ended", "2025-10-13T00:00:03.000Z")
    assert body["data"]["camera"] == {"name": "Loket", "kecamatan": "Genuk", "kelurahan": "Kaligawe"}
    assert body["data"]["episode"]["dwell_seconds"] == 301.0
