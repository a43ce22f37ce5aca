"""The dry baseline: how fast it follows, when it is frozen, and what a person's approval makes of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from schemas.camera_events import CameraEvent
from schemas.cameras import Camera, FloodRule, Zone
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.flood_baseline import WaterBaseline
from services.aggregate.rows import FloodMinuteRow
from services.aggregate.view import WaterZone
from tests.aggregate.make_events import make_decision, make_frame, ms
from tests.aggregate.rules.make_water import AT_ONCE, CAMERA, ROAD, grid, revised, table, until, water_camera, wet

ZONE, RULE = WaterZone(ROAD), FloodRule()
HOUR_MS = 3_600_000
LAPSE_S = 1_200
LAPSE = water_camera(rule=RULE, sample_fps=1 / LAPSE_S)
"""A frame in twenty minutes: days of it are quick to judge."""
A_DAY = 72


def floods(events: Sequence[CameraEvent], camera: Camera = CAMERA) -> list[EpisodeRow]:
    return table(EpisodeRow, events, camera)


def approval(seconds: float) -> CameraEvent:
    return make_decision(seconds, "dry_reference_approved")


def watched(hours: float, level: int, baseline: WaterBaseline | None = None) -> WaterBaseline:
    """Let a minute's frame after the other show ``level``."""
    seen = baseline or WaterBaseline()
    for minute in range(round(hours * 60)):
        seen.take(grid(level), ZONE, minute * 60_000, 60_000, RULE)
        seen.learn(60_000, RULE)
    return seen


def level_of(baseline: WaterBaseline) -> float:
    levels = np.frombuffer(baseline.baseline, np.float32)
    assert len(levels) == len(ZONE.cells)
    assert levels.min() == levels.max()
    return float(levels[0])


def test_the_baseline_follows_with_a_time_constant_of_a_day_of_observed_time() -> None:
    assert level_of(watched(24, 30)) == pytest.approx(30 * (1 - math.exp(-1)), rel=2e-3)
    assert level_of(watched(72, 30)) == pytest.approx(30 * (1 - math.exp(-3)), rel=2e-3)


def test_it_follows_downwards_as_well() -> None:
    assert level_of(watched(24, 0, watched(72, 100))) == pytest.approx(
        100 * (1 - math.exp(-3)) * math.exp(-1), rel=2e-3
    )


def test_it_does_not_depend_on_how_often_a_camera_is_read() -> None:
    often = WaterBaseline()
    for n in range(60 * 60):
        often.take(grid(30), ZONE, n * 1000, 1_000, RULE)
        often.learn(1_000, RULE)
    assert level_of(often) == pytest.approx(level_of(watched(1, 30)), rel=2e-3)


def test_each_cell_has_its_own_baseline() -> None:
    puddle = bytes([255 if 10 * 32 <= cell < 11 * 32 else 0 for cell in range(576)])
    events: list[CameraEvent] = [make_frame(n, water=puddle) for n in range(100)]
    events += [approval(100), *[make_frame(n, water=grid(255)) for n in range(100, 200)]]
    rows = table(FloodMinuteRow, events)
    assert rows[0].ratio_max == pytest.approx(1 / 18, abs=1e-4)
    assert rows[-1].ratio_max == pytest.approx(17 / 18, abs=1e-4)


def test_drier_than_the_baseline_is_dry() -> None:
    events = [*until(100, (0, 100, 100)), approval(100), *until(300, start=100)]
    assert table(FloodMinuteRow, events)[-1].ratio_max == 0.0


def test_without_a_dry_reference_the_baseline_is_nought() -> None:
    assert table(FloodMinuteRow, until(70, (0, 70, 51)))[0].ratio_mean == pytest.approx(0.2)


def test_an_approval_makes_the_mean_of_the_last_minute_the_baseline() -> None:
    dull = [*until(90, (0, 90, 60)), approval(90)]
    assert floods([*dull, *until(500, (90, 500, 60), start=90)]) == []
    assert floods(until(500, (0, 500, 60))) != []
    rows = table(FloodMinuteRow, [*dull, *until(500, (90, 500, 111), start=90)])
    assert rows[-1].ratio_mean == pytest.approx(0.2, abs=1e-4)


