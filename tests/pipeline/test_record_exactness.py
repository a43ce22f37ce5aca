"""Two recorders are killed at random moments; afterwards each minute is there once, each picture can be verified.

``make test`` kills twice in four minutes of four cameras, at moments drawn by the day;
``make test-long`` ten times in ten minutes of eight cameras.
"""

from __future__ import annotations

import hashlib
import io
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import av
import numpy as np
import pytest

from deploy.local.platform import LocalStack, ServiceRun
from deploy.local.ports import HOST, free_port
from deploy.local.testing import running_platform
from schemas.recordings import ChainEntry, GapNoted, MinuteRecorded, day_of
from services.record.chain import Chains
from services.record.index_rows import RecordedMinuteRow, rows_of
from services.runtime.clickhouse import connect
from services.runtime.object_store import ObjectStore
from services.runtime.settings import ClickHouseSettings
from services.runtime.store_settings import StoreSettings
from services.runtime.topics import ensure_topics
from tests.pipeline.evidence import stored_values
from tests.record.recorded_city import MINUTE_MS, START_MS, City, make_camera, publish
from tests.samples import draw_sample, is_long

pytestmark = pytest.mark.pipeline

KILLS, MINUTES, CAMERA_COUNT = (10, 10, 8) if is_long() else (2, 4, 4)
CAMERAS = [f"street-{number}" for number in range(CAMERA_COUNT)]
SEED = draw_sample("record exactness", range(1, 100), 1)[0]
RECORDERS = ["record-0", "record-1"]
HELD_SECONDS = (100, 130)
CHUNK_SECONDS = 5
KILL_WITHIN_SECONDS = 4.0
READ_SECONDS = 15.0
"""Longer than a dead one keeps its partitions from the others."""
DONE_SECONDS = 120.0
STARTED_SECONDS = 240.0


@dataclass(frozen=True)
class Run:
    """Recorders, and where they record to. ``ports`` are of their metrics."""

    stack: LocalStack
    store: ObjectStore
    ports: dict[str, int]

    @property
    def clickhouse(self) -> ClickHouseSettings:
        """Give where the index is."""
        return ClickHouseSettings(host=HOST, port=self.stack.clickhouse_port)

    def chain(self, camera_id: str) -> list[ChainEntry]:
        """Give a camera's chain, which must be whole."""
        entries, fault = Chains(self.store).read(camera_id, day_of(START_MS))
        assert fault is None
        return [one.entry for one in entries]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """A fresh platform with recorders. No minute that counts is closed by a wait, however slow the machine is."""
    with running_platform(tmp_path) as stack:
        ensure_topics(stack.kafka, "local")
        publish(stack.kafka, [make_camera(camera_id, record_original=camera_id == CAMERAS[0]) for camera_id in CAMERAS])
        settings = StoreSettings(url=str(tmp_path / "record"))
        env = {
            "STORE__URL": settings.url,
            "KEYS__SEALING_DIR": str(tmp_path / "keys"),
            "CLICKHOUSE__HOST": HOST,
            "CLICKHOUSE__PORT": str(stack.clickhouse_port),
            "FRAME_WAIT_SECONDS": "200",
            "VERDICT_WAIT_SECONDS": "200",
        }
        named = {f"TILIK_RECORD_{name}": value for name, value in env.items()}
        ports = {name: free_port() for name in RECORDERS}
        stack.start_services([ServiceRun("record", name, named, port) for name, port in ports.items()])
        yield Run(stack, ObjectStore(settings), ports)


def test_every_minute_is_there_once_however_often_recorders_are_killed(run: Run) -> None:
    city = City(run.stack.kafka, CAMERAS, HELD_SECONDS)
    blows = threading.Thread(target=kill_again_and_again, args=(run, random.Random(SEED)))
    blows.start()
    play_all(city, blows)
    blows.join()
    await_minutes(run)
    for camera_id in CAMERAS:
        assert_all_is_there_once(run.chain(camera_id), city.captured[camera_id])
        assert_pictures_are_verifiable(run, camera_id)
    assert_index_says_what_the_chains_say(run)


def play_all(city: City, blows: threading.Thread) -> None:
    """Play slowly enough that the blows fall while there is something to lose."""
    seconds = MINUTES * 60
    for start in range(0, seconds + 3 * CHUNK_SECONDS, CHUNK_SECONDS):  # some more, so that the last minute is over
        city.judge(city.play(start, start + CHUNK_SECONDS))
        blows.join(timeout=KILLS * 10.0 * CHUNK_SECONDS / seconds)


