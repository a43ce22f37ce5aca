"""A small whole city: every service on real Kafka and the real store, two cameras, and who watches what is shown.

The counter's camera brings the pictures that it took before: stills of the clip, in the last quarters of an hour, so
that there are figures of one. Then the same camera plays the clip. The street's camera plays it all the time; after two
and a half minutes its lens is covered for one and a half (simulated).
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import simplejpeg
from clickhouse_connect.driver.client import Client
from playwright.sync_api import Browser

from deploy.local.camera_views import sampled
from deploy.local.footage import ensure_footage
from deploy.local.platform import LocalStack, ServiceRun
from deploy.local.ports import HOST, free_port
from deploy.local.testing import running_platform
from schemas.cameras import (
    Camera,
    CounterRule,
    Effect,
    ParkingRule,
    Period,
    Place,
    Rules,
    Source,
    Timetable,
    Zone,
)
from services.aggregate.migrate import choose_own_ruleset, known_migrations, migrate
from services.cli.cameras import publish
from services.portal.operations.accounts import Accounts
from services.portal.pages.written import JAKARTA, full_quarter_end
from services.portal.roles import Role
from services.runtime.camera_changes import approved
from services.runtime.clickhouse import connect
from services.runtime.clock import now_ms
from services.runtime.settings import ClickHouseSettings
from services.runtime.topics import ensure_topics
from tests.conftest import STATE
from tests.e2e.conftest import Visit, visit_of

COUNTER: Final = "loket-uji"
STREET: Final = "jalan-uji"
COVERED_FROM_S: Final = 150.0
COVERED_UNTIL_S: Final = 240.0
KERB: Final = ((0.8, 0.1), (0.995, 0.1), (0.995, 0.24), (0.8, 0.24))
"""Where a van and a car stand in the clip, all the time."""

_TEST_SECONDS: Final = 540
_QUARTER: Final = timedelta(minutes=15)
_STILL_MINUTES, _STILLS_A_MINUTE = 6, 10
"""Of a quarter of an hour: one minute more than it takes to be ranked."""
_ALWAYS: Final = (Period("00:00", "24:00"),)
EVERY_DAY: Final = Timetable(
    {"mon": _ALWAYS, "tue": _ALWAYS, "wed": _ALWAYS, "thu": _ALWAYS, "fri": _ALWAYS, "sat": _ALWAYS, "sun": _ALWAYS},
    (),
    _ALWAYS,
)
_PLACE: Final = Place("Semarang Tengah", "Sekayu", -6.9825, 110.4135)
_ROAD: Final = ((0.0, 0.25), (0.6, 0.25), (0.85, 0.6), (0.55, 0.66), (0.0, 0.45))
_LAWN: Final = ((0.02, 0.75), (0.4, 0.75), (0.4, 1.0), (0.02, 1.0))


@dataclass(frozen=True)
class WholeCity:
    """The running city, and the passwords of one account a role, named as it."""

    stack: LocalStack
    client: Client
    url: str
    clip: Path
    passwords: dict[Role, str]

    def publish(self, *cameras: Camera) -> None:
        """Put revisions into the registry, approved by a person."""
        publish(self.stack.kafka, [approved(camera, "warga penguji", now_ms()) for camera in cameras])

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Give the rows of a query of the store."""
        return [tuple(row) for row in self.client.query(query, parameters=parameters).result_rows]


@contextmanager
def whole_city(folder: Path) -> Iterator[WholeCity]:
    """Run Kafka, ClickHouse, ingest, detect, aggregate, record and the portal. No camera is there yet."""
    footage = ensure_footage(STATE, lambda _: None)
    assert not footage.rendered, "the clip can't be had here, and drawn figures tell nothing"
    accounts, port = Accounts(folder / "portal"), free_port()
    roles: tuple[Role, ...] = ("reviewer", "operator", "admin")
    passwords = {role: accounts.set_password(role, role, ("*",)) for role in roles}
    with running_platform(folder) as stack:
        ensure_topics(stack.kafka, "local")
        clickhouse = ClickHouseSettings(host=HOST, port=stack.clickhouse_port)
        migrate(clickhouse, known_migrations())
        choose_own_ruleset(clickhouse)
        detect = {"TILIK_DETECT_MODELS_FOLDER": str(STATE / "models"), "TILIK_DETECT_THREADS": "1"}
        stack.start_services(
            [
                ServiceRun("ingest"),
                ServiceRun("detect", env=detect),
                ServiceRun("aggregate"),
                ServiceRun("record"),
                ServiceRun("portal", env={"TILIK_PORTAL_PORT": str(port)}),
            ]
        )
        client = connect(clickhouse, clickhouse.database)
        yield WholeCity(stack, client, f"http://{HOST}:{port}", footage.path, passwords)
        client.close()


