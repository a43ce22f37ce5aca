"""Citizens' pages in a real browser: on a phone and a desktop, by keyboard and screen reader, live and looking back."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from deploy.local.testing import RunningFace
from services.portal.pages.routes import router as public_pages
from services.portal.settings import LiveSettings
from services.runtime.settings import KafkaSettings
from tests.e2e.conftest import DATABASE, Visit, visit_of
from tests.e2e.looked_at import MOST_BYTES, faults, forgotten, in_language, opened
from tests.e2e.served_portal import served
from tests.ingest.worker_process import wait_for
from tests.portal.delivery.scene import FilmedCamera, RunningPortal, running_portal
from tests.portal.pages.seeded_city import seeded_city
from tests.portal.pages.small_city import make_camera, portal_of

pytestmark = pytest.mark.integration

PAGES = (
    "/",
    "/cameras?kecamatan=Genuk",
    "/counters",
    "/floods",
    "/parking",
    "/data",
    "/how",
    "/privacy",
    "/privacy/assessment",
    "/record",
)
BOTH_LANGUAGES = "/nothing-here"
"""Says it in both at once."""
NO_SUCH = ("/cameras/nothing-here", BOTH_LANGUAGES)
WIDER = """[...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > innerWidth)
    .map((e) => e.outerHTML.slice(0, 80))"""
SIZES = ((320, "id"), (320, "en"), (390, "id"), (1280, "en"))


@pytest.fixture(scope="module")
def city(face: RunningFace) -> Iterator[str]:
    """The address of a portal that shows the simulated city's figures."""
    with (
        seeded_city(face.port, DATABASE) as made,
        portal_of(made.cameras, made.clickhouse) as portal,
        served(portal) as address,
    ):
        yield address


@pytest.fixture(scope="module")
def running(kafka: KafkaSettings) -> Iterator[RunningPortal]:
    with running_portal(kafka) as portal:
        yield portal


@pytest.fixture(scope="module")
def recorded_camera() -> Iterator[str]:
    """The address of the page of a camera that is recorded, in a portal that reaches no database."""
    camera = make_camera(record=True)
    with portal_of([camera]) as portal, served(portal) as address:
        yield f"{address}/cameras/{camera.camera_id}"


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    yield context.new_page()
    context.close()


def camera_of(page: Page, city: str) -> str:
    page.goto(f"{city}/cameras?kind=counter")
    href = page.locator(".cameras a").first.get_attribute("href")
    assert href is not None
    return href


