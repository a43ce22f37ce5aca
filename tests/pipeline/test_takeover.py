"""300 cameras change hands by a kill, a return, a leave and a rolling restart: none is lost, none counts twice."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.camera_events import FrameCoordinates, FrameDetections, make_event_id
from schemas.frames import FrameHeaders
from schemas.table import Row, lasting_columns_of
from services.aggregate.recomputation import recompute
from services.aggregate.rows import CameraMinuteRow, CounterMinuteRow, FrameOutcomeRow
from services.runtime.kafka import ConsumedRecord, events_producer
from services.runtime.loop import deliver
from tests.integration.aggregate_scene import event_record, make_detections
from tests.integration.aggregate_worker import wait_until_caught_up
from tests.pipeline.takeover_scene import CAMERAS_COUNT, VICTIM, Story, played_story

pytestmark = [pytest.mark.pipeline, pytest.mark.alone]

OWNED_AGAIN_SECONDS = 15.0
"""The issue of a takeover: 10 s of session time-out, a rebalance, and as much again for a loaded machine."""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with played_story(tmp_path_factory.mktemp("takeover")) as story:
        yield story


def next_epochs(story: Story) -> dict[str, int]:
    """Of each camera of the killed worker the epoch that followed."""
    killed_at_ms = story.moments["killed"]
    return {camera: min(e for e in story.epochs(camera) if e > killed_at_ms) for camera in story.victims_cameras}


def test_every_camera_of_a_killed_worker_is_owned_and_seen_again_within_15_s(story: Story) -> None:
    assert len(story.victims_cameras) > CAMERAS_COUNT / 10
    killed_at_ms, epochs = story.moments["killed"], next_epochs(story)
    owned = [(epoch - killed_at_ms) / 1000 for epoch in epochs.values()]
    seen = [(story.frames[key][0][0].timestamp_ms - killed_at_ms) / 1000 for key in epochs.items()]
    print(
        f"{len(owned)} cameras without an owner; owned again after {statistics.median(owned):.1f} s (median), "
        f"{max(owned):.1f} s (last); first frame after {statistics.median(seen):.1f} s, {max(seen):.1f} s; "
        f"metrics show an owner of each after {story.owned_again_seconds:.1f} s"
    )
    assert max(owned) <= OWNED_AGAIN_SECONDS
    assert story.owned_again_seconds <= OWNED_AGAIN_SECONDS + 1.0  # the metric itself is shown once a second
    assert max(seen) <= OWNED_AGAIN_SECONDS + 2.0  # and a sample comes each second


def test_from_one_frame_of_a_new_owner_on_no_other_one_publishes(story: Story) -> None:
    for camera in (camera.camera_id for camera in story.cameras):
        frames = [frame for epoch in story.epochs(camera) for frame in story.frames[camera, epoch]]
        offsets = [record.offset for record, _ in frames]
        assert offsets == sorted(offsets), f"{camera}: a frame of a lower epoch lies behind one of a higher epoch"
        for epoch in story.epochs(camera):
            assert len({headers.ingest_instance for _, headers in story.frames[camera, epoch]}) == 1
        instants = [headers.captured_at_ms for _, headers in frames]
        assert all(later - earlier > 0 for earlier, later in itertools.pairwise(instants)), camera


def test_hand_overs_lose_few_samples_and_a_rolling_restart_moves_nothing(story: Story) -> None:
    print(f"a restart takes {story.restart_seconds:.1f} s until the worker is ready")
    rolled_most = math.ceil(story.restart_seconds) + 3  # a picture of each camera has to come, too
    for phase, most in (("killed", 16), ("returned", 6), ("left", 6), ("rolled", rolled_most)):
        lost = story.hand_overs(phase)
        assert lost, phase
        print(
            f"{phase}: {len(lost)} cameras changed their epoch; samples lost of each: "
            f"{statistics.median(lost.values()):g} (median), {max(lost.values())} (most)"
        )
        assert max(lost.values()) <= most, phase
    for camera in (camera.camera_id for camera in story.cameras):
        rolled = [epoch for epoch in story.epochs(camera) if epoch >= story.moments["rolled"]]
        before = max(epoch for epoch in story.epochs(camera) if epoch < story.moments["rolled"])
        assert len(rolled) == 1, f"{camera} was disturbed by the restart of the other worker"
        owners = {story.frames[camera, epoch][0][1].ingest_instance for epoch in (before, *rolled)}
        assert len(owners) == 1, f"{camera} was moved"


def test_who_was_told_to_stop_or_let_go_has_counted_every_frame(story: Story) -> None:
    for (camera, epoch), frames in story.frames.items():
        assert [headers.sequence for _, headers in frames] == list(range(len(frames))), (camera, epoch)
        last = story.statuses[camera, epoch][-1]
        if frames[0][1].ingest_instance == VICTIM and epoch < story.moments["killed"] and last.state != "stopped":
            assert camera in story.victims_cameras
            assert last.counters.captured <= len(frames)
        else:
            assert (last.state, last.counters.captured) == ("stopped", len(frames)), (camera, epoch)


def test_clickhouse_says_that_all_were_covered_before_and_none_after_the_last_worker_had_stopped(story: Story) -> None:
    assert story.covered_before == (CAMERAS_COUNT, CAMERAS_COUNT)
    assert story.covered_after == (0, CAMERAS_COUNT)
    rows = story.client.query("SELECT camera_id, owners_now, owner, last_owner, state FROM camera_coverage").result_rows
    assert {row[0] for row in rows} == {camera.camera_id for camera in story.cameras}
    assert {(owners, owner, state) for _, owners, owner, _, state in rows} == {(0, "", "stopped")}
    assert {last_owner for *_, last_owner, _ in rows} == {"one", "two"}


def test_the_ownerships_in_clickhouse_tell_the_story_and_lower_epochs_are_not_judged(story: Story) -> None:
    witnesses = sorted(story.victims_cameras)[:5]
    intruded = witnesses[0]
    events = sorted((e for camera in witnesses for e in detections_of(story, camera)), key=appended_at)
    intruders = as_if_the_killed_worker_had_gone_on(story, intruded)
    both = sorted([*events, *intruders], key=appended_at)
    deliver(events_producer(story.stack.kafka), [event_record(event) for event in both], 30.0)
    wait_until_caught_up(story.stack.kafka)
    assert outcomes(story, witnesses) == len(both), "every frame has its outcome"
    for camera in witnesses:
        assert_the_kill_is_told(story, camera, is_intruded=camera == intruded)
    alone = recompute(events, story.cameras)
    together = recompute(both, story.cameras)
    assert lasting(together[CounterMinuteRow.TABLE]) == lasting(alone[CounterMinuteRow.TABLE])
    observed = sum(row.observed_s for row in together[CameraMinuteRow.TABLE] if isinstance(row, CameraMinuteRow))
    assert observed == sum(row.observed_s for row in alone[CameraMinuteRow.TABLE] if isinstance(row, CameraMinuteRow))
    assert len(together[FrameOutcomeRow.TABLE]) == len(both), "accounted for they are"
    judged = (
        "SELECT sum(frames), round(sum(observed_s), 3) FROM counter_minutes FINAL WHERE camera_id = {camera:String}"
    )
    [stored] = story.client.query(judged, parameters={"camera": intruded}).result_rows
    minutes = [row for row in alone[CounterMinuteRow.TABLE] if isinstance(row, CounterMinuteRow)]
    mine = [row for row in minutes if row.camera_id == intruded]
    assert stored == (sum(row.frames for row in mine), round(sum(row.observed_s for row in mine), 3))


def assert_the_kill_is_told(story: Story, camera: str, is_intruded: bool) -> None:
    query = (
        "SELECT ingest_instance, ended, gap_seconds, next_instance FROM camera_ownerships "
        "WHERE camera_id = {camera:String} AND owner_epoch >= {epoch:UInt64} ORDER BY owner_epoch"
    )
    epoch = max(epoch for epoch in story.epochs(camera) if epoch < story.moments["killed"])
    first, *later = story.client.query(query, parameters={"camera": camera, "epoch": epoch}).result_rows
    heir = story.frames[camera, next_epochs(story)[camera]][0][1].ingest_instance
    assert (first[0], first[1], first[3]) == (VICTIM, "superseded", heir)
    assert [ended for _, ended, *_ in later] == ["released"] * len(later)
    assert later[-1][0] in ("one", "two")
    if is_intruded:
        assert first[2] < 0, "two gave signs of life at once"
    else:
        last_ms = story.frames[camera, epoch][-1][0].timestamp_ms
        assert first[2] == pytest.approx((next_epochs(story)[camera] - last_ms) / 1000, abs=0.01)


def detections_of(story: Story, camera: str) -> list[FrameDetections]:
    """What a detector says of each frame of a camera; here always the same."""
    frames = [frame for epoch in story.epochs(camera) for frame in story.frames[camera, epoch]]
    return [detection(record, headers) for record, headers in frames]


def as_if_the_killed_worker_had_gone_on(story: Story, camera: str) -> list[FrameDetections]:
    """Five more frames of the killed worker's epoch, taken and appended half a second after ones of its heir."""
    epoch = max(epoch for epoch in story.epochs(camera) if epoch < story.moments["killed"])
    known = len(story.frames[camera, epoch])
    heirs = story.frames[camera, next_epochs(story)[camera]][:5]
    return [
        detection(record, headers, epoch, known + number, later_ms=500)
        for number, (record, headers) in enumerate(heirs)
    ]