def street(clip: Path) -> Camera:
    """Give the street, without a zone. What stands there for twenty seconds is a case."""
    cover = Effect(effect="cover", from_seconds=COVERED_FROM_S, until_seconds=COVERED_UNTIL_S, strength=1.0)
    return Camera(
        camera_id=STREET,
        revision=1,
        name="Jalan Uji",
        kind="street",
        place=_PLACE,
        source=Source("file", str(clip.resolve()), loop=True, simulated=(cover,)),
        rules=Rules(parking=ParkingRule(stationary_window_seconds=10.0, grace_seconds=20.0)),
    )


def counter_before(stills: Path) -> Camera:
    """Give the counter as it brings its former pictures: two a second, a second of its time between them."""
    return Camera(
        camera_id=COUNTER,
        revision=1,
        name="Loket Uji",
        kind="counter",
        place=_PLACE,
        source=Source("stills", str(stills.resolve()), clock="recorded"),
        sample_fps=2.0,
        zones=(Zone("antre", "queue", _ROAD), Zone("petugas", "staff", _LAWN)),
        opening_hours=EVERY_DAY,
        rules=Rules(counter=CounterRule(unattended_after_seconds=3600.0)),
        record=True,
    )


def counter_live(clip: Path, before: Camera) -> Camera:
    """Give the counter as it is now. After fifteen seconds without staff while people wait it is unattended."""
    return msgspec.structs.replace(
        before,
        revision=before.revision + 1,
        source=Source("file", str(clip.resolve()), loop=True),
        sample_fps=1.0,
        rules=Rules(counter=CounterRule(unattended_after_seconds=15.0, waiting_window_seconds=10.0)),
    )


def write_stills(clip: Path, folder: Path) -> int:
    """Write stills of the clip, named by times in each quarter of an hour that pages may tell of; give how many."""
    now = datetime.now(UTC)
    ends = sorted({full_quarter_end(now), full_quarter_end(now + timedelta(seconds=_TEST_SECONDS))})
    times = [
        (end - _QUARTER + timedelta(minutes=minute, seconds=second)).astimezone(JAKARTA)
        for end in ends
        for minute in range(_STILL_MINUTES)
        for second in range(_STILLS_A_MINUTE)
    ]
    folder.mkdir()
    pictures = [simplejpeg.encode_jpeg(image, quality=85, colorspace="RGB") for image in sampled(clip, 1.0)]
    for number, at in enumerate(times):
        (folder / f"{at:%Y-%m-%d_%H-%M-%S}.jpg").write_bytes(pictures[number % len(pictures)])
    return len(times)


@dataclass
class Watcher:
    """Asks twice a second, as any browser may, what is shown of a camera, and keeps what it was ever given.

    ``given``: URLs with their capture times (ms). ``states``: (when, what) the page says of the camera, each change.
    """

    address: str
    camera_id: str
    given: dict[str, int] = field(default_factory=dict)
    states: list[tuple[int, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        """Give what was said last."""
        return self.states[-1][1] if self.states else ""

    def shown_between(self, from_ms: int, until_ms: int) -> list[int]:
        """Give capture times of what was given, from ``from_ms`` up to, not including, ``until_ms``."""
        return sorted(at for at in self.given.values() if from_ms <= at < until_ms)

    @contextmanager
    def watching(self) -> Iterator[Watcher]:
        """Watch on a thread."""
        stop = threading.Event()
        thread = threading.Thread(target=self._watch, args=(stop,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join()

    def _watch(self, stop: threading.Event) -> None:
        with httpx.Client(base_url=self.address, timeout=20.0) as client:
            while not stop.wait(0.5):
                answer = client.get(f"/cameras/{self.camera_id}/recent")
                if answer.status_code != 200:
                    self.failures.append(f"{answer.status_code} at {now_ms()}")
                    continue
                told = answer.json()
                self.given |= {frame["url"]: frame["captured_at_ms"] for frame in told["frames"]}
                if told["state"] != self.state:
                    self.states.append((now_ms(), told["state"]))


def opened(browser: Browser, city: WholeCity, path: str) -> Visit:
    """Open a page in a browser of its own."""
    visit = visit_of(browser.new_context(viewport={"width": 1280, "height": 900}).new_page(), city.url)
    visit.page.goto(f"{city.url}{path}")
    return visit


def signed_in(browser: Browser, city: WholeCity, role: Role, path: str) -> Visit:
    """Open a page as somebody who has to sign in first."""
    visit = opened(browser, city, path)
    page = visit.page
    page.get_by_label("Akun").fill(role)
    page.get_by_label("Kata sandi").fill(city.passwords[role])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{city.url}{path}")
    return visit


def statuses(address: str, urls: Sequence[str]) -> dict[str, int]:
    """Ask for pictures, and give the answers' status by URL."""
    with httpx.Client(base_url=address, timeout=20.0) as client:
        return {url: client.get(url).status_code for url in urls}


def wait_until(condition: Any, what: str, seconds: float) -> None:
    """Wait for a condition, looking four times a second."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.25)


def chromium() -> str:
    """Give the path of the system's Chromium."""
    program = shutil.which("chromium")
    assert program is not None, "chromium is missing: run deploy/local/test_packages.sh"
    return os.fspath(program)
