"""A registry and cameras that lead a worker to where it must not go: no packet of it arrives there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from schemas.camera_events import CAMERA_EVENT_CODEC, CameraStatus
from schemas.cameras import CAMERA_CODEC, Camera, Source, Token
from schemas.topics import CAMERA_EVENTS, CAMERAS
from services.runtime.kafka import OutgoingRecord
from services.runtime.settings import KafkaSettings
from tests.ingest.builders import make_camera
from tests.ingest.topic_reading import read_all
from tests.ingest.worker_process import WorkerProcess, wait_for
from tests.integration.aggregate_worker import send
from tests.safety.hostile_servers import Answer, HostileServer, Trap, http, rtsp_camera

pytestmark = pytest.mark.integration

MEDIA = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:1\n{map}#EXTINF:1,\n{first}\n#EXTINF:1,\n{first}\n"
DIRECT = ("dotted", "decimal", "hexadecimal", "short", "mapped", "ipv6", "any", "rtsp", "hls", "mjpeg")
BY_ITS_SERVER = ("hls-redirect", "hls-variant", "hls-segment", "hls-map", "hls-token")
NEVER = (
    "redirect",
    "redirect-port",
    "token-redirect",
    "rtsp-content-base",
    "rtsp-control",
    "rtsp-source",
    "rtsp-redirect",
)
UNREACHABLE = {
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "metadata-decimal": "http://2852039166/latest/",
    "link-local": "http://[fe80::1%25lo]/",
    "multicast": "http://224.0.0.1/",
    "file-scheme": "file:///etc/passwd",
}


@dataclass
class Stage:
    """The cameras by name, each with the trap that it leads to."""

    sources: dict[str, Source] = field(default_factory=dict)
    traps: dict[str, Trap] = field(default_factory=dict)
    servers: dict[str, HostileServer] = field(default_factory=dict)

    def visited(self) -> set[str]:
        return {name for name, trap in self.traps.items() if trap.visits}


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    with ExitStack() as stack:
        for name in (*DIRECT, *BY_ITS_SERVER, *NEVER):
            address = {"ipv6": "::1", "any": "127.0.0.3"}.get(name, "127.0.0.2")
            stage.traps[name] = stack.enter_context(closing(Trap(address)))
        for name in DIRECT:
            stage.sources[name] = _direct(name, stage.traps[name].port)
        for name in (*BY_ITS_SERVER, *NEVER):
            server = stack.enter_context(closing(HostileServer(_answers(name, stage.traps[name]))))
            stage.servers[name] = server
            stage.sources[name] = _led(name, server.port)
        stage.sources |= {name: Source("snapshot", url) for name, url in UNREACHABLE.items()}
        yield stage


def _direct(name: str, port: int) -> Source:
    hosts = {"decimal": "2130706434", "hexadecimal": "0x7f.0.0.2", "short": "127.2", "mapped": "[::ffff:127.0.0.2]"}
    host = (hosts | {"ipv6": "[::1]", "any": "127.0.0.3"}).get(name, "127.0.0.2")
    kind = name if name in ("rtsp", "hls", "mjpeg") else "snapshot"
    return Source(kind, f"{'rtsp' if kind == 'rtsp' else 'http'}://{host}:{port}/live")  # type: ignore[arg-type]


def _led(name: str, port: int) -> Source:
    base = f"http://127.0.0.1:{port}/"
    if name.startswith("rtsp"):
        return Source("rtsp", f"rtsp://127.0.0.1:{port}/live", transport="udp" if name == "rtsp-source" else "tcp")
    if name.startswith("hls"):
        token = Token(base + "token") if name == "hls-token" else None
        return Source("hls", base + ("live?t={token}" if token else "live"), token=token)
    token = Token(base + "token") if name == "token-redirect" else None
    return Source("snapshot", base + ("live?t={token}" if token else "live"), token=token)


def _answers(name: str, trap: Trap) -> Answer:
    elsewhere = f"http://{trap.address}:{trap.port}/x"
    if name.startswith("rtsp"):
        return rtsp_camera(trap.address, trap.port, name.removeprefix("rtsp-"))
    if "variant" in name:
        return lambda *_: http(f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{elsewhere}\n")
    if "segment" in name:
        return lambda *_: http(MEDIA.format(map="", first=elsewhere))
    if "map" in name:
        return lambda *_: http(MEDIA.format(map=f'#EXT-X-MAP:URI="{elsewhere}"\n', first="s.m4s"))
    return lambda *_: http(status="302 Found", Location=elsewhere)


def register(kafka: KafkaSettings, stage: Stage, prefix: str) -> None:
    cameras = [make_camera(f"{prefix}.{name}", source=source) for name, source in stage.sources.items()]
    send(kafka, [_record(camera) for camera in cameras])


def _record(camera: Camera) -> OutgoingRecord:
    return OutgoingRecord(CAMERAS.name, camera.camera_id.encode(), CAMERA_CODEC.encode(camera))


def troubles(kafka: KafkaSettings, prefix: str) -> dict[str, set[str]]:
    """Give what was wrong with each camera, as its statuses say."""
    found: dict[str, set[str]] = {}
    for record in read_all(kafka, CAMERA_EVENTS.name):
        event = CAMERA_EVENT_CODEC.decode(record.value)
        owner, _, name = event.camera_id.partition(".")
        if isinstance(event, CameraStatus) and owner == prefix and event.error_class:
            found.setdefault(name, set()).add(event.error_class)
    return found


def start(kafka: KafkaSettings, name: str, networks: str, log: Path) -> WorkerProcess:
    schemes = '["http", "rtsp"]'
    return WorkerProcess(
        kafka, name, log, group=name, allowed_networks=networks, allowed_schemes=schemes, stall_after_seconds="2",
        reconnect_after_seconds="3", response_timeout_seconds="2", status_every_seconds="1",
    )  # fmt: skip


def test_no_way_leads_to_a_forbidden_place(stage: Stage, kafka: KafkaSettings, tmp_path: Path) -> None:
    register(kafka, stage, "strict")
    worker = start(kafka, "strict", '["127.0.0.1/32"]', tmp_path / "strict.log")
    try:
        wait_for(lambda: set(troubles(kafka, "strict")) == set(stage.sources), "that each camera is in trouble", 90)
    finally:
        worker.stop()
    assert stage.visited() == set()
    told = troubles(kafka, "strict")
    for name in (*DIRECT, "metadata", "metadata-decimal", "multicast"):
        assert "address_not_allowed" in told[name], (name, told[name])
    assert "scheme_not_allowed" in told["file-scheme"]
    assert all(server.asked for server in stage.servers.values()), "a camera was not even asked where it leads"


def test_the_traps_would_tell(stage: Stage, kafka: KafkaSettings, tmp_path: Path) -> None:
    """Where the traps' addresses are allowed, the same registry leads to them, but for kinds that are never led."""
    register(kafka, stage, "open")
    wanted = {*DIRECT, *BY_ITS_SERVER} - {"hls-token"}  # a token's endpoint is no place that may lead on
    worker = start(kafka, "open", '["loopback"]', tmp_path / "open.log")
    try:
        wait_for(lambda: stage.visited() >= wanted, "visits to the traps", 90)
        wait_for(lambda: set(troubles(kafka, "open")) >= set(NEVER), "that the others are in trouble", 60)
    finally:
        print("not visited:", wanted - stage.visited(), troubles(kafka, "open"))
        worker.stop()
    assert stage.visited() & set(NEVER) == set()