@pytest.mark.parametrize(("scheme", "language"), [("light", "id"), ("dark", "en")])
def test_no_page_shuts_out_who_uses_a_screen_reader_or_a_slow_line(
    browser: Browser, city: str, scheme: str, language: str
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    found, heavy = {}, {}
    for path in (*PAGES, *NO_SUCH, camera_of(page, city)):
        weight = opened(page, city + in_language(path, language))
        if path != BOTH_LANGUAGES:
            expect(page.locator("html")).to_have_attribute("lang", language)
        if weight > MOST_BYTES:
            heavy[path] = weight
        if wrong := faults(page):
            found[path] = wrong
    context.close()

    assert found == {}
    assert heavy == {}


def test_every_public_page_is_looked_at() -> None:
    with portal_of([]) as portal:
        assert forgotten(public_pages(portal), [*PAGES, "/cameras/one"]) == []
        assert forgotten(public_pages(portal), PAGES) == ["/cameras/{camera_id}"]


def test_no_page_is_wider_than_the_screen_asks_elsewhere_or_complains(page: Page, city: str) -> None:
    visit = visit_of(page, city)
    too_wide = []
    for path in (*PAGES, *NO_SUCH, camera_of(page, city)):
        for width, language in SIZES:
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(city + in_language(path, language))
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                too_wide.append((path, width, language, page.evaluate(WIDER)))

    assert too_wide == []
    assert visit.foreign_requests == []
    assert [said for said in visit.complaints if "404" not in said] == []


def test_a_citizen_finds_a_counter_from_the_home_page_by_keyboard(page: Page, city: str) -> None:
    page.goto(city)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.locator("#q").focus()
    page.keyboard.type("loket genuk")
    page.keyboard.press("Enter")
    expect(page.locator('[role="status"]').first).to_contain_text("kamera")
    page.locator(".cameras a").first.focus()
    page.keyboard.press("Enter")

    expect(page.locator("h1")).to_contain_text("Loket")
    expect(page.locator("#curve-queue")).to_be_visible()
    expect(page.locator("#blank-state")).to_contain_text("tidak ada gambar masuk")


def test_a_district_is_chosen_on_the_map(page: Page, city: str) -> None:
    page.goto(city)
    page.locator('.map a[aria-label^="Genuk"]').focus()
    page.keyboard.press("Enter")

    expect(page.locator("#kecamatan")).to_have_value("Genuk")
    assert set(page.locator(".cameras h2").all_inner_texts()) == {"Genuk"}


def test_english_stays_chosen(page: Page, city: str) -> None:
    page.goto(f"{city}/floods")
    page.locator(".tongue").click()
    expect(page.locator("h1")).to_have_text("Standing water")
    page.locator(".top nav a").first.click()

    expect(page.locator("h1")).to_have_text("Cameras")


@pytest.fixture
def filmed(kafka: KafkaSettings, running: RunningPortal, request: pytest.FixtureRequest) -> FilmedCamera:
    """A camera of which thirty frames may be shown."""
    camera = FilmedCamera(kafka, request.node.name.replace("_", "-")[:60].rstrip("-"))
    camera.film(range(33))
    camera.judge(through=30, judged=31)
    running.until_status(camera.url(29), 200)
    return camera


@pytest.fixture
def live(phone: Page, running: RunningPortal, filmed: FilmedCamera) -> Visit:
    """Somebody with a phone, who watches that camera."""
    visit = visit_of(phone, running.address)
    phone.goto(f"{running.address}/cameras/{filmed.camera.camera_id}")
    expect(phone.locator("#picture")).to_be_visible()
    return visit


def test_a_camera_is_watched_live_paused_and_looked_back_at(live: Visit, filmed: FilmedCamera) -> None:
    page = live.page
    picture, slider = page.locator("#picture"), page.locator("#timeline")
    expect(picture).to_have_attribute("src", filmed.url(30))
    expect(page.locator("#state")).to_have_text("langsung")
    expect(page.locator("#said")).to_contain_text("detik lalu")

    filmed.film(range(33, 36))
    filmed.judge(through=33, judged=3)
    expect(picture).to_have_attribute("src", filmed.url(33))

    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(picture).to_have_attribute("src", filmed.url(32))
    expect(page.locator("#said")).to_contain_text("melihat ke belakang")
    expect(page.locator("#state")).to_have_text("rekaman")
    tops = [box["y"] for name in ("back", "pause", "on") if (box := page.locator(f"#{name}").bounding_box())]
    assert len(tops) == 3
    assert max(tops) - min(tops) < 20, "they stand in one line on a phone"
    page.keyboard.press("PageUp")
    expect(picture).to_have_attribute("src", filmed.url(2))
    filmed.film(range(36, 39))
    filmed.judge(through=36, judged=3)
    expect(slider).to_have_attribute("max", "36")
    expect(picture).to_have_attribute("src", filmed.url(2))
    page.locator("#back").click()
    expect(picture).to_have_attribute("src", filmed.url(1))

    page.locator("#pause").click()
    expect(picture).to_have_attribute("src", filmed.url(36))
    expect(page.locator("#state")).to_have_text("langsung")
    wait_for(lambda: bool(picture.evaluate("image => image.naturalWidth > 0")), "it is drawn")
    assert faults(page) == []
    assert live.complaints == []
    assert live.foreign_requests == []


def test_a_picture_that_a_busy_server_refused_is_asked_for_again(live: Visit, filmed: FilmedCamera) -> None:
    page, url = live.page, filmed.url(33)
    page.route(f"**{url}", lambda route: route.fulfill(status=503))
    with page.expect_response(f"**{url}"):
        filmed.film(range(33, 36))
        filmed.judge(through=33, judged=3)

    with page.expect_response(lambda answer: answer.url.endswith(url) and answer.status == 200):
        page.unroute(f"**{url}")
    expect(page.locator("#picture")).to_have_attribute("src", url)


def test_a_picture_that_is_gone_leaves_the_timeline(live: Visit, filmed: FilmedCamera) -> None:
    page, url = live.page, filmed.url(33)
    page.route(f"**{url}", lambda route: route.fulfill(status=410))
    filmed.film(range(33, 36))
    filmed.judge(through=33, judged=3)

    expect(page.locator("#timeline")).to_have_attribute("max", "32")
    expect(page.locator("#picture")).to_have_attribute("src", filmed.url(32))


def test_what_a_quarantine_withdraws_leaves_the_screen(live: Visit, filmed: FilmedCamera) -> None:
    page = live.page
    filmed.film(range(33, 36))
    filmed.judge(through=34, judged=4, quarantine=20)

    expect(page.locator("#picture")).to_be_hidden()
    expect(page.locator("#blank-state")).to_have_text("Tidak ditampilkan: karantina")
    expect(page.locator("#blank-why")).to_contain_text("ditarik")
    expect(page.locator("#timeline")).to_have_attribute("max", "19")


def test_a_camera_that_is_withdrawn_leaves_the_screen(live: Visit, filmed: FilmedCamera) -> None:
    page = live.page
    filmed.withdraw()

    expect(page.locator("#state")).to_have_text("tidak lagi untuk umum")
    expect(page.locator("#picture")).to_be_hidden()
    expect(page.locator("#controls")).to_be_hidden()


def test_where_no_picture_comes_any_more_the_live_page_is_blank_and_says_why(kafka: KafkaSettings, page: Page) -> None:
    camera = FilmedCamera(kafka, "e2e-silent")
    camera.film(range(33))
    with running_portal(kafka, live=LiveSettings(silent_seconds=15)) as portal:
        page.goto(f"{portal.address}/cameras/{camera.camera.camera_id}")
        camera.judge(through=30, judged=31)
        expect(page.locator("#picture")).to_have_attribute("src", camera.url(30))
        expect(page.locator("#picture")).to_be_visible()

        expect(page.locator("#picture")).to_be_hidden(timeout=21_000)
        expect(page.locator("#blank-state")).to_have_text("Tidak ditampilkan: tidak ada gambar masuk")
        expect(page.locator("#blank-why")).to_contain_text("Tanpa pengaburan")
        page.locator("#back").click()
        expect(page.locator("#picture")).to_have_attribute("src", camera.url(29))
        expect(page.locator("#picture")).to_be_visible()


def test_a_link_to_a_moment_leads_to_its_picture(running: RunningPortal, phone: Page, filmed: FilmedCamera) -> None:
    phone.goto(f"{running.address}/cameras/{filmed.camera.camera_id}?at={filmed.captured_ms(12)}")

    expect(phone.locator("#picture")).to_have_attribute("src", filmed.url(12))
    expect(phone.locator("#pause")).to_have_text("Lihat langsung")


@pytest.mark.parametrize("trouble", ["the server is busy", "the line is cut", "the film is gone"])
def test_recordings_that_cannot_be_reached_are_not_told_as_none(page: Page, recorded_camera: str, trouble: str) -> None:
    minute_ms = (round(time.time()) // 60 - 60) * 60_000
    film = {"minute_ms": minute_ms, "url": f"/recorded/loket-genuk/{minute_ms}.mp4", "first_ms": minute_ms, "gap": ""}

    def answer(route: Route) -> None:
        if trouble == "the line is cut":
            route.abort()
        elif trouble == "the server is busy":
            route.fulfill(status=503)
        elif route.request.url.endswith(".mp4"):
            route.fulfill(status=404)
        else:
            route.fulfill(json={"minutes": [film]})

    page.route("**/recorded/loket-genuk/*", answer)
    page.goto(f"{recorded_camera}?at={minute_ms}")
    expect(page.locator("#lookback-said")).to_contain_text("tidak dapat dijangkau")
    expect(page.locator("#lookback-video")).to_be_hidden()

    page.unroute("**/recorded/loket-genuk/*")
    page.route("**/recorded/loket-genuk/*", lambda route: route.fulfill(json={"minutes": []}))
    page.locator("#lookback button").click()
    expect(page.locator("#lookback-said")).to_contain_text("Tidak ada rekaman")


def test_a_minute_that_is_not_stored_yet_is_not_told_as_missing(page: Page, recorded_camera: str) -> None:
    page.route("**/recorded/loket-genuk/*", lambda route: route.fulfill(json={"minutes": []}))
    for ago_s, wanted in ((180, "belum tersimpan"), (3_600, "Tidak ada rekaman")):
        page.goto(f"{recorded_camera}?at={round(time.time() - ago_s) * 1000}")
        expect(page.locator("#lookback-said")).to_contain_text(wanted)


@pytest.mark.parametrize(
    ("language", "gap", "simulated", "said"),
    [
        ("id", "held", False, "Sebagian gambar menit ini tidak ada: gambarnya ditahan."),
        ("en", "not_judged", True, "Pictures of this minute are missing: nobody was blurred in time"),
        ("en", "", True, "Simulated pictures"),
    ],
)
def test_a_minute_that_has_gaps_or_is_simulated_says_so(
    page: Page, recorded_camera: str, language: str, gap: str, simulated: bool, said: str
) -> None:
    minute_ms = (round(time.time()) // 60 - 60) * 60_000
    url = f"/recorded/loket-genuk/{minute_ms}.mp4"
    film = {"minute_ms": minute_ms, "url": url, "first_ms": minute_ms, "gap": gap, "simulated": simulated}
    page.route(f"**{url}", lambda route: None)  # it is on its way
    page.route("**/recorded/loket-genuk/*-*", lambda route: route.fulfill(json={"minutes": [film]}))
    page.goto(in_language(f"{recorded_camera}?at={minute_ms}", language))

    expect(page.locator("#lookback-said")).to_contain_text(said)
    expect(page.locator("#lookback-video")).to_be_visible()
    expect(page.locator("#lookback-said .simulated")).to_have_count(int(simulated))
