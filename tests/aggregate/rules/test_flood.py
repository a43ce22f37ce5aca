"""Floods: onset, peak, recession, clearing, and what stands in their way."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from schemas.camera_events import CameraEvent
from schemas.cameras import Camera, FloodRule, Zone
from schemas.topics import FRAMES
from services.aggregate.episode_rows import EpisodeRow
from tests.aggregate.make_events import LEFT_HALF, RIGHT_HALF, make_frame, ms
from tests.aggregate.rules.make_water import CAMERA, ROAD, grid, revised, table, until, water_camera, wet

DEFAULT = water_camera(rule=FloodRule())
FLOODED = 200


def floods(events: Sequence[CameraEvent], camera: Camera = CAMERA) -> list[EpisodeRow]:
    return table(EpisodeRow, events, camera)


def flood(events: Sequence[CameraEvent], camera: Camera = CAMERA) -> EpisodeRow:
    (found,) = floods(events, camera)
    return found


def test_a_flood_opens_when_r_has_been_at_the_onset_ratio_for_two_minutes() -> None:
    assert floods(until(126, (0, 126, 39))) == []
    found = flood(until(127, (0, 127, 39)))
    assert (found.episode_type, found.zone_id, found.phase, found.review) == (
        "flood_episode", "road", "open", "suspected",
    )  # fmt: skip
    assert (found.started_at, found.ended_at, found.cleared_at, found.recession_at) == (ms(0), 0, 0, 0)


def test_why_a_flood_opened_is_the_smallest_r_of_the_run_and_how_long_it_lasted() -> None:
    found = flood(until(127, (0, 50, 51), (50, 51, 39), (51, 127, 200)))
    assert (found.why_names, found.why_units) == (("water_ratio_least", "onset"), ("ratio", "s"))
    assert found.why_values[0] == pytest.approx(39 / 255, abs=1e-5)
    assert (found.why_values[1], found.why_thresholds) == (120.0, (0.15, 120.0))


def test_r_below_the_onset_ratio_is_no_flood_however_long() -> None:
    assert floods(until(900, (0, 900, 38))) == []


def test_r_at_the_onset_ratio_counts() -> None:
    at_a_fifth = water_camera(rule=FloodRule(median_seconds=1.0, onset_ratio=0.2))
    assert floods(until(200, (0, 200, 50)), at_a_fifth) == []
    assert floods(until(200, (0, 200, 51)), at_a_fifth) != []


def test_one_frame_below_the_onset_ratio_ends_the_run() -> None:
    found = flood(until(400, (0, 100, FLOODED), (101, 400, FLOODED)))
    assert found.started_at == ms(101)


def test_over_a_window_of_no_length_r_is_that_of_the_frame() -> None:
    at_once = water_camera(rule=FloodRule(median_seconds=0.0))
    assert flood(until(127, (0, 127, 39)), at_once).started_at == ms(0)
    assert floods(until(200, (0, 100, FLOODED), (101, 200, FLOODED)), at_once) == []


def test_r_is_the_median_of_the_trailing_minute() -> None:
    """Of 60 frames 31 are wet from 130 s on; with 30 it is the mean of a dry and a wet one."""
    assert flood(until(400, (100, 400, 51)), DEFAULT).started_at == ms(130)
    assert flood(until(400, (100, 400, 77)), DEFAULT).started_at == ms(129)


def test_what_passes_in_less_than_half_a_minute_is_not_seen() -> None:
    passing = [span for start in range(0, 900, 60) for span in [(start, start + 29, 255)]]
    assert floods(until(900, *passing), DEFAULT) == []
    assert floods(until(900, *passing)) == []
    assert floods(until(900, *[(a, b + 3, level) for a, b, level in passing]), DEFAULT) != []


def test_r_is_over_the_cells_of_the_zone_only() -> None:
    beside = [make_frame(n, water=grid(0, 255)) for n in range(300)]
    assert floods(beside) == []
    both = water_camera((ROAD, Zone("yard", "water", RIGHT_HALF)))
    assert [found.zone_id for found in floods(beside, both)] == ["yard"]


@pytest.mark.parametrize(("low_frames", "opens_at"), [(60, 120), (61, 240)])
def test_onset_takes_twice_as_long_where_reliability_is_low_in_most_frames_of_the_run(
    low_frames: int, opens_at: int
) -> None:
    def events(end: int) -> list[CameraEvent]:
        later = 0.2 if low_frames > 60 else 0.9
        return [wet(n, FLOODED, reliability=0.2 if n < low_frames else 0.9 if n <= 120 else later) for n in range(end)]

    assert floods(events(opens_at + 6)) == []
    found = flood(events(opens_at + 7))
    assert (found.why_values[1], found.why_thresholds[1]) == (opens_at, opens_at)
    assert ("low_reliability" in found.why_names) is (opens_at == 240)


def test_reliability_at_the_threshold_is_not_low() -> None:
    assert floods(until(127, (0, 127, FLOODED), reliability=0.3)) != []
    assert floods(until(127, (0, 127, FLOODED), reliability=0.299)) == []


def test_a_flood_is_cleared_when_r_has_been_at_the_clearing_ratio_for_five_minutes() -> None:
    assert flood(until(506, (0, 200, FLOODED))).phase == "open"
    found = flood(until(507, (0, 200, FLOODED)))
    assert (found.phase, found.ended_because) == ("ended", "cleared")
    assert (found.cleared_at, found.ended_at, found.last_seen_at) == (ms(200), ms(200), ms(199))


@pytest.mark.parametrize(("level", "phase"), [(12, "ended"), (13, "open")])
def test_r_must_fall_to_the_clearing_ratio(level: int, phase: str) -> None:
    assert flood(until(1200, (0, 200, FLOODED), (200, 1200, level))).phase == phase


def test_water_that_comes_back_within_the_five_minutes_is_the_same_flood() -> None:
    found = flood(until(1200, (0, 200, FLOODED), (490, 500, 13)))
    assert (found.cleared_at, found.last_seen_at) == (ms(500), ms(499))


def test_water_that_comes_back_after_the_five_minutes_is_another_flood() -> None:
    found = floods(until(1000, (0, 200, FLOODED), (501, 1000, FLOODED)))
    assert sorted(one.started_at for one in found) == [ms(0), ms(501)]


def test_peak_recession_and_the_frames_that_show_them() -> None:
    story = until(900, (0, 150, 51), (150, 200, 255), (200, 250, 230), (250, 400, 100))
    found = flood(story)
    assert (found.peak_ratio, found.peak_at, found.recession_at) == (1.0, ms(150), ms(249))
    offsets = (found.first_frame_offset, found.best_frame_offset, found.last_frame_offset)
    assert (offsets, found.frame_topic) == ((0, 150, 399), FRAMES.name)


def test_a_flood_at_its_peak_has_not_receded() -> None:
    assert flood(until(400, (0, 200, 100), (200, 400, 90))).recession_at == 0
    assert flood(until(400, (0, 200, 100), (200, 400, 89))).recession_at == ms(199)


def test_a_peak_before_the_opening_counts() -> None:
    found = flood(until(200, (0, 20, 100), (20, 25, 255), (25, 200, 100)))
    assert (found.peak_ratio, found.peak_at, found.recession_at) == (1.0, ms(20), ms(24))


def test_a_flood_is_published_when_it_opens_once_a_minute_while_it_is_seen_and_when_it_ends() -> None:
    assert flood(until(127, (0, 127, FLOODED))).revision == 1
    assert flood(until(247, (0, 247, FLOODED))).revision == 3
    assert flood(until(500, (0, 240, FLOODED))).revision == 2
    assert flood(until(600, (0, 240, FLOODED))).revision == 3


def test_gaps_pause_the_timers() -> None:
    seconds = [*range(60), *range(110, 168)]
    assert floods([wet(n, FLOODED) for n in (*seconds, *range(168, 174))]) == []
    found = flood([wet(n, FLOODED) for n in (*seconds, *range(168, 180))])
    assert (found.started_at, found.why_values[1]) == (ms(0), 120.0)


def test_a_gap_of_more_than_a_minute_starts_runs_over() -> None:
    events = [wet(n, FLOODED) for n in (*range(100), *range(161, 300))]
    assert flood(events).started_at == ms(161)
    unbroken = [wet(n, FLOODED) for n in (*range(100), *range(159, 300))]
    assert flood(unbroken).started_at == ms(0)


def test_a_gap_of_more_than_a_minute_starts_clearing_over_and_the_flood_stays_open() -> None:
    events = [*until(400, (0, 200, FLOODED)), *until(800, start=500)]
    assert flood(events).phase == "open"
    assert flood([*events, *until(820, start=800)]).cleared_at == ms(500)


def test_the_trailing_window_holds_no_frame_from_before_such_a_gap() -> None:
    tail = water_camera(rule=FloodRule(median_seconds=200.0))
    events = [*until(100), *until(300, (161, 300, FLOODED), start=161)]
    assert flood(events, tail).started_at == ms(161)


def test_half_an_hour_without_a_frame_ends_a_flood_at_its_last_sight() -> None:
    events = [*until(300, (0, 200, FLOODED)), *until(2110, (2100, 2110, FLOODED), start=2100)]
    found = flood(events)
    assert (found.phase, found.ended_because, found.ended_at, found.cleared_at) == ("ended", "no_data", ms(199), 0)


def test_a_changed_zone_ends_a_flood_and_starts_afresh() -> None:
    wider = Zone("road", "water", ((0.0, 0.0), (0.6, 0.0), (0.6, 1.0), (0.0, 1.0)))
    events = [wet(n, FLOODED, camera_revision=1 if n < 200 else 2) for n in range(400)]
    found = revised(events, CAMERA, water_camera((wider,), revision=2))["episodes"]
    told = [(row.started_at, row.ended_because, row.ended_at) for row in found]  # type: ignore[attr-defined]
    assert sorted(told) == [(ms(0), "rule_changed", ms(199)), (ms(200), "", 0)]


def test_a_zone_that_was_changed_in_an_outage_of_half_an_hour_ends_a_flood_as_no_data() -> None:
    wider = Zone("road", "water", ((0.0, 0.0), (0.6, 0.0), (0.6, 1.0), (0.0, 1.0)))
    events = [wet(n, FLOODED, camera_revision=1 if n < 200 else 2) for n in (*range(200), *range(2100, 2110))]
    (found,) = revised(events, CAMERA, water_camera((wider,), revision=2))["episodes"]
    assert (found.ended_because, found.ended_at) == ("no_data", ms(199))  # type: ignore[attr-defined]


def test_a_gap_is_judged_by_the_period_of_the_frame_before_it() -> None:
    slow = water_camera(sample_fps=0.02)
    times = [*range(0, 200, 50), *range(250, 400)]
    events = [wet(n, FLOODED, camera_revision=1 if n < 200 else 2, sequence=n) for n in times]
    (found,) = revised(events, slow, water_camera(revision=2))["episodes"]
    assert found.started_at == ms(0)  # type: ignore[attr-defined]


def test_a_revision_that_leaves_the_zone_alone_ends_nothing() -> None:
    events = [wet(n, FLOODED, camera_revision=1 if n < 200 else 2) for n in range(400)]
    found = revised(events, CAMERA, water_camera(revision=2, public=True))["episodes"]
    assert [row.phase for row in found] == ["open"]  # type: ignore[attr-defined]


def test_frames_without_a_grid_are_a_gap() -> None:
    def story(blind_until: int) -> list[CameraEvent]:
        blind: list[CameraEvent] = [make_frame(n) for n in range(100, blind_until)]
        return [*until(100, (0, 100, FLOODED)), *blind, *until(300, (0, 300, FLOODED), start=blind_until)]

    assert flood(story(159)).started_at == ms(0)
    assert flood(story(161)).started_at == ms(161)


def test_half_an_hour_of_frames_without_a_grid_ends_a_flood_too() -> None:
    blind: list[CameraEvent] = [make_frame(n) for n in range(200, 2010)]
    found = flood([*until(200, (0, 200, FLOODED)), *blind])
    assert (found.ended_because, found.ended_at) == ("no_data", ms(199))


def test_a_camera_of_a_frame_in_five_seconds_and_one_of_five_frames_a_second_tell_the_same() -> None:
    slow, fast = water_camera(rule=FloodRule(), sample_fps=0.2), water_camera(rule=FloodRule(), sample_fps=5.0)
    for camera, period in ((slow, 5.0), (fast, 0.2)):
        count = round(1100 / period)
        times = [round(n * period, 3) for n in range(count)]
        found = flood([wet(t, FLOODED if 100 <= t < 500 else 0, sequence=n) for n, t in enumerate(times)], camera)
        assert abs(found.started_at - ms(130)) <= 5_000
        assert abs(found.cleared_at - ms(530)) <= 5_000


def test_where_frames_are_minutes_apart_two_wet_ones_are_an_onset() -> None:
    lapse = water_camera(rule=FloodRule(), sample_fps=1 / 300)
    levels = (0, 0, FLOODED, FLOODED, FLOODED, 0, 0, 0)
    found = flood([wet(300 * n, level, sequence=n) for n, level in enumerate(levels)], lapse)
    assert (found.started_at, found.cleared_at, found.phase) == (ms(600), ms(1500), "ended")


def test_pictures_that_are_simulated_make_simulated_floods() -> None:
    assert flood(until(200, (0, 200, FLOODED), simulated=True)).simulated is True
    assert flood(until(200, (0, 200, FLOODED))).simulated is False


def test_zones_of_a_camera_flood_apart() -> None:
    left, right = Zone("left", "water", LEFT_HALF), Zone("right", "water", RIGHT_HALF)
    events = [make_frame(n, water=grid(FLOODED if n < 400 else 0, FLOODED if n >= 100 else 0)) for n in range(800)]
    told = {one.zone_id: (one.started_at, one.cleared_at) for one in floods(events, water_camera((left, right)))}
    assert told == {"left": (ms(0), ms(400)), "right": (ms(100), 0)}
