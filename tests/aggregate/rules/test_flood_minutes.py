"""Flood minutes: what a minute's figures rest on, and which minutes have no row."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from schemas.camera_events import CameraEvent
from schemas.cameras import Camera, FloodRule, Zone
from services.aggregate.rows import FloodMinuteRow
from tests.aggregate.make_events import make_camera, make_frame, ms
from tests.aggregate.rules.make_water import CAMERA, grid, revised, table, until, water_camera, wet


def minutes(events: list[CameraEvent], camera: Camera = CAMERA) -> list[FloodMinuteRow]:
    return table(FloodMinuteRow, events, camera)


def test_a_minute_holds_mean_and_largest_r_over_its_frames() -> None:
    row = minutes(until(70, (0, 15, 102), (15, 20, 255)))[0]
    assert (row.minute, row.zone_id, row.frames) == (ms(0), "road", 60)
    assert row.ratio_mean == pytest.approx((15 * 0.4 + 5 * 1.0) / 60)
    assert row.ratio_max == 1.0
    assert row.reliability_mean == pytest.approx(0.9)


def test_its_ratios_are_of_the_trailing_median() -> None:
    row = minutes(until(70, (20, 25, 255)), water_camera(rule=FloodRule()))[0]
    assert (row.ratio_mean, row.ratio_max) == (0.0, 0.0)


def test_its_state_is_the_worst_of_its_frames_as_they_were_judged() -> None:
    states = [row.state for row in minutes(until(700, (70, 80, 255), (130, 270, 255)))]
    assert states == ["dry", "onset", "onset", "onset", *["flood"] * 6, "dry", "dry"]


def test_time_observed_is_that_of_all_frames() -> None:
    row = minutes([wet(n, 0) for n in (*range(10), *range(50, 70))])[0]
    assert (row.frames, row.observed_s, row.expected_s) == (20, 21.0, 60.0)


def test_a_minute_without_a_grid_has_no_row() -> None:
    blind: list[CameraEvent] = [make_frame(n) for n in range(60, 180)]
    rows = minutes([*until(60), *blind, *until(300, start=180)])
    assert [row.minute for row in rows] == [ms(60 * n) for n in (0, 3, 4)]


def test_a_minute_of_which_some_frames_have_a_grid_rests_on_these() -> None:
    mixed = [wet(n, 102) if n % 3 == 0 else make_frame(n) for n in range(70)]
    row = minutes(list(mixed))[0]
    assert (row.frames, row.observed_s) == (20, 60.0)
    assert row.ratio_mean == pytest.approx(0.4)


def test_a_camera_without_a_water_zone_has_no_flood_minutes() -> None:
    assert table(FloodMinuteRow, until(300, (0, 300, 255)), make_camera()) == []


def test_a_late_frame_amends_the_number_of_frames_and_nothing_else() -> None:
    events = until(300, (0, 100, 102))
    late = events.pop(30)
    before, after = minutes(events)[0], minutes([*events, wet(30, 255, reliability=0.1)])[0]
    assert (before.frames, before.revision, after.frames, after.revision) == (59, 0, 60, 1)
    same = ("ratio_mean", "ratio_max", "reliability_mean", "state", "observed_s")
    assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]
    others = [[replace(row, version=0) for row in minutes(told)[1:]] for told in (events, [*events, late])]
    assert others[0] == others[1]


def test_a_minute_of_late_frames_only_has_no_row() -> None:
    events = [*until(60), *until(300, start=120)]
    assert [row.minute for row in minutes([*events, wet(90, 0)])] == [ms(60 * n) for n in (0, 2, 3, 4)]


def test_minutes_of_a_zone_that_is_there_no_more_stay() -> None:
    other = Zone("yard", "water", ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)))
    events = [wet(n, 102, camera_revision=1 if n < 90 else 2) for n in range(200)]
    rows = revised(events, CAMERA, water_camera((other,), revision=2))["flood_minutes"]
    told = [(row.zone_id, row.minute, row.frames) for row in rows]  # type: ignore[attr-defined]
    assert told == [("road", ms(0), 60), ("road", ms(60), 30), ("yard", ms(60), 30), ("yard", ms(120), 60), ("yard", ms(180), 14)]  # fmt: skip # noqa: E501


def test_a_zone_so_small_that_it_holds_no_cell_is_the_nearest_one() -> None:
    drain = Zone("drain", "water", ((0.1, 0.51), (0.105, 0.51), (0.105, 0.52)))
    rows = table(FloodMinuteRow, [make_frame(n, water=grid(102, 255)) for n in range(70)], water_camera((drain,)))
    assert rows[0].ratio_mean == pytest.approx(0.4)
