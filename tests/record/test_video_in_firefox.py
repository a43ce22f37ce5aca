"""A minute's file plays and seeks in Firefox too; that each picture is found at its time is tested in Chromium."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy.local.ports import HOST
from services.record.video import Encoding, encode_video
from tests.e2e.firefox import firefox, firefox_window
from tests.record.test_video import FACTS, TIMES_MS, make_pictures, shade_of

pytestmark = pytest.mark.integration

_PLAYED_AND_SOUGHT = """(async () => {
    const video = document.createElement("video");
    video.muted = true;
    video.src = "minute.mp4";
    document.body.replaceChildren(video);
    await new Promise((done, fail) => { video.onloadeddata = done; video.onerror = () => fail(video.error.message); });
    video.currentTime = 5;
    await video.play();
    await new Promise(done => { video.ontimeupdate = () => video.currentTime > 5.5 && done(); });
    video.pause();
    await new Promise(done => { video.onseeked = done; video.currentTime = SECONDS; });
    const drawing = document.createElement("canvas").getContext("2d");
    drawing.drawImage(video, 0, 0);
    return drawing.getImageData(80, 60, 1, 1).data[1];
})()"""


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer((HOST, 0), partial(SimpleHTTPRequestHandler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()


def test_firefox_plays_a_minute_and_seeks_in_it(tmp_path: Path) -> None:
    program = firefox()
    if program is None:
        pytest.skip("firefox-esr is missing: run deploy/local/test_packages.sh")
    (tmp_path / "minute.mp4").write_bytes(encode_video(make_pictures(), TIMES_MS, FACTS, Encoding()))
    (tmp_path / "page.html").write_text("<!doctype html><title>A minute</title><body></body>")
    (tmp_path / "profile").mkdir()
    seconds = (TIMES_MS[31] - TIMES_MS[0]) / 1000 + 0.3
    with _served(tmp_path) as address, firefox_window(program, tmp_path / "profile") as window:
        window.open(f"{address}/page.html")
        shade = window.ask(_PLAYED_AND_SOUGHT.replace("SECONDS", f"{seconds}"))
    assert shade == pytest.approx(shade_of(31), abs=12)
