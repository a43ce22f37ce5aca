"""People followed across a counter edge."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.camera_events import DetectedObject
from schemas.cameras import Zone
from services.aggregate.sights import sight_of
from services.aggregate.tracks import PeopleTracks, crosses
from services.aggregate.view import CameraView
from tests.aggregate.make_events import LEFT_HALF, make_camera, make_frame, person

UPWARDS = ((0.5, 1.0), (0.5, 0.0))
VIEW = CameraView(
    make_camera((Zone("queue", "queue", LEFT_HALF), Zone("edge", "counter_edge", line=((0.55, 1.0), (0.55, 0.0)))))
)
COORDINATE = st.floats(0, 1)
POINT = st.tuples(COORDINATE, COORDINATE)


def served(*frames: list[DetectedObject]) -> int:
    tracks = PeopleTracks()
    return sum(tracks.follow(sight_of(make_frame(n, people), VIEW), VIEW) for n, people in enumerate(frames))


def test_an_edge_counts_from_its_left_to_its_right_side() -> None:
    assert crosses(UPWARDS, (0.4, 0.5), (0.6, 0.5))
    assert not crosses(UPWARDS, (0.6, 0.5), (0.4, 0.5))


def test_a_way_beside_the_edge_does_not_cross_it() -> None:
    assert not crosses(((0.5, 0.4), (0.5, 0.0)), (0.4, 0.5), (0.6, 0.5))


@given(POINT, POINT, POINT, POINT)
def test_no_way_crosses_an_edge_in_both_directions(
    first: tuple[float, float], second: tuple[float, float], start: tuple[float, float], end: tuple[float, float]
) -> None:
    assert not (crosses((first, second), start, end) and crosses((second, first), start, end))


def test_who_was_in_the_queue_counts_when_crossing_some_frames_later() -> None:
    assert served([person(0.48)], [person(0.52)], [person(0.58)]) == 1


def test_who_was_never_in_the_queue_does_not_count() -> None:
    assert served([person(0.52)], [person(0.58)]) == 0


def test_a_person_counts_once() -> None:
    assert served([person(0.48)], [person(0.58)], [person(0.53)], [person(0.58)]) == 1


def test_who_is_too_far_away_is_someone_else() -> None:
    assert served([person(0.3)], [person(0.6)]) == 0


def test_people_are_linked_one_to_one_and_nearest_first() -> None:
    assert served([person(0.45), person(0.50)], [person(0.50), person(0.56)]) == 1


def test_nobody_is_served_in_an_empty_picture() -> None:
    assert served([person(0.48)], [], [person(0.58)]) == 0
