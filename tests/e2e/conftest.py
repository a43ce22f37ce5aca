"""A small simulated city, the preview on it, and a real browser in front of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect, sync_playwright
from pytest_socket import enable_socket

from deploy.local.chart_library import fetch_chart_library
from deploy.local.platform import http_probe
from deploy.local.ports import HOST, free_port
from deploy.local.process import ProcessSpec
from deploy.local.testing import RunningFace, running_face
from services.runtime.clickhouse import connect
from services.runtime.settings import ClickHouseSettings
from tests.conftest import STATE
from tests.e2e.drawn_dashboard import HOSTILE_NAME, write_dashboard

DATABASE = "tilik_e2e"
SEED_SECONDS = 300
expect.set_options(timeout=20_000)  # how long a page takes is not what these tests ask, and others run beside them


@dataclass
class Visit:
    """A page that was opened, and what the browser complained about meanwhile."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    foreign_requests: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Open a dashboard and wait until every panel has its answer."""
        self.page.goto(f"{self.url}{path}")
        self.wait()

    def wait(self) -> None:
        """Wait until every panel has its answer."""
        self.page.locator('html[data-ready="yes"]').wait_for(state="attached", timeout=60_000)


@pytest.fixture(scope="package")
def face(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFace]:
    """The engine with a seeded city of 110 cameras and 2 days, and one camera whose name is an attack."""
    enable_socket()
    with running_face(tmp_path_factory.mktemp("e2e")) as running:
        seed = [sys.executable, "-m", "services.cli", "seed", "--days", "2", "--cameras", "110"]
        seed += ["--database", DATABASE, "--clickhouse", f"{HOST}:{running.port}", "--state", str(STATE)]
        subprocess.run(seed, check=True, timeout=SEED_SECONDS, capture_output=True)
        with closing(connect(ClickHouseSettings(port=running.port), DATABASE)) as client:
            client.command(
                "INSERT INTO cameras (camera_id, revision, name, kind, kecamatan, kelurahan, sample_fps, latitude,"
                " longitude, state, version) VALUES"
                " ('seed-hostile', 1, {name:String}, 'street', 'Zzz', 'Zzz', 1, -7.0, 110.4, 'active', 1)",
                parameters={"name": HOSTILE_NAME},
            )
        yield running


@contextmanager
def running_preview(face: RunningFace, *options: str) -> Iterator[str]:
    """Run the preview on a free port of its own process, and give its address."""
    port = free_port()
    argv = [sys.executable, "-m", "services.cli", "dashboards", "preview", "--port", str(port), "--state", str(STATE)]
    argv += ["--clickhouse", f"{HOST}:{face.port}", "--database", DATABASE, *options]
    face.supervisor.start([ProcessSpec(f"preview-{port}", argv, http_probe(port, "/api/dashboards"), port=port)])
    yield f"http://{HOST}:{port}"


@pytest.fixture(scope="package")
def preview(face: RunningFace) -> Iterator[str]:
    """The address of a preview of the dashboards that come with Tilik."""
    fetch_chart_library(STATE, lambda _: None)
    with running_preview(face) as url:
        yield url


@pytest.fixture(scope="package")
def drawn(face: RunningFace, preview: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a preview of a dashboard with one panel of each type."""
    folder = tmp_path_factory.mktemp("dashboards")
    write_dashboard(folder)
    with running_preview(face, "--folder", str(folder)) as url:
        yield url


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    enable_socket()
    program = shutil.which("chromium")
    assert program is not None, "chromium is missing: run deploy/local/test_packages.sh"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new page in a window of 1600 × 1000 px."""
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
    yield context.new_page()
    context.close()


def visit_of(page: Page, url: str) -> Visit:
    """Give a visit that notes errors, dialogs and requests to other places."""
    visit = Visit(page, url)

    def dismiss(dialog: Dialog) -> None:
        visit.complaints.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page.on("console", lambda said: visit.complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    page.on("dialog", dismiss)
    page.on("request", lambda asked: None if asked.url.startswith(url) else visit.foreign_requests.append(asked.url))
    return visit


@pytest.fixture
def visit(page: Page, preview: str) -> Visit:
    """A visit of the dashboards that come with Tilik."""
    return visit_of(page, preview)


@pytest.fixture
def drawn_visit(page: Page, drawn: str) -> Visit:
    """A visit of the dashboard with one panel of each type."""
    return visit_of(page, drawn)
