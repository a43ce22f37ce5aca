from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.camera_events import CAMERA_EVENT_CODEC, FrameDetections, FrameShed
from schemas.cameras import Camera, Place, Source, Zone
from schemas.dead_letters import DEAD_LETTER_CODEC
from schemas.topics import CAMERA_EVENTS, FRAMES
from services.detect.admission import Admission
from services.detect.decode import JpegLimits
from services.detect.frame import Frame
from services.detect.looking import Networks
from services.detect.metrics import DETECT_METRICS
from services.detect.networks import InputsBgr
from services.detect.objects import NO_OBJECTS, Objects
from services.detect.pipeline import CameraPolicy, Tools
from services.detect.preparation import CpuPreparation, preparation_for
from services.detect.settings import DetectSettings
from services.detect.worker import FrameProcessor, RegistryPolicies, build_tools, load_networks, run, warm_up
from services.runtime.camera_registry import CameraRevisions
from services.runtime.errors import ConfigurationError, RetryableError
from services.runtime.health import Health
from services.runtime.metrics import Metrics
from services.runtime.service import Service
from services.runtime.settings import load_settings
from tests.detect.pictures import APPENDED_AT_MS, BlueCells, make_frame, make_record, nanodet

STAGE_SECONDS = "tilik_detect_stage_seconds_total"


def processor() -> FrameProcessor:
    policy = CameraPolicy()
    tools = Tools(nanodet(), "nanodet", policy_of=lambda _: policy, clock=lambda: APPENDED_AT_MS + 100)
    return FrameProcessor(tools, Metrics(DETECT_METRICS))


def test_a_batch_becomes_events_keyed_by_camera_in_order() -> None:
    records = [make_record(make_frame(sequence=n, camera_id=f"cam-{n % 2}")) for n in range(4)]
    outgoing = processor().process(records)
    assert [(record.topic, record.key) for record in outgoing] == [
        (CAMERA_EVENTS.name, b"cam-0"),
        (CAMERA_EVENTS.name, b"cam-1"),
    ] * 2
    events = [CAMERA_EVENT_CODEC.decode(record.value) for record in outgoing]
    assert [event.frame.offset for event in events if isinstance(event, FrameDetections)] == [0, 1, 2, 3]


def test_an_undecodable_frame_is_shed_and_a_dead_letter_without_its_picture() -> None:
    event, letter = processor().process([make_record(make_frame(b"no jpeg", sequence=3))])
    assert (event.topic, letter.topic) == (CAMERA_EVENTS.name, FRAMES.dead_letters)
    shed, dead = CAMERA_EVENT_CODEC.decode(event.value), DEAD_LETTER_CODEC.decode(letter.value)
    assert isinstance(shed, FrameShed)
    assert (shed.reason, dead.reason, dead.offset, dead.original) == ("undecodable", "undecodable", 3, None)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"headers": [("schema", b"1"), ("colour", b"blue")]},
        {"headers": []},
        {"key": b"Not A Camera"},
        {"key": None},
        {"key": b"\xff\xfe"},
    ],
)
def test_a_record_that_does_not_keep_the_contract_is_a_dead_letter_and_the_rest_goes_on(
    spoilt: dict[str, object],
) -> None:
    good = make_record(make_frame(sequence=1))
    bad = make_record(make_frame(sequence=0))._replace(**spoilt)  # type: ignore[arg-type]
    outgoing = processor().process([bad, good])
    assert [record.topic for record in outgoing] == [FRAMES.dead_letters, CAMERA_EVENTS.name]
    assert DEAD_LETTER_CODEC.decode(outgoing[0].value).reason == "invalid_headers"


def test_outcomes_are_counted() -> None:
    worker = processor()
    worker.process([make_record(make_frame()), make_record(make_frame(b"", sequence=1))])
    text = worker.metrics.exposition().decode()
    assert 'tilik_detect_frames_total{outcome="detected",priority="1"} 1.0' in text
    assert 'tilik_detect_frames_total{outcome="undecodable",priority="1"} 1.0' in text
    assert 'tilik_dead_letters_total{reason="undecodable"} 1.0' in text
    assert "tilik_detect_kafka_to_event_seconds_count 1.0" in text


