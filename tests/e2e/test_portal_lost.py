"""The live page whose stream is refused, dies or comes back: what is not live is not shown as live."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
import simplejpeg
from playwright.sync_api import Page, Route, expect

from tests.e2e.served_portal import served
from tests.ingest.worker_process import wait_for
from tests.portal.delivery.scene import picture
from tests.portal.pages.small_city import make_camera, portal_of

pytestmark = pytest.mark.integration

CAMERA = "loket-genuk"
FRAME = f"/frames/{CAMERA}/1-1.jpg"
NEXT = f"/frames/{CAMERA}/1-2.jpg"
ASKING_MS = 5_000
"""How long the page waits to learn why a stream was refused."""
LONGEST_MS = 30_000
NOTE_WAITS = """window.waits = []; const wait = window.setTimeout;
    window.setTimeout = (act, ms) => { waits.push(ms); return wait(act, ms); };"""
STALL_THE_LIST = """window.asked = 0; const really = window.fetch;
    const stall = (signal) => new Promise((_, give) => {
        asked += 1;
        signal.addEventListener('abort', () => give(signal.reason));
    });
    window.fetch = async (url, how) => (
        url.endsWith('/recent') ? { ok: true, status: 200, json: () => stall(how.signal) } : really(url, how)
    );"""
JPEG = simplejpeg.encode_jpeg(picture(1), 80, "BGR")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with portal_of([make_camera(CAMERA)]) as portal, served(portal) as found:
        yield f"{found}/cameras/{CAMERA}"


class Stream:
    """Answers in the place of a portal that films; a status, or "open", or "dead": nothing comes any more."""

    def __init__(self, page: Page) -> None:
        self.says: int | str = "open"
        self.asked = 0
        self.frame = FRAME
        self._page = page
        page.route(f"**/live/{CAMERA}", self._answer)
        page.route(f"**/cameras/{CAMERA}/recent", lambda route: route.fulfill(json=self._recent()))
        page.route("**/frames/**", lambda route: route.fulfill(body=JPEG, content_type="image/jpeg"))

    def shows(self, url: str) -> bool:
        """Tell whether a picture is drawn."""
        drawn = f"!picture.hidden && picture.getAttribute('src') === '{url}' && picture.naturalWidth > 0"
        return bool(self._page.evaluate(drawn))

    def _told(self) -> dict[str, object]:
        at_ms = round(time.time() * 1000)
        return {"url": self.frame, "captured_at_ms": at_ms, "delay_ms": 1000, "simulated": False}

    def _recent(self) -> dict[str, object]:
        return {"state": "live", "since_ms": 0, "judged_through_ms": 0, "frames": [self._told()]}

    def _answer(self, route: Route) -> None:
        self.asked += 1
        if self.says == "dead":
            return
        if self.says != "open":
            route.fulfill(status=int(self.says))
            return
        state = json.dumps({"state": "live", "since_ms": 0})
        body = f"retry: 100\n\nevent: state\ndata: {state}\n\nevent: frame\ndata: {json.dumps(self._told())}\n\n"
        route.fulfill(body=body, content_type="text/event-stream")


@pytest.fixture
def stream(page: Page, address: str) -> Stream:
    """A page that is live. Its stream ends at once, and the browser comes back for it by itself, ever again."""
    answers = Stream(page)
    page.clock.install()
    page.add_init_script(NOTE_WAITS)
    page.goto(address)
    expect(page.locator("#picture")).to_be_visible()
    expect(page.locator("#state")).to_have_text("langsung")
    return answers


def waits(page: Page) -> list[float]:
    """Give how long the page has waited, or waits, before each try, in ms."""
    return [ms for ms in page.evaluate("waits") if ms != ASKING_MS]


def until_waiting(page: Page, tries: int) -> None:
    wait_for(lambda: len(waits(page)) >= tries, f"try {tries} is waited for")


@pytest.mark.parametrize(
    ("status", "state", "why"),
    [(503, "sambungan terputus", "Mencoba lagi"), (429, "terlalu banyak penonton", "sambungan internet yang sama")],
)
def test_a_stream_that_is_refused_is_not_live_and_comes_back(
    page: Page, stream: Stream, status: int, state: str, why: str
) -> None:
    stream.says = status
    expect(page.locator("#state")).to_have_text(state)
    expect(page.locator("#picture")).to_be_hidden()
    expect(page.locator("#blank-why")).to_contain_text(why)

    for tries in range(1, 6):
        until_waiting(page, tries)
        page.clock.fast_forward(LONGEST_MS)
    waited = waits(page)
    assert 2_000 <= waited[0] <= 3_000
    assert 20_000 <= waited[4] <= LONGEST_MS
    expect(page.locator("#state")).to_have_text(state)

    until_waiting(page, 6)
    stream.frame, stream.says = NEXT, "open"
    page.clock.fast_forward(LONGEST_MS)
    wait_for(lambda: stream.shows(NEXT), "it is live again")
    expect(page.locator("#state")).to_have_text("langsung")


def test_a_camera_that_is_not_public_any_more_leaves_nothing_on_the_screen(page: Page, stream: Stream) -> None:
    stream.says = 404
    expect(page.locator("#state")).to_have_text("tidak lagi untuk umum")
    expect(page.locator("#picture")).to_be_hidden()
    expect(page.locator("#controls")).to_be_hidden()
    expect(page.locator("#blank-why")).to_contain_text("ditarik")


def test_a_stream_that_tells_nothing_any_more_is_not_live(page: Page, stream: Stream) -> None:
    stream.says, asked = "dead", stream.asked
    wait_for(lambda: page.evaluate("1") and stream.asked > asked, "the browser has come back")
    page.clock.fast_forward(60_000)

    expect(page.locator("#state")).to_have_text("sambungan terputus")
    expect(page.locator("#picture")).to_be_hidden()


def test_a_page_that_asks_for_too_many_pictures_waits_and_says_so(page: Page, stream: Stream) -> None:
    refused: list[str] = []

    def refuse(route: Route) -> None:
        refused.append(route.request.url)
        route.fulfill(status=429)

    page.route(f"**{NEXT}", refuse)
    stream.frame = NEXT
    expect(page.locator("#said")).to_contain_text("sambungan internet yang sama")
    assert len(refused) == 2, "once by the picture, once to learn why"

    page.unroute(f"**{NEXT}")
    page.clock.fast_forward(LONGEST_MS)
    wait_for(lambda: stream.shows(NEXT), "it is asked for again")


def test_a_list_that_never_comes_does_not_keep_the_page_from_being_live(page: Page, address: str) -> None:
    """Its head comes, and then nothing."""
    answers = Stream(page)
    page.add_init_script(STALL_THE_LIST)
    page.clock.install()
    page.goto(address)
    wait_for(lambda: page.evaluate("asked > 0"), "the list is asked for")
    page.clock.fast_forward(ASKING_MS)
    wait_for(lambda: answers.shows(FRAME), "it is live")
