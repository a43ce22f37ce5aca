from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from schemas.camera_events import CAMERA_EVENT_CODEC, FrameDetections, FrameOutcome, FrameShed
from services.detect.frame import Frame
from services.detect.looking import WaterMeter
from services.detect.objects import CLASSES
from services.detect.pipeline import CameraPolicy, Tools, judge
from services.detect.preparation import CpuPreparation, Preparation
from tests.detect.pictures import (
    APPENDED_AT_MS,
    BlueCells,
    jpeg_of,
    make_frame,
    make_headers,
    nanodet,
    street_bgr,
    textured_bgr,
)
from tests.detect.test_preparation import each_way

LOW_SCORE = 0.06
"""In the drawn street little is found; so low, there are enough objects to compare."""


def tools(
    policy: CameraPolicy | None = None, now_ms: int = APPENDED_AT_MS + 1_000, water: WaterMeter | None = None
) -> Tools:
    chosen = policy or CameraPolicy()
    return Tools(nanodet(), "nanodet", policy_of=lambda _: chosen, clock=lambda: now_ms, batch_size=4, water=water)


def tools_by_camera(policies: dict[str, CameraPolicy], preparation: Preparation | None = None) -> Tools:
    return Tools(
        nanodet(),
        "nanodet",
        policy_of=lambda frame: policies[frame.camera_id],
        clock=lambda: APPENDED_AT_MS,
        batch_size=4,
        water=BlueCells(),
        preparation=preparation or CpuPreparation(),
        thresholds=dict.fromkeys(CLASSES, LOW_SCORE),
    )


def test_no_frames_give_no_outcomes() -> None:
    assert judge([], tools()) == []


def test_each_frame_has_one_outcome_in_order() -> None:
    frames = [make_frame(sequence=0), make_frame(b"no jpeg", sequence=1), make_frame(sequence=2)]
    outcomes = judge(frames, tools())
    assert [outcome.sequence for outcome in outcomes] == [0, 1, 2]
    assert [type(outcome) for outcome in outcomes] == [FrameDetections, FrameShed, FrameDetections]


def test_a_frame_that_lay_in_kafka_too_long_is_shed_before_it_is_decoded() -> None:
    (shed,) = judge([make_frame(b"never looked at")], tools(now_ms=APPENDED_AT_MS + 10_001))
    assert isinstance(shed, FrameShed)
    assert shed.reason == "stale"
    assert "10001 ms" in shed.detail


def test_the_age_in_kafka_counts_and_not_the_age_of_the_footage() -> None:
    frame = make_frame()
    old = replace(frame, headers=make_headers(captured_at_ms=1_000))
    assert isinstance(judge([old], tools())[0], FrameDetections)


def test_a_policy_without_an_age_never_sheds() -> None:
    (outcome,) = judge([make_frame()], tools(CameraPolicy(stale_after_ms=None), now_ms=APPENDED_AT_MS * 2))
    assert isinstance(outcome, FrameDetections)


@pytest.mark.parametrize(("jpeg", "reason"), [(b"no jpeg", "undecodable"), (bytes(10_000_001), "refused")])
def test_what_can_not_be_decoded_says_why(jpeg: bytes, reason: str) -> None:
    (shed,) = judge([make_frame(jpeg)], tools())
    assert isinstance(shed, FrameShed)
    assert shed.reason == reason
    assert shed.detail


def test_the_same_frame_gives_the_same_event_however_often_and_with_whom_it_is_judged() -> None:
    frame = make_frame(sequence=7)
    alone = judge([frame], tools())[0]
    among = judge([make_frame(sequence=6), frame, make_frame(sequence=8)], tools())[1]
    assert alone.event_id == among.event_id
    assert judge([frame], tools()) == [alone]


def test_ids_differ_by_camera_epoch_sequence_and_outcome() -> None:
    frames = [make_frame(sequence=1), make_frame(sequence=2), make_frame(sequence=1, camera_id="cam-2")]
    judged = judge(frames, tools())
    shed = judge(frames, tools(now_ms=APPENDED_AT_MS + 60_000))
    assert len({outcome.event_id for outcome in judged + shed}) == 6


@pytest.mark.parametrize("tiles", ["1x1", "2x2"])
def test_an_event_keeps_its_contract(tiles: str) -> None:
    (event,) = judge([make_frame()], tools(CameraPolicy(tiles=tiles)))  # type: ignore[arg-type]
    assert isinstance(event, FrameDetections)
    assert CAMERA_EVENT_CODEC.decode(CAMERA_EVENT_CODEC.encode(event)) == event
    assert (event.width, event.height, event.detector.tiles) == (640, 360, tiles)
    assert event.detected_at_ms == APPENDED_AT_MS + 1_000
    scores = [each.score for each in event.objects]
    assert scores == sorted(scores, reverse=True)


def test_the_size_is_the_jpegs_own_though_it_is_decoded_smaller() -> None:
    (event,) = judge([make_frame(jpeg_of(street_bgr(720, 1280)))], tools())
    assert isinstance(event, FrameDetections)
    assert (event.width, event.height) == (1280, 720)


