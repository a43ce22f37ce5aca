from __future__ import annotations

import json
import threading

import pytest
import structlog

from services.runtime.logging import configure_logging, get_logger


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
