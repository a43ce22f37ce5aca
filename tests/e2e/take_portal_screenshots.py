"""Take the pictures of docs/portal.md: each public page at phone and desktop width, over a simulated city, in Chromium.

    tilik seed --days 8 --cameras 200 --until 2026-11-26T03:41
    python -m tests.e2e.take_portal_screenshots --now 2026-11-26T03:40

``--now`` is the time that the pages take for now, UTC: counters have queues by day. A camera's page is that of
``--camera``; a live picture needs a running system, such as ``--live http://127.0.0.1:8080``. Look at every picture
before it is committed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from unittest.mock import patch

from playwright.sync_api import Browser, sync_playwright

from services.portal.context import Portal
from services.portal.pages.routes import router
from tests.e2e.served_portal import served
from tests.e2e.take_screenshots import compressed
from tests.portal.pages.seeded_city import seeded_city
from tests.portal.pages.small_city import portal_of

PICTURES: Final = Path(__file__).parents[2] / "docs" / "pictures" / "portal"
WIDTHS: Final = {"phone": 390, "desktop": 1280}
MOST_HEIGHT_PX: Final = 2400
MOST_BYTES: Final = 80_000
PAGES: Final = {
    "home": "/",
    "cameras": "/cameras?kecamatan=Genuk",
    "camera": "/cameras/{camera}",
    "counters": "/counters",
    "floods": "/floods",
    "parking": "/parking",
    "data": "/data",
    "how": "/how",
    "privacy": "/privacy",
    "record": "/record",
}


def main(arguments: list[str] | None = None) -> int:
    """Take the pictures that are named, or all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clickhouse-port", type=int, default=8123)
    parser.add_argument("--database", default="tilik_seed")
    parser.add_argument("--now", type=datetime.fromisoformat, default=None, help="UTC; else the time that it is")
    parser.add_argument("--camera", default="seed-loket-kec-genuk-1", help="whose page is taken")
    parser.add_argument("--live", default="", help="address of a running portal instead of the simulated city's")
    parser.add_argument("--language", choices=("id", "en"), default="id")
    parser.add_argument("--scheme", choices=("light", "dark"), default="light")
    parser.add_argument("--out", type=Path, default=PICTURES)
    parser.add_argument("names", nargs="*", default=list(PAGES), help=f"of {', '.join(PAGES)}")
    told = parser.parse_args(arguments)
    told.out.mkdir(parents=True, exist_ok=True)
    if told.live:
        return _take(told, told.live)

    def at_that_time(portal: Portal) -> object:
        return router(portal, lambda: told.now.replace(tzinfo=UTC)) if told.now else router(portal)

    with (
        seeded_city(told.clickhouse_port, told.database) as city,
        portal_of(city.cameras, city.clickhouse) as portal,
        patch("services.portal.app.public_pages", at_that_time),
        served(portal) as address,
    ):
        return _take(told, address)


def _take(told: argparse.Namespace, address: str) -> int:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for name in told.names:
            path = PAGES[name].format(camera=told.camera)
            for device, width in WIDTHS.items():
                picture = compressed(_picture(browser, f"{address}{path}", width, told), MOST_BYTES)
                (told.out / f"{name}-{device}.webp").write_bytes(picture)
                print(f"{name}-{device}.webp  {len(picture) / 1000:.0f} kB")
        browser.close()
    return 0


def _picture(browser: Browser, address: str, width: int, told: argparse.Namespace) -> bytes:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=told.scheme)
    page = context.new_page()
    page.goto(f"{address}{'&' if '?' in address else '?'}lang={told.language}")
    page.wait_for_timeout(5000 if told.live else 500)  # the live picture comes by itself
    height = min(page.evaluate("document.documentElement.scrollHeight"), MOST_HEIGHT_PX)
    page.set_viewport_size({"width": width, "height": height})
    taken = page.screenshot()
    context.close()
    return taken


if __name__ == "__main__":
    sys.exit(main())
