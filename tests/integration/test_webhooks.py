"""Webhooks on real Kafka, to receivers on loopback: what is posted, how often, and what survives a kill."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from confluent_kafka import Consumer, TopicPartition
from msgspec.structs import replace

from deploy.local.ports import free_port
from schemas.cameras import Place
from schemas.dead_letters import DEAD_LETTER_CODEC, DeadLetter
from schemas.episodes import EPISODE_CODEC, Episode
from schemas.topics import EPISODES
from services.cli import webhooks
from services.runtime.kafka import OutgoingRecord
from services.runtime.settings import KafkaSettings
from tests.integration.aggregate_scene import camera_record, make_camera
from tests.integration.aggregate_worker import read_all, send, wait_until
from tests.webhooks.make_episodes import make_flood, make_parking
from tests.webhooks.test_signing import SECRET

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

CAMERA_ID = "webhook-1"
KECAMATAN = "Gunungpati"
SUBSCRIPTION = """
  - name: {name}
    url: http://127.0.0.1:{port}/{name}
    secret: shared
    kecamatan: [{kecamatan}]
    types: [{types}]
    allow_http: true
"""


@dataclass
class Post:
    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]


class Receiver:
    """Answers what ``answers`` says of a path, keeps every post, and holds answers back while ``open`` is not set."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.answers: dict[str, int] = {}
        self.open = threading.Event()
        self.open.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                name = self.path.strip("/")
                receiver.posts.append(Post(name, {key.lower(): value for key, value in self.headers.items()}, body))
                if name == "slow":
                    receiver.open.wait(30)
                with suppress(OSError):  # a process that was killed waits for no answer
                    self.send_response(receiver.answers.get(name, 200))
                    self.send_header("content-length", "0")
                    self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def to(self, name: str) -> list[Post]:
        return [post for post in self.posts if post.path == name]

    def close(self) -> None:
        self.open.set()
        self._server.shutdown()
        self._server.server_close()


class Service:
    """One ``python -m services.webhooks``."""

    def __init__(self, kafka: KafkaSettings, file: Path, log: Path, **settings: str) -> None:
        self.http_port = free_port()
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TILIK_")},
            "TILIK_WEBHOOKS_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "TILIK_WEBHOOKS_SUBSCRIPTIONS": str(file),
            "TILIK_WEBHOOKS_SECRETS__SHARED": SECRET,
            "TILIK_WEBHOOKS_ALLOWED_NETWORKS": '["loopback"]',
            "TILIK_WEBHOOKS_HTTP_PORT": str(self.http_port),
            "TILIK_WEBHOOKS_SESSION_TIMEOUT_SECONDS": "6",
            "TILIK_WEBHOOKS_BACKOFF_FIRST_SECONDS": "0.2",
            **{f"TILIK_WEBHOOKS_{name.upper()}": value for name, value in settings.items()},
        }
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.webhooks"], env=environment, stdout=output, stderr=output
            )

    def get(self, path: str) -> str:
        with suppress(httpx.HTTPError):
            return httpx.get(f"http://127.0.0.1:{self.http_port}{path}", timeout=5).text
        return ""

    def wait_until_ready(self) -> None:
        wait_until(lambda: self.get("/readyz") == "ready\n", 60, "webhooks being ready")

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(40)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


@pytest.fixture
def start(kafka: KafkaSettings, tmp_path: Path, receiver: Receiver) -> Iterator[Callable[..., Service]]:
    """Give what starts the service on subscriptions, ``name=type of episodes``; the registry has the camera."""
    camera = make_camera(CAMERA_ID)
    send(kafka, [camera_record(replace(camera, place=Place(KECAMATAN, "Sekaran", -7.05, 110.39)))])
    running: list[Service] = []

    def started(subscriptions: dict[str, str], **settings: str) -> Service:
        entries = [
            SUBSCRIPTION.format(name=name, port=receiver.port, types=types, kecamatan=KECAMATAN)
            for name, types in subscriptions.items()
        ]
        (tmp_path / "webhooks.yaml").write_text("subscriptions:" + "".join(entries), encoding="utf-8")
        running.append(Service(kafka, tmp_path / "webhooks.yaml", tmp_path / "log", **settings))
        running[-1].wait_until_ready()
        return running[-1]

    yield started
    for each in running:
        if each.process.poll() is None:
            each.end(signal.SIGKILL)
    print((tmp_path / "log").read_text(encoding="utf-8")[-6000:])


def publish(kafka: KafkaSettings, *episodes: Episode) -> None:
    send(
        kafka, [OutgoingRecord(EPISODES.name, e.episode_id.encode(), EPISODE_CODEC.encode(e), (), 0) for e in episodes]
    )


def unread(kafka: KafkaSettings, name: str) -> int:
    """Give how many records of partition 0 the subscription's group has not settled."""
    place = TopicPartition(EPISODES.name, 0)
    reader = Consumer({**kafka.client_config(), "group.id": f"tilik-webhooks-{name}"})
    try:
        marks = reader.get_watermark_offsets(place, timeout=10)
        assert marks is not None
        return int(marks[1]) - int(reader.committed([place], timeout=10)[0].offset)
    finally:
        reader.close()


