from __future__ import annotations

import pytest

from services.ingest.hls.playlist import MediaPlaylist, MediaSegment, Resource
from services.ingest.hls.playout import Instants, Playout
from services.ingest.hls.timeline import PlacedSegment, Timeline
from services.ingest.jpeg_header import UnusablePictureError
from services.ingest.source import Picture

T0_MS = 1_700_000_000_000.0


def listing(first: int, count: int = 3, name: str = "a", date_ms: float | None = None) -> MediaPlaylist:
    """A playlist of 2 s segments; ``date_ms`` is the camera's time at the stream's number 0."""
    segments = (
        MediaSegment(n, Resource(f"{name}{n}"), 2.0, date_ms=date_ms + n * 2000 if date_ms is not None else None)
        for n in range(first, first + count)
    )
    return MediaPlaylist(2.0, tuple(segments))


def numbers(placed: list[PlacedSegment]) -> list[int]:
    return [one.segment.number for one in placed]


def test_each_segment_is_placed_once_behind_the_one_before() -> None:
    timeline = Timeline()
    assert [(one.segment.number, one.start) for one in timeline.extend(listing(7), T0_MS)] == [(7, 0), (8, 2), (9, 4)]
    assert timeline.extend(listing(7), T0_MS + 1000) == []
    assert [(one.segment.number, one.start) for one in timeline.extend(listing(8), T0_MS + 2000)] == [(10, 6)]


def test_numbers_that_begin_anew_are_a_new_stream_and_an_old_copy_of_the_list_is_not() -> None:
    timeline = Timeline()
    timeline.extend(listing(7), T0_MS)
    assert timeline.extend(listing(6), T0_MS + 1000) == []
    assert numbers(timeline.extend(listing(0, name="b"), T0_MS + 2000)) == [0, 1, 2]


def test_an_old_copy_that_stays_is_a_new_stream_under_old_names() -> None:
    timeline = Timeline()
    timeline.extend(listing(7), T0_MS)
    assert timeline.extend(listing(6), T0_MS + 5000) == []
    assert numbers(timeline.extend(listing(6), T0_MS + 7000)) == [6, 7, 8]


def test_without_a_clock_a_picture_was_taken_when_its_segment_came_less_what_followed_it() -> None:
    timeline = Timeline()
    first, *_, last = timeline.extend(listing(0), T0_MS)
    assert timeline.captured_at_ms(first, 0.5) == T0_MS - 5500
    assert timeline.captured_at_ms(last, 2.0) == T0_MS
    [late] = timeline.extend(listing(1), T0_MS + 2900)  # noticed 0.9 s later than the one before was
    assert timeline.captured_at_ms(late, 0.0) == T0_MS


@pytest.mark.parametrize("date_ms", [None, T0_MS - 6000])
def test_after_segments_that_were_left_out_a_picture_was_taken_when_its_segment_came(date_ms: float | None) -> None:
    timeline = Timeline()
    timeline.extend(listing(0, date_ms=date_ms), T0_MS)
    first, *_, last = timeline.extend(listing(10, date_ms=date_ms), T0_MS + 20_000)
    assert timeline.captured_at_ms(first, 0.0) == T0_MS + 14_000
    assert timeline.captured_at_ms(last, 2.0) == T0_MS + 20_000


def test_after_a_pause_a_picture_was_taken_when_its_segment_came() -> None:
    timeline = Timeline()
    timeline.extend(listing(0), T0_MS)
    *_, last = timeline.extend(listing(3), T0_MS + 20_000)
    assert timeline.captured_at_ms(last, 2.0) == T0_MS + 20_000


@pytest.mark.parametrize(("behind_seconds", "believed"), [(4, True), (-4, True), (200, True), (7 * 3600, False)])
def test_the_cameras_clock_counts_where_it_can_be_right(behind_seconds: int, believed: bool) -> None:
    timeline = Timeline()
    # Number 0 began 6 s before the list of three segments came.
    [first, *_] = timeline.extend(listing(0, date_ms=T0_MS - 6000 - behind_seconds * 1000), T0_MS)
    assert timeline.captured_at_ms(first, 0.0) == T0_MS - 6000 - (behind_seconds * 1000 if believed else 0)
    assert timeline.clock_ahead_seconds == -behind_seconds


def picture(at_ms: int) -> Picture:
    return Picture(b"", at_ms)


class Playing:
    """A stream of 2 s segments sampled once a second, as the follower plays it."""

    def __init__(self, period: float = 1.0) -> None:
        self.timeline = Timeline()
        self.playout = Playout(Instants(1000.0, period))

    def arrive(self, playlist: MediaPlaylist, now: float) -> list[int]:
        """Give the numbers that were fetched; each picture bears its media time in ms."""
        placed = self.timeline.extend(playlist, T0_MS + now * 1000)
        wanted = self.playout.wanted(placed, self.timeline.edge, playlist.target_seconds, now)
        for one in wanted:
            for position in self.playout.admit(one, self.timeline.edge, playlist.target_seconds, now):
                self.playout.add(one, position, picture(round((one.start + position) * 1000)))
        return numbers(wanted)

    def take(self, due: float) -> int | None:
        found = self.playout.take(due)
        assert not isinstance(found, UnusablePictureError)
        return found.captured_at_ms if found is not None else None


def test_a_stream_is_played_in_real_time_a_segment_and_a_half_behind_its_edge() -> None:
    playing = Playing()
    assert playing.arrive(listing(0), 1000.0) == [1, 2]
    assert [playing.take(1000.0 + n) for n in range(3)] == [2500, 3500, 4500]
    assert playing.arrive(listing(1), 1002.9) == [3]  # as late as a changed list is noticed at worst
    assert [playing.take(1003.0 + n) for n in range(3)] == [5500, 6500, 7500]
    assert playing.take(1006.0) is None


def test_a_segment_that_comes_late_is_played_whole_and_the_next_may_be_as_late() -> None:
    playing = Playing()
    playing.arrive(listing(0), 1000.0)
    for n in range(4):
        playing.take(1000.0 + n)
    assert playing.take(1004.0) is None
    playing.arrive(listing(1), 1004.5)
    assert [playing.take(1005.0 + n) for n in range(2)] == [6500, 7500]
    playing.arrive(listing(2), 1006.5)
    assert [playing.take(1007.0 + n) for n in range(2)] == [8500, 9500]


def test_what_has_fallen_far_behind_the_edge_is_skipped_and_the_grid_is_kept() -> None:
    playing = Playing()
    playing.arrive(listing(0), 1000.0)
    assert playing.take(1000.0) == 2500
    assert playing.arrive(listing(10, count=3), 1000.5) == [11, 12]
    assert playing.take(1001.0) == 8500  # 12 s is the edge: the playlist's gap is none on the line
    assert playing.take(1002.0) == 9500


def test_segments_that_no_instant_falls_into_are_not_fetched() -> None:
    playing = Playing(period=10.0)
    assert playing.arrive(listing(0), 1000.0) == [1, 2]
    assert playing.take(1000.0) == 2500
    assert [playing.arrive(listing(1 + n), 1002.0 + 2 * n) for n in range(5)] == [[], [], [], [6], []]
    assert playing.take(1010.0) == 12_500


def test_a_picture_is_given_once_and_not_after_a_period() -> None:
    playing = Playing()
    playing.arrive(listing(0), 1000.0)
    assert playing.take(1000.4) == 2500
    assert playing.take(1000.4) is None
    assert playing.take(1002.0) == 4500
    assert playing.take(1004.0) is None
