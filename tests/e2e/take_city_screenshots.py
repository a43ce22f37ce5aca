"""Take the pictures of docs/portal.md that need a whole city: a live camera, looking back, and what operations sees.

    TILIK_TEST_DATA=FOLDER python -m tests.e2e.take_city_screenshots

Every service runs, for some five minutes, on two cameras of footage that may be shown: a person at a table (Intel
sample-videos, CC BY 4.0) and a car park (PKLot, CC BY 4.0), whose lens is covered after a while. ``FOLDER`` is that of
the labelled footage (docs/footage.md). Look at every picture before it is committed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, expect, sync_playwright

from schemas.cameras import Camera, CounterRule, Effect, ParkingRule, Place, Rules, Source, Zone
from services.detect.accuracy.labelled_footage import data_folder
from tests.e2e.take_portal_screenshots import MOST_BYTES, PICTURES, WIDTHS
from tests.e2e.take_screenshots import compressed
from tests.pipeline.whole_city import EVERY_DAY, WholeCity, chromium, opened, signed_in, wait_until, whole_city

COUNTER: Final = "loket-sekayu"
LOT: Final = "parkir-tembalang"
MOST_HEIGHT_PX: Final = {"phone": 1500, "desktop": 1250}
ROW: Final = ((0.42, 0.55), (0.52, 0.48), (0.66, 0.56), (0.71, 0.72), (0.66, 0.86), (0.5, 0.84), (0.4, 0.68))
STILLS: Final = ("2013-03-19_07_10_01.png", "2013-03-19_07_25_01.png")
_PERSON: Final = "SELECT countIf(has(object_labels, 'person')) FROM (SELECT object_labels FROM detections"


def main(arguments: list[str] | None = None) -> int:
    """Play the city and take the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=PICTURES)
    told = parser.parse_args(arguments)
    told.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, whole_city(Path(folder)) as city, sync_playwright() as playwright:
        stills = Path(folder) / "lot"
        stills.mkdir()
        for name in STILLS:
            (stills / name).symlink_to(data_folder() / "pklot/sequence3/frames" / name)
        city.publish(counter(data_folder() / "clips/intel_one-by-one-person-detection.mp4"), lot(stills))
        browser = playwright.chromium.launch(executable_path=chromium())
        _play(city, browser, told.out)
        browser.close()
    return 0


def counter(clip: Path) -> Camera:
    """Give the table as a counter at which nobody works: who stands there waits."""
    return Camera(
        camera_id=COUNTER,
        revision=1,
        name="Loket Kelurahan Sekayu",
        kind="counter",
        place=Place("Semarang Tengah", "Sekayu", -6.9825, 110.4135),
        source=Source("file", str(clip.resolve()), loop=True),
        zones=(
            Zone("antre", "queue", ((0.36, 0.7), (0.9, 0.7), (0.9, 1.0), (0.36, 1.0))),
            Zone("petugas", "staff", ((0.0, 0.0), (0.12, 0.0), (0.12, 0.36), (0.0, 0.36))),
        ),
        opening_hours=EVERY_DAY,
        rules=Rules(counter=CounterRule(unattended_after_seconds=10.0, waiting_window_seconds=5.0)),
        record=True,
    )


def lot(stills: Path) -> Camera:
    """Give the car park, covered from a minute and a half after its begin on."""
    return Camera(
        camera_id=LOT,
        revision=1,
        name="Parkir Kelurahan Tembalang",
        kind="street",
        place=Place("Tembalang", "Tembalang", -7.05, 110.44),
        source=Source(
            "stills",
            str(stills),
            loop=True,
            simulated=(Effect(effect="cover", from_seconds=90.0, strength=1.0),),
        ),
        rules=Rules(parking=ParkingRule(stationary_window_seconds=10.0, grace_seconds=20.0)),
    )


