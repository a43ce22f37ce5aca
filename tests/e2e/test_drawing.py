"""What the page does with data, choices and links, on one panel of each type."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Visit
from tests.e2e.drawn_dashboard import HOSTILE_NAME, UID

pytestmark = pytest.mark.integration

JAKARTA = {"lang": "en", "zone": "Asia/Jakarta", "now": 1_790_000_000_000}


def panel(visit: Visit, title: str) -> Locator:
    return visit.page.locator(".panel", has=visit.page.locator("h2", has_text=title))


def test_a_name_out_of_the_database_is_never_html(drawn_visit: Visit) -> None:
    drawn_visit.open(f"/d/{UID}")

    expect(panel(drawn_visit, "Cameras").locator("tbody tr").first.locator("td").first).to_have_text(HOSTILE_NAME)
    expect(panel(drawn_visit, "Words").locator(".body")).to_contain_text(HOSTILE_NAME)
    for title in ("Curves", "Map"):  # their tooltips show the name
        box = panel(drawn_visit, title).locator("canvas").bounding_box()
        assert box is not None
        drawn_visit.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        drawn_visit.page.wait_for_timeout(200)
    expect(panel(drawn_visit, "Curves").locator(".tip")).to_contain_text(HOSTILE_NAME)
    expect(drawn_visit.page.locator("img")).to_have_count(0)
    assert drawn_visit.complaints == []


def test_a_choice_narrows_what_a_table_shows_and_stays_in_the_address(drawn_visit: Visit) -> None:
    drawn_visit.open(f"/d/{UID}")
    rows = panel(drawn_visit, "Cameras").locator("tbody tr")
    assert rows.count() == 111
    chooser = drawn_visit.page.locator('[data-variable="kecamatan"]')

    chooser.locator("summary").click()
    chooser.locator("input").first.fill("genuk")
    chooser.locator("label.option", has_text="Genuk").click()
    drawn_visit.page.locator(".brand").click()

    expect(drawn_visit.page).to_have_url(
        f"{drawn_visit.url}/d/{UID}?from=now-1d&to=now&refresh=&theme=dark&var-kecamatan=Genuk"
    )
    drawn_visit.wait()
    assert 0 < rows.count() < 111
    assert set(rows.locator("td:nth-child(3)").all_inner_texts()) == {"Genuk"}

    drawn_visit.page.go_back()
    expect(rows).to_have_count(111)


def test_a_row_leads_to_its_camera_at_that_moment_and_never_to_a_script(drawn_visit: Visit) -> None:
    drawn_visit.open(f"/d/{UID}")
    row = panel(drawn_visit, "Cameras").locator("tbody tr").first

    expect(row.locator("td").nth(0).locator("a")).to_have_attribute(
        "href", "http://portal.example/cameras/seed-hostile?at=1790000000500"
    )
    expect(row.locator("td").nth(2).locator("a")).to_have_count(0)


def test_a_table_shows_units_times_of_the_city_and_holes(drawn_visit: Visit) -> None:
    drawn_visit.open(f"/d/{UID}")
    table = panel(drawn_visit, "Cameras")

    assert table.locator("th").all_inner_texts() == ["name", "camera_id", "kecamatan", "Moment", "Share", "unknown"]
    row = table.locator("tbody tr").first.locator("td")
    assert row.all_inner_texts()[3:] == ["2026-09-21 21:13:20", "25%", "nothing here"]


def test_no_data_and_what_clickhouse_refuses_are_told_apart(drawn_visit: Visit) -> None:
    drawn_visit.open(f"/d/{UID}")

    expect(panel(drawn_visit, "Empty").locator(".said.no-data")).to_have_text("nothing here")
    expect(panel(drawn_visit, "Wrong").locator(".said.error")).to_contain_text("nmae")


def test_every_type_is_drawn(drawn_visit: Visit) -> None:
    drawn_visit.open(f"/d/{UID}")

    for title in ("Curves", "Bars", "States", "Map"):
        colours = (
            panel(drawn_visit, title)
            .locator("canvas")
            .evaluate(
                "c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer))"
                ".size"
            )
        )
        assert colours > 20, title
    expect(panel(drawn_visit, "Figure").locator(".figure")).to_have_text("111")


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (0.256, "percentunit", None, "25.6%"),
        (0.256, "percentunit", 0, "26%"),
        (90, "s", None, "1.5 mins"),
        (60, "s", None, "1 min"),
        (0.25, "s", None, "250 ms"),
        (90, "m", None, "1.5 hours"),
        (0, "m", None, "0 min"),
        (1536, "bytes", None, "1.5 KiB"),
        (1500, "decbytes", None, "1.5 kB"),
        (12_345, "short", None, "12.3 K"),
        (7, "suffix:h", None, "7 h"),
        (12_345, "none", None, "12345"),
        (0.123456, "none", None, "0.123"),
        (12_500_000, "currency:Rp", None, "Rp12.5 Mil"),
        (1_789_999_200_000, "dateTimeAsIso", None, "2026-09-21 21:00:00"),
        (3, "frames", None, "3 frames"),
        (None, "s", None, ""),
    ],
)
def test_figures_are_written_as_grafana_writes_them(
    drawn_visit: Visit, value: float | None, unit: str, decimals: int | None, text: str
) -> None:
    drawn_visit.page.goto(f"{drawn_visit.url}/d/{UID}")

    written: Any = drawn_visit.page.evaluate(
        "async ([value, unit, decimals, context]) =>"
        " (await import('/page/units.js')).formatted(value, unit, decimals, context)",
        [value, unit, decimals, JAKARTA],
    )

    assert written == text


def test_a_long_table_becomes_a_band_for_each_place_with_its_holes(drawn_visit: Visit) -> None:
    drawn_visit.page.goto(f"{drawn_visit.url}/d/{UID}")

    frames: Any = drawn_visit.page.evaluate(
        """async () => {
          const { frameOf, transformed } = await import('/page/frames.js');
          const columns = [{ name: 'time', type: "DateTime('UTC')" }, { name: 'place', type: 'LowCardinality(String)' },
            { name: 'ratio', type: 'Nullable(Float64)' }];
          const rows = [['2026-09-21T14:00:00Z', 'A', 0.5], ['2026-09-21T14:00:00Z', 'B', null]];
          return transformed([frameOf({ refId: 'A', columns, rows })],
            [{ id: 'partitionByValues', options: { fields: ['place'] } }]);
        }"""
    )

    assert [(frame["fields"][1]["labels"], frame["fields"][1]["values"]) for frame in frames] == [
        ({"place": "A"}, [0.5]),
        ({"place": "B"}, [None]),
    ]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("DateTime('UTC')", "2026-09-21T14:00:00Z"),
        ("Nullable(DateTime64(3, 'UTC'))", "2026-09-21T14:00:00.000Z"),
        ("DateTime", "2026-09-21 14:00:00"),
        ("DateTime64(3, 'Asia/Jakarta')", "2026-09-21 21:00:00.000"),
    ],
)
def test_a_time_is_the_same_moment_however_a_server_writes_it(drawn_visit: Visit, kind: str, text: str) -> None:
    drawn_visit.page.goto(f"{drawn_visit.url}/d/{UID}")

    moment: Any = drawn_visit.page.evaluate(
        "async ([kind, text]) => (await import('/page/frames.js'))"
        ".frameOf({ refId: 'A', columns: [{ name: 'at', type: kind }], rows: [[text]] }).fields[0].values[0]",
        [kind, text],
    )

    assert moment == 1_789_999_200_000


def test_a_period_is_told_in_the_time_of_the_city(drawn_visit: Visit) -> None:
    drawn_visit.open(f"/d/{UID}")
    period = drawn_visit.page.locator("#period")

    period.locator("summary").click()
    period.locator('[name="from"]').fill("2026-09-21 00:00")
    period.locator('[name="to"]').fill("2026-09-22 12:30")
    period.locator("button", has_text="Apply").click()

    midnight_ms, noon_ms = 1_789_923_600_000, 1_790_055_000_000
    expect(drawn_visit.page).to_have_url(
        f"{drawn_visit.url}/d/{UID}?from={midnight_ms}&to={noon_ms}&refresh=&theme=dark"
    )
    drawn_visit.wait()
    expect(period.locator("summary")).to_have_text("2026-09-21 00:00 – 2026-09-22 12:30")
