"""What holds of any camera's water: restarts, repeats and order change nothing, and dry streets have no floods."""

from __future__ import annotations

import random

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.camera_events import CameraEvent, Decision, FrameDetections
from schemas.cameras import FloodRule, Zone
from schemas.verdicts import REORDER_MS
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.judgement import Judgement
from services.aggregate.observation import Observation
from services.aggregate.recomputation import any_revision_of, recompute
from services.aggregate.rules import flood
from services.aggregate.sights import sight_of
from services.aggregate.unsaved import Unsaved
from services.aggregate.view import CameraView
from tests.aggregate.make_events import CAMERA_ID, RIGHT_HALF, lasting, make_decision, make_frame
from tests.aggregate.rules.make_water import ROAD, grid, table, water_camera

HASTY = FloodRule(onset_seconds=20.0, cleared_seconds=40.0, median_seconds=10.0, baseline_hours=0.5)
"""So short that a few minutes open and end floods."""
CAMERA = water_camera((ROAD, Zone("yard", "water", RIGHT_HALF)), HASTY)
SEEDS = st.integers(0, 2**32)
LEAN = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def stream(seed: int, count: int = 300) -> list[CameraEvent]:
    """Give water that comes and goes, frames that are missing or bear no grid, dull pictures, outages, approvals."""
    chance = random.Random(seed)
    events: list[CameraEvent] = []
    second, levels, reliability = 0.0, (0, 0), 0.9
    outage = chance.randrange(count)
    for number in range(count):
        second += chance.choice((0.2, 1, 1, 1, 4)) + (
            2_000 if number == outage else 65 if chance.random() < 0.004 else 0
        )
        if chance.random() < 0.03:
            levels = (chance.choice((0, 10, 38, 60, 230)), chance.choice((0, 10, 38, 60, 230)))
            reliability = chance.choice((0.9, 0.2))
        left, right = (min(255, level + chance.randrange(8)) for level in levels)
        water = None if chance.random() < 0.05 else grid(left, right)
        events.append(make_frame(round(second, 3), sequence=number, water=water, reliability=reliability))
        if chance.random() < 0.004:
            events.append(make_decision(round(second + 0.1, 3), "dry_reference_approved"))
    return events


def delayed(events: list[CameraEvent], seed: int) -> list[CameraEvent]:
    """Let each event arrive up to five seconds after its time."""
    chance = random.Random(seed)

    def arrival(event: CameraEvent) -> int:
        at_ms = event.decided_at_ms if isinstance(event, Decision) else getattr(event, "captured_at_ms", 0)
        return at_ms + chance.randrange(REORDER_MS)

    return sorted(events, key=arrival)


def test_the_streams_open_and_end_floods_in_every_way() -> None:
    """Else the properties below would hold of nothing."""
    found = [row for seed in range(8) for row in table(EpisodeRow, stream(seed), CAMERA)]
    assert {row.ended_because for row in found} >= {"", "cleared", "no_data"}
    assert {"low_reliability" in row.why_names for row in found} == {True, False}


@LEAN
@given(SEEDS, SEEDS)
def test_order_within_the_lateness_changes_nothing(seed: int, shuffle_seed: int) -> None:
    events = stream(seed)
    assert lasting(recompute(delayed(events, shuffle_seed), [CAMERA])) == lasting(recompute(events, [CAMERA]))


@LEAN
@given(SEEDS, SEEDS)
def test_repeats_change_nothing(seed: int, repeat_seed: int) -> None:
    events, chance = stream(seed), random.Random(repeat_seed)
    repeated = [one for n in range(len(events)) for one in (events[n], events[chance.randrange(n + 1)])]
    assert lasting(recompute(repeated, [CAMERA])) == lasting(recompute(events, [CAMERA]))


@LEAN
@given(SEEDS, st.integers(1, 60))
def test_restarts_change_nothing(seed: int, every: int) -> None:
    events = stream(seed)
    judgement, unbroken = Judgement(any_revision_of([CAMERA])), Judgement(any_revision_of([CAMERA]))
    for offset, event in enumerate(events):
        judgement.apply(event, offset)
        unbroken.apply(event, offset)
        if offset % every == every - 1:
            blob = judgement.drain().blobs[CAMERA_ID]
            assert blob == unbroken.drain().blobs[CAMERA_ID]
            judgement = Judgement(any_revision_of([CAMERA]))
            judgement.load(blob)


@LEAN
@given(st.lists(st.integers(0, 37), min_size=200, max_size=200), st.integers(0, 255))
def test_there_is_no_flood_where_no_frame_reaches_the_onset_ratio(levels: list[int], beside: int) -> None:
    camera = water_camera((ROAD,), HASTY)
    events = [make_frame(n, water=grid(level, beside)) for n, level in enumerate(levels)]
    assert table(EpisodeRow, events, camera) == []


@LEAN
@given(st.lists(st.integers(39, 255), min_size=60, max_size=120))
def test_there_is_one_flood_where_every_frame_reaches_it(levels: list[int]) -> None:
    events = [make_frame(n, water=grid(level)) for n, level in enumerate(levels)]
    (found,) = table(EpisodeRow, events, water_camera((ROAD,), HASTY))
    assert (found.phase, found.first_frame_offset) == ("open", 0)


@LEAN
@given(SEEDS)
def test_times_of_a_flood_are_in_order(seed: int) -> None:
    for row in table(EpisodeRow, stream(seed), CAMERA):
        end = row.ended_at or row.last_seen_at
        assert row.started_at <= row.peak_at <= end
        assert row.started_at <= row.last_seen_at <= end
        assert row.recession_at == 0 or row.peak_at <= row.recession_at <= end
        assert 0.15 <= row.why_values[0] <= row.peak_ratio <= 1.0


def test_what_the_rule_keeps_of_a_camera_is_small() -> None:
    """A zone of half the picture, 288 cells, at 1 frame/s, in a flood."""
    camera = water_camera(rule=FloodRule())
    view, state, observation, unsaved = CameraView(camera), flood.State(), Observation(), Unsaved()
    for n in range(1000):
        frame: FrameDetections = make_frame(n, water=grid(n % 256 if n < 500 else 200))
        flood.judge(state, sight_of(frame, view), observation.advance(frame.captured_at_ms, view), view, unsaved)
    flood.forget_before(state, 2**40)
    assert len(msgspec.msgpack.encode(state)) < 2 * 4 * 288 + 60 * 9 + 1024
