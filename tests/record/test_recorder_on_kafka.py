"""A recorder on a real Kafka, ClickHouse and object store: minutes, gaps and evidence, also while the store is away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
import simplejpeg

from schemas.camera_events import FrameDetections, make_event_id
from schemas.cameras import Source
from schemas.episodes import EPISODE_CODEC, Episode, EvidenceFrame, FloodEpisode
from schemas.recordings import ChainFact, EvidenceKept, GapNoted, MinuteRecorded, day_of
from schemas.topics import EPISODES, SCENE_VERDICTS
from schemas.verdicts import SCENE_VERDICTS_CODEC, CameraVerdict, SceneVerdicts
from services.record.chain import Chains
from services.record.confirmed_clock import ConfirmedClock
from services.record.evidence import NO_LONGER_HELD
from services.record.filing import Filing
from services.record.key_settings import KeySettings
from services.record.minutes import minute_of
from services.record.sealing import Sealer
from services.runtime.clickhouse import connect
from services.runtime.clock import now_ms
from services.runtime.kafka import OutgoingRecord, events_producer
from services.runtime.loop import deliver
from services.runtime.object_store import ObjectStore
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from services.runtime.store_settings import StoreSettings
from tests.record.recorded_city import EPOCH, MINUTE_MS, START_MS, City, make_camera, publish
from tests.record.running_recorder import CutWire, running_recorder
from tests.webhooks.make_episodes import make_flood

pytestmark = pytest.mark.integration

MIB = 1 << 20


@pytest.fixture
def index(clickhouse_port: int, request: pytest.FixtureRequest) -> ClickHouseSettings:
    """A database of the test's own."""
    return ClickHouseSettings(port=clickhouse_port, database=request.node.name[:60])


@pytest.fixture
def keys(tmp_path: Path) -> KeySettings:
    return KeySettings(sealing_dir=tmp_path / "keys", signing_key_file=tmp_path / "signing.pem")


def facts_of(store: ObjectStore, camera_id: str) -> list[ChainFact]:
    entries, fault = Chains(store).read(camera_id, day_of(START_MS))
    assert fault is None
    return [one.entry.fact for one in entries]