def test_a_batch_that_is_tried_again_gives_the_same_outcomes_by_a_later_clock_and_counts_once() -> None:
    records = [make_record(make_frame()), make_record(make_frame(b"", sequence=1)), make_record(make_frame(sequence=2))]
    records[0] = records[0]._replace(headers=[])
    at_ms = [APPENDED_AT_MS + 100]
    worker = processor()
    worker.tools = replace(worker.tools, clock=lambda: at_ms[0])
    first = worker.process(records)
    counted = worker.metrics.exposition()
    at_ms[0] = APPENDED_AT_MS + 60_000  # now they would be stale
    assert worker.process(list(records)) == first
    assert worker.metrics.exposition() == counted
    (later,) = worker.process([make_record(make_frame(sequence=3))])
    shed = CAMERA_EVENT_CODEC.decode(later.value)
    assert isinstance(shed, FrameShed)
    assert shed.reason == "stale"


def test_the_time_of_waiting_for_the_registry_is_not_the_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    now_seconds = [0.0]
    monkeypatch.setattr("services.detect.worker.time.monotonic", lambda: now_seconds[0])

    def wait(frames: Sequence[Frame]) -> None:
        now_seconds[0] += 10.0

    worker = processor()
    worker.tools = replace(worker.tools, look_up=wait, admission=Admission())
    worker.process([make_record(make_frame(sequence=n)) for n in range(8)])
    assert now_seconds == [10.0]
    assert worker.tools.admission.frame_ms == 0.0
    assert "tilik_detect_frame_seconds 0.0" in worker.metrics.exposition().decode()


def test_a_registry_that_is_away_leaves_nothing_judged_or_counted() -> None:
    def away(frames: Sequence[Frame]) -> None:
        raise RetryableError("away")

    worker = processor()
    there, worker.tools = worker.tools, replace(worker.tools, look_up=away)
    records = [make_record(make_frame())._replace(headers=[]), make_record(make_frame(sequence=1))]
    counted = worker.metrics.exposition()
    with pytest.raises(RetryableError, match="away"):
        worker.process(records)
    assert worker.metrics.exposition() == counted
    worker.tools = there
    assert [record.topic for record in worker.process(records)] == [FRAMES.dead_letters, CAMERA_EVENTS.name]


def make_camera(**changes: object) -> Camera:
    camera = Camera(
        camera_id="cam-1",
        revision=1,
        name="Loket",
        kind="counter",
        place=Place("Semarang Tengah", "Miroto", -6.98, 110.41),
        source=Source("file", "a.mp4", stale_after_seconds=3.0),
        tiles="2x2",
    )
    return msgspec.structs.replace(camera, **changes)


def never_read_on(seconds: float) -> None:
    pytest.fail("the registry was read on")


def test_the_revision_under_which_a_frame_was_taken_says_how_it_is_treated() -> None:
    cameras = CameraRevisions()
    cameras.add(make_camera())
    cameras.add(make_camera(revision=2, tiles="1x1"))
    policies = RegistryPolicies(cameras, 10.0, never_read_on)
    assert policies.of(make_frame()) == CameraPolicy("2x2", 3_000, priority=0)


WATER = Zone("kali", "water", ((0.1, 0.6), (0.9, 0.6), (0.9, 1.0)))
EXCLUDED = Zone("pohon", "exclude", ((0.1, 0.1), (0.3, 0.1), (0.3, 0.3)))


