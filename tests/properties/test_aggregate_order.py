"""Rows are a function of the events: not of their order within the allowed lateness, of repeats, or of restarts."""

from __future__ import annotations

import random
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.camera_events import CameraEvent, Decision, FrameDetections, FrameShed, ShedReason
from schemas.cameras import CounterRule, ParkingRule, Rules, Zone
from schemas.table import Row
from schemas.verdicts import REORDER_MS
from services.aggregate.judgement import Judgement
from services.aggregate.recomputation import NewestRows, PlacedEvent, any_revision_of, recompute, version_of
from tests.aggregate.make_events import (
    CAMERA_ID,
    LEFT_HALF,
    RIGHT_HALF,
    every_day,
    lasting,
    make_camera,
    make_decision,
    make_frame,
    make_shed,
    make_status,
    person,
    vehicle,
)

ZONES = (
    Zone("queue", "queue", LEFT_HALF),
    Zone("staff", "staff", RIGHT_HALF),
    Zone("edge", "counter_edge", line=((0.55, 1.0), (0.55, 0.0))),
    Zone("curb", "no_parking", LEFT_HALF, timetable=every_day("07:00", "07:10")),
)
SHORT = Rules(
    counter=CounterRule(
        unattended_after_seconds=30,
        not_open_after_seconds=60,
        after_hours_after_seconds=20,
        presence_bridge_seconds=10,
    ),
    parking=ParkingRule(stationary_window_seconds=10, grace_seconds=30, return_seconds=60),
)
"""So short that a few minutes of footage open and end episodes of every kind."""

CAMERAS = [make_camera(ZONES, opening_hours=every_day("07:03", "07:20"), rules=SHORT)]
REASONS: tuple[ShedReason, ...] = ("stale", "overload", "undecodable", "refused")
SEEDS = st.integers(0, 2**32)
LEAN = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def stream(seed: int) -> list[CameraEvent]:
    """Give 800 frames of a camera: visits, vehicles, sheds, lost frames, new owners, outages, clocks that run."""
    chance = random.Random(seed)
    events: list[CameraEvent] = []
    things: list[Any] = []
    second, sequence, epoch = 0.0, 0, 1
    outage = chance.randrange(500, 700)
    for number in range(800):
        gap = chance.random()
        second += 3_700 if number == outage else 0  # so long that minutes and epochs are let go
        second += 1 if gap < 0.97 else chance.choice((3, 45, 100)) if gap < 0.9995 else 1900
        if chance.random() < 0.012:
            things = [
                chance.choice((person, vehicle))(0.15 + 0.7 * chance.random()) for _ in range(chance.randrange(5))
            ]
        if chance.random() < 0.004 or (number - outage in (1, 3) and chance.random() < 0.3):
            epoch, sequence = epoch + 1, 0
        events += outcomes(chance, second, things, sequence, epoch)
        sequence += 1
    return events


def outcomes(chance: random.Random, second: float, things: list[Any], sequence: int, epoch: int) -> list[CameraEvent]:
    """Give what is said about one frame: nothing, shed, judged, both, or twice; at times a status as well."""
    after_ms = -40_000 if chance.random() < 0.01 else 150  # now and then the camera's clock runs ahead
    fields: dict[str, Any] = {"sequence": sequence, "owner_epoch": epoch, "appended_after_ms": after_ms}
    said: list[CameraEvent] = []
    if chance.random() < 0.05:
        said += [make_shed(second, chance.choice(REASONS), **fields) for _ in range(chance.randrange(1, 3))]
    if chance.random() < 0.95:
        judged = make_frame(second, things, **fields)
        said.append(judged)
        if chance.random() < 0.05:  # by a second worker, since the first one died before it could commit
            said.append(msgspec.structs.replace(judged, detected_at_ms=judged.detected_at_ms + 777))
    if chance.random() < 0.02:
        said.append(make_status(second, sequence + 1, epoch=epoch, bytes=1000 * sequence))
    if chance.random() < 0.004:
        mask = ((0.0, 0.0), (0.3, 0.0), (0.3, 1.0), (0.0, 1.0))
        said.append(make_decision(second, "static_object_masked", mask=mask))
    return said


def instant_of(event: CameraEvent) -> int:
    if isinstance(event, FrameDetections | FrameShed):
        return event.captured_at_ms
    return event.decided_at_ms if isinstance(event, Decision) else event.at_ms


def delayed(events: list[CameraEvent], seed: int) -> list[CameraEvent]:
    """Let each event arrive up to five seconds after its time."""
    chance = random.Random(seed)
    at = [(instant_of(event) + chance.randrange(REORDER_MS + 1), number) for number, event in enumerate(events)]
    return [events[number] for _, number in sorted(at)]