def minutes_of(store: ObjectStore, camera_id: str) -> list[int]:
    facts = facts_of(store, camera_id)
    return [(fact.minute_ms - START_MS) // MINUTE_MS for fact in facts if isinstance(fact, MinuteRecorded)]


def silences_of(store: ObjectStore, camera_id: str, since_ms: int) -> list[GapNoted]:
    days = {day_of(since_ms), day_of(now_ms() + 60 * MINUTE_MS)}
    facts = [one.entry.fact for day in days for one in Chains(store).read(camera_id, day).entries]
    return [fact for fact in facts if isinstance(fact, GapNoted) and fact.reason == "no_frames"]


def send(kafka: KafkaSettings, episode: Episode, partition: int) -> None:
    key, value = episode.episode_id.encode(), EPISODE_CODEC.encode(episode)
    deliver(events_producer(kafka), [OutgoingRecord(EPISODES.name, key, value, partition=partition)], 20.0)


def seen(event: FrameDetections, **changes: object) -> EvidenceFrame:
    frame = EvidenceFrame(event_id=event.event_id, captured_at_ms=event.captured_at_ms, frame=event.frame)
    return msgspec.structs.replace(frame, **changes)


def test_minutes_gaps_and_evidence_of_a_camera(
    kafka: KafkaSettings, index: ClickHouseSettings, keys: KeySettings, tmp_path: Path
) -> None:
    camera_id, settings = "record-flood-1", StoreSettings(url=str(tmp_path / "store"))
    store = ObjectStore(settings)
    publish(kafka, [make_camera(camera_id)])
    city = City(kafka, [camera_id])
    with running_recorder(kafka, index, settings, keys=keys, group="record-flood") as recorder:
        recorder.wait_for(lambda: recorder.metric("tilik_record_frames_total") >= 0, "the metrics")
        found = city.play(0, 70)
        city.judge(found)
        flood = flood_of(camera_id, found)
        gone = seen(found[30], frame=msgspec.structs.replace(found[30].frame, offset=10_000_000))
        send(kafka, flood, found[0].frame.partition)
        send(kafka, msgspec.structs.replace(flood, revision=2, best=seen(found[20])), found[0].frame.partition)
        ended = msgspec.structs.replace(flood, revision=3, best=seen(found[20]), last=gone, phase="ended")
        send(kafka, ended, found[0].frame.partition)
        recorder.wait_for(lambda: len(evidence_of(store, camera_id)) == 3, "the evidence")
        later = city.play(300, 370)
        city.judge(later)
        recorder.wait_for(lambda: 5 in minutes_of(store, camera_id), "the minute after the gap")
        recorder.wait_for(lambda: index_rows(index, camera_id)[-1][0] >= 5, "the index")

    facts = facts_of(store, camera_id)
    gaps = [fact for fact in facts if isinstance(fact, GapNoted) and fact.reason == "no_frames"]
    assert [(gap.from_ms - START_MS, gap.until_ms - START_MS) for gap in gaps] == [(2 * MINUTE_MS, 5 * MINUTE_MS)]
    rows = index_rows(index, camera_id)
    assert [(minute, gap) for minute, gap, key in rows if not key] == [
        (2, "no_frames"),
        (3, "no_frames"),
        (4, "no_frames"),
    ]
    stored = f"FROM recorded_minutes FINAL WHERE camera_id = '{camera_id}' AND object_key != ''"
    assert ask(index, f"SELECT DISTINCT camera_revision, private_revision {stored}") == [(1, 1)]
    opened, peaked, closed = evidence_of(store, camera_id)
    assert [(one.moment, one.roles) for one in (opened, peaked, closed)] == [
        ("opened", ("first", "best", "last")),
        ("peaked", ("best",)),
        ("closed", ("last",)),
    ]
    assert (closed.files, closed.missing) == ((), NO_LONGER_HELD)
    filing = Filing(store, Sealer(keys))
    forms = {file.form: filing.take(file) for file in opened.files}
    assert set(forms) == {"original", "public"}
    assert all(simplejpeg.decode_jpeg(data).shape == (120, 160, 3) for data in forms.values())
    [(missing,)] = ask(index, "SELECT missing FROM recorded_evidence FINAL WHERE object_key = ''")
    assert missing == NO_LONGER_HELD
    assert ask(index, "SELECT camera_revision, object_key != '' FROM recorded_evidence FINAL GROUP BY 1, 2") == [
        (0, False),
        (1, True),
    ]


def test_a_quarantine_withdraws_minutes_that_were_stored_before_it_was_known(
    kafka: KafkaSettings, index: ClickHouseSettings, keys: KeySettings, tmp_path: Path
) -> None:
    camera_id, settings = "record-covered-1", StoreSettings(url=str(tmp_path / "store"))
    publish(kafka, [make_camera(camera_id)])
    city = City(kafka, [camera_id])
    with running_recorder(kafka, index, settings, keys=keys, group="record-covered") as recorder:
        found = city.play(0, 130)
        city.judge(found)
        recorder.wait_for(lambda: len(index_rows(index, camera_id)) >= 2, "two minutes in the index")
        quarantine(kafka, found[-1], START_MS + 90_000)
        recorder.wait_for(lambda: bool(withdrawn(index, camera_id)), "a minute to be withdrawn")
        assert 0 not in withdrawn(index, camera_id)
        assert 1 in withdrawn(index, camera_id)


def test_a_host_whose_clock_is_an_hour_ahead_says_nothing_of_that_hour(
    kafka: KafkaSettings, index: ClickHouseSettings, keys: KeySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera_id, settings = "record-ahead-1", StoreSettings(url=str(tmp_path / "store"))
    store, start_ms = ObjectStore(settings), minute_of(now_ms()) - 10 * MINUTE_MS
    monkeypatch.setattr("tests.record.recorded_city.START_MS", start_ms)
    monkeypatch.setattr(
        "services.record.worker.ConfirmedClock", lambda: ConfirmedClock(lambda: now_ms() + 60 * MINUTE_MS)
    )
    publish(kafka, [make_camera(camera_id, source=Source("file", "clip.mp4", clock="wall"))])
    city = City(kafka, [camera_id])
    with running_recorder(kafka, index, settings, keys=keys, group="record-ahead", gap_every_seconds=0.5) as recorder:
        city.judge(city.play(0, 70))
        recorder.wait_for(lambda: bool(silences_of(store, camera_id, start_ms)), "the silence to be noted")
    assert max(gap.until_ms for gap in silences_of(store, camera_id, start_ms)) <= now_ms()


def test_a_store_that_is_away_costs_nothing_but_delay_and_memory_stays_bounded(
    kafka: KafkaSettings, index: ClickHouseSettings, keys: KeySettings, wire: CutWire, s3_server: StoreSettings
) -> None:
    cameras = ["record-away-1", "record-away-2", "record-away-3"]
    publish(kafka, [make_camera(camera_id) for camera_id in cameras])
    city = City(kafka, cameras, extra_bytes=400_000)
    settings = s3_server.model_copy(
        update={"url": f"{s3_server.url}/away", "endpoint": f"http://127.0.0.1:{wire.port}"}
    )
    with running_recorder(kafka, index, settings, keys=keys, group="record-away", memory_mib=64) as recorder:
        wire.cut()
        for start in range(0, 135, 15):
            city.judge(city.play(start, start + 15))
        recorder.wait_for(lambda: recorder.metric("tilik_record_retries_total") > 2, "attempts to fail")
        recorder.wait_for(lambda: recorder.metric("tilik_record_held_bytes") > 64 * MIB, "memory to be full")
        assert recorder.metric("tilik_record_held_bytes") < 120 * MIB
        assert recorder.metric("tilik_record_minutes_total") == 0
        wire.mend()
        store = ObjectStore(s3_server.model_copy(update={"url": settings.url}))
        recorder.wait_for(lambda: all(minutes_of(store, name)[:2] == [0, 1] for name in cameras), "the minutes")
        assert recorder.metric("tilik_record_lost_frames_total") == 0


def test_clickhouse_that_is_away_keeps_neither_minutes_nor_evidence_from_being_stored(
    kafka: KafkaSettings, index: ClickHouseSettings, keys: KeySettings, tmp_path: Path
) -> None:
    cameras = ["record-unindexed-1", "record-unindexed-2", "record-unindexed-3"]
    settings, wire = StoreSettings(url=str(tmp_path / "store")), CutWire(index.port)
    store, away = ObjectStore(settings), index.model_copy(update={"port": wire.port})
    publish(kafka, [make_camera(camera_id) for camera_id in cameras])
    city = City(kafka, cameras, extra_bytes=400_000)
    wire.cut()
    with running_recorder(kafka, away, settings, keys=keys, group="record-unindexed", memory_mib=64) as recorder:
        for start in range(0, 135, 15):
            found = city.play(start, start + 15)
            city.judge(found)
            seconds = [event for event in found if event.camera_id == cameras[0]]
            flood = flood_of(cameras[0], seconds, name=f"flood {start}")
            send(kafka, flood, seconds[0].frame.partition)
        recorder.wait_for(lambda: all(minutes_of(store, name)[:2] == [0, 1] for name in cameras), "the minutes")
        recorder.wait_for(lambda: len(evidence_of(store, cameras[0])) == 9, "frames of each episode")
        recorder.wait_for(lambda: recorder.metric("tilik_record_held_bytes") < 32 * MIB, "memory to be free")
        assert recorder.metric("tilik_record_lost_frames_total") == 0
        assert not any(kept.missing for kept in evidence_of(store, cameras[0]))
        wire.mend()
        recorder.wait_for(lambda: all(len(index_rows(index, name)) > 1 for name in cameras), "the index")
    wire.close()


@pytest.fixture
def wire(s3_server: StoreSettings) -> Iterator[CutWire]:
    """A way to the S3 server that can be cut."""
    wire = CutWire(urlsplit(s3_server.endpoint).port or 0)
    yield wire
    wire.close()


def flood_of(camera_id: str, found: list[FrameDetections], name: str = "") -> FloodEpisode:
    first = seen(found[10])
    return make_flood(
        camera_id,
        camera_id=camera_id,
        episode_id=make_event_id("episode", camera_id, name),
        first=first,
        best=first,
        last=first,
        simulated=True,
    )


def evidence_of(store: ObjectStore, camera_id: str) -> list[EvidenceKept]:
    return [fact for fact in facts_of(store, camera_id) if isinstance(fact, EvidenceKept)]


def quarantine(kafka: KafkaSettings, newest: FrameDetections, from_ms: int) -> None:
    """Say that a camera is in quarantine since a time."""
    verdict = CameraVerdict(
        camera_id=newest.camera_id,
        owner_epoch=EPOCH,
        after_ms=newest.captured_at_ms,
        through_ms=newest.captured_at_ms,
        judged=0,
        quarantined_from_ms=from_ms,
    )
    said = SCENE_VERDICTS_CODEC.encode(SceneVerdicts(at_ms=newest.captured_at_ms, cameras=(verdict,)))
    partition = newest.frame.partition
    record = OutgoingRecord(SCENE_VERDICTS.name, str(partition).encode(), said, partition=partition)
    deliver(events_producer(kafka), [record], 20.0)


def ask(index: ClickHouseSettings, query: str) -> list[tuple[object, ...]]:
    client = connect(index)
    try:
        client.database = index.database
        return [tuple(row) for row in client.query(query).result_rows]
    finally:
        client.close()


def index_rows(index: ClickHouseSettings, camera_id: str) -> list[tuple[int, str, str]]:
    """Give number, gap and key of each minute in the index; none where nobody has written to it yet."""
    there = ask(index.model_copy(update={"database": "default"}), f"EXISTS TABLE {index.database}.recorded_minutes")
    if there != [(1,)]:
        return [(-1, "", "")]
    query = (
        f"SELECT minute, gap, object_key FROM recorded_minutes FINAL WHERE camera_id = '{camera_id}' ORDER BY minute"
    )
    return [(number_of(minute), str(gap), str(key)) for minute, gap, key in ask(index, query)]


def withdrawn(index: ClickHouseSettings, camera_id: str) -> list[int]:
    query = f"SELECT minute FROM recorded_minutes FINAL WHERE camera_id = '{camera_id}' AND withdrawn ORDER BY minute"
    return [number_of(minute) for (minute,) in ask(index, query)]


def number_of(minute: object) -> int:
    return (int(minute.timestamp() * 1000) - START_MS) // MINUTE_MS  # type: ignore[attr-defined]