def kill_again_and_again(run: Run, chance: random.Random) -> None:
    """SIGKILL one of the recorders, each time some while after it has begun to read."""
    calm = threading.Event()
    for _ in range(KILLS):
        victim = chance.choice(RECORDERS)
        pid = run.stack.wait_until_ready(victim, timeout_seconds=STARTED_SECONDS)
        deadline = time.monotonic() + READ_SECONDS
        while frames_read(run.ports[victim]) == 0 and time.monotonic() < deadline:
            calm.wait(0.05)
        calm.wait(chance.uniform(0.0, KILL_WITHIN_SECONDS))
        os.kill(pid, signal.SIGKILL)
        run.stack.wait_until_ready(victim, other_than_pid=pid, timeout_seconds=STARTED_SECONDS)


def frames_read(port: int) -> float:
    with urlopen(f"http://{HOST}:{port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("tilik_record_frames_total "))


def await_minutes(run: Run) -> None:
    deadline = time.monotonic() + DONE_SECONDS
    last_ms = START_MS + (MINUTES - 1) * MINUTE_MS
    waiting = set(CAMERAS)
    while waiting:
        assert time.monotonic() < deadline, f"not recorded to the end: {sorted(waiting)}"
        time.sleep(0.2)
        waiting -= {one for one in waiting if last_ms in minutes_of(run.chain(one))}


def minutes_of(chain: list[ChainEntry]) -> list[int]:
    return [entry.fact.minute_ms for entry in chain if isinstance(entry.fact, MinuteRecorded)]


def assert_all_is_there_once(chain: list[ChainEntry], captured: list[int]) -> None:
    recorded = minutes_of(chain)
    wanted = [START_MS + number * MINUTE_MS for number in range(MINUTES)]
    assert recorded[:MINUTES] == wanted
    assert len(recorded) == len(set(recorded))
    held = [ms for ms in captured if any(ms == START_MS + second * 1000 + 137 for second in range(*HELD_SECONDS))]
    gaps = [entry.fact for entry in chain if isinstance(entry.fact, GapNoted) and entry.fact.from_ms < wanted[-1]]
    assert {gap.reason for gap in gaps} == {"held"}
    assert all(any(gap.from_ms <= ms < gap.until_ms for gap in gaps) for ms in held)
    counted = sum(
        entry.fact.frame_count
        for entry in chain
        if isinstance(entry.fact, MinuteRecorded) and entry.fact.minute_ms in wanted
    )
    assert counted == MINUTES * 60 - len(held)


def assert_pictures_are_verifiable(run: Run, camera_id: str) -> None:
    for entry in run.chain(camera_id):
        fact = entry.fact
        if not isinstance(fact, MinuteRecorded):
            continue
        for file in fact.files:
            data = run.store.get(file.key)
            assert data is not None
            assert hashlib.sha256(data).hexdigest() == file.sha256
            if file.form == "public":
                assert_shows_what_it_may(data, fact)


def assert_shows_what_it_may(data: bytes, fact: MinuteRecorded) -> None:
    with av.open(io.BytesIO(data), "r") as container:
        frames = list(container.decode(video=0))
    times_ms = [fact.first_ms + round(float(frame.time or 0.0) * 1000) for frame in frames]
    assert len(frames) == fact.frame_count
    assert (times_ms[0], times_ms[-1]) == (fact.first_ms, fact.last_ms)
    held_ms = [START_MS + second * 1000 for second in HELD_SECONDS]
    assert not [ms for ms in times_ms if held_ms[0] <= ms <= held_ms[1]]
    body = frames[0].to_ndarray(format="gray")[50:100, 68:92].astype(np.float32)
    assert float(np.abs(np.diff(body, axis=1)).mean()) < 20, "the person's stripes are still to be seen"


def assert_index_says_what_the_chains_say(run: Run) -> None:
    wanted = [row for camera_id in CAMERAS for row in rows_of(run.chain(camera_id))]
    deadline = time.monotonic() + DONE_SECONDS
    client = connect(run.clickhouse, run.clickhouse.database)
    while True:
        stored = stored_values(client, RecordedMinuteRow)
        expected = sorted((row for row in wanted if isinstance(row, RecordedMinuteRow)), key=lambda row: row.key())
        if len(stored) == len(expected) or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    assert [(row["camera_id"], row["form"], row["sha256"], row["gap"], row["frames"]) for row in stored] == [
        (row.camera_id, row.form, row.sha256, row.gap, row.frames) for row in expected
    ]
