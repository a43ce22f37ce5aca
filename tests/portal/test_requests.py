"""What holds for every request: bounds, headers, lasting names of files. No network."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from services.portal.app import build_app
from services.portal.assets import Assets
from services.portal.delivery.minute_files import part_of
from services.portal.metrics import PORTAL_METRICS
from services.portal.requests import Bounds, Budgets, HeadAsGet, Told, network_of
from services.portal.settings import LimitSettings, PortalSettings
from services.runtime.metrics import Metrics
from tests.portal.pages.small_city import portal_of
from tests.portal.whole_world import parts_of

REQUESTS = "tilik_portal_requests_total"
LIMITS = LimitSettings(requests_per_second=1, requests_at_once=3, body_bytes=1024, url_bytes=256)


class Answer:
    """What an application sent."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.body += message.get("body", b"")


def asked(
    app: Any,
    path: str = "/",
    *,
    client: str = "192.0.2.7",
    method: str = "GET",
    body: tuple[bytes, ...] = (),
    **headers: str,
) -> Answer:
    """Give the answer of an application."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": raw,
        "client": (client, 1),
    }
    parts = [{"type": "http.request", "body": part, "more_body": True} for part in body]
    messages = iter([*parts, {"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        return next(messages, {"type": "http.disconnect"})

    answer = Answer()
    asyncio.run(app(scope, receive, answer.send))
    return answer


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message["body"]
        if not message["more_body"]:
            break
    status = 200 if message["type"] == "http.request" else 499
    await send({"type": "http.response.start", "status": status, "headers": [(b"x-frame-options", b"SAMEORIGIN")]})
    await send({"type": "http.response.body", "body": scope["method"].encode() + body})


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_client_has_a_budget_of_its_own_that_grows_again() -> None:
    clock = Clock()
    budgets = Budgets(LIMITS, clock)
    assert [budgets.take("a") for _ in range(5)] == [True, True, True, False, False]
    assert budgets.take("b")
    clock.now = 1.0
    assert [budgets.take("a") for _ in range(2)] == [True, False]


@given(st.lists(st.floats(0, 2), max_size=60))
def test_no_pattern_of_requests_gets_more_than_the_budget(pauses: list[float]) -> None:
    clock = Clock()
    budgets = Budgets(LIMITS, clock)
    taken = 0
    for pause in pauses:
        clock.now += pause
        taken += budgets.take("a")
        assert taken <= LIMITS.requests_at_once + clock.now * LIMITS.requests_per_second + 1e-6


def test_what_is_too_much_is_refused() -> None:
    app = Bounds(echo, LIMITS, Budgets(LimitSettings()))
    assert asked(app, "/" + "a" * 300).status == 414
    assert asked(app, method="POST", content_length="1025").status == 413
    assert asked(app, method="POST", content_length="-1").status == 413
    assert asked(app, method="POST", body=(b"a" * 1000, b"b" * 1000)).status == 499
    assert asked(app, method="POST", body=(b"a" * 500, b"b" * 500)).body == b"POST" + b"a" * 500 + b"b" * 500
    used_up = Bounds(echo, LIMITS, Budgets(LIMITS))
    assert [asked(used_up).status for _ in range(4)] == [200, 200, 200, 429]


def test_many_who_watch_behind_one_address_leave_its_other_requests_their_budget() -> None:
    app = Bounds(echo, LIMITS, Budgets(LIMITS))
    watching = [asked(app, f"/frames/one/1-{number}.jpg").status for number in range(20)]
    watching += [asked(app, path).status for path in ("/live/one", "/static/pages/site.css")]
    assert set(watching) == {200}
    assert [asked(app, path).status for path in ("/", "/data", "/frames", "/")] == [200, 200, 200, 429]
    few = Bounds(echo, LIMITS, Budgets(LimitSettings(light_per_second=1, light_at_once=2)))
    assert [asked(few, "/frames/one/1-1.jpg").status for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("unix", "unix"),
        ("", ""),
    ],
)
def test_an_address_counts_by_what_one_line_has(client: str, network: str) -> None:
    assert network_of(client) == network


def test_who_takes_another_address_of_their_line_takes_no_other_budget() -> None:
    app = Bounds(echo, LIMITS, Budgets(LIMITS))
    statuses = [asked(app, client=f"2001:db8::{number:x}").status for number in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert asked(app, client="2001:db8:0:1::1").status == 200


def test_every_answer_has_the_headers_and_is_counted_once_under_a_known_name() -> None:
    metrics = Metrics(PORTAL_METRICS)
    app = Told(echo, PortalSettings(tile_server="https://tiles.example/{z}/{x}/{y}.png"), metrics)
    answer = asked(app, "/made-up-by-a-client/x")
    policy = answer.headers[b"content-security-policy"].decode()
    assert "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https://tiles.example;" in policy
    assert "unsafe" not in policy
    assert answer.headers[b"x-frame-options"] == b"SAMEORIGIN"  # what an application says itself stays
    assert b"strict-transport-security" not in answer.headers
    count = metrics.registry.get_sample_value("tilik_portal_requests_total", {"part": "other", "status": "200"})
    assert count == 1
    secure = Told(echo, PortalSettings(public_url="https://tilik.example"), metrics)
    assert b"strict-transport-security" in asked(secure).headers


def test_every_route_is_counted_under_the_first_part_of_its_path() -> None:
    with portal_of([]) as portal:
        pages, prefixes = parts_of(build_app(portal))
    paths = [*prefixes, *(str(route.path) for route in iter_route_contexts(pages.router.routes))]
    told = Told(echo, PortalSettings(), metrics := Metrics(PORTAL_METRICS))
    for path in paths:
        asked(told, path)
    samples = [each for metric in metrics.registry.collect() for each in metric.samples if each.name == REQUESTS]
    assert {each.labels["part"] for each in samples} == {path[1:].partition("/")[0] or "home" for path in paths}


def test_head_is_get_without_the_body() -> None:
    answer = asked(HeadAsGet(echo), method="HEAD")
    assert (answer.status, answer.body) == (200, b"")


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "a.woff2").write_bytes(b"font")
    (tmp_path / "site.css").write_text("p { color: red }\n" * 100)
    return Assets({"pages": tmp_path, "operations": tmp_path / "none"})


def test_files_are_kept_for_ever_under_names_of_their_bytes(assets: Assets) -> None:
    url = assets.url("pages/site.css")
    lasting = asked(assets, url)
    assert b"immutable" in lasting.headers[b"cache-control"]
    assert lasting.headers[b"content-type"] == b"text/css; charset=utf-8"
    brief = asked(assets, "/static/pages/site.css")
    assert b"immutable" not in brief.headers[b"cache-control"]
    assert brief.body == lasting.body
    packed = asked(assets, url, accept_encoding="gzip, br")
    assert gzip.decompress(packed.body) == lasting.body
    assert asked(assets, url, if_none_match=lasting.headers[b"etag"].decode()).status == 304
    assert asked(assets, assets.url("pages/fonts/a.woff2")).headers[b"content-type"] == b"font/woff2"


@pytest.mark.parametrize("path", ["/static/pages/../site.css", "/static//etc/passwd", "/static/", "/static/pages"])
def test_nothing_but_the_files_is_served(assets: Assets, path: str) -> None:
    assert asked(assets, path).status == 404


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-3", (0, 4)),
        ("bytes=5-", (5, 10)),
        ("bytes=-4", (6, 10)),
        ("bytes=-99", (0, 10)),
        ("bytes=8-99", (8, 10)),
        ("bytes=3-2", None),
        ("bytes=-", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
    ],
)
def test_a_range_names_a_part(wanted: str, part: tuple[int, int] | None) -> None:
    assert part_of(wanted, 10) == part


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=10-12", "bytes=99-", "bytes=-0"])
def test_a_range_beyond_the_end_is_empty(wanted: str) -> None:
    part = part_of(wanted, 10)
    assert part is not None
    assert part[0] >= part[1]
