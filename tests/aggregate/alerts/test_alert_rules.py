"""Alert rules as Grafana reads them: complete in both languages, each with a run-book, the committed files in step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.aggregate.alerts.alert import Alert
from services.aggregate.alerts.build import FILE_NAME, GENERATED, GROUPS, documents, main
from services.aggregate.alerts.grafana_rules import FOLDER_UID, duration, group_json
from services.aggregate.dashboards.dashboard import LANGUAGES

ROOT = Path(__file__).parents[3]
RUNBOOKS = ROOT / "docs" / "runbooks"
HEADINGS = ["## What it means", "## What to look at", "## What to do", "## When it is a false alarm"]

ALERTS = [alert for group in GROUPS for alert in group.alerts]
each_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)


def test_the_committed_files_are_those_that_the_alerts_make() -> None:
    assert {path: (GENERATED / path).read_text(encoding="utf-8") for path in documents()} == documents()


def test_names_and_titles_are_unique_and_every_wait_is_a_whole_number_of_evaluations() -> None:
    assert len({alert.name for alert in ALERTS}) == len(ALERTS)
    for language in LANGUAGES:
        assert len({alert.title.in_language(language) for alert in ALERTS}) == len(ALERTS)
    for group in GROUPS:
        assert all(alert.pending_seconds % group.interval_seconds == 0 for alert in group.alerts)


@each_alert
def test_people_are_told_what_it_rests_on_in_both_languages(alert: Alert) -> None:
    for text in (alert.title, alert.summary, alert.description):
        assert text.en != text.id
    assert all(len(text) > 60 for text in alert.description)
    assert alert.description.en.count("$labels") == alert.description.id.count("$labels")
    assert sorted(_templates(alert.summary.en)) == sorted(_templates(alert.summary.id))


def _templates(text: str) -> list[str]:
    return [part.split("}}")[0].strip() for part in text.split("{{")[1:]]


@each_alert
def test_nothing_stands_where_grafana_would_take_it_for_a_variable_of_its_environment(alert: Alert) -> None:
    """Of files titles and labels are expanded at every ``$``, annotations at ``${``."""
    assert not any("$" in title for title in alert.title)
    assert not any("${" in text for text in (*alert.summary, *alert.description))


@each_alert
def test_a_run_book_says_what_to_do(alert: Alert) -> None:
    lines = (RUNBOOKS / f"{alert.name}.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"# {alert.title.en}"
    assert [line for line in lines if line.startswith("## ")] == HEADINGS
    assert _rules(alert)[0]["annotations"]["runbook"] == f"docs/runbooks/{alert.name}.md"


def _rules(alert: Alert) -> list[dict[str, Any]]:
    groups = yaml.safe_load(documents()[Path("en") / FILE_NAME])["groups"]
    return [rule for group in groups for rule in group["rules"] if rule["uid"] == f"tilik-{alert.name}"]


def test_files_link_to_no_run_book_unless_it_is_said_where_they_are(tmp_path: Path) -> None:
    assert not any("runbook_url" in rule["annotations"] for alert in ALERTS for rule in _rules(alert))
    assert main(["--runbooks-url", "https://docs.example.org/runbooks/", "--out", str(tmp_path)]) == 0
    for language in LANGUAGES:
        groups = yaml.safe_load((tmp_path / language / FILE_NAME).read_text(encoding="utf-8"))["groups"]
        links = [rule["annotations"]["runbook_url"] for group in groups for rule in group["rules"]]
        assert links == [f"https://docs.example.org/runbooks/{alert.name}.md" for alert in ALERTS]
        assert all((RUNBOOKS / link.rsplit("/", 1)[1]).is_file() for link in links)


def test_the_committed_files_are_not_overwritten_with_somebody_s_address(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--runbooks-url", "https://docs.example.org"])
    assert "say --out too" in capsys.readouterr().err


def test_a_rule_asks_the_store_and_compares_with_its_limit() -> None:
    (rule,) = [one for group in GROUPS for one in group_json(group, "id")["rules"] if one["uid"] == "tilik-freshness"]
    question, limit = rule["data"]
    assert (question["datasourceUid"], question["model"]["format"]) == ("tilik-clickhouse", 1)
    assert limit["model"]["expression"] == question["refId"]
    assert limit["model"]["conditions"][0]["evaluator"] == {"type": "gt", "params": [300]}
    assert (rule["condition"], rule["for"], rule["folderUID"]) == (limit["refId"], "2m", FOLDER_UID)
    assert (rule["noDataState"], rule["execErrState"]) == ("Alerting", "Error")


@pytest.mark.parametrize(("seconds", "written"), [(0, "0s"), (30, "30s"), (90, "1m30s"), (120, "2m"), (7200, "2h")])
def test_durations_are_written_as_grafana_writes_them(seconds: int, written: str) -> None:
    assert duration(seconds) == written


@each_alert
def test_the_page_about_grafana_says_how_long_each_waits_and_what_silence_means(alert: Alert) -> None:
    page = (ROOT / "docs" / "grafana.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith(f"| [{alert.name}](runbooks/{alert.name}.md)")]
    waits = f"{alert.pending_seconds // 60} min" if alert.pending_seconds else "at once"
    silence = {"OK": "nothing", "Alerting": "fires"}[alert.no_data]
    failure = {"Error": "told", "KeepLast": "stays as it was"}[alert.on_error]
    assert row.endswith(f"| {waits} | {silence}; {failure} |")
