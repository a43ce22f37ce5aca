"""What alerts are sent to: receivers that are wanted no more go, and nothing secret about them is shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.dashboards.provisioning import wanted
from services.runtime.errors import RetryableError
from tests.cli.dashboards.fake_grafana import PASSWORD, TOKEN, FakeGrafana, fake_grafana
from tests.cli.dashboards.pushing import WEBHOOK, Pusher, small_dashboards

pytestmark = pytest.mark.integration

HOOK, MAIL = ("--webhook", WEBHOOK), ("--email", "ops@example.org")


@pytest.fixture
def pusher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pusher]:
    monkeypatch.setattr(wanted, "dashboards", small_dashboards)
    with fake_grafana() as running:
        yield Pusher(running, tmp_path)


def receivers(grafana: FakeGrafana) -> set[str]:
    return set(grafana.points)


def test_a_receiver_that_is_wanted_no_more_is_told_and_removed(pusher: Pusher) -> None:
    assert pusher.push(*HOOK, *MAIL).code == 0
    said = pusher.diff(*HOOK)
    assert said.code == 1
    assert "contact point Tilik (email) is wanted no more; push removes it" in said.text
    assert "would be removed: contact point Tilik (email)" in pusher.push("--dry-run", *HOOK).text
    assert receivers(pusher.grafana) == {"tilik-webhook", "tilik-email"}
    said = pusher.push(*HOOK)
    assert "removed: contact point Tilik (email)" in said.text
    assert "1 were changed" in said.text
    assert receivers(pusher.grafana) == {"tilik-webhook"}
    assert pusher.diff(*HOOK).code == 0


def test_one_takes_the_other_s_place_without_a_moment_in_which_nobody_is_told(pusher: Pusher) -> None:
    pusher.push(*MAIL)
    assert pusher.push(*HOOK).code == 0
    assert receivers(pusher.grafana) == {"tilik-webhook"}
    assert [method for method, path in pusher.grafana.writes if "contact-points" in path] == ["POST", "DELETE"]


@pytest.mark.parametrize("before", [True, False], ids=["not done", "done all the same"])
def test_wherever_the_connection_is_lost_pushing_again_removes_it(pusher: Pusher, before: bool) -> None:
    pusher.push(*HOOK, *MAIL)
    pusher.push(*HOOK)
    assert pusher.grafana.requests[-1][0] == "DELETE"
    requests = len(pusher.grafana.requests)
    for number in range(requests - 3, requests + 1):
        assert pusher.push(*HOOK, *MAIL).code == 0
        pusher.grafana.cut_at, pusher.grafana.cut_before = number, before
        assert isinstance(pusher.push(*HOOK).error, RetryableError)
        pusher.grafana.cut_at = None
        assert pusher.push(*HOOK).code == 0
        assert receivers(pusher.grafana) == {"tilik-webhook"}


def test_receivers_of_others_those_of_files_and_those_that_a_push_does_not_speak_of_stay(pusher: Pusher) -> None:
    pusher.push(*HOOK, *MAIL)
    points = pusher.grafana.points
    points["theirs"] = {**points["tilik-email"], "uid": "theirs"}
    points["tilik-email"]["provenance"] = "file"
    assert pusher.push().code == 0
    assert pusher.push(*HOOK).code == 0
    assert receivers(pusher.grafana) == {"tilik-webhook", "tilik-email", "theirs"}
    assert "comes from a file of Grafana's provisioning" in pusher.diff(*HOOK).text


@pytest.mark.parametrize(
    "repeated",
    [
        f'invalid receiver: Post "{WEBHOOK}": unsupported protocol scheme',
        "404 for /T0/very-secret",
        "no template very-secret",
        "x" * 262 + WEBHOOK,
    ],
    ids=["whole", "its path", "a part", "where the message is cut"],
)
@pytest.mark.parametrize("status", [400, 409, 500])
def test_a_webhook_s_secret_path_is_not_shown_where_grafana_repeats_it(
    pusher: Pusher, repeated: str, status: int
) -> None:
    pusher.grafana.fail_with["/contact-points"] = (status, {"message": repeated})
    said = pusher.push(*HOOK)
    assert f"said {status}" in said.text
    assert repeated[:8] in said.text
    assert not any(word in said.text for word in ("T0/", "very", "secret"))


@pytest.mark.parametrize("path", ["/datasources", "/datasources/uid/tilik-clickhouse/health"])
def test_passwords_and_the_token_are_not_shown_where_grafana_repeats_them(pusher: Pusher, path: str) -> None:
    spoken = f'user "grafana", password "pa\\"ss w0rd", token {TOKEN}'
    pusher.grafana.health["tilik-clickhouse"] = (200, {"status": "ERROR", "message": spoken})
    if not path.endswith("health"):
        pusher.grafana.fail_with[path] = (400, {"message": spoken})
    secret = pusher.secret("clickhouse", 'pa"ss w0rd')
    said = pusher.push("--clickhouse-password-file", secret)
    assert said.error is not None
    assert 'user "grafana"' in said.text
    assert not any(word in said.text for word in ("w0rd", TOKEN, PASSWORD))
