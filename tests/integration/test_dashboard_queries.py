"""Every panel of every dashboard asks the seeded city, as Grafana would: with everything chosen, and with one value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import msgspec
import pytest
from click.testing import CliRunner

from services.cli.city_registry.positions import EAST, NORTH, SOUTH, WEST
from services.cli.dashboards.preview.asking import Asking, Result, View
from services.cli.dashboards.preview.documents import GENERATED, Dashboard, Panel
from services.cli.seed.command import command
from services.runtime.clickhouse import connect
from services.runtime.settings import ClickHouseSettings
from tests.conftest import STATE

pytestmark = pytest.mark.integration

FILES = sorted(GENERATED.rglob("*.json"))
MAY_BE_EMPTY = {
    "tilik-city-now": {"Counters that nobody attends"},  # outside opening hours, when this may be run
    "tilik-counters": {"Late openings, the most delayed first"},  # few days have one among so few counters
}
"""Panels, by their English titles, in which nothing may be at the time at which this is run."""
_UNITS = {"m": 60, "h": 3600, "d": 86_400, "M": 30 * 86_400}


class Opened(NamedTuple):
    """A dashboard as it is first opened, of the seeded city."""

    asking: Asking
    dashboard: Dashboard
    start: datetime
    end: datetime
    asked: dict[tuple[object, ...], list[Result]]

    def panels(self) -> list[Panel]:
        return [panel for panel in self.dashboard.all_panels() if any(t.raw_sql for t in panel.targets)]

    def choices(self) -> list[str]:
        return [v.name for v in self.dashboard.templating.list if v.type == "query"]

    def view(self, **chosen: str) -> View:
        all_chosen = {name: [chosen[name]] if name in chosen else None for name in self.choices()}
        return View(self.start, self.end, 1000, all_chosen)

    def offered(self, choice: str, **chosen: str) -> list[str]:
        variable = self.dashboard.variable(choice)
        assert variable is not None
        return self.asking.values(variable, self.dashboard, self.view(**chosen))

    def ask(self, panel: Panel, **chosen: str) -> list[Result]:
        """Give what a panel's SQL gives. It is asked once, for most of it is the same in both languages."""
        key = (*(target.raw_sql for target in panel.targets), panel.interval, self.start, *chosen.items())
        if key not in self.asked:
            results = self.asking.panel(panel, self.dashboard, self.view(**chosen))
            asked = zip(panel.targets, results, strict=True)
            self.asked[key] = [result for target, result in asked if target.raw_sql]
        return self.asked[key]


@pytest.fixture(scope="module")
def asking(clickhouse_port: int) -> Iterator[Asking]:
    """A seeded city that ends now: "now" is what many panels ask for. Three of its days are office days at least."""
    options = ["--clickhouse", f"127.0.0.1:{clickhouse_port}", "--database", "seed_dashboards", "--state", str(STATE)]
    done = CliRunner().invoke(command, [*options, "--cameras", "100", "--days", "5", "--replace"])
    assert done.exit_code == 0, done.output
    with closing(connect(ClickHouseSettings(port=clickhouse_port), "seed_dashboards")) as client:
        yield Asking(client, None)


@pytest.fixture(scope="module")
def looked(asking: Asking) -> tuple[datetime, dict[tuple[object, ...], list[Result]]]:
    """When somebody looks at the dashboards, which is when the city is there, and what has been asked."""
    return datetime.now(UTC), {}


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def opened(
    request: pytest.FixtureRequest, asking: Asking, looked: tuple[datetime, dict[tuple[object, ...], list[Result]]]
) -> Opened:
    text = request.param.read_bytes()
    found = re.fullmatch(r"now-(\d+)([mhdM])", json.loads(text)["time"]["from"])
    assert found is not None
    end, asked = looked
    start = end - timedelta(seconds=int(found[1]) * _UNITS[found[2]])
    return Opened(asking, msgspec.json.decode(text, type=Dashboard), start, end, asked)


@cache
def english_titles(uid: str) -> Mapping[int, str]:
    """Give the English title of each panel: the languages have the same panels."""
    path = GENERATED / "en" / f"{uid.removesuffix('-id')}.json"
    return {panel.id: panel.title for panel in msgspec.json.decode(path.read_bytes(), type=Dashboard).all_panels()}


def rows(result: Result) -> list[list[Any]]:
    return list(msgspec.json.decode(result.rows))


def column(result: Result, name: str) -> list[Any]:
    at = [each.name for each in result.columns].index(name)
    return [row[at] for row in rows(result)]


def names(result: Result) -> list[str]:
    return [each.name for each in result.columns]


def test_each_panel_shows_something_of_the_seeded_city(opened: Opened) -> None:
    may_be_empty = MAY_BE_EMPTY.get(opened.dashboard.uid.removesuffix("-id"), set())
    titles = english_titles(opened.dashboard.uid)
    wrong = {}
    for panel in opened.panels():
        results = opened.ask(panel)
        if errors := [result.error for result in results if result.error]:
            wrong[panel.title] = errors
        elif titles[panel.id] not in may_be_empty and not any(has_figure(result) for result in results):
            wrong[panel.title] = ["nothing"]
    assert wrong == {}


def has_figure(result: Result) -> bool:
    """Tell whether a result has a row in which there is more than where and when."""
    about = {"camera_id", "name", "kecamatan", "kelurahan"}
    columns = enumerate(result.columns)
    figures = [at for at, of in columns if of.name != "time" and not (of.name in about and "String" in of.type)]
    return any(row[at] is not None for row in rows(result) for at in figures)


def test_each_choice_offers_what_fits_the_ones_before_it_and_one_value_of_each_changes_no_column(
    opened: Opened,
) -> None:
    chosen: dict[str, str] = {}
    cameras = opened.offered("camera") if opened.choices() else []
    for choice in opened.choices():
        offered = opened.offered(choice, **chosen)
        assert len(offered) == len(set(offered))
        fitting = (one for one in offered if cameras[0] in opened.offered("camera", **chosen, **{choice: one}))
        chosen[choice] = cameras[0] if choice == "camera" else next(fitting)
    assert not cameras or cameras[0] in opened.offered("camera", **chosen) != cameras
    wrong = {}
    for panel in opened.panels():
        one = opened.ask(panel, **chosen)
        if [names(result) for result in one] != [names(result) for result in opened.ask(panel)]:
            wrong[panel.title] = [(result.error, names(result)) for result in one]
    assert wrong == {}


def test_where_one_camera_is_chosen_rows_are_of_that_one(opened: Opened) -> None:
    if "camera" not in opened.choices():
        assert opened.choices() == []
        return
    seen = {
        camera
        for panel in opened.panels()
        for result in opened.ask(panel)
        if "camera_id" in names(result)
        for camera in column(result, "camera_id")
    }
    camera = max(seen)
    for panel in opened.panels():
        for result in opened.ask(panel, camera=camera):
            if "camera_id" in names(result):
                assert set(column(result, "camera_id")) <= {camera}, panel.title


def test_curves_go_forward_in_time_and_places_lie_in_the_city(opened: Opened) -> None:
    for panel in opened.panels():
        for result in opened.ask(panel):
            if panel.type in ("timeseries", "state-timeline"):
                assert names(result)[0] == "time", panel.title
                times = column(result, "time")
                assert times == sorted(times), panel.title
            if panel.type == "geomap":
                assert all(SOUTH <= latitude <= NORTH for latitude in column(result, "latitude"))
                assert all(WEST <= longitude <= EAST for longitude in column(result, "longitude"))
