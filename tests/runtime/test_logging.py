from __future__ import annotations

import json
import threading

import pytest
import structlog

from services.runtime.logging import configure_logging, get_logger, redact_url


@pytest.mark.parametrize(
    ("url", "redacted"),
    [
        ("rtsp://admin:s3cret@10.0.0.7:554/live", "rtsp://***@10.0.0.7:554/live"),
        ("error at http://user@host/x and rtsp://a:b@c/d", "error at http://***@host/x and rtsp://***@c/d"),
        ("http://host/path@2x.jpg", "http://host/path@2x.jpg"),
        ("http://user:p@ss@host/x", "http://***@host/x"),
        ("/videos/a.avi", "/videos/a.avi"),
        ("rtsp://admin:gehe/im@10.0.0.7/live", "rtsp://***@10.0.0.7/live"),
        ("rtsp://admin:ge@he/im@10.0.0.7/live", "rtsp://***@10.0.0.7/live"),
        ("http://host:8080/path@2x.jpg", "http://host:8080/path@2x.jpg"),
        ("http://[fd00::7]:80/path@2x.jpg", "http://[fd00::7]:80/path@2x.jpg"),
        ("http://h/v?user=admin&pwd=geheim&ch=1", "http://h/v?user=***&pwd=***&ch=1"),
        ("'http://h/v?Access-Token=abc' failed", "'http://h/v?Access-Token=***' failed"),
        ("http://h/v?monkey=1&resolution=2", "http://h/v?monkey=1&resolution=2"),
    ],
)
def test_credentials_are_taken_out_of_urls(url: str, redacted: str) -> None:
    assert redact_url(url) == redacted


def test_lines_of_every_thread_name_the_process(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    configure_logging("ingest", "worker-7", style="json")
    try:
        thread = threading.Thread(target=lambda: get_logger("reader").info("camera.live", camera="a"))
        thread.start()
        thread.join()
    finally:
        structlog.configure(**before)

    line = json.loads(capsys.readouterr().err)
    assert (line["service"], line["instance"], line["camera"]) == ("ingest", "worker-7", "a")