def test_the_last_minute_is_a_mean_that_forgets_with_a_time_constant_of_a_minute() -> None:
    seen = WaterBaseline()
    for n in range(600):
        seen.take(grid(0 if n < 540 else 100), ZONE, n * 1000, 1_000, RULE)
    seen.approve()
    assert level_of(seen) == pytest.approx(100 * (1 - math.exp(-1)), rel=0.02)


def test_an_approval_rules_from_its_own_time_on() -> None:
    events = [*until(200, (0, 200, 60)), approval(100), *until(400, (200, 400, 60), start=200)]
    ratios = [row.ratio_mean for row in table(FloodMinuteRow, events)]
    assert ratios[0] == pytest.approx(60 / 255, abs=1e-4)
    assert ratios[-1] == 0.0


def test_an_approval_before_any_frame_makes_the_first_one_the_baseline() -> None:
    events = [approval(-10), *until(400, (0, 1, 60), (1, 400, 111))]
    assert table(FloodMinuteRow, events)[-1].ratio_mean == pytest.approx(0.2, abs=1e-4)


def test_an_approval_after_a_gap_takes_what_was_seen_last() -> None:
    events = [*until(100, (0, 100, 60)), approval(3000), *until(4000, (3100, 4000, 111), start=3100)]
    assert table(FloodMinuteRow, events)[-1].ratio_mean == pytest.approx(0.2, abs=1e-3)


def test_an_approval_starts_runs_over_and_lets_a_false_flood_clear() -> None:
    assert floods([*until(100, (0, 100, 60)), approval(100), *until(400, (100, 400, 60), start=100)]) == []
    (found,) = floods([*until(200, (0, 200, 60)), approval(199.5), *until(700, (200, 700, 60), start=200)])
    assert (found.started_at, found.cleared_at, found.ended_because) == (ms(0), ms(200), "cleared")


@pytest.mark.parametrize(("seconds", "floods_then"), [(59, 0), (61, 1)])
def test_an_approval_holds_for_a_zone_that_is_drawn_in_the_minute_after_it(seconds: int, floods_then: int) -> None:
    """Whoever draws a zone anew approves at once, and its first frame is judged later."""
    wider = Zone("road", "water", ((0.0, 0.0), (0.6, 0.0), (0.6, 1.0), (0.0, 1.0)))
    drawn = 100 + seconds
    before: list[CameraEvent] = [*until(100, (0, 100, 60)), approval(100), *until(drawn, (100, drawn, 60), start=100)]
    events = [*before, *[wet(n, 60, camera_revision=2) for n in range(drawn, drawn + 200)]]
    found = revised(events, CAMERA, water_camera((wider,), revision=2))["episodes"]
    assert len(found) == floods_then


def test_a_changed_zone_has_no_dry_reference() -> None:
    wider = Zone("road", "water", ((0.0, 0.0), (0.6, 0.0), (0.6, 1.0), (0.0, 1.0)))
    before: list[CameraEvent] = [*until(90, (0, 90, 60)), approval(90), *until(200, (90, 200, 60), start=90)]
    events = [*before, *[wet(n, 60, camera_revision=2) for n in range(200, 400)]]
    found = revised(events, CAMERA, water_camera((wider,), revision=2))["episodes"]
    assert [row.started_at for row in found] == [ms(200)]  # type: ignore[attr-defined]


def test_the_baseline_is_frozen_while_a_flood_is_open() -> None:
    rows = table(FloodMinuteRow, [wet(LAPSE_S * n, 100, sequence=n) for n in range(150)], LAPSE)
    assert {row.state for row in rows[2:]} == {"flood"}
    assert {round(row.ratio_mean, 6) for row in rows[2:]} == {round(100 / 255, 6)}