@pytest.mark.parametrize(
    ("kind", "zones", "priority", "water"),
    [
        ("street", (), 1, False),
        ("market", (EXCLUDED,), 1, False),
        ("street", (EXCLUDED, WATER), 0, True),
        ("pump", (), 0, False),
        ("counter", (), 0, False),
    ],
)
def test_cameras_of_floods_pumps_and_counters_come_first_and_water_zones_ask_for_water(
    kind: str, zones: tuple[Zone, ...], priority: int, water: bool
) -> None:
    cameras = CameraRevisions()
    cameras.add(make_camera(kind=kind, zones=zones))
    policy = RegistryPolicies(cameras, 10.0, never_read_on).of(make_frame())
    assert (policy.priority, policy.water) == (priority, water)


def test_unknown_revisions_are_looked_for_once_by_reading_on_once_a_batch() -> None:
    cameras, reads = CameraRevisions(), []

    def read_on(seconds: float) -> None:
        reads.append(seconds)
        cameras.add(make_camera())

    policies = RegistryPolicies(cameras, 10.0, read_on)
    batch = [make_frame(), *(make_frame(camera_id=f"cam-{n}") for n in range(7, 10))]
    policies.look_up(batch)
    assert len(reads) == 1
    assert policies.of(batch[0]) == CameraPolicy("2x2", 3_000, priority=0)
    assert {policies.of(frame) for frame in batch[1:]} == {CameraPolicy("1x1", 10_000)}
    policies.look_up(batch)
    assert len(reads) == 1
    policies.look_up([make_frame(camera_id="cam-6")])
    assert len(reads) == 2


def test_under_overload_records_of_urgent_cameras_are_judged_and_the_rest_is_counted_as_shed() -> None:
    """As fast as a frame a second, with 3 s until stale: of twelve frames there is time for one."""
    cameras = CameraRevisions()
    for index, kind in enumerate(("street", "counter", "market")):
        cameras.add(make_camera(camera_id=f"cam-{index}", kind=kind, tiles="1x1"))
    settings = load_settings(DetectSettings)
    networks = Networks(nanodet(), None, 4)
    tools = build_tools(settings, networks, CpuPreparation(), RegistryPolicies(cameras, 10.0, never_read_on))
    worker = FrameProcessor(replace(tools, clock=lambda: APPENDED_AT_MS + 100), Metrics(DETECT_METRICS))
    tools.admission.served(100, 100.0)
    outgoing = worker.process([make_record(make_frame(sequence=n, camera_id=f"cam-{n % 3}")) for n in range(12)])
    events = [CAMERA_EVENT_CODEC.decode(record.value) for record in outgoing]
    judged = [event for event in events if isinstance(event, FrameDetections)]
    shed = [event for event in events if isinstance(event, FrameShed)]
    assert [event.camera_id for event in judged] == ["cam-1"]
    assert judged[0].sequence == 10  # the newest of that camera
    assert {event.reason for event in shed} == {"overload"}
    assert len(shed) == 11
    text = worker.metrics.exposition().decode()
    assert 'tilik_detect_frames_total{outcome="overload",priority="0"} 3.0' in text
    assert 'tilik_detect_frames_total{outcome="overload",priority="1"} 8.0' in text
    assert 'tilik_detect_frames_total{outcome="detected",priority="0"} 1.0' in text


def test_water_is_measured_at_cameras_with_a_water_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.detect.worker.load_water", lambda options: BlueCells())
    monkeypatch.setenv("TILIK_DETECT_WATER", "true")
    settings = load_settings(DetectSettings)
    networks, preparation = load_networks(settings), CpuPreparation()
    warm_up(preparation, networks)
    cameras = CameraRevisions()
    cameras.add(make_camera(camera_id="kali", kind="street", zones=(WATER,), tiles="1x1"))
    cameras.add(make_camera(camera_id="pasar", kind="market", tiles="1x1"))
    tools = build_tools(settings, networks, preparation, RegistryPolicies(cameras, 10.0, never_read_on))
    worker = FrameProcessor(replace(tools, clock=lambda: APPENDED_AT_MS), Metrics(DETECT_METRICS))
    frames = [make_frame(sequence=n, camera_id=name) for n, name in enumerate(("kali", "pasar"))]
    kali, pasar = (
        CAMERA_EVENT_CODEC.decode(record.value) for record in worker.process([make_record(frame) for frame in frames])
    )
    assert isinstance(kali, FrameDetections)
    assert isinstance(pasar, FrameDetections)
    assert kali.water_detector == BlueCells().identity
    assert pasar.water_detector is None
    assert stage_seconds(worker)["water"] > 0


