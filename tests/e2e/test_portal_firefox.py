"""The live page in Firefox, which is another browser than the one that all else is tested in."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.runtime.settings import KafkaSettings
from tests.e2e.firefox import firefox, firefox_window
from tests.ingest.worker_process import wait_for
from tests.portal.delivery.scene import FilmedCamera, running_portal

pytestmark = pytest.mark.integration

ARROW_LEFT, PAGE_UP = "\ue012", "\ue00e"


def test_a_camera_is_watched_live_and_looked_back_at_in_firefox(kafka: KafkaSettings, tmp_path: Path) -> None:
    program = firefox()
    if program is None:
        pytest.skip("firefox-esr is missing: run deploy/local/test_packages.sh")
    camera = FilmedCamera(kafka, "e2e-firefox")
    camera.film(range(33))
    camera.judge(through=30, judged=31)
    with running_portal(kafka) as portal, firefox_window(program, tmp_path) as window:
        portal.until_status(camera.url(29), 200)

        def shows(number: int, said: str) -> None:
            drawn = f"picture.getAttribute('src') === '{camera.url(number)}' && picture.naturalWidth > 0"
            wait_for(lambda: bool(window.ask(f"!picture.hidden && {drawn}")), f"picture {number} is drawn")
            assert said in window.ask("document.getElementById('said').textContent")

        window.open(f"{portal.address}/cameras/e2e-firefox")
        shows(30, "detik lalu")
        assert window.ask("state.textContent") == "langsung"
        camera.film(range(33, 36))
        camera.judge(through=33, judged=3)
        shows(33, "detik lalu")

        window.press("#timeline", ARROW_LEFT)
        shows(32, "melihat ke belakang")
        window.press("#timeline", PAGE_UP)
        shows(2, "melihat ke belakang")