def test_the_baseline_is_frozen_during_an_onset_run() -> None:
    patient = water_camera(rule=FloodRule(median_seconds=1.0, onset_seconds=3600.0))
    rows = table(FloodMinuteRow, until(900, (0, 900, 60)), patient)
    assert {row.state for row in rows} == {"onset"}
    assert {round(row.ratio_mean, 5) for row in rows} == {round(60 / 255, 5)}


def test_the_baseline_is_not_frozen_by_water_short_of_an_onset() -> None:
    ratios = [
        row.ratio_mean for row in table(FloodMinuteRow, [wet(LAPSE_S * n, 38, sequence=n) for n in range(150)], LAPSE)
    ]
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[A_DAY] == pytest.approx(38 / 255 * math.exp(-1), rel=0.03)


def test_time_that_no_frame_observed_does_not_move_it() -> None:
    gap = [wet(n, 30) for n in (*range(300), *range(600_000, 600_300))]
    unbroken = [wet(n, 30) for n in range(600)]
    last, expected = (table(FloodMinuteRow, events)[-1].ratio_mean for events in (gap, unbroken))
    assert last == pytest.approx(expected, abs=2e-4)


def rising(days: float, top: int = 255, rest_days: float = 0.5) -> list[CameraEvent]:
    """Give a frame in twenty minutes of a view whose cells all rise from 0 to ``top`` in ``days``."""
    count = round((days + rest_days) * A_DAY)
    return [wet(LAPSE_S * n, round(top * min(1.0, n / (days * A_DAY))), sequence=n) for n in range(count)]


@pytest.mark.parametrize(("hours", "is_flood"), [(1, True), (24, True), (150, True), (170, False)])
def test_the_slowest_rise_to_full_cover_that_is_a_flood_takes_160_hours(hours: float, is_flood: bool) -> None:
    """At the end of a rise of T hours r is p (24 / T) (1 - exp(-T / 24)): .15 at 160 hours where p = 1."""
    assert 24 / 160 * (1 - math.exp(-160 / 24)) == pytest.approx(0.15, abs=2e-4)
    assert bool(floods(rising(hours / 24), LAPSE)) is is_flood


def test_days_that_brighten_and_darken_by_less_than_the_onset_ratio_are_no_floods() -> None:
    """Dawn takes hours, by day all cells are .14 above the night."""
    tide = [0.5 + 0.5 * math.tanh(3 * math.sin(2 * math.pi * n / A_DAY)) for n in range(A_DAY * 10)]
    events = [wet(LAPSE_S * n, 20 + round(36 * level), sequence=n) for n, level in enumerate(tide)]
    assert floods([approval(-10), *events], LAPSE) == []


def test_a_wet_season_that_comes_in_a_month_is_no_flood_and_a_flood_in_it_is_one() -> None:
    season = rising(30, top=150, rest_days=0)
    n = len(season)
    surge = [wet(LAPSE_S * (n + k), 230 if 10 <= k < 40 else 150, sequence=n + k) for k in range(80)]
    assert floods(season, LAPSE) == []
    (found,) = floods([*season, *surge], LAPSE)
    assert (found.started_at, found.cleared_at) == (ms(LAPSE_S * (n + 10)), ms(LAPSE_S * (n + 40)))


def test_a_long_baseline_is_followed_too() -> None:
    """Steps of one frame would vanish below 32 bits where the time constant is a month."""
    month = FloodRule(baseline_hours=720.0)
    seen = WaterBaseline()
    for n in range(60 * 60):
        seen.take(grid(30), ZONE, n * 1000, 1_000, month)
        seen.learn(1_000, month)
    assert level_of(seen) == pytest.approx(30 * (1 - math.exp(-1 / 720)), rel=0.02)


def test_the_rule_is_that_of_the_camera() -> None:
    slow = water_camera(rule=FloodRule(baseline_hours=720.0), sample_fps=1 / LAPSE_S)
    days = rising(8)
    assert floods(days, LAPSE) == []
    assert floods(days, slow) != []
    assert AT_ONCE.baseline_hours == 24.0