def test_the_streams_open_and_end_episodes_of_every_kind() -> None:
    """Else the properties below would hold of nothing."""
    found: set[tuple[str, str, str]] = set()
    for seed in range(26):
        for row in recompute(stream(seed), CAMERAS)["episodes"]:
            found.add((row.episode_type, row.kind, row.ended_because))  # type: ignore[attr-defined]
    kinds = {(kind, because) for _, kind, because in found}
    assert {("", "left"), ("", "timetable"), ("", "no_data")} <= kinds
    assert {
        ("unattended", "cleared"),
        ("unattended", "left"),
        ("not_open", "cleared"),
        ("after_hours", "left"),
    } <= kinds


class WrittenRows(NewestRows):
    """A store that refuses two different rows of one key and version: it could not tell which of them rules."""

    def __init__(self) -> None:
        super().__init__()
        self._written: dict[tuple[Any, ...], Row] = {}

    def add(self, rows: dict[str, list[Row]]) -> None:
        super().add(rows)
        for table, batch in rows.items():
            for row in batch:
                assert self._written.setdefault((table, row.key(), version_of(row)), row) == row


@LEAN
@given(SEEDS, SEEDS)
def test_events_in_any_order_within_the_lateness_give_the_same_rows(seed: int, shuffle_seed: int) -> None:
    events = stream(seed)
    shuffled = delayed(events, shuffle_seed)
    assert shuffled != events
    assert lasting(recompute(shuffled, CAMERAS)) == lasting(recompute(events, CAMERAS))


@LEAN
@given(SEEDS, SEEDS)
def test_repeated_events_give_the_same_rows(seed: int, repeat_seed: int) -> None:
    events, chance = stream(seed), random.Random(repeat_seed)
    repeated: list[CameraEvent] = []
    for number, event in enumerate(events):
        repeated.append(event)
        repeated += [events[chance.randrange(max(0, number - 300), number + 1)] for _ in range(chance.randrange(3))]
    assert lasting(recompute(repeated, CAMERAS)) == lasting(recompute(events, CAMERAS))


@LEAN
@given(SEEDS, SEEDS)
def test_a_judgement_that_goes_through_its_blobs_gives_the_same_rows(seed: int, split_seed: int) -> None:
    events, chance = stream(seed), random.Random(split_seed)
    judgement, newest = Judgement(any_revision_of(CAMERAS)), WrittenRows()
    for offset, event in enumerate(events):
        judgement.apply(event, offset)
        if chance.random() < 0.05:
            drained = judgement.drain()
            newest.add(drained.rows)
            judgement = Judgement(any_revision_of(CAMERAS))
            judgement.load(drained.blobs[CAMERA_ID])
    newest.add(judgement.drain().rows)
    assert lasting(newest.sorted()) == lasting(recompute(events, CAMERAS))


@LEAN
@given(SEEDS, SEEDS)
def test_crashes_before_a_save_change_no_row_and_repeat_versions_only_with_equal_rows(
    seed: int, chance_seed: int
) -> None:
    events, chance = stream(seed), random.Random(chance_seed)
    judgement, written = Judgement(any_revision_of(CAMERAS)), WrittenRows()
    saved, blob, offset, crashes = 0, b"", 0, 0
    while offset < len(events):
        judgement.apply(events[offset], offset)
        offset += 1
        if chance.random() < 0.05:
            drained = judgement.drain()
            written.add(drained.rows)  # rows are written first
            if chance.random() < 0.5 and crashes < 20:
                crashes += 1  # and the process dies before its state is
                judgement, offset = Judgement(any_revision_of(CAMERAS)), saved
                if blob:
                    judgement.load(blob)
            else:
                saved, blob = offset, drained.blobs[CAMERA_ID]
    written.add(judgement.drain().rows)
    assert lasting(written.sorted()) == lasting(recompute(events, CAMERAS))


@LEAN
@given(SEEDS)
def test_captured_is_detected_plus_shed_plus_dead_plus_expired(seed: int) -> None:
    tables = recompute([PlacedEvent(n, event) for n, event in enumerate(stream(seed))], CAMERAS)
    proved = sum(row.captured_proved for row in tables["capture_counters"])  # type: ignore[attr-defined]
    assert len(tables["frame_outcomes"]) == proved
    in_minutes: dict[int, int] = {}
    for row in tables["frame_outcomes"]:
        in_minutes[row.minute] = in_minutes.get(row.minute, 0) + 1  # type: ignore[attr-defined]
    assert {row.minute: row.frames for row in tables["camera_minutes"]} == in_minutes  # type: ignore[attr-defined]