def detection(
    record: ConsumedRecord, headers: FrameHeaders, epoch: int = 0, number: int = 0, later_ms: int = 0
) -> FrameDetections:
    camera, epoch = (record.key or b"").decode(), epoch or headers.owner_epoch
    sequence = number if later_ms else headers.sequence
    sample = make_detections(camera, sequence)
    return FrameDetections(
        event_id=make_event_id(camera, epoch, sequence),
        camera_id=camera,
        owner_epoch=epoch,
        sequence=sequence,
        captured_at_ms=headers.captured_at_ms + later_ms,
        camera_revision=headers.camera_revision,
        source_kind=headers.source_kind,
        simulated=headers.simulated,
        frame=FrameCoordinates(record.topic, record.partition, record.offset, record.timestamp_ms + later_ms),
        detected_at_ms=record.timestamp_ms + 200 + later_ms,
        width=headers.width,
        height=headers.height,
        detector=sample.detector,
        objects=sample.objects,
        scene=sample.scene,
        reliability=0.9,
    )


def appended_at(event: FrameDetections) -> int:
    return event.frame.appended_at_ms


def outcomes(story: Story, cameras: list[str]) -> int:
    query = "SELECT count() FROM frame_outcomes FINAL WHERE camera_id IN {cameras:Array(String)}"
    return int(story.client.query(query, parameters={"cameras": cameras}).result_rows[0][0])


def lasting(rows: list[Row]) -> list[dict[str, Any]]:
    return [{name: getattr(row, name) for name in lasting_columns_of(type(row))} for row in rows]
