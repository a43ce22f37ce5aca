from __future__ import annotations

import pytest

from schemas.cameras import CAMERA_CODEC, FloodRule, Rules, Zone
from schemas.codec import ContractError
from tests.aggregate.make_events import LEFT_HALF, make_camera


@pytest.mark.parametrize("purpose", ["queue", "staff", "no_parking", "water", "exclude", "counter_edge"])
def test_a_zone_without_its_shape_is_refused(purpose: str) -> None:
    zone = f'{{"zone_id":"z","purpose":"{purpose}"}}'
    whole = CAMERA_CODEC.encode(make_camera()).replace(b'"zones":[]', f'"zones":[{zone}]'.encode())
    with pytest.raises(ContractError, match="needs a"):
        CAMERA_CODEC.decode(whole)


def test_a_zone_with_its_shape_is_taken() -> None:
    camera = make_camera((Zone("z", "water", LEFT_HALF), Zone("e", "counter_edge", line=((0.5, 1.0), (0.5, 0.0)))))
    assert CAMERA_CODEC.decode(CAMERA_CODEC.encode(camera)) == camera


def test_a_median_over_no_time_is_refused() -> None:
    camera = make_camera(rules=Rules(flood=FloodRule(median_seconds=0.0)))
    with pytest.raises(ContractError, match="median_seconds"):
        CAMERA_CODEC.decode(CAMERA_CODEC.encode(camera))
