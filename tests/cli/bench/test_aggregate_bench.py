from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from rich.console import Console

from schemas.camera_events import CAMERA_EVENT_CODEC
from services.aggregate.judgement import Judgement
from services.aggregate.state import decode_state
from services.cli.bench.aggregate import compare, in_turns, steady_figures
from services.cli.bench.measuring.aggregate_city import City
from services.cli.bench.measuring.aggregate_sides import EVENTS, ROWS, STATE_BYTES, Pace, Reading, middle_of
from services.cli.bench.measuring.process_usage import Usage


def values(figures: Sequence[Any]) -> dict[str, float]:
    return {figure.name: figure.value for figure in figures}


def make_reading(at_seconds: float, events: float, cpu_seconds: float) -> Reading:
    metrics = {(EVENTS, ()): events, (ROWS, (("table", "a"),)): 2 * events, (STATE_BYTES, ()): 1e6 * at_seconds}
    return Reading(at_seconds, Usage(cpu_seconds, 330_000_000), metrics)


def test_ratios_are_medians_of_the_rounds_own_ratios_by_cpu_and_by_the_clock() -> None:
    tilik = [Pace(1000, 1.0, 0.1, 2000), Pace(1000, 1.0, 0.2, 2000), Pace(1000, 1.0, 0.25, 2000)]
    table = [Pace(1000, 2.0, 0.4), Pace(1000, 4.0, 0.4), Pace(1000, 3.0, 0.5)]
    bare = [Pace(1000, 0.1, 0.05)] * 3

    found = values(compare({"tilik": tilik, "faust_table": table, "bare_consumer": bare}))

    assert found["events_per_second"] == 5000
    assert found["speed_ratio_vs_faust_table"] == 2.0  # of 4, 2 and 2
    assert found["speed_ratio_vs_faust_table_wall"] == 3.0  # of 2, 4 and 3
    assert found["speed_ratio_vs_bare_consumer"] == 0.25
    assert found["cpu_per_event"] == 200
    assert (found["rows_per_event"], found["rows_per_second_wall"]) == (2.0, 2000.0)


@pytest.mark.parametrize(("events", "met"), [(7_999, False), (8_000, True)])
def test_the_goal_is_a_rate_on_one_core(events: float, met: bool) -> None:
    sides = {name: [Pace(events, 9.0, 1.0)] for name in ("tilik", "faust_table", "bare_consumer")}
    assert next(figure.met for figure in compare(sides) if figure.name == "events_per_second") is met


def test_start_and_end_of_a_round_do_not_count() -> None:
    rates = [(0.0, 0, 5.0), (1.0, 50, 9.0), (2.0, 100, 10.0), (3.0, 600, 11.0), (4.0, 900, 11.5), (99.0, 1000, 50.0)]
    pace = middle_of([make_reading(*each) for each in rates], 1000)
    assert pace == Pace(800, 2.0, 1.5, 1600)


def test_steady_figures_are_of_what_happened_between_the_readings() -> None:
    found = values(steady_figures((make_reading(10.0, 1000, 2.0), make_reading(20.0, 12_000, 3.5)), 1_100, 4.25))
    assert found["steady_events_per_second"] == 1100
    assert found["steady_cpu"] == 0.15
    assert found["steady_state_written"] == 1.0
    assert (found["memory"], found["memory_per_camera"]) == (330, 300)
    assert found["recovery"] == 4.25


def test_each_side_begins_a_round_once_and_the_worker_the_first() -> None:
    order: list[str] = []

    def side(name: str) -> Callable[[], Pace]:
        def measure() -> Pace:
            order.append(name)
            return Pace(1, 1, 1)

        return measure

    in_turns({name: side(name) for name in "abc"}, 3, Console(quiet=True))
    assert "".join(order) == "abc" + "bca" + "cab"


def test_a_city_says_the_same_however_often_it_is_asked() -> None:
    city = City(6)
    records = list(city.records(range(2)))
    assert records == list(City(6).records(range(2)))
    events = [CAMERA_EVENT_CODEC.decode(record.value) for record in records]
    assert [event.camera_id.encode() for event in events] == [record.key for record in records]
    assert len({event.event_id for event in events}) == len(records) == 12


def test_all_cameras_go_on_from_the_state_of_one_of_their_kind() -> None:
    city = City(7)
    states = city.states_after(130)
    assert [state.key for state in states] == [camera.camera_id.encode() for camera in city.cameras]
    judgement = Judgement(lambda camera_id, _: {camera.camera_id: camera for camera in city.cameras}[camera_id])
    for state in states:
        judgement.load(state.value)
    for number in range(7):
        judgement.apply(city.event(number, 130), number)
    drained = judgement.drain()
    assert {row.captured for row in drained.rows["capture_counters"]} == {131}  # type: ignore[attr-defined]
    assert all(row.expired == 0 for row in drained.rows["camera_minutes"])  # type: ignore[attr-defined]
    assert {decode_state(blob).camera_id for blob in drained.blobs.values()} == {c.camera_id for c in city.cameras}
