"""A password is nowhere but in the secret store and on the wire to its camera: everything else is searched for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import psutil
import pytest
from clickhouse_connect.driver.client import Client

from schemas.camera_events import CAMERA_EVENT_CODEC, CameraStatus
from schemas.cameras import CAMERA_CODEC, Camera, Source, Token, Zone
from schemas.topics import CAMERA_EVENTS, CAMERAS, FRAMES
from services.aggregate.migrate import known_migrations, migrate
from services.runtime.clickhouse import connect
from services.runtime.kafka import OutgoingRecord
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from tests.ingest.builders import make_camera
from tests.ingest.topic_reading import read_all
from tests.ingest.worker_process import WorkerProcess, wait_for
from tests.integration.aggregate_worker import Worker, send
from tests.safety.guarded_camera import GuardedCamera, RtspServer
from tests.safety.places import (
    Place,
    clickhouse_places,
    environments,
    found_in,
    kafka_places,
    needles,
    page,
    process_places,
)

pytestmark = pytest.mark.integration

USER = "pengamat"
# With what breaks URLs, headers and quoting; digest and basic take it all.
PASSWORD = "Zq7-kunci/@x:y%41_geheim"
BEARER, SHORT_LIVED = "Tk5.pembawa-QQ81_geheim", "Sk3-sebentar-RR27"
WRONG = "Wr9-salah/@z:w_keliru"
SECRETS = {
    "right": f"{USER}:{PASSWORD}",
    "bearer": f"bearer {BEARER}",
    "wrong": f"{USER}:{WRONG}",
    "wrong-bearer": f"bearer {WRONG}",
}
NEEDLES = {
    f"{name} {shape}": needle
    for name, secret in (("password", PASSWORD), ("bearer", BEARER), ("token", SHORT_LIVED), ("wrong", WRONG))
    for shape, needle in needles(USER, secret).items()
}
PRIVATE = Zone("yard", "private", polygon=((0.0, 0.0), (0.2, 0.0), (0.2, 0.2), (0.0, 0.2)))


@dataclass(frozen=True)
class Town:
    """Running servers, and the cameras that they are: those with the right secret, and those with a wrong one."""

    good: dict[str, Source]
    bad: dict[str, Source]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("footage")
    with (
        closing(GuardedCamera(USER, PASSWORD, BEARER)) as web,
        closing(GuardedCamera(USER, PASSWORD, SHORT_LIVED)) as streams,
        closing(RtspServer(folder, USER, PASSWORD, "basic")) as basic,
        closing(RtspServer(folder, USER, PASSWORD, "digest")) as digest,
    ):
        yield Town(_good(web, streams, basic, digest), _bad(web, streams, basic, digest))


def _good(web: GuardedCamera, streams: GuardedCamera, basic: RtspServer, digest: RtspServer) -> dict[str, Source]:
    return {
        "snapshot-basic": Source("snapshot", web.url("basic/snapshot"), secret="right"),
        "snapshot-digest": Source("snapshot", web.url("digest/snapshot"), secret="right"),
        "snapshot-bearer": Source("snapshot", web.url("bearer/snapshot"), secret="bearer"),
        "mjpeg-basic": Source("mjpeg", web.url("basic/mjpeg"), secret="right"),
        "mjpeg-digest": Source("mjpeg", web.url("digest/mjpeg"), secret="right"),
        "hls-token": _hls(streams, "right"),
        "rtsp-basic": Source("rtsp", basic.url(), secret="right"),
        "rtsp-digest": Source("rtsp", digest.url(), secret="right"),
        "rtsp-udp": Source("rtsp", digest.url(), secret="right", transport="udp"),
    }


def _hls(camera: GuardedCamera, secret: str) -> Source:
    return Source(
        "hls",
        camera.url("basic/hls/{token}/index.m3u8"),
        secret=secret,
        headers={"X-Token": "{token}"},
        token=Token(camera.url("basic/token"), field="data.value", refresh_seconds=3.0),
    )


def _bad(web: GuardedCamera, streams: GuardedCamera, basic: RtspServer, digest: RtspServer) -> dict[str, Source]:
    return {
        "wrong-snapshot-basic": Source("snapshot", web.url("basic/snapshot"), secret="wrong"),
        "wrong-snapshot-digest": Source("snapshot", web.url("digest/snapshot"), secret="wrong"),
        "wrong-snapshot-bearer": Source("snapshot", web.url("bearer/snapshot"), secret="wrong-bearer"),
        "wrong-mjpeg": Source("mjpeg", web.url("digest/mjpeg"), secret="wrong"),
        "wrong-hls": _hls(streams, "wrong"),
        "wrong-rtsp-basic": Source("rtsp", basic.url(), secret="wrong"),
        "wrong-rtsp-digest": Source("rtsp", digest.url(), secret="wrong"),
    }


@pytest.fixture(scope="module")
def worker(town: Town, kafka: KafkaSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    folder = tmp_path_factory.mktemp("secrets")
    for name, text in SECRETS.items():
        (folder / name).write_text(text)
    sources = {name: source for name, source in (town.good | town.bad).items() if "pwd=" not in source.url}
    send(
        kafka,
        [registered(make_camera(camera_id(name), source=source, zones=(PRIVATE,))) for name, source in sources.items()],
    )
    worker = WorkerProcess(
        kafka,
        "canary-instance",
        folder.parent / "credentials.log",
        group="credentials",
        allowed_networks='["loopback"]',
        allowed_schemes='["http", "rtsp"]',
        secrets_dir=str(folder),
        log_level="debug",
        status_every_seconds="1",
    )
    yield worker
    worker.stop()


def camera_id(name: str) -> str:
    return f"canary-{name}"


def registered(camera: Camera) -> OutgoingRecord:
    return OutgoingRecord(CAMERAS.name, camera.camera_id.encode(), CAMERA_CODEC.encode(camera))


def states(kafka: KafkaSettings) -> dict[str, set[str]]:
    """Give the states that each camera has been in, and ``frame`` for one that came through."""
    found: dict[str, set[str]] = {}
    for record in read_all(kafka, CAMERA_EVENTS.name):
        event = CAMERA_EVENT_CODEC.decode(record.value)
        if isinstance(event, CameraStatus):
            found.setdefault(event.camera_id, set()).add(event.state)
    for record in read_all(kafka, FRAMES.name):
        found.setdefault((record.key or b"").decode(), set()).add("frame")
    return found


def missing(kafka: KafkaSettings, sources: dict[str, Source], state: str) -> list[str]:
    known = states(kafka)
    return [name for name in sources if state not in known.get(camera_id(name), ())]


def has_rows(client: Client) -> bool:
    return any(b"canary-rtsp" in place.data for place in clickhouse_places(client, "credentials"))


def test_no_password_is_anywhere_but_where_it_belongs(
    town: Town, worker: WorkerProcess, kafka: KafkaSettings, clickhouse_port: int, tmp_path: Path
) -> None:
    database = ClickHouseSettings(port=clickhouse_port, database="credentials")
    migrate(database, known_migrations())
    aggregate = Worker(kafka, database, tmp_path / "aggregate.log", log_level="debug")
    try:
        wait_for(
            lambda: all("frame" in states(kafka).get(camera_id(name), ()) for name in town.good), "a frame of each", 90
        )
        wait_for(
            lambda: all("refused" in states(kafka).get(camera_id(name), ()) for name in town.bad if "host" not in name),
            "that wrong passwords are refused",
            60,
        )
        kill_decoders(worker)
        client = connect(database, database.database)
        wait_for(
            lambda: b"canary-rtsp-basic" in b"".join(p.data for p in clickhouse_places(client, "credentials")),
            "rows",
            60,
        )
        shown = list(environments(worker.process.pid))
        assert shown, "nothing decodes"
        live = [*process_places(worker.process.pid), *shown]
        metrics = page(f"http://127.0.0.1:{worker.http_port}/metrics")
        stored = list(clickhouse_places(client, "credentials"))
        client.close()
    finally:
        aggregate.terminate()
    worker.stop()
    places = [
        *kafka_places(kafka),
        *stored,
        *live,
        metrics,
        Place("log of ingest", worker.log.read_bytes()),
        Place("log of aggregate", aggregate.log.read_bytes()),
    ]
    for kind in ("topic cameras", "topic camera-events", "topic frames", "table ", "metrics", "log of ingest"):
        assert found_in(iter(p for p in places if p.where.startswith(kind)), {"canary": b"canary-"}), (
            f"{kind} is not searched"
        )
    assert found_in(iter(places), {"canary": b"services.ingest.decoding"}), "children are not searched"
    assert found_in(iter(places), NEEDLES) == []


def kill_decoders(worker: WorkerProcess) -> None:
    """Let decoding processes die of a crash, so that what is said of that is searched too."""
    before = decoders(worker)
    assert before, "nothing decodes"
    for pid in before:
        os.kill(pid, signal.SIGSEGV)
    wait_for(lambda: bool(decoders(worker) - before), "that they are started again", 60)


def decoders(worker: WorkerProcess) -> set[int]:
    return {child.pid for child in psutil.Process(worker.process.pid).children(recursive=True)}


@pytest.mark.parametrize("shape", sorted(NEEDLES))
def test_the_search_finds_what_is_planted(shape: str) -> None:
    planted = Place("log", b'{"event": "camera.state", "detail": "' + NEEDLES[shape] + b'"}')
    assert f"{shape} in log" in found_in(iter([planted]), NEEDLES)


@pytest.mark.parametrize(
    "wrong",
    [
        {"TILIK_INGEST_SECRETS__GATE": SECRETS["right"], "TILIK_INGEST_JPEG_QUALITY": "a lot"},
        {"TILIK_INGEST_SECRETS": '{"gate": "' + SECRETS["right"] + '"'},
        {"TILIK_INGEST_SECRETS": '["' + SECRETS["right"] + '"]'},
        {"TILIK_INGEST_SECRETS__GATE__DEEP": SECRETS["right"]},
        {"TILIK_INGEST_KAFKA__SASL_PASSWORD": PASSWORD, "TILIK_INGEST_KAFKA__SASL_MECHANISMS": "PLAIN"},
    ],
)
def test_settings_that_are_wrong_are_told_without_the_secrets_in_them(wrong: dict[str, str]) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TILIK_")} | wrong
    done = subprocess.run(
        [sys.executable, "-m", "services.ingest"], env=environment, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 78, done.stderr
    assert b"TILIK_INGEST_" in done.stderr
    told = [Place("standard error", done.stderr), Place("standard output", done.stdout)]
    assert found_in(chain(told), NEEDLES) == []
