"""The preview's HTTP interface: it asks what stands in the dashboards' files, read-only, and nothing else."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from services.cli.dashboards.preview.app import PreviewApp
from services.cli.dashboards.preview.asking import Asking
from services.cli.dashboards.preview.documents import GENERATED, Documents
from services.runtime.errors import ConfigurationError

DOCS = Path(__file__).parents[3] / "docs"
LARGEST_PICTURE_BYTES = 250_000

HOUR = "from=1790000000000&to=1790003600000"
PLACES = "SELECT name FROM places WHERE $__timeFilter(at) AND $__conditionalAll(name IN (${place:singlequote}), $place)"
DOCUMENT = {
    "uid": "tilik-test",
    "title": "Test",
    "templating": {
        "list": [
            {"name": "place", "type": "query", "query": "SELECT DISTINCT name FROM places"},
            {"name": "portal_url", "type": "constant", "query": "http://portal"},
        ]
    },
    "panels": [
        {"id": 1, "type": "table", "title": "Places", "targets": [{"refId": "A", "rawSql": PLACES}]},
        {"id": 2, "type": "timeseries", "title": "Lag", "targets": [{"refId": "A", "expr": "up"}]},
        {"id": 3, "type": "text", "title": "Read me", "options": {"content": "**bold** <img src=x> ${portal_url}"}},
        {
            "id": 4,
            "type": "table",
            "title": "Typing error",
            "targets": [{"refId": "A", "rawSql": "SELECT $__tmieFilter(at)"}],
        },
    ],
}


class FakeClient:
    """Answers every statement with one row, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.error: Exception | None = None
        self.readonly = 0

    def command(self, query: str) -> int:
        assert query == "SELECT getSetting('readonly')"
        return self.readonly

    def raw_query(self, query: str, settings: dict[str, Any], fmt: str) -> bytes:
        self.asked.append((query, settings))
        if self.error is not None:
            raise self.error
        assert fmt == "JSONCompact"
        return json.dumps({"meta": [{"name": "name", "type": "String"}], "data": [["Kaligawe"]], "rows": 1}).encode()


@pytest.fixture
def store() -> FakeClient:
    return FakeClient()


class Browser:
    """Asks the application without a socket."""

    def __init__(self, app: PreviewApp) -> None:
        self._transport = httpx.ASGITransport(app.asgi)

    def get(self, address: str, **told: Any) -> httpx.Response:
        return self.request("GET", address, **told)

    def request(self, method: str, address: str, **told: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, address, **told)

        return asyncio.run(asked())


@pytest.fixture
def browser(store: FakeClient, tmp_path: Path) -> Browser:
    (tmp_path / "tilik-test.json").write_text(json.dumps(DOCUMENT))
    return Browser(PreviewApp(Documents(tmp_path), Asking(store, None), tmp_path))  # type: ignore[arg-type]


def test_a_dashboard_is_opened_by_its_uid_whatever_its_file_is_called(browser: Browser, tmp_path: Path) -> None:
    exported = DOCUMENT | {"uid": "tilik-exported", "title": "Exported"}
    (tmp_path / "Flooding of mine.json").write_text(json.dumps(exported))

    for uid in [one["uid"] for one in browser.get("/api/dashboards").json()]:
        assert browser.get(f"/api/dashboards/{uid}").json()["uid"] == uid
    assert browser.get("/api/dashboards/Flooding of mine").status_code == 404


def test_a_panel_is_asked_read_only_with_the_period_and_everything_chosen(browser: Browser, store: FakeClient) -> None:
    answer = browser.get(f"/api/dashboards/tilik-test/panels/1?{HOUR}").json()

    assert answer["results"] == [
        {"refId": "A", "columns": [{"name": "name", "type": "String"}], "rows": [["Kaligawe"]]}
    ]
    [(statement, settings)] = store.asked
    assert "at >= toDateTime(1790000000) AND at <= toDateTime(1790003600) AND 1=1" in statement
    assert settings["readonly"] == 2


def test_a_user_who_may_set_nothing_is_asked_to_set_nothing(store: FakeClient, tmp_path: Path) -> None:
    store.readonly = 1
    (tmp_path / "tilik-test.json").write_text(json.dumps(DOCUMENT))
    browser = Browser(PreviewApp(Documents(tmp_path), Asking(store, None), tmp_path))  # type: ignore[arg-type]

    browser.get(f"/api/dashboards/tilik-test/panels/1?{HOUR}")

    assert store.asked[0][1] == {}