def stage_seconds(worker: FrameProcessor) -> dict[str, float]:
    lines = [line for line in worker.metrics.exposition().decode().splitlines() if line.startswith(STAGE_SECONDS)]
    return {line.split('"')[1]: float(line.split()[1]) for line in lines}


def test_time_is_counted_by_stage() -> None:
    worker = processor()
    worker.process([make_record(make_frame())])
    counted = stage_seconds(worker)
    assert counted["decode"] > 0
    assert counted["objects"] > 0
    assert counted["water"] == 0


def test_tools_are_built_from_settings_and_the_model_warms() -> None:
    settings = load_settings(DetectSettings)
    networks = load_networks(settings)
    preparation = preparation_for(networks.detector.device)
    warm_up(preparation, networks)
    tools = build_tools(settings, networks, preparation, RegistryPolicies(CameraRevisions(), 10.0, never_read_on))
    assert tools.detector_name == "nanodet"
    assert tools.limits == JpegLimits()
    assert tools.batch_size == networks.batch_size == settings.batch_frames


def test_networks_are_loaded_for_the_batches_that_settings_want(monkeypatch: pytest.MonkeyPatch) -> None:
    most_inputs: list[int] = []
    monkeypatch.setenv("TILIK_DETECT_BATCH_FRAMES", "32")
    for module in ("detectors.nanodet", "water"):
        monkeypatch.setattr(f"services.detect.{module}.make_runner", lambda *given: most_inputs.append(given[3]))
    load_networks(load_settings(DetectSettings))
    assert most_inputs == [32, 32]


def test_the_service_reads_the_registry_on_for_the_frames_of_a_batch() -> None:
    reads: list[float] = []
    networks = Networks(nanodet(), None, 4)
    policies = RegistryPolicies(CameraRevisions(), 10.0, reads.append)
    tools = build_tools(load_settings(DetectSettings), networks, CpuPreparation(), policies)
    FrameProcessor(tools, Metrics(DETECT_METRICS)).process([make_record(make_frame(sequence=n)) for n in range(2)])
    assert len(reads) == 1


@pytest.mark.parametrize(("batch_size", "counts"), [(1, [1]), (8, [1, 2, 4, 8]), (12, [1, 2, 4, 8, 12])])
def test_all_sizes_of_batches_are_warm_of_objects_and_of_water(batch_size: int, counts: list[int]) -> None:
    seen: dict[str, list[int]] = {"objects": [], "water": []}

    class Detector:
        card, device, thresholds = nanodet().card, nanodet().device, nanodet().thresholds
        input_hw = staticmethod(nanodet().input_hw)

        def infer(self, inputs_bgr: InputsBgr, least_score: float) -> list[Objects]:
            seen["objects"].append(len(inputs_bgr))
            return [NO_OBJECTS] * len(inputs_bgr)

    class Water(BlueCells):
        def infer(self, inputs_bgr: InputsBgr) -> NDArray[np.uint8]:
            seen["water"].append(len(inputs_bgr))
            return super().infer(inputs_bgr)

    warm_up(CpuPreparation(), Networks(Detector(), Water(), batch_size))  # type: ignore[arg-type]  # of a detector enough
    assert seen == {"objects": counts, "water": counts}


