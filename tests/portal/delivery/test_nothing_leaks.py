"""A crawler without a role goes wherever links, forms and lists lead: no pixel of a person, no source, no secret."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import httpx
import numpy as np
import pytest
import simplejpeg

from schemas.cameras import Source
from services.aggregate.migrate import known_migrations, migrate
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from tests.portal.delivery.scene import PERSON, FilmedCamera, RunningPortal, picture, running_portal, until, within

pytestmark = pytest.mark.integration

OPEN, SHUT = "leaks-open", "leaks-shut"
SECRETS = ("kamera.dinas.internal", "leaks-password-name", SHUT)
MOST_PAGES = 400
_LINK = re.compile(r"""(?:href|src|action|data-[a-z-]+)=["']([^"'#]+)|"url":"([^"]+)"|["'`](/[a-z][^"'`${}\s]*)["'`]""")


@pytest.fixture(scope="module")
def portal(
    kafka: KafkaSettings, clickhouse_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningPortal]:
    source = Source("rtsp", "rtsp://kamera.dinas.internal/stream", secret="leaks-password-name")
    cameras = [FilmedCamera(kafka, camera_id, public=camera_id == OPEN, source=source) for camera_id in (OPEN, SHUT)]
    for camera in cameras:
        camera.film(range(5))
        camera.judge(through=3, judged=4, held=(1, 1))
    secrets = str(tmp_path_factory.mktemp("secrets"))
    clickhouse = ClickHouseSettings(port=clickhouse_port, database="portal_leaks")
    migrate(clickhouse, known_migrations())
    with running_portal(
        kafka,
        clickhouse=clickhouse,
        operations={"secrets_dir": secrets},
        limits={"requests_per_second": 10_000, "requests_at_once": 10_000},
    ) as running:
        until(lambda: len(running.get(f"/cameras/{OPEN}/recent").json()["frames"]) == 3)
        yield running


def crawl(portal: RunningPortal) -> dict[str, httpx.Response]:
    """Give every answer that can be reached, by path and query."""
    guesses = [
        f"{part}{camera}" for camera in (OPEN, SHUT) for part in ("/cameras/", "/frames/", "/live/", "/recorded/")
    ]
    guesses += [
        f"/operations{part}" for part in ("", "/review", "/cameras", "/zones", "/audit", f"/cameras/{SHUT}/picture")
    ]
    waiting = deque(["/", f"/cameras/{OPEN}/recent", f"/cameras/{SHUT}/recent", *guesses])
    found: dict[str, httpx.Response] = {}
    while waiting and len(found) < MOST_PAGES:
        url = waiting.popleft()
        if url in found or url == f"/live/{OPEN}":  # a stream has no end
            continue
        found[url] = answer = portal.get(url, accept="text/html,*/*")
        if not answer.headers.get("content-type", "").startswith(("text/", "application/json")):
            continue
        links = [answer.headers.get("location", ""), *(a or b or c for a, b, c in _LINK.findall(answer.text))]
        for link in filter(None, links):
            parts = urlsplit(urljoin(portal.address + url, link))
            if parts.netloc == urlsplit(portal.address).netloc:
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))
    return found


def test_nothing_that_can_be_reached_shows_what_must_not_be_shown(portal: RunningPortal) -> None:
    found = crawl(portal)
    pictures = {url: answer for url, answer in found.items() if answer.headers.get("content-type") == "image/jpeg"}
    assert len(pictures) >= 3
    assert all(url.startswith(f"/frames/{OPEN}/") for url in pictures)
    hidden = within(PERSON.box)
    for url, answer in pictures.items():
        number = int(url.rpartition("-")[2].removesuffix(".jpg"))
        shown = simplejpeg.decode_jpeg(answer.content, "GRAY").astype(int)[hidden].ravel()
        source = picture(number)[..., 0].astype(int)[hidden].ravel()
        assert np.corrcoef(shown, source)[0, 1] < 0.5, url
    sources = [simplejpeg.encode_jpeg(picture(number), 95, "BGR")[-600:-400] for number in range(5)]  # no tables there
    for url, answer in found.items():
        assert answer.status_code < 500, url
        assert not any(source in answer.content for source in sources), url
        asked = url.split("?")[0].split("/")
        assert not any(secret in answer.text for secret in SECRETS if secret not in asked), url
        assert "script-src 'self'" in answer.headers["content-security-policy"], url
        if "/operations" in url and answer.status_code == 200:
            assert answer.url.path in ("/operations/sign-in",) or "static" in url, url