def test_a_chosen_value_reaches_sql_as_quoted_text(browser: Browser, store: FakeClient) -> None:
    browser.get("/api/dashboards/tilik-test/panels/1", params=f"{HOUR}&var-place=a') OR 1=1 --&var-place=b")

    assert r"name IN ('a\') OR 1=1 --','b')" in store.asked[0][0]


def test_all_among_the_values_means_all(browser: Browser, store: FakeClient) -> None:
    browser.get(f"/api/dashboards/tilik-test/panels/1?{HOUR}&var-place=$__all&var-place=b&var-unknown=c")

    assert "'b'" not in store.asked[0][0]


def test_a_choice_offers_the_first_column(browser: Browser) -> None:
    assert browser.get(f"/api/dashboards/tilik-test/variables/place?{HOUR}").json() == ["Kaligawe"]


def test_what_clickhouse_refuses_is_told_in_the_panel(browser: Browser, store: FakeClient) -> None:
    store.error = DatabaseError("Code: 47. Unknown identifier `nmae`")

    [result] = browser.get(f"/api/dashboards/tilik-test/panels/1?{HOUR}").json()["results"]

    assert "Unknown identifier `nmae`" in result["error"]


def test_an_unknown_macro_is_told_in_the_panel_and_nothing_is_asked(browser: Browser, store: FakeClient) -> None:
    [result] = browser.get(f"/api/dashboards/tilik-test/panels/4?{HOUR}").json()["results"]

    assert "tmieFilter" in result["error"]
    assert store.asked == []


def test_without_a_prometheus_its_panels_say_so(browser: Browser) -> None:
    [result] = browser.get(f"/api/dashboards/tilik-test/panels/2?{HOUR}").json()["results"]

    assert "--prometheus" in result["error"]


def test_html_in_a_text_panel_stays_text(browser: Browser) -> None:
    html = browser.get(f"/api/dashboards/tilik-test/panels/3?{HOUR}").json()["html"]

    assert html == "<p><strong>bold</strong> &lt;img src=x&gt; http://portal</p>\n"


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/dashboards/tilik-other", 404),
        (f"/api/dashboards/tilik-test/panels/9?{HOUR}", 404),
        (f"/api/dashboards/tilik-test/variables/portal_url?{HOUR}", 404),
        ("/api/dashboards/tilik-test/panels/1", 400),
        ("/api/dashboards/tilik-test/panels/1?from=2000&to=1000", 400),
        ("/api/dashboards/tilik-test/panels/1?from=x&to=1000", 400),
        ("/page/..%2fapp.py", 404),
    ],
)
def test_what_is_not_there_or_makes_no_sense_is_refused(
    browser: Browser, store: FakeClient, address: str, status: int
) -> None:
    assert browser.get(address).status_code == status
    assert store.asked == []


def test_a_page_of_elsewhere_reaches_nothing_by_a_name_that_leads_here(browser: Browser) -> None:
    assert browser.get("/api/dashboards", headers={"host": "evil.example"}).status_code == 400


def test_only_get_is_answered(browser: Browser) -> None:
    assert browser.request("POST", f"/api/dashboards/tilik-test/panels/1?{HOUR}").status_code == 405


def test_the_page_may_load_from_here_alone(browser: Browser) -> None:
    policy = browser.get("/d/tilik-test").headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy


def test_a_folder_without_dashboards_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="tilik dashboards build"):
        Documents(tmp_path).all()


def test_a_file_that_is_no_dashboard_is_named(tmp_path: Path) -> None:
    (tmp_path / "wrong.json").write_text('{"uid": 7}')

    with pytest.raises(ConfigurationError, match=r"wrong\.json is not a dashboard"):
        Documents(tmp_path).all()


def test_every_dashboard_is_shown_in_the_documentation_in_a_small_picture() -> None:
    page = (DOCS / "dashboards.md").read_text()
    names = [one.uid.removeprefix("tilik-") for one in Documents(GENERATED).all() if one.language == "en"]

    assert len(names) == 7
    for name in names:
        picture = f"pictures/dashboards/{name}.webp"
        assert f"({picture})" in page
        assert 10_000 < (DOCS / picture).stat().st_size < LARGEST_PICTURE_BYTES
