"""People are destroyed before anything is encoded, and only what may be shown is in the public video."""

from __future__ import annotations

import io

import av
import msgspec
import numpy as np

from schemas.cameras import Zone
from services.record.minute_videos import asked_of, make_videos
from services.record.video import Encoding
from tests.record.make_minutes import at_ms, huge_jpeg, make_asked, make_closed, striped_jpeg
from tests.record.recorded_city import make_camera

PUBLIC_ONLY = make_camera("loket-1")
BOTH = msgspec.structs.replace(PUBLIC_ONLY, record_original=True)


def stripes_in(data: bytes) -> list[float]:
    """Give how strongly neighbouring pixels differ in the middle of each picture: much where it is still to be seen."""
    with av.open(io.BytesIO(data), "r") as container:
        pictures = [frame.to_ndarray(format="gray").astype(np.float32) for frame in container.decode(video=0)]
    return [float(np.abs(np.diff(picture[40:80, 50:110], axis=1)).mean()) for picture in pictures]


def test_the_public_video_holds_only_what_may_be_shown_and_nobody_in_it() -> None:
    made = make_videos(make_closed(range(20), range(5, 20)), make_asked(), Encoding())
    assert list(made.videos) == ["public"]
    stripes = stripes_in(made.videos["public"])
    assert len(stripes) == made.shown_count == 15
    assert max(stripes) < 10


def test_the_original_is_made_only_where_the_policy_asks_and_holds_all() -> None:
    closed = make_closed(range(20), range(5))
    made = make_videos(closed, asked_of(closed, BOTH, lambda *_: BOTH), Encoding())
    assert set(made.videos) == {"public", "original"}
    assert len(stripes_in(made.videos["original"])) == 20
    assert min(stripes_in(made.videos["original"])) > 40
    assert made.shown_count == 5
    assert made.times_ms == {"public": (at_ms(0), at_ms(4)), "original": (at_ms(0), at_ms(19))}


def test_where_nothing_may_be_shown_there_is_no_public_video() -> None:
    assert make_videos(make_closed(range(20), []), make_asked(), Encoding()).videos == {}
    closed = make_closed(range(20), [])
    assert list(make_videos(closed, make_asked(closed.frames), Encoding()).videos) == ["original"]


def test_an_original_is_kept_only_of_what_was_captured_and_is_stored_while_the_policy_asks_it() -> None:
    closed = make_closed(range(4), [])
    numbers = [1, 1, 2, 3]
    frames = [frame._replace(camera_revision=number) for frame, number in zip(closed.frames, numbers, strict=True)]
    closed = closed._replace(frames=frames)
    revisions = {1: PUBLIC_ONLY, 2: BOTH}
    asked = asked_of(closed, BOTH, lambda _, number: revisions.get(number))
    assert [frame.sequence for frame in asked.originals] == [2], "of a revision that nobody knows nothing is kept"
    assert asked_of(closed, PUBLIC_ONLY, lambda *_: BOTH).originals == []


def test_what_became_private_after_a_frame_was_captured_is_black_in_the_public_video() -> None:
    closed = make_closed(range(6), range(6))
    frames = [frame._replace(camera_revision=1 if frame.sequence < 3 else 2) for frame in closed.frames]
    shown = [(frame, one) for frame, (_, one) in zip(frames, closed.shown, strict=True)]
    corner = Zone("desk", "private", ((0.0, 0.0), (0.15, 0.0), (0.15, 0.15), (0.0, 0.15)))
    now = msgspec.structs.replace(PUBLIC_ONLY, revision=2, zones=(corner,))
    revisions = {1: PUBLIC_ONLY, 2: now}
    closed = closed._replace(frames=frames, shown=shown)
    asked = asked_of(closed, now, lambda _, number: revisions.get(number))
    made = make_videos(closed, asked, Encoding())
    assert made.private_revision == 2
    data = made.videos["public"]
    with av.open(io.BytesIO(data), "r") as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    levels = [float(picture[2:14, 2:20].mean()) for picture in pictures]
    assert max(levels[:3]) < 20, "ingest did not know of it yet"
    assert min(levels[3:]) > 70, "what ingest burns out is left as it came"


def test_a_frame_that_is_no_picture_is_left_out_and_counted() -> None:
    closed = make_closed(range(5), range(5))
    spoilt = closed.frames[2]._replace(jpeg=b"no jpeg")
    shown = [(spoilt if frame.sequence == 2 else frame, one) for frame, one in closed.shown]
    made = make_videos(closed._replace(shown=shown), make_asked(), Encoding())
    assert (made.shown_count, made.undecodable, made.spoilt) == (4, 1, frozenset({2}))
    with av.open(io.BytesIO(made.videos["public"]), "r") as container:
        seconds = [round(float(frame.time or 0.0)) for frame in container.decode(video=0)]
    assert seconds == [0, 1, 3, 4]


def test_a_minute_without_a_single_picture_has_no_video() -> None:
    closed = make_closed(range(2), range(2))
    shown = [(frame._replace(jpeg=b""), one) for frame, one in closed.shown]
    made = make_videos(closed._replace(shown=shown), make_asked(), Encoding())
    assert (made.videos, made.undecodable) == ({}, 2)


def test_no_picture_of_a_minute_loses_by_the_size_of_its_first() -> None:
    closed = make_closed(range(3), range(3))
    sizes = [(90, 160), (180, 320), (120, 160)]
    frames = [frame._replace(jpeg=striped_jpeg(*size)) for frame, size in zip(closed.frames, sizes, strict=True)]
    frames.append(frames[0]._replace(captured_at_ms=at_ms(3), jpeg=huge_jpeg()))
    shown = [(frame, closed.shown[0][1]) for frame in frames]
    made = make_videos(closed._replace(frames=frames, shown=shown), make_asked(frames), Encoding())
    for data in (made.videos["public"], made.videos["original"]):
        with av.open(io.BytesIO(data), "r") as container:
            assert {(frame.height, frame.width) for frame in container.decode(video=0)} == {(180, 320)}


def test_of_two_frames_of_one_millisecond_the_first_is_kept() -> None:
    closed = make_closed(range(3), range(3))
    twins = [(frame._replace(captured_at_ms=at_ms(0)), one) for frame, one in closed.shown]
    made = make_videos(closed._replace(shown=twins), make_asked(), Encoding())
    assert made.shown_count == 1


def test_a_picture_that_claims_to_be_huge_is_not_decoded() -> None:
    closed = make_closed(range(2), range(2))
    huge = huge_jpeg()
    shown = [(frame._replace(jpeg=huge), one) for frame, one in closed.shown]
    made = make_videos(closed._replace(shown=shown), make_asked(), Encoding())
    assert (made.videos, made.undecodable) == ({}, 2)
