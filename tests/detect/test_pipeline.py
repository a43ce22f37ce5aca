from __future__ import annotations

from dataclasses import replace

import pytest

from schemas.camera_events import CAMERA_EVENT_CODEC, FrameDetections, FrameShed
from services.detect.pipeline import CameraPolicy, Tools, judge
from tests.detect.pictures import APPENDED_AT_MS, jpeg_of, make_frame, make_headers, nanodet, street_bgr


def tools(policy: CameraPolicy | None = None, now_ms: int = APPENDED_AT_MS + 1_000) -> Tools:
    chosen = policy or CameraPolicy()
    return Tools(nanodet(), "nanodet", policy_of=lambda _: chosen, clock=lambda: now_ms, batch_size=4)


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
