"""Take the pictures of docs/dashboards.md: each dashboard in a real Chromium, from a preview that runs.

    tilik dashboards preview --database tilik_seed          # http://127.0.0.1:3000
    python -m tests.e2e.take_screenshots --preview http://127.0.0.1:3000 city-now flooding flooding-id

A name may be followed by a period: ``pipeline@now-15m``. Look at every picture before it is committed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from playwright.sync_api import Page, sync_playwright

PICTURES: Final = Path(__file__).parents[2] / "docs" / "pictures" / "dashboards"
WIDTH_PX: Final = 1600
MOST_HEIGHT_PX: Final = 6000
MOST_BYTES: Final = 240_000
_LOSSLESS: Final = 101
"""What OpenCV takes for "lossless" among qualities of WebP."""


def main(arguments: list[str] | None = None) -> int:
    """Take the pictures that are named; exit code 1 if a panel could not be drawn."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--preview", default="http://127.0.0.1:3000", help="address of the preview")
    parser.add_argument("--out", type=Path, default=PICTURES, help="folder of the pictures")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    parser.add_argument("names", nargs="+", help="dashboards, such as flooding, flooding-id, pipeline@now-15m")
    told = parser.parse_args(arguments)
    told.out.mkdir(parents=True, exist_ok=True)
    failed = False
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": WIDTH_PX, "height": 1000})
        for asked in told.names:
            name, _, start = asked.partition("@")
            wrong = _open(page, f"{told.preview}/d/tilik-{name}?theme={told.theme}&refresh=&from={start or ''}")
            picture = compressed(page.screenshot(full_page=True))
            (told.out / f"{name}.webp").write_bytes(picture)
            print(f"{name}.webp  {len(picture) / 1000:.0f} kB  {'; '.join(wrong) or 'every panel drawn'}")
            failed = failed or any(": error" in one for one in wrong)
        browser.close()
    return 1 if failed else 0


def _open(page: Page, address: str) -> list[str]:
    """Open a dashboard at its full height; give the panels that show no drawing, and why."""
    page.set_viewport_size({"width": WIDTH_PX, "height": 1000})
    page.goto(address)
    ready = page.locator('html[data-ready="yes"]')
    ready.wait_for(state="attached", timeout=120_000)
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": WIDTH_PX, "height": min(height, MOST_HEIGHT_PX)})
    page.wait_for_timeout(500)  # charts take their new size
    wrong: list[str] = page.locator('.panel:not(.row):not([data-state="drawn"])').evaluate_all(
        "all => all.map(one => `${one.querySelector('h2').firstChild.textContent}: ${one.dataset.state},"
        " ${one.querySelector('.said')?.textContent}`)"
    )
    return wrong


def compressed(png: bytes, most_bytes: int = MOST_BYTES) -> bytes:
    """Give a picture as WebP: without loss, or nearly (colours off by 2 of 255), if that fits; else as good as fits."""
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    nearly = np.clip((image.astype(np.int16) + 2) // 4 * 4, 0, 255).astype(np.uint8)
    for pixels, quality in ((image, _LOSSLESS), (nearly, _LOSSLESS), *((image, one) for one in range(90, 20, -10))):
        _, encoded = cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, quality])
        if len(encoded) <= most_bytes:
            break
    return encoded.tobytes()


if __name__ == "__main__":
    sys.exit(main())