def test_the_warm_up_tells_what_a_frame_of_its_last_batch_took(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second a frame and one a batch."""
    now_seconds, alive = [0.0], []
    monkeypatch.setattr("services.detect.worker.time.monotonic", lambda: now_seconds[0])

    class Detector:
        card, device, thresholds = nanodet().card, nanodet().device, nanodet().thresholds
        input_hw = staticmethod(nanodet().input_hw)

        def infer(self, inputs_bgr: InputsBgr, least_score: float) -> list[Objects]:
            now_seconds[0] += 1 + len(inputs_bgr)
            return [NO_OBJECTS] * len(inputs_bgr)

    networks = Networks(Detector(), None, 4)  # type: ignore[arg-type]  # of a detector enough
    assert warm_up(CpuPreparation(), networks, lambda: alive.append(now_seconds[0])) == 1250
    assert alive == [2, 5, 10]


@pytest.mark.parametrize(("first_frame_ms", "most"), [(None, sys.maxsize), (13.0, 1538), (1_000.0, 20), (30_000.0, 4)])
def test_a_batch_holds_no_more_than_is_judged_in_twenty_seconds_but_a_batch_of_the_network(
    first_frame_ms: float | None, most: int
) -> None:
    networks, policies = Networks(nanodet(), None, 4), RegistryPolicies(CameraRevisions(), 10.0, never_read_on)
    tools = build_tools(load_settings(DetectSettings), networks, CpuPreparation(), policies, first_frame_ms)
    assert FrameProcessor(tools, Metrics(DETECT_METRICS)).most_frames() == most


def test_a_batch_is_whole_with_as_many_frames_as_kafka_gives_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILIK_DETECT_POLL_FRAMES", "4")
    networks, policies = Networks(nanodet(), None, 8), RegistryPolicies(CameraRevisions(), 10.0, never_read_on)
    tools = build_tools(load_settings(DetectSettings), networks, CpuPreparation(), policies, 15.0)
    tools.admission.served(4, 4 * 0.075)
    assert tools.admission.frame_ms == 75.0


def test_the_process_shows_that_it_lives_after_each_batch_of_the_network() -> None:
    alive: list[int] = []
    networks, policies = Networks(nanodet(), None, 4), RegistryPolicies(CameraRevisions(), 10.0, lambda _: None)
    tools = build_tools(
        load_settings(DetectSettings), networks, CpuPreparation(), policies, alive=lambda: alive.append(1)
    )
    worker = FrameProcessor(replace(tools, clock=lambda: APPENDED_AT_MS), Metrics(DETECT_METRICS))
    worker.process([make_record(make_frame(sequence=n)) for n in range(9)])
    assert len(alive) == 3


def test_the_loop_knows_the_rate_and_shows_that_it_lives_from_its_first_batch_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All of the start but Kafka."""
    started: list[tuple[Any, ...]] = []

    class Registry:
        revisions = CameraRevisions()

        def __init__(self, *_: object) -> None: ...

        def wait_until_current(self, seconds: float) -> None: ...

        def close(self) -> None: ...

    monkeypatch.setattr("services.detect.worker.CameraRegistry", Registry)
    monkeypatch.setattr("services.detect.worker.frames_consumer", lambda *_: None)
    monkeypatch.setattr("services.detect.worker.events_producer", lambda *_: None)
    monkeypatch.setattr("services.detect.worker.run_loop", lambda *given: started.append(given))
    service = Service(Health(), Metrics(DETECT_METRICS))
    run(load_settings(DetectSettings), service)
    ((_, _, _, process, _, most_frames),) = started
    tools = process.__self__.tools
    assert tools.admission.frame_ms > 0
    assert most_frames() == max(tools.batch_size, int(20_000 / tools.admission.frame_ms))
    assert tools.alive == service.health.touch


def test_settings_refuse_what_they_do_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILIK_DETECT_DETEKTOR", "nanodet")
    monkeypatch.setenv("TILIK_DETECT_LIMITS__MOST_PIXELS", "7")
    with pytest.raises(ConfigurationError, match="DETEKTOR") as caught:
        load_settings(DetectSettings)
    assert "MOST_PIXELS" in str(caught.value)
