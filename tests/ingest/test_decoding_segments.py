from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import av
import pytest

from services.ingest.decoding.segments import _keys, _rhythm, _Timed


def packets(positions: Sequence[float]) -> list[_Timed]:
    found = []
    for position in positions:
        packet: av.Packet[Any] = av.Packet(b"x")
        packet.is_keyframe = True
        found.append(_Timed(packet, position))
    return found


def test_keyframes_in_another_order_than_that_of_their_positions_have_a_rhythm_all_the_same() -> None:
    backwards = packets([6.0, 4.0, 2.0, 0.0])
    assert [timed.position for timed in _keys(backwards)] == [0.0, 2.0, 4.0, 6.0]
    assert _rhythm(backwards).keyframe_seconds == pytest.approx(2.0)
