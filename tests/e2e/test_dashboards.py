"""Each dashboard that comes with Tilik, in both languages, in a real browser on a simulated city."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from services.cli.dashboards.preview.documents import GENERATED
from tests.e2e.conftest import Visit

pytestmark = pytest.mark.integration

FILES = sorted(GENERATED.rglob("*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_every_panel_is_drawn_or_says_that_there_is_no_data(visit: Visit, file: Path) -> None:
    visit.open(f"/d/{file.stem}")

    panels = visit.page.locator(".panel:not(.row)")
    told = panels.evaluate_all(
        "all => all.map(one => [one.querySelector('h2').firstChild.textContent, one.dataset.state,"
        " one.querySelector('.said')?.textContent ?? ''])"
    )
    document = json.loads(file.read_text())
    of_prometheus = {
        panel["title"] for panel in document["panels"] if any(target.get("expr") for target in panel.get("targets", []))
    }
    others = {panel["title"] for panel in document["panels"] if panel["type"] != "row"} - of_prometheus
    states = {title: (state, said) for title, state, said in told}
    assert len(told) == sum(panel["type"] != "row" for panel in document["panels"])
    wrong = {
        title: state for title, state in states.items() if title in others and state[0] not in ("drawn", "no-data")
    }
    assert wrong == {}
    assert all("--prometheus" in states[title][1] for title in of_prometheus)
    assert sum(states[title][0] == "drawn" for title in others) >= len(others) / 2
    assert visit.complaints == []
    assert visit.foreign_requests == []


def test_the_other_language_shows_the_same_period(visit: Visit) -> None:
    visit.open("/d/tilik-flooding?from=now-6h&to=now")

    visit.page.locator("#language").click()
    expect(visit.page).to_have_url(f"{visit.url}/d/tilik-flooding-id?from=now-6h&to=now&refresh=1m&theme=dark")
    visit.wait()

    expect(visit.page.locator("#period summary")).to_have_text("6 jam terakhir")
    expect(visit.page.locator("#dashboard option", has_text="Flooding")).to_have_count(0)


def test_another_dashboard_asks_again_as_often_as_its_own_file_says(visit: Visit) -> None:
    visit.open("/d/tilik-flooding")
    rate = visit.page.locator("#refresh + select")
    expect(rate).to_have_value("1m")

    visit.page.locator("#dashboard").select_option("tilik-quality")

    expect(visit.page).to_have_url(f"{visit.url}/d/tilik-quality?from=&to=&theme=dark")
    expect(rate).to_have_value("15m")
    visit.wait()


def test_a_description_is_shown_where_one_points_at(visit: Visit) -> None:
    visit.open("/d/tilik-flooding")
    panel = visit.page.locator(".panel:not(.row)").first

    panel.locator(".about").hover()

    expect(panel.locator(".description")).to_be_visible()
