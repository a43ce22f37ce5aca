"""``tilik dashboards push`` and ``diff``, against a Grafana over HTTP that answers as the documentation says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from services.cli.dashboards.provisioning import session, wanted
from services.runtime.errors import ConfigurationError, RetryableError
from tests.cli.dashboards.fake_grafana import PASSWORD, TOKEN, FakeGrafana, Json, fake_grafana
from tests.cli.dashboards.pushing import WEBHOOK, Pusher, small_dashboards

pytestmark = pytest.mark.integration

NOTIFIED = ("--webhook", WEBHOOK, "--email", "ops@example.org", "--email", "night@example.org")


@pytest.fixture
def grafana() -> Iterator[FakeGrafana]:
    with fake_grafana() as running:
        yield running


@pytest.fixture
def pusher(grafana: FakeGrafana, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pusher:
    monkeypatch.setattr(wanted, "dashboards", small_dashboards)
    return Pusher(grafana, tmp_path)


def retitle(dashboard: Json) -> None:
    dashboard["panels"][1]["title"] = "Seen by us"


def test_everything_is_made_and_pushing_again_changes_nothing(pusher: Pusher) -> None:
    said = pusher.push(*NOTIFIED)
    assert said.code == 0, said
    grafana = pusher.grafana
    assert set(grafana.folders) == {"tilik", "tilik-id", "tilik-alerts"}
    assert set(grafana.dashboards) == {"tilik-small", "tilik-small-id", "tilik-metrics", "tilik-metrics-id"}
    assert grafana.dashboards["tilik-small-id"]["folderUid"] == "tilik-id"
    assert (
        grafana.sources["tilik-clickhouse"]["jsonData"] | {"port": 8123, "username": "grafana"}
        == (grafana.sources["tilik-clickhouse"]["jsonData"])
    )
    assert {rule["uid"] for group in grafana.groups.values() for rule in group["rules"]} >= {"tilik-flood-suspected"}
    assert {one["type"] for one in grafana.points.values()} == {"webhook", "email"}
    before = grafana.content()
    again = pusher.push(*NOTIFIED)
    assert (again.code, grafana.writes) == (0, [])
    assert "nothing to change" in again.text
    assert grafana.content() == before
    assert pusher.diff(*NOTIFIED).code == 0


def test_the_real_dashboards_are_taken_and_pushing_them_again_changes_nothing(
    grafana: FakeGrafana, tmp_path: Path
) -> None:
    pusher = Pusher(grafana, tmp_path)
    assert pusher.push("--alerts", "id").code == 0
    assert grafana.folders["tilik-alerts"]["title"] == "Peringatan Tilik"
    assert pusher.push("--alerts", "id").code == 0
    assert grafana.writes == []


def test_a_dry_run_and_a_diff_change_nothing(pusher: Pusher) -> None:
    said = pusher.push("--dry-run")
    assert (said.code, pusher.grafana.writes) == (0, [])
    assert "would be made: dashboard Small (tilik-small)" in said.text
    said = pusher.diff()
    assert (said.code, pusher.grafana.writes) == (1, [])
    assert "dashboard Small (tilik-small) is not there; push makes it" in said.text


def test_one_language_without_alerts_is_only_that(pusher: Pusher) -> None:
    assert pusher.push("--language", "id", "--alerts", "none").code == 0
    assert set(pusher.grafana.folders) == {"tilik-id"}
    assert pusher.grafana.groups == {}


# By hand


def test_diff_tells_the_panel_and_field_that_somebody_changed_and_push_leaves_it_alone(pusher: Pusher) -> None:
    pusher.push()
    pusher.grafana.edit_dashboard("tilik-small", retitle, "our own words")
    said = pusher.diff()
    assert said.code == 1
    assert "dashboard Small (tilik-small) was changed by hand" in said.text
    assert 'panels \'Seen\': title is "Seen by us", not "Seen"' in said.text
    assert "Metrics" not in said.text
    said = pusher.push()
    assert (said.code, pusher.grafana.writes) == (1, [])
    assert "--force" in said.text
    assert pusher.push("--force").code == 0
    assert pusher.diff().code == 0


def test_another_release_s_dashboard_is_changed_without_force(pusher: Pusher) -> None:
    for name in ("first", "second", "third"):
        assert pusher.push("--portal-url", f"https://{name}.example.org").code == 0
    assert pusher.grafana.dashboards["tilik-small"]["dashboard"]["version"] == 3


def test_what_a_person_saves_between_reading_and_writing_is_not_overwritten(pusher: Pusher) -> None:
    pusher.push()
    pusher.grafana.before_save = lambda: pusher.grafana.edit_dashboard("tilik-small", retitle)
    said = pusher.push("--portal-url", "https://elsewhere.example.org")
    assert isinstance(said.error, ConfigurationError)
    assert "somebody saved the dashboard 'Small' while it was pushed" in said.text
    assert pusher.grafana.dashboards["tilik-small"]["dashboard"]["panels"][1]["title"] == "Seen by us"


def test_a_dashboard_that_somebody_moved_is_told_and_put_back_by_force(pusher: Pusher) -> None:
    pusher.push()
    pusher.grafana.dashboards["tilik-small"]["folderUid"] = "tilik-id"
    said = pusher.diff()
    assert "it lies in the folder 'Tilik (Bahasa Indonesia)'" in said.text
    assert pusher.push().code == 1
    assert pusher.push("--force").code == 0
    assert pusher.grafana.dashboards["tilik-small"]["folderUid"] == "tilik"


def test_what_grafana_adds_to_a_dashboard_by_itself_is_no_change(pusher: Pusher) -> None:
    pusher.grafana.own_form = lambda dashboard: {**dashboard, "fiscalYearStartMonth": 0, "preload": False}
    pusher.push()
    pusher.push()
    assert pusher.grafana.writes == []
    pusher.push("--portal-url", "https://elsewhere.example.org")
    assert pusher.push("--portal-url", "https://elsewhere.example.org").code == 0
    assert pusher.grafana.writes == []


def test_what_comes_from_files_of_grafana_is_left_to_them(pusher: Pusher) -> None:
    pusher.push()
    grafana = pusher.grafana
    grafana.edit_dashboard("tilik-small", retitle)
    grafana.dashboards["tilik-small"]["provisioned"] = True
    grafana.sources["tilik-clickhouse"] |= {"readOnly": True, "jsonData": {"host": "other"}}
    for rule in grafana.groups["tilik-alerts", "tilik-city"]["rules"]:
        rule |= {"provenance": "file", "for": "1h"}
    said = pusher.push("--force")
    assert (said.code, grafana.writes) == (0, [])
    assert said.text.count("change it there") == 3
    assert pusher.diff().text.count("push leaves it alone") == 3


def test_a_rule_that_somebody_released_and_changed_is_left_alone_and_one_of_their_own_too(pusher: Pusher) -> None:
    pusher.push()
    group = pusher.grafana.groups["tilik-alerts", "tilik-city"]
    group["rules"][0] |= {"provenance": "", "for": "1h"}
    said = pusher.diff()
    assert 'rule \'Flood suspected\': for is "1h", not "0s"' in said.text
    assert pusher.push().code == 1
    group["rules"][0] |= {"provenance": "api", "for": "0s"}
    group["rules"].append({**group["rules"][0], "uid": "own", "title": "Our own", "provenance": ""})
    assert "rule 'Our own' is not ours" in pusher.diff().text
    assert pusher.push().code == 1
    assert pusher.push("--force").code == 0
    assert "own" not in {rule["uid"] for rule in pusher.grafana.groups["tilik-alerts", "tilik-city"]["rules"]}


def test_rules_of_another_release_are_changed_and_a_label_too_many_is_noticed(pusher: Pusher) -> None:
    pusher.push()
    pusher.grafana.groups["tilik-alerts", "tilik-city"]["rules"][1]["labels"]["team"] = "old"
    assert "labels.team should not be there" in pusher.diff().text
    assert pusher.push().code == 0
    assert pusher.diff().code == 0


def test_rules_keep_the_contact_point_that_another_push_named(pusher: Pusher) -> None:
    pusher.push(*NOTIFIED)
    pusher.push("--runbooks-url", "https://docs.example.org/runbooks")
    rule = pusher.grafana.groups["tilik-alerts", "tilik-city"]["rules"][0]
    assert rule["notification_settings"] == {"receiver": "Tilik"}
    assert rule["annotations"]["runbook_url"] == "https://docs.example.org/runbooks/flood-suspected.md"


# Data sources


def test_fields_of_a_data_source_that_are_not_ours_stay(pusher: Pusher) -> None:
    pusher.push()
    pusher.grafana.sources["tilik-clickhouse"]["jsonData"] |= {"tlsSkipVerify": True, "host": "elsewhere"}
    assert 'jsonData.host is "elsewhere", not "clickhouse"' in pusher.diff().text
    pusher.push()
    held = pusher.grafana.sources["tilik-clickhouse"]["jsonData"]
    assert (held["host"], held["tlsSkipVerify"]) == ("clickhouse", True)


def test_a_password_is_sent_once_and_again_when_told_and_never_shown(pusher: Pusher) -> None:
    secret = ("--clickhouse-password-file", pusher.secret("clickhouse", "s3cret"))
    said = pusher.push(*secret, *NOTIFIED)
    assert pusher.grafana.secrets["tilik-clickhouse"] == {"password": "s3cret"}
    pusher.push(*secret, *NOTIFIED)
    assert pusher.grafana.writes == []
    changed = ("--clickhouse-password-file", pusher.secret("clickhouse", "n3w"))
    pusher.push(*changed, "--set-password", *NOTIFIED)
    assert pusher.grafana.secrets["tilik-clickhouse"] == {"password": "n3w"}
    other = ("--webhook", f"{WEBHOOK}-other")
    texts = [said.text, pusher.diff(*changed, "--set-password", *other).text, pusher.push(*changed, *other).text]
    for word in ("s3cret", "n3w", "very-secret", TOKEN, PASSWORD):
        assert not any(word in text for text in texts), word


def test_a_data_source_that_does_not_answer_stops_the_push_before_anything_rests_on_it(pusher: Pusher) -> None:
    pusher.grafana.health["tilik-clickhouse"] = (400, {"status": "ERROR", "message": "dial tcp: connection refused"})
    said = pusher.push()
    assert isinstance(said.error, RetryableError)
    assert "tilik-clickhouse does not answer Grafana: dial tcp: connection refused" in said.text
    assert pusher.grafana.dashboards == {}
    assert pusher.push("--skip-health").code == 0


def test_a_missing_plugin_or_data_source_is_said_before_anything_is_written(pusher: Pusher) -> None:
    said = pusher.run("push")
    assert "say --clickhouse HOST:PORT" in said.text
    pusher.grafana.plugins.remove("grafana-clickhouse-datasource")
    said = pusher.push()
    assert "lacks the plugin grafana-clickhouse-datasource: install it" in said.text
    assert pusher.grafana.writes == []


def test_without_prometheus_all_else_is_pushed_and_that_is_said(pusher: Pusher) -> None:
    said = pusher.run("push", "--clickhouse", "clickhouse:8123")
    assert said.code == 0
    assert "there is no data source tilik-prometheus" in said.text
    assert "tilik-metrics" in pusher.grafana.dashboards
    assert pusher.run("diff", "--clickhouse", "clickhouse:8123").code == 0


# What goes wrong


@pytest.mark.parametrize("before", [True, False], ids=["not done", "done all the same"])
def test_wherever_the_connection_is_lost_pushing_again_mends_it(pusher: Pusher, before: bool) -> None:
    pusher.push(*NOTIFIED)
    whole, requests = pusher.grafana.content(), len(pusher.grafana.requests)
    assert requests >= 30
    for number in range(1, requests + 1):
        with fake_grafana() as grafana:
            pusher.grafana = grafana
            grafana.cut_at, grafana.cut_before = number, before
            said = pusher.push(*NOTIFIED)
            assert isinstance(said.error, RetryableError), (number, said)
            assert "cut the connection" in said.text
            grafana.cut_at = None
            assert pusher.push(*NOTIFIED).code == 0
            assert grafana.content() == whole, number
            assert pusher.push(*NOTIFIED).code == 0
            assert grafana.writes == []


def test_a_push_that_stops_says_after_what(pusher: Pusher) -> None:
    pusher.grafana.fail_with["/dashboards/db"] = (500, {"message": "database is locked"})
    said = pusher.push()
    assert isinstance(said.error, RetryableError)
    assert "said 500" in said.text
    assert "database is locked" in said.text
    assert "after 5 changes, which stay; push again to go on from there" in said.text


@pytest.mark.parametrize(
    ("path", "answer", "sentence"),
    [
        ("/folders", (403, {"message": "Access denied"}), "give it the role Admin"),
        ("/plugins", (404, "<html>nothing here</html>"), "is the URL that of Grafana itself"),
        ("/plugins", (200, "<html>a proxy's page</html>"), "is no Grafana"),
        ("/folders", (502, "<html>Bad Gateway</html>"), "its own log says why"),
        ("/rule-groups", (409, {"message": "needs 'file'"}), "belongs to a file of its provisioning"),
        ("/dashboards/db", (400, {"message": "Quota reached"}), "Quota reached"),
    ],
)
def test_each_refusal_is_a_sentence_that_says_what_to_do(
    pusher: Pusher, path: str, answer: tuple[int, Any], sentence: str
) -> None:
    pusher.grafana.fail_with[path] = answer
    said = pusher.push()
    assert said.error is not None
    assert sentence in said.text


def test_a_wrong_token_and_a_reader_s_one_are_told(pusher: Pusher) -> None:
    said = pusher.run("push", "--clickhouse", "c:1", token=pusher.secret("other", "glsa_other"))
    assert "does not accept the token or password" in said.text
    assert "glsa_other" not in said.text
    pusher.grafana.role = "Viewer"
    said = pusher.push()
    assert "said 403" in said.text
    assert "give it the role Admin" in said.text


def test_a_user_and_a_password_do_as_well(pusher: Pusher) -> None:
    told = ("push", "--url", pusher.grafana.url, "--user", "admin", "--clickhouse", "c:1", "--alerts", "none")
    assert pusher.run_plainly(*told, "--password-file", pusher.password).code == 0
    assert "either --token-file FILE or --user NAME" in pusher.run_plainly("push", "--url", pusher.grafana.url).text


def test_an_address_where_nobody_answers_is_told(pusher: Pusher) -> None:
    said = pusher.run("push", "--clickhouse", "c:1", url="http://127.0.0.1:9")
    assert isinstance(said.error, RetryableError)
    assert "can't be reached" in said.text


def test_a_grafana_that_does_not_answer_is_told(pusher: Pusher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "TIMEOUT_SECONDS", 0.2)
    told = Event()
    pusher.grafana.before_save = lambda: assert_told(told)
    said = pusher.push()
    told.set()
    assert isinstance(said.error, RetryableError)
    assert "gave no answer" in said.text


def assert_told(event: Event) -> None:
    assert event.wait(10)


def test_a_grafana_below_a_path_is_reached(pusher: Pusher) -> None:
    pusher.grafana.prefix = "/ops/grafana"
    assert pusher.run("push", "--clickhouse", "c:1", url=f"{pusher.grafana.url}/ops/grafana/").code == 0


@pytest.mark.parametrize("url", ["grafana:3000", "http://admin:pw@grafana:3000", "ftp://grafana"])
def test_an_address_that_is_none_or_bears_a_password_is_refused(pusher: Pusher, url: str) -> None:
    said = pusher.run("push", url=url)
    assert isinstance(said.error, ConfigurationError)
    assert "pw" not in said.text.replace("push", "")
