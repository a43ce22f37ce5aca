"""What became private after a picture was captured, and how it is taken out of it."""

from __future__ import annotations

import numpy as np
import pytest
import simplejpeg

from schemas.cameras import Zone
from services.privacy.burning import burnt_jpeg
from services.privacy.private_zones import private_since
from services.runtime.errors import InvalidMessageError
from tests.aggregate.make_events import LEFT_HALF, RIGHT_HALF, make_camera

LEFT, RIGHT = Zone("window", "private", LEFT_HALF), Zone("door", "private", RIGHT_HALF)
QUEUE = Zone("queue", "queue", RIGHT_HALF)


@pytest.mark.parametrize(
    ("before", "now", "lacking"),
    [
        ((), (LEFT,), (LEFT_HALF,)),
        ((LEFT,), (LEFT, RIGHT), (RIGHT_HALF,)),
        ((LEFT,), (Zone("renamed", "private", LEFT_HALF),), ()),
        ((LEFT, RIGHT), (LEFT,), ()),
        ((QUEUE,), (QUEUE, LEFT), (LEFT_HALF,)),
        ((QUEUE,), (RIGHT,), (RIGHT_HALF,)),
    ],
)
def test_a_frame_lacks_what_was_not_private_when_it_was_captured(
    before: tuple[Zone, ...], now: tuple[Zone, ...], lacking: tuple[object, ...]
) -> None:
    assert private_since(make_camera(now), make_camera(before)) == lacking


def test_of_a_revision_that_nobody_knows_nothing_is_burnt_out() -> None:
    assert private_since(make_camera((LEFT, QUEUE)), None) == (LEFT_HALF,)
    assert private_since(make_camera((QUEUE,)), None) == ()


def test_a_zone_is_black_in_what_is_shown_and_the_rest_is_as_it_was() -> None:
    jpeg = simplejpeg.encode_jpeg(np.full((96, 160, 3), 200, np.uint8), 90, "RGB")
    shown = simplejpeg.decode_jpeg(burnt_jpeg(jpeg, (LEFT_HALF,)), "GRAY")[..., 0]
    assert shown[:, :80].max() < 30
    assert shown[:, 100:].min() > 190
    assert burnt_jpeg(jpeg, ()) is jpeg


def test_what_can_not_be_decoded_is_not_shown() -> None:
    with pytest.raises(InvalidMessageError, match="undecodable"):
        burnt_jpeg(b"\xff\xd8 half", (LEFT_HALF,))