def _play(city: WholeCity, browser: Browser, out: Path) -> None:
    operator = signed_in(browser, city, "operator", "/operations").page
    _wait_for(city, "detections", LOT, 3)
    _draw(operator, city)

    _wait_for(city, "episodes", LOT, 2)  # not a topic: the store's table
    _wait_for(city, "episodes", COUNTER, 1)  # not a topic: the store's table
    _take(operator, f"/operations/cameras/{LOT}/zones", city, out, "operations-zones")
    reviewer = signed_in(browser, city, "reviewer", "/operations/review").page
    _take(reviewer, "/operations/review", city, out, "operations-review")
    reviewer.set_viewport_size({"width": 1280, "height": 900})
    for key, said in (("c", "Terkonfirmasi."), ("r", "Ditolak.")):
        reviewer.goto(f"{city.url}/operations/review?type={'counter_episode' if key == 'c' else 'parking_case'}")
        reviewer.keyboard.press("j")
        reviewer.keyboard.press(key)
        reviewer.keyboard.type("Dilihat pada tiga gambar" if key == "c" else "Sedang bongkar muat")
        reviewer.keyboard.press("Enter")
        expect(reviewer.locator("#said")).to_have_text(said)

    citizen = opened(browser, city, "/").page
    _take(citizen, f"/cameras/{COUNTER}", city, out, "camera-live", lambda: _somebody_is_there(city))

    incidents = "SELECT count() FROM current_episodes WHERE episode_type = 'camera_incident' AND quarantined"
    wait_until(lambda: city.rows(incidents)[0][0] > 0, "the covered camera is in quarantine", 240)
    _take(operator, "/operations/quarantine", city, out, "operations-quarantine")
    operator.set_viewport_size({"width": 1280, "height": 900})
    operator.get_by_label("Alasan").fill("Kain di depan lensa sudah dilepas")
    operator.locator("button.confirm").click()
    operator.wait_for_url("**/operations/quarantine?released=1")

    moment = f"""SELECT max(toUnixTimestamp64Milli(captured_at)) FROM detections
        WHERE camera_id = '{COUNTER}' AND has(object_labels, 'person') AND captured_at < now() - INTERVAL 180 SECOND"""
    wait_until(lambda: city.rows(moment)[0][0] > 0, "three minutes have passed", 120)
    _take(citizen, f"/cameras/{COUNTER}?at={city.rows(moment)[0][0]}", city, out, "camera-back")
    admin = signed_in(browser, city, "admin", "/operations/audit").page
    _take(admin, "/operations/audit", city, out, "operations-audit")


def _draw(page: Page, city: WholeCity) -> None:
    page.goto(f"{city.url}/operations/cameras/{LOT}/zones")
    page.locator("#still").evaluate("image => image.decode()")
    page.get_by_label("Kegunaan").select_option("no_parking")
    page.locator("#draw").click()
    box = page.locator("#canvas").bounding_box()
    assert box is not None
    for x, y in ROW:
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.keyboard.press("Enter")
    page.get_by_label("Alasan").fill("Jalur mobil pemadam kebakaran")
    page.locator("#save").click()
    expect(page.locator("#hint")).to_contain_text("revisi 2")


def _somebody_is_there(city: WholeCity) -> None:
    newest = f"{_PERSON} WHERE camera_id = '{COUNTER}' ORDER BY captured_at DESC LIMIT 7)"
    wait_until(lambda: city.rows(newest)[0][0] == 7, "somebody has stood there for as long as a verdict takes", 200)


def _take(
    page: Page, path: str, city: WholeCity, out: Path, name: str, await_moment: Callable[[], None] = lambda: None
) -> None:
    """Take a page at each width, from its top, once its pictures are drawn."""
    for device, width in WIDTHS.items():
        await_moment()
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{city.url}{path}")
        if "/zones" in path:
            page.locator("#zones button").first.click()
        if page.locator("#picture").count():
            expect(page.locator("#picture")).to_be_visible(timeout=30_000)
        height = min(page.evaluate("document.documentElement.scrollHeight"), MOST_HEIGHT_PX[device])
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(2_500)
        picture = compressed(page.screenshot(), MOST_BYTES)
        (out / f"{name}-{device}.webp").write_bytes(picture)
        print(f"{name}-{device}.webp  {len(picture) / 1000:.0f} kB", flush=True)


def _wait_for(city: WholeCity, table: str, camera_id: str, least: int) -> None:
    query = f"SELECT count() FROM {table} FINAL WHERE camera_id = {{id:String}}"
    wait_until(lambda: city.rows(query, id=camera_id)[0][0] >= least, f"{least} {table} of {camera_id}", 120)


if __name__ == "__main__":
    sys.exit(main())
