"""Which counters are said to have the shortest queue."""

from __future__ import annotations

from services.portal.pages.counter_figures import LEAST_MINUTES, CounterNow
from services.portal.pages.counters import ranked
from tests.portal.pages.small_city import make_camera


def counter(camera_id: str, minutes: int, queue: float) -> CounterNow:
    return CounterNow(camera_id, minutes, 0, queue, minutes, None, None)


def test_a_counter_that_was_hardly_observed_is_not_the_shortest_but_not_known() -> None:
    figures = [counter("loket-sekejap", LEAST_MINUTES - 1, 0.0), counter("loket-terpantau", LEAST_MINUTES, 3.0)]
    cameras = [make_camera(each.camera_id) for each in figures]

    found = ranked(cameras, {each.camera_id: each for each in figures})

    assert [here.camera.camera_id for here in found.open] == ["loket-terpantau"]
    assert [camera.camera_id for camera in found.unknown] == ["loket-sekejap"]
