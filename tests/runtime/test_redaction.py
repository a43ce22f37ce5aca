from __future__ import annotations

import base64
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.cameras import Source
from services.runtime.redaction import redact_facts, redact_url

PASSWORD = "Zx9-geheim_Qq7"
BASIC = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("rtsp://admin:s3cret@10.0.0.7:554/live", "rtsp://***@10.0.0.7:554/live"),
        ("error at http://user@host/x and rtsp://a:b@c/d", "error at http://***@host/x and rtsp://***@c/d"),
        ("http://host/path@2x.jpg", "http://host/path@2x.jpg"),
        ("http://user:p@ss@host/x", "http://***@host/x"),
        ("/videos/a.avi", "/videos/a.avi"),
        ("cameras[3].rtsp://admin:s3cret@10.0.0.7/x", "cameras[3].rtsp://***@10.0.0.7/x"),
        ("rtsp://admin:gehe/im@10.0.0.7/live", "rtsp://***@10.0.0.7/live"),
        ("rtsp://admin:ge@he/im@10.0.0.7/live", "rtsp://***@10.0.0.7/live"),
        ("http://host:8080/path@2x.jpg", "http://host:8080/path@2x.jpg"),
        ("http://[fd00::7]:80/path@2x.jpg", "http://[fd00::7]:80/path@2x.jpg"),
        ("rtsps://:pw@host/x", "rtsps://***@host/x"),
        ("rtsp://admin:p%40ss%2F@host/x", "rtsp://***@host/x"),
        ("http://h/v?user=admin&pwd=geheim&ch=1", "http://h/v?user=***&pwd=***&ch=1"),
        ("http://h/v?pwd=ge;heim&ch=1", "http://h/v?pwd=***&ch=1"),
        ("http://h/v?a=1;pwd=geheim", "http://h/v?a=1;pwd=***"),
        ("http://h/v?pwd=ge'heim&ch=1", "http://h/v?pwd=***&ch=1"),
        ("http://h/v#access_token=geheim", "http://h/v#access_token=***"),
        ("'http://h/v?Access-Token=abc' failed", "'http://h/v?Access-Token=***' failed"),
        ("http://h/v?monkey=1&resolution=2", "http://h/v?monkey=1&resolution=2"),
        ("http://h/?next=rtsp%3A%2F%2Fadmin%3Ageheim%40cam%2Flive", "http://h/?next=rtsp%3A%2F%2F***%40cam%2Flive"),
        ("http://h/?next=%2Fv%3Ftoken%3Dgeheim%26ch%3D1", "http://h/?next=%2Fv%3Ftoken%3D***%26ch%3D1"),
        (r'{"url":"rtsp:\/\/admin:geheim@cam\/live"}', r'{"url":"rtsp:\/\/***@cam\/live"}'),
        (f"Authorization: Basic {BASIC}", "Authorization: ***"),
        (f"header b'Authorization', b'Basic {BASIC}'", "header b'Authorization', b'***'"),
        (f"got Basic {BASIC} instead", "got Basic *** instead"),
        ("Bearer abc.def-123 is old", "Bearer *** is old"),
        ("asks for Basic realm", "asks for Basic realm"),
        ("the bearer of it", "the bearer of it"),
        ('Authorization: Digest username="admin", response="beef"', "Authorization: ***"),
    ],
)
def test_credentials_are_taken_out_and_nothing_else(text: str, redacted: str) -> None:
    assert redact_url(text) == redacted


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=6, max_size=30).filter(
        lambda text: not text[:1].isdigit()
    ),
    st.sampled_from(["rtsp", "http", "https", "rtsps"]),
)
def test_no_password_in_a_url_survives(password: str, scheme: str) -> None:
    url = f"{scheme}://admin:{password}@camera.example/live"
    assert redact_url(f"can't read {url}") == f"can't read {scheme}://***@camera.example/live"


@pytest.mark.parametrize("piece", ["a", "a://", "://a:", "?", "?a", "&a=", "@", "a:b@", "%3A", "'", ";a", "Basic "])
def test_a_hostile_text_costs_no_more_than_its_length(piece: str) -> None:
    started = time.process_time()
    redact_url(piece * (64_000 // len(piece)))
    assert time.process_time() - started < 2.0


def test_facts_are_redacted_however_deep() -> None:
    facts = {"a": [f"rtsp://admin:{PASSWORD}@c/", {"b": (f"http://h/?pwd={PASSWORD}".encode(), 3)}], "c": 1.5}
    facts["d"] = ValueError(f"http://u:{PASSWORD}@h")
    shown = redact_facts(facts)
    assert PASSWORD not in repr(shown)
    assert shown["c"] == 1.5


def test_whatever_a_fact_is_its_text_is_redacted_and_numbers_stay_numbers() -> None:
    url = f"rtsp://admin:{PASSWORD}@c/"
    for fact in (Source("rtsp", url), bytearray(url.encode()), {url: 1}, {("a", url): 1}, ValueError(url), iter([url])):
        assert PASSWORD not in repr(redact_facts({"fact": [fact]}))
    assert "rtsp://***@c/" in redact_facts(Source("rtsp", url))
    assert redact_facts({"a": None, "b": True, "c": 3}) == {"a": None, "b": True, "c": 3}


CRASH = """
import asyncio, logging, sys, threading
from services.runtime.logging import configure_logging, get_logger
configure_logging("ingest", "w", "debug", "json")
URL = sys.stdin.read()
def fail():
    try:
        raise ValueError("inner " + URL)
    except ValueError as error:
        raise RuntimeError("outer " + URL) from error
class Dying:
    def __del__(self): fail()
try: fail()
except RuntimeError: get_logger("x").exception("reader.defect", url=URL, deep={"urls": [URL]})
logging.getLogger("asyncio").error("library says %s", URL)
thread = threading.Thread(target=fail); thread.start(); thread.join()
Dying()
async def forgotten():
    asyncio.get_running_loop().create_task(asyncio.to_thread(fail)); await asyncio.sleep(0.1)
asyncio.run(forgotten())
fail()
"""


def test_no_line_of_a_process_that_fails_in_every_way_shows_a_password() -> None:
    url = f"rtsp://admin:{PASSWORD}@10.0.0.7/live?token={PASSWORD}"
    done = subprocess.run(
        [sys.executable, "-c", CRASH], input=url, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    for what in ("reader.defect", "library says", "_bootstrap_inner", "__del__", "never retrieved", '"<string>"'):
        assert what in done.stderr.replace("\\", ""), done.stderr
    assert done.stderr.count("10.0.0.7/live?token=***") >= 12
    assert PASSWORD not in done.stderr
    assert PASSWORD not in done.stdout
