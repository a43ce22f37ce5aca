"""A detector or an aggregation that is killed: nothing unjudged is shown, live pages go blank in time and say why.

A camera is filmed, judged and watched live through real processes; the victim is killed, stays away, and comes back.
The stated time is that of ``docs/portal.md``.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec
import pytest

from deploy.local.footage import ensure_footage
from deploy.local.platform import LocalStack, ServiceRun, http_probe
from deploy.local.ports import HOST, free_port
from deploy.local.process import ProcessSpec
from deploy.local.testing import running_platform
from schemas.cameras import Approval
from services.portal.delivery.addresses import PREFIX
from services.portal.pages.language import LANGUAGES, Words
from services.portal.pages.words.camera import CameraWords
from services.runtime.clock import now_ms
from services.runtime.newest_frame import newest_frame
from services.runtime.registry_publishing import publish
from services.runtime.settings import ClickHouseSettings
from services.runtime.topics import ensure_topics
from tests.conftest import STATE
from tests.ingest.builders import make_camera
from tests.ingest.worker_process import wait_for
from tests.integration.aggregate_worker import Worker
from tests.pipeline.detect_scene import Replica

pytestmark = [pytest.mark.pipeline, pytest.mark.alone, pytest.mark.timeout(1200)]

CAMERA = "gate"
SILENT_SECONDS = 10
BESIDE_SECONDS = 6
"""The longest pause of checkpoints, 5 s: what was judged before the kill may be told so late; and a look at states."""
STARTED_SECONDS = 240.0

Process = Replica | Worker


@dataclass
class Told:
    """What a live stream tells, each with the time (ms) at which it came."""

    states: list[tuple[int, str]] = field(default_factory=list)
    captured: list[tuple[int, int]] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)

    def listen(self, address: str) -> None:
        """Take what comes until the portal ends the stream."""
        with httpx.stream("GET", f"{address}/live/{CAMERA}", timeout=60) as stream:
            kind = ""
            for line in stream.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    self._take(kind, msgspec.json.decode(value))

    def _take(self, kind: str, data: dict[str, object]) -> None:
        if kind == "state":
            self.states.append((now_ms(), str(data["state"])))
        else:
            self.captured.append((now_ms(), int(str(data["captured_at_ms"]))))
            self.urls.append(str(data["url"]))

    @property
    def state(self) -> str:
        """Give what was told last of how the camera is."""
        return self.states[-1][1] if self.states else ""


@dataclass
class Scene:
    """What runs, and what a viewer is told. ``start`` has how each victim is started."""

    stack: LocalStack
    address: str
    told: Told
    start: dict[str, Callable[[], Process]]
    running: dict[str, Process]

    def until_live(self, since_ms: int) -> None:
        """Wait until pictures come that were captured since then."""

        def shown() -> bool:
            new = [captured for _, captured in self.told.captured if captured >= since_ms]
            return len(new) >= 3 and self.told.state == "live"

        wait_for(shown, "pictures come", STARTED_SECONDS)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.address}{path}", timeout=20)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("detector-dies")
    with running_platform(folder) as stack:
        ensure_topics(stack.kafka, "local")
        camera = make_camera(CAMERA, start_camera(stack), "snapshot", public=True, approval=Approval("ani", now_ms()))
        publish(stack.kafka, [msgspec.structs.replace(camera, sample_fps=2.0)])
        starts = starts_of(stack, folder)
        running = {name: start() for name, start in starts.items()}
        port = free_port()
        env = {"TILIK_PORTAL_PORT": str(port), "TILIK_PORTAL_LIVE__SILENT_SECONDS": str(SILENT_SECONDS)}
        loopback = {"TILIK_INGEST_ALLOWED_NETWORKS": '["loopback"]'}
        stack.start_services([ServiceRun("ingest", env=loopback), ServiceRun("portal", env=env)])
        scene = Scene(stack, f"http://{HOST}:{port}", Told(), starts, running)
        threading.Thread(target=scene.told.listen, args=(scene.address,), daemon=True).start()
        yield scene
        for process in running.values():
            process.process.kill()
            process.process.wait()


def start_camera(stack: LocalStack) -> str:
    """Start a camera whose pictures never end, and give its URL."""
    port, clip = free_port(), ensure_footage(STATE, lambda _: None).path
    argv = [sys.executable, "-m", "deploy.local.camera_server", "--port", str(port), "--footage", str(clip)]
    server = ProcessSpec("camera-server", [*argv, "--many", "1"], ready=http_probe(port, "/"), port=port)
    stack.start_processes([server])
    return f"http://{HOST}:{port}/snapshot/many-0000.jpg"


def starts_of(stack: LocalStack, folder: Path) -> dict[str, Callable[[], Process]]:
    """Give how to start the victims, unsupervised: they stay away until they are started again."""
    clickhouse = ClickHouseSettings(host=HOST, port=stack.clickhouse_port)
    return {
        "detect": lambda: Replica(stack.kafka, "detect", folder, models_folder=str(STATE / "models")),
        "aggregate": lambda: Worker(stack.kafka, clickhouse, folder / "aggregate.log", flush_seconds="1.0"),
    }


@pytest.mark.parametrize("victim", ["detect", "aggregate"])
def test_what_is_not_judged_is_not_shown_and_the_page_says_why(scene: Scene, victim: str) -> None:
    scene.until_live(since_ms=now_ms())

    scene.running[victim].process.kill()
    scene.running[victim].process.wait()
    killed_ms, said = now_ms(), len(scene.told.states)
    bound_ms = (SILENT_SECONDS + BESIDE_SECONDS) * 1000
    wait_for(lambda: scene.told.state == "silent", "the live page is blank", bound_ms / 1000 + 20)
    blank_ms = scene.told.states[-1][0]
    last_told_ms, last_captured_ms = scene.told.captured[-1]
    print(f"{victim}: blank {blank_ms - killed_ms} ms after the kill, {blank_ms - last_captured_ms} ms after")
    print(f"the last picture was captured, which was told {last_told_ms - killed_ms} ms after the kill")

    assert [state for _, state in scene.told.states[said:]] == ["silent"]
    assert blank_ms - killed_ms <= bound_ms
    assert max(captured for _, captured in scene.told.captured) <= killed_ms
    assert_nothing_newer_is_shown(scene, killed_ms)
    assert_the_page_says_why(scene)

    back_ms = now_ms()
    scene.running[victim] = scene.start[victim]()
    scene.until_live(since_ms=back_ms)
    assert scene.get(scene.told.urls[-1]).status_code == 200


def assert_nothing_newer_is_shown(scene: Scene, killed_ms: int) -> None:
    """The camera is still filmed, and its frames have addresses that can be guessed."""
    newest = newest_frame(scene.stack.kafka, CAMERA, 10.0)
    assert newest is not None
    assert newest.headers.captured_at_ms > killed_ms
    name = f"{newest.headers.owner_epoch}-{newest.headers.sequence}"
    assert scene.get(f"{PREFIX}{CAMERA}/{name}.jpg").status_code == 404
    recent = scene.get(f"/cameras/{CAMERA}/recent").json()
    assert recent["state"] == "silent"
    assert max(frame["captured_at_ms"] for frame in recent["frames"]) <= killed_ms


def assert_the_page_says_why(scene: Scene) -> None:
    for language in LANGUAGES:
        words = Words(CameraWords, language)
        text = scene.get(f"/cameras/{CAMERA}?lang={language}").text
        blank = re.search(r'<div id="blank">(.*?)</div>', text, re.DOTALL)
        assert blank is not None
        assert words["blank_silent"] in blank[1]
        assert words["why_silent"] in blank[1]
        assert f">{words['state_silent']}</span>" in text