def dead_letters(kafka: KafkaSettings, key: str) -> list[DeadLetter]:
    assert EPISODES.dead_letters is not None
    letters = [DEAD_LETTER_CODEC.decode(record.value) for record in read_all(kafka, EPISODES.dead_letters)]
    return [letter for letter in letters if letter.key == key]


def verified(post: Post) -> dict[str, Any]:
    """Check a signature as a receiver does it, and give the body."""
    key = base64.b64decode(SECRET[len("whsec_") :])
    signed = f"{post.message_id}.{post.headers['webhook-timestamp']}.".encode() + post.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert f"v1,{expected}" in post.headers["webhook-signature"].split(" ")
    assert abs(int(post.headers["webhook-timestamp"]) - time.time()) < 300
    body: dict[str, Any] = json.loads(post.body)
    return body


def test_a_change_is_posted_again_after_a_kill_and_a_broken_receiver_keeps_nobody_waiting(
    kafka: KafkaSettings, receiver: Receiver, start: Callable[..., Service]
) -> None:
    receiver.answers["broken"] = 500
    receiver.open.clear()
    wanted = {"slow": "parking_case", "broken": "flood_episode", "quick": "flood_episode"}
    service = start(wanted)
    parking = make_parking("killed", camera_id=CAMERA_ID)
    flood = make_flood("kill", camera_id=CAMERA_ID)
    publish(kafka, flood, parking)
    wait_until(lambda: len(receiver.to("broken")) >= 4, 30, "some attempts")
    wait_until(lambda: len(receiver.to("quick")) == 1, 30, "the same change at a receiver that works")
    attempts = receiver.to("broken")
    assert attempts[3].at - attempts[0].at >= 0.7, "pauses grow: at least 0.1, 0.2 and 0.4 s"
    wait_until(lambda: len(receiver.to("slow")) >= 1, 30, "the change in delivery")
    service.end(signal.SIGKILL)
    before = len(receiver.to("slow"))
    receiver.open.set()
    receiver.answers["broken"] = 204
    publish(kafka, *[make_flood("kill", revision, camera_id=CAMERA_ID) for revision in (2, 3)])
    service = start(wanted)
    wait_until(lambda: unread(kafka, "slow") == unread(kafka, "broken") == unread(kafka, "quick") == 0, 40, "settling")
    assert {post.message_id for post in receiver.to("slow")} == {f"{parking.episode_id}.1"}
    assert len(receiver.to("slow")) == before + 1
    body = verified(receiver.to("slow")[-1])
    assert body["type"] == "parking_case.open"
    assert body["data"]["camera"]["kecamatan"] == KECAMATAN
    assert body["data"]["episode"]["episode_id"] == parking.episode_id
    assert receiver.to("broken")[-1].message_id == f"{flood.episode_id}.3"
    assert f"{flood.episode_id}.2" not in {post.message_id for post in receiver.to("broken")}, "the newest rules"
    for post in receiver.posts:
        verified(post)
    assert service.end() == 0


def test_what_is_refused_or_too_old_is_a_dead_letter_and_who_is_gone_is_left_alone(
    kafka: KafkaSettings,
    receiver: Receiver,
    start: Callable[..., Service],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    receiver.answers = {"picky": 422, "away": 503, "gone": 410}
    wanted = {"picky": "parking_case", "away": "flood_episode", "gone": "flood_episode"}
    service = start(wanted, give_up_after_seconds="2")
    parking = make_parking("parked", camera_id=CAMERA_ID)
    flood = make_flood("dead", camera_id=CAMERA_ID)
    publish(kafka, parking, flood)
    wait_until(lambda: unread(kafka, "picky") == unread(kafka, "away") == 0, 40, "settling")
    (refused,) = dead_letters(kafka, parking.episode_id)
    assert (refused.reason, refused.service, refused.detail) == ("refused", "webhooks", "picky: answered 422")
    assert EPISODE_CODEC.decode(refused.original or b"") == parking
    (expired,) = dead_letters(kafka, flood.episode_id)
    assert expired.reason == "expired"
    assert "away: undelivered" in expired.detail
    assert len(receiver.to("picky")) == 1
    assert len(receiver.to("away")) >= 3
    wait_until(lambda: 'tilik_webhooks_disabled{subscription="gone"} 1.0' in service.get("/metrics"), 10, "disabling")
    publish(kafka, make_flood("dead", 2, camera_id=CAMERA_ID))
    receiver.answers["away"] = 200
    wait_until(lambda: unread(kafka, "away") == 0, 20, "the next change")
    assert len(receiver.to("gone")) == 1
    assert unread(kafka, "gone") >= 2, "nothing of it is committed"
    assert service.end() == 0
    monkeypatch.setenv("TILIK_WEBHOOKS_SECRETS__SHARED", SECRET)
    monkeypatch.setenv("TILIK_WEBHOOKS_ALLOWED_NETWORKS", '["loopback"]')
    for name, code in (("away", 0), ("gone", 1)):
        arguments = ["check", name, "--subscriptions", str(tmp_path / "webhooks.yaml")]
        answer = CliRunner().invoke(webhooks.command, arguments)
        assert answer.exit_code == code, answer.output
        assert verified(receiver.to(name)[-1])["type"] == "tilik.check"
