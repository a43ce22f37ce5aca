from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import expect, sync_playwright

from deploy.local.testing import SHARED_STATE

pytestmark = pytest.mark.pipeline

SECONDS = 90
"""Enough for a browser to go through the pages while it runs, on a machine three times as slow too."""
SAYS_WITHIN_SECONDS = 180.0
PATIENCE_MS = 60_000
MARK = "DEMONSTRATION_UNDER_TEST"
"""A variable that every process of the demonstration inherits, so that none can hide."""


@dataclass
class Demonstration:
    """One that was started, its folder, and the file that has what it says, also of errors."""

    process: subprocess.Popen[bytes]
    state: Path
    log: Path

    @property
    def said(self) -> str:
        """Give what it has said so far."""
        return self.log.read_text()

    def wait_for(self, pattern: str) -> str:
        """Wait until it has said something, and give the first group of that."""
        deadline = time.monotonic() + SAYS_WITHIN_SECONDS
        while (found := re.search(pattern, self.said)) is None:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.2)
        return found[1]


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """Start one on ports of its own, with what `tilik setup` has fetched."""
    state = tmp_path_factory.mktemp("state")
    for name in ("kafka", "models", "footage", "echarts", "idn-area-data"):
        if (SHARED_STATE / name).exists():
            (state / name).symlink_to(SHARED_STATE / name)
    command = [sys.executable, "-m", "services.cli", "demo", "--seconds", str(SECONDS), "--state", str(state)]
    command += ["--kafka-port", "0", "--clickhouse-port", "0", "--json", str(state / "summary.json")]
    marked = {**os.environ, MARK: str(state)}
    with (state / "said.txt").open("wb") as log:
        process = subprocess.Popen(command, env=marked, stdout=log, stderr=subprocess.STDOUT)
        yield Demonstration(process, state, state / "said.txt")
        process.terminate()
        process.wait(timeout=120)


@pytest.fixture(scope="module")
def run(demonstration: Demonstration) -> Demonstration:
    """The demonstration when it has ended by itself."""
    demonstration.process.wait(timeout=400)
    return demonstration


@pytest.fixture
def summary(run: Demonstration) -> dict[str, Any]:
    assert run.process.returncode == 0, run.said
    content: dict[str, Any] = json.loads((run.state / "summary.json").read_text())
    return content


def test_its_portal_shows_live_pictures_and_lets_in_whom_it_names(demonstration: Demonstration) -> None:
    """What is typed is what the demonstration has printed. First in this file: it runs while the city does."""
    address = demonstration.wait_for(r"portal +(http://\S+)")
    operations = demonstration.wait_for(r"operations +(http://\S+)")
    name = demonstration.wait_for(r"name (\w+), password \S+")
    password = demonstration.wait_for(r"name \w+, password (\S+)")
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=shutil.which("chromium")).new_page()
        page.goto(address)
        page.locator("#q").fill("pandanaran")
        page.keyboard.press("Enter")
        page.locator(".cameras a", has_text="Jalan Pandanaran").click()
        picture = page.locator("#picture")
        expect(picture).to_be_visible(timeout=PATIENCE_MS)
        first = picture.get_attribute("src") or ""
        expect(picture).not_to_have_attribute("src", first, timeout=PATIENCE_MS)
        assert first.startswith("/frames/contoh-jalan-pandanaran/")
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 320

        page.goto(operations)
        page.get_by_label("Akun").fill(name)
        page.get_by_label("Kata sandi").fill(password)
        page.keyboard.press("Enter")
        page.wait_for_url(operations)
        page.get_by_role("link", name="Tinjauan").first.click()
        expect(page.locator("h1")).to_have_text("Tinjauan", timeout=PATIENCE_MS)
        expect(page.locator("#queue")).to_be_attached()


def test_every_captured_frame_has_exactly_one_outcome(summary: dict[str, Any]) -> None:
    outcomes = ("detected", "shed", "dead_lettered", "expired", "in_flight")
    assert summary["captured"] == sum(summary[name] for name in outcomes)
    assert summary["captured"] >= SECONDS
    assert summary["detected"] > 0


def test_every_camera_is_owned_exactly_once(summary: dict[str, Any]) -> None:
    assert summary["cameras"] >= 6
    assert (summary["owned_once"], summary["owned_none"], summary["owned_twice"]) == (summary["cameras"], 0, 0)


def test_rows_of_every_stage_are_there(summary: dict[str, Any]) -> None:
    rows = summary["rows"]
    assert rows["detections"] == summary["detected"]
    assert rows["frame_outcomes"] == summary["captured"] - summary["in_flight"]
    assert rows["camera_statuses"] >= 2 * summary["cameras"]
    assert rows["camera_minutes"] > 0
    assert 0 < summary["p50_capture_to_row_s"] <= summary["p95_capture_to_row_s"]


def test_without_a_terminal_lines_tell_how_it_goes(run: Demonstration) -> None:
    said = run.said
    assert "the first row was in ClickHouse" in said
    assert "cameras live; captured" in said
    assert "curl 'http://127.0.0.1:" in said


def test_nothing_is_left_running(run: Demonstration) -> None:
    assert not (run.state / "demo" / "run.json").exists()
    assert [process.cmdline() for process in psutil.process_iter() if mark_of(process) == str(run.state)] == []


def mark_of(process: psutil.Process) -> str:
    try:
        return process.environ().get(MARK, "")
    except psutil.Error:  # of another user, or gone
        return ""
