"""How many who leave a queue are counted at a frame a second, among people who walk about (docs/semantics.md)."""

from __future__ import annotations

import pytest

from services.cli.bench.measuring.served import EVERY, measure_served
from services.detect.detector import DetectorOptions

pytestmark = pytest.mark.accuracy


def test_three_in_four_are_counted_at_a_frame_a_second() -> None:
    ratio, error = measure_served("nanodet", DetectorOptions(), rates={"1fps": EVERY["1fps"]})
    assert (ratio.name, ratio.cases) == ("served_ratio_1fps", 287)
    assert 0.7 <= ratio.value <= 0.82
    assert error.value <= 0.38
