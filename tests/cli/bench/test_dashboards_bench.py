from __future__ import annotations

from datetime import timedelta

from services.cli.bench.dashboards import questions
from services.cli.dashboards.preview.documents import GENERATED


def test_each_panel_that_asks_clickhouse_is_asked_over_its_own_period_and_over_longer_ones() -> None:
    asked = questions(days=30)
    assert len({question.name for question in asked}) == len(asked) > 100
    assert {question.dashboard.uid for question in asked} == {path.stem for path in (GENERATED / "en").glob("*.json")}
    curves = [q.period for q in asked if q.dashboard.uid == "tilik-flooding" and q.panel.type == "timeseries"]
    assert {timedelta(days=1), timedelta(days=7), timedelta(days=30)} <= set(curves)


def test_no_period_is_longer_than_the_city_but_the_one_that_a_dashboard_opens_with() -> None:
    week, month = questions(days=7), questions(days=30)
    assert len(week) < len(month)
    assert {q.dashboard.uid for q in week if q.period > timedelta(days=7)} == {"tilik-quality"}
