"""The operations area in a real browser: verdicts by keyboard, zones by mouse and keys, pages readable."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from deploy.local.platform import LocalStack, http_probe
from deploy.local.ports import HOST, free_port
from deploy.local.process import ProcessSpec
from schemas.cameras import Period, Timetable
from services.portal.operations.accounts import Accounts
from services.portal.roles import ROLES, Role
from services.runtime.camera_registry import read_registry
from tests.e2e.conftest import Visit, visit_of
from tests.e2e.looked_at import MOST_BYTES, faults, forgotten, in_language, opened
from tests.portal.operations.city import FLOODS, City, build_city
from tests.portal.operations.office import office

pytestmark = pytest.mark.integration

WHY = "Dilihat pada tiga gambar"
IDS = ("e2e-tembalang-1", "e2e-bulusan-1")


@dataclass(frozen=True)
class Running:
    """A portal that runs, the city behind it, and the passwords of one account a role, named as it."""

    url: str
    city: City
    passwords: dict[Role, str]

    def signed_in(self, page: Page, role: Role, path: str) -> Visit:
        """Open a page as somebody who has to sign in first."""
        visit = visit_of(page, self.url)
        self.sign_in(page, role, path)
        return visit

    def sign_in(self, page: Page, role: Role, path: str) -> None:
        """Open a page, and sign in on the way."""
        page.goto(f"{self.url}{path}")
        page.locator("#name").fill(role)
        page.keyboard.press("Tab")
        page.keyboard.type(self.passwords[role])
        page.keyboard.press("Enter")
        page.wait_for_url(f"{self.url}{path}")


@pytest.fixture(scope="module")
def running(local_platform: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Running:
    city = build_city(local_platform.kafka, local_platform.clickhouse_port, "operations_e2e", IDS)
    folder, port = tmp_path_factory.mktemp("operations"), free_port()
    accounts = Accounts(folder)
    passwords: dict[Role, str] = {role: accounts.set_password(role, role, ("*",)) for role in ROLES}
    told = {
        "KAFKA__BOOTSTRAP_SERVERS": city.kafka.bootstrap_servers,
        "CLICKHOUSE__PORT": str(city.clickhouse.port),
        "CLICKHOUSE__DATABASE": city.clickhouse.database,
        "OPERATIONS__SECRETS_DIR": str(folder),
        "STORE__URL": str(folder / "record"),
        "PORT": str(port),
    }
    env = {f"TILIK_PORTAL_{name}": value for name, value in told.items()}
    argv = [sys.executable, "-m", "services.portal"]
    local_platform.start_processes(
        [ProcessSpec("portal-operations", argv, http_probe(port, "/operations/sign-in"), env, port=port)]
    )
    return Running(f"http://{HOST}:{port}", city, passwords)


def test_a_reviewer_confirms_one_and_rejects_one_by_keyboard(running: Running, page: Page) -> None:
    visit = running.signed_in(page, "reviewer", "/operations/review?type=flood_episode")
    cards = page.locator(".episode")
    waiting = cards.count()
    assert waiting >= len(FLOODS)

    page.keyboard.press("j")
    confirmed = page.evaluate("document.activeElement.dataset.episode")
    page.keyboard.press("c")
    page.keyboard.type(WHY)
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("Terkonfirmasi.")
    expect(cards).to_have_count(waiting - 1)

    rejected = page.evaluate("document.activeElement.dataset.episode")
    page.keyboard.press("r")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.keyboard.type(WHY)
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("Ditolak.")
    expect(cards).to_have_count(waiting - 2)

    sent = [(one.decision, one.episode_id, one.decided_by, one.reason) for one in running.city.decisions()]
    assert sent[-2:] == [
        ("episode_confirmed", confirmed, "reviewer", WHY),
        ("episode_rejected", rejected, "reviewer", WHY),
    ]
    assert visit.complaints == []
    assert visit.foreign_requests == []


@pytest.mark.parametrize("scripts", [True, False])
def test_enter_alone_decides_nothing(running: Running, browser: Browser, scripts: bool) -> None:
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    running.signed_in(page, "reviewer", "/operations/review?type=flood_episode")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    decided = len(running.city.decisions())
    page.locator(".verdict input[name=reason]").first.fill(WHY)
    page.keyboard.press("Enter")
    if scripts:
        expect(page.locator("#said")).to_contain_text("pilih konfirmasi atau tolak")
    page.locator(".keys").click()  # whatever Enter began has begun by now

    assert sent == []
    assert len(running.city.decisions()) == decided
    context.close()


def test_units_are_told_in_the_reader_s_language(running: Running, page: Page) -> None:
    running.signed_in(page, "viewer", "/operations/review")
    expect(page.locator(".why").first).to_contain_text("rasio")


def test_an_operator_draws_a_zone_and_moves_its_corners(running: Running, page: Page) -> None:
    visit = running.signed_in(page, "operator", f"/operations/cameras/{running.city.there}/zones")
    before = read_registry(running.city.kafka).latest(running.city.there)
    assert before is not None
    canvas = page.locator("#canvas")
    page.locator("#still").evaluate("image => image.decode()")
    page.get_by_label("Kegunaan").select_option("water")
    page.locator("#draw").click()
    box = canvas.bounding_box()
    assert box is not None
    for x, y in ((0.2, 0.5), (0.7, 0.5), (0.7, 0.9), (0.2, 0.9)):
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.keyboard.press("Enter")
    drawn = len(before.zones)
    expect(page.locator("#zones > li")).to_have_count(drawn + 1)

    page.locator('[data-corner="0"]').focus()
    for key in ("ArrowLeft", "ArrowLeft", "Shift+ArrowUp"):
        page.keyboard.press(key)
    page.locator('[data-corner="2"]').focus()
    page.keyboard.press("+")
    page.get_by_label("Alasan").fill(WHY)
    page.locator("#save").click()
    expect(page.locator("#hint")).to_contain_text(f"revisi {before.revision + 1}")

    after = read_registry(running.city.kafka).latest(running.city.there)
    assert after is not None
    assert after.revision == before.revision + 1
    polygon = after.zones[-1].polygon
    assert polygon is not None
    assert after.zones[-1].purpose == "water"
    assert polygon[0] == pytest.approx((0.19, 0.47), abs=0.004)
    assert polygon[3] == pytest.approx((0.45, 0.9), abs=0.004)
    assert visit.complaints == []


def test_what_is_wrong_is_told_and_nothing_is_written_until_it_is_right(running: Running, page: Page) -> None:
    running.signed_in(page, "operator", f"/operations/cameras/{running.city.there}/zones")
    before = read_registry(running.city.kafka).latest(running.city.there)
    page.get_by_label("Kegunaan").select_option("queue")
    page.locator("#rectangle").click()
    expect(page.locator('[data-corner="0"]')).to_be_focused()
    page.get_by_label("Alasan").fill(WHY)
    page.locator("#save").click()
    expect(page.locator("#faults")).to_contain_text("counter and market")
    assert read_registry(running.city.kafka).latest(running.city.there) == before

    page.get_by_role("button", name="Hapus").click()
    page.get_by_label("Kegunaan").select_option("no_parking")
    page.locator("#rectangle").click()
    hours = page.get_by_label("Waktu larangan")
    hours.fill("mon 07:00 sampai 09:00")
    page.locator("#save").click()
    expect(page.locator("#faults")).to_contain_text("mon 07:00 sampai 09:00")
    hours.fill("mon 07:00-09:00, 16:00-18:00\nholidays 2026-12-25")
    page.get_by_label("bus").uncheck()
    page.locator("#save").click()
    expect(page.locator("#hint")).to_contain_text("Disimpan")
    after = read_registry(running.city.kafka).latest(running.city.there)
    assert after is not None
    assert after.zones[-1].classes == ("car", "motorcycle", "truck")
    assert after.zones[-1].timetable == Timetable(
        {"mon": (Period("07:00", "09:00"), Period("16:00", "18:00"))}, ("2026-12-25",)
    )


def test_a_picture_says_when_it_was_captured(running: Running, page: Page) -> None:
    running.signed_in(page, "viewer", "/operations/quarantine")
    now = page.locator(f"figure:has(img[src$='{running.city.here}/now.jpg'])")
    expect(now.locator("figcaption time")).to_contain_text("WIB")
    captured = now.locator("time").get_attribute("datetime") or ""
    assert abs(datetime.fromisoformat(captured).timestamp() - time.time()) < 600


@pytest.mark.parametrize(("width", "language"), [(390, "id"), (1280, "en")])
def test_every_page_can_be_read_by_everybody(
    running: Running, page: Page, width: int, language: str, tmp_path: Path
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    visit = visit_of(page, running.url)
    looked_at = ["/operations/sign-in"]
    look_at(running, page, looked_at[0], language)
    running.sign_in(page, "admin", "/operations")
    listing = "/operations/cameras"
    one = f"{listing}/{running.city.here}"
    pages = ["/operations", "/operations/review", "/operations/quarantine", listing, one, f"{one}/zones"]
    for path in (*pages, f"{listing}/new", "/operations/audit"):
        look_at(running, page, path, language)
        looked_at.append(path)
    look_at(running, page, f"{listing}/nothing-here", language)

    assert visit.foreign_requests == []
    with office(tmp_path) as place:
        assert forgotten(place.router, looked_at) == []


def look_at(running: Running, page: Page, path: str, language: str) -> None:
    weight = opened(page, running.url + in_language(path, language))
    page.wait_for_load_state("networkidle")
    assert weight <= MOST_BYTES, path
    assert page.locator("html").get_attribute("lang") == language
    assert faults(page) == [], path
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], path  # type: ignore[index]