def test_frames_of_many_sizes_are_judged_in_one_batch() -> None:
    sizes = [(360, 640), (480, 640), (640, 360), (576, 768), (100, 120)]
    frames = [make_frame(jpeg_of(street_bgr(*size)), sequence=index) for index, size in enumerate(sizes)]
    outcomes = judge(frames, tools())
    assert [(o.height, o.width) for o in outcomes if isinstance(o, FrameDetections)] == sizes


POLICIES = {
    "whole": CameraPolicy(),
    "tiled": CameraPolicy(tiles="2x2"),
    "flood": CameraPolicy(water=True, priority=0),
    "both": CameraPolicy(tiles="2x2", water=True, priority=0),
}


def mixed_frames(count: int) -> list[Frame]:
    """Frames of four cameras that are treated differently, in several sizes, each picture unlike the others."""
    sizes = [(360, 640), (480, 640), (720, 1280)]
    frames = []
    for index in range(count):
        image = np.roll(street_bgr(*sizes[index % len(sizes)]), 31 * index, axis=1)
        frames.append(make_frame(jpeg_of(image), sequence=index, camera_id=list(POLICIES)[index % 4]))
    frames[1] = replace(frames[1], jpeg=frames[1].jpeg[:4000])
    return frames


def assert_same(one: FrameOutcome, other: FrameOutcome) -> None:
    """All that an event says is equal, but that sums of another batch size may round a score's fourth digit."""
    assert type(one) is type(other)
    if isinstance(one, FrameDetections) and isinstance(other, FrameDetections):
        assert [each.label for each in one.objects] == [each.label for each in other.objects]
        for a, b in zip(one.objects, other.objects, strict=True):
            assert abs(a.score - b.score) <= 2e-4
            assert np.abs(np.subtract(a.box, b.box)).max() <= 2e-4
        one, other = (msgspec.structs.replace(each, objects=()) for each in (one, other))
    assert one == other


@each_way
def test_a_batch_gives_what_its_frames_give_one_by_one(make_way: Callable[[], Preparation]) -> None:
    tools = tools_by_camera(POLICIES, make_way())
    frames = mixed_frames(12)
    together = judge(frames, tools)
    assert sum(len(each.objects) for each in together if isinstance(each, FrameDetections)) > 20
    for frame, outcome in zip(frames, together, strict=True):
        (alone,) = judge([frame], tools)
        assert_same(outcome, alone)


def test_water_is_measured_only_where_it_is_asked_for() -> None:
    frames = mixed_frames(8)
    asking = {name for name, policy in POLICIES.items() if policy.water}
    for event in judge(frames, tools_by_camera(POLICIES)):
        if isinstance(event, FrameDetections):
            assert (event.water is not None) == (event.camera_id in asking)
            assert (event.water_detector is not None) == (event.camera_id in asking)


def test_the_water_grid_is_the_pictures_row_by_row() -> None:
    image = np.zeros((360, 640, 3), np.uint8)
    image[:, :320] = 255  # the left half
    (event,) = judge([make_frame(jpeg_of(image))], tools(CameraPolicy(water=True), water=BlueCells()))
    assert isinstance(event, FrameDetections)
    assert event.water is not None
    grid = np.frombuffer(event.water, np.uint8).reshape(18, 32)
    assert (grid[:, :15] > 250).all()
    assert (grid[:, 17:] < 5).all()


def test_without_a_network_for_it_no_water_is_measured() -> None:
    (event,) = judge([make_frame()], tools(CameraPolicy(water=True)))
    assert isinstance(event, FrameDetections)
    assert (event.water, event.water_detector) == (None, None)


def test_the_id_tells_which_network_measured_water() -> None:
    frame, policy = make_frame(jpeg_of(textured_bgr())), CameraPolicy(water=True)
    networks = (None, BlueCells(), BlueCells("bluer-cells"))
    events = [judge([frame], tools(policy, water=network))[0] for network in networks]
    assert len({event.event_id for event in events}) == 3
    assert judge([frame], tools(policy, water=BlueCells()))[0].event_id == events[1].event_id
    # Where no water is asked for, who could have measured it is no part of the judgement.
    dry = [judge([frame], tools(water=network))[0].event_id for network in networks]
    assert dry == [events[0].event_id] * 3


def test_under_overload_the_urgent_are_judged_and_every_frame_has_its_outcome() -> None:
    """A second for a frame, and two seconds of patience: of eight waiting frames few can be judged in time."""
    tools = tools_by_camera(POLICIES)
    tools.admission.served(100, 100.0)
    frames = mixed_frames(8)
    outcomes = judge(frames, tools)
    assert [outcome.sequence for outcome in outcomes] == list(range(8))
    judged = [outcome.camera_id for outcome in outcomes if isinstance(outcome, FrameDetections)]
    assert judged
    assert set(judged) <= {"flood", "both"}
    assert {outcome.reason for outcome in outcomes if isinstance(outcome, FrameShed)} == {"overload"}
