from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from services.detect.detector import Detector
from services.detect.letterbox import placement_of
from services.detect.looking import BATCHES_AT_ONCE, Networks, Sight, StageSeconds, WaterMeter, look
from services.detect.networks import InputsBgr
from services.detect.objects import CLASSES, Objects
from services.detect.scene import measure_scene
from services.detect.tiles import Region
from services.detect.views import Prepared, View
from services.runtime.errors import FatalError, InvalidMessageError
from tests.detect.pictures import BlueCells

WIDE, TALL = (32, 64), (64, 32)
SCENE = measure_scene(np.zeros((64, 64, 3), np.uint8))


class Marks:
    """A detector that finds one person in each input, whose score is the input's first level / 255."""

    thresholds: ClassVar = {"2x2": dict.fromkeys(CLASSES, 0.5)}

    def __init__(self) -> None:
        self.batches: list[tuple[int, ...]] = []
        self.least_scores: list[float] = []

    def infer(self, inputs_bgr: InputsBgr, least_score: float) -> list[Objects]:
        self.batches.append(tuple(inputs_bgr.shape))
        self.least_scores.append(least_score)
        box, index = np.array([[0, 0, 8, 8]], np.float32), np.zeros(1, np.int64)
        return [Objects(box, np.array([int(each[0, 0, 0]) / 255], np.float32), index) for each in inputs_bgr]


class CountedCells(BlueCells):
    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def infer(self, inputs_bgr: InputsBgr) -> NDArray[np.uint8]:
        self.batches.append(len(inputs_bgr))
        return super().infer(inputs_bgr)


def prepared(mark: int, input_hw: tuple[int, int] = WIDE, water: bool = False) -> Prepared:
    view = View(Region(0, 0, input_hw[1], input_hw[0]), placement_of(input_hw, input_hw))
    inputs = (np.full((*input_hw, 3), mark, np.uint8),)
    water_bgr = np.full((288, 512, 3), mark, np.uint8) if water else None
    return Prepared(input_hw, (view,), inputs, water_bgr, SCENE)


def networks(batch_size: int, water: WaterMeter | None = None) -> tuple[Networks, Marks]:
    detector = Marks()
    return Networks(as_detector(detector), water, batch_size), detector


def as_detector(marks: Marks) -> Detector:
    return marks  # type: ignore[return-value]  # of a detector only what looking takes


def marks_of(seen: list[Sight | InvalidMessageError]) -> list[int | str]:
    return [
        each.reason if isinstance(each, InvalidMessageError) else round(255 * float(each.objects.scores[0]))
        for each in seen
    ]


def test_inputs_of_one_size_share_batches_and_each_frame_gets_its_own() -> None:
    chosen, detector = networks(batch_size=2)
    frames = [prepared(n, WIDE if n % 3 else TALL) for n in range(7)]
    assert marks_of(look(frames, chosen, StageSeconds())) == list(range(7))
    assert sorted(detector.batches) == [(1, *TALL, 3), (2, *WIDE, 3), (2, *WIDE, 3), (2, *TALL, 3)]


def test_two_batches_are_under_way_at_most() -> None:
    """So no more inputs lie about than they and the next batch hold, however many frames there are."""
    chosen, detector = networks(batch_size=4)

    def stream() -> Iterator[Prepared]:
        for index in range(20):
            assert sum(batch[0] for batch in detector.batches) >= index // 4 * 4 - 4 * BATCHES_AT_ONCE
            yield prepared(index)

    assert len(look(stream(), chosen, StageSeconds())) == 20
    assert [batch[0] for batch in detector.batches] == [4] * 5


def test_the_next_batch_is_begun_while_the_last_one_is_worked_out() -> None:
    """The first batch ends only once the second one has begun: one after the other they would wait for ever."""
    second_began = Event()

    class Waits(Marks):
        def infer(self, inputs_bgr: InputsBgr, least_score: float) -> list[Objects]:
            if inputs_bgr[0, 0, 0, 0] == 0:
                assert second_began.wait(30)
            else:
                second_began.set()
            return super().infer(inputs_bgr, least_score)

    seen = look([prepared(n) for n in range(4)], Networks(as_detector(Waits()), None, 2), StageSeconds())
    assert marks_of(seen) == [0, 1, 2, 3]


def test_each_batch_that_is_done_is_told_before_others_begin() -> None:
    """So whoever watches the process sees it live however many frames it was given."""
    told_before: list[int] = []
    told: list[int] = []

    class Watches(Marks):
        def infer(self, inputs_bgr: InputsBgr, least_score: float) -> list[Objects]:
            told_before.append(len(told))
            return super().infer(inputs_bgr, least_score)

    chosen = Networks(as_detector(Watches()), BlueCells(), 2)
    look([prepared(n, water=n < 2) for n in range(12)], chosen, StageSeconds(), lambda: told.append(1))
    assert len(told) == 7
    assert told_before[-1] >= 7 - 1 - BATCHES_AT_ONCE


def test_what_a_network_raises_is_raised() -> None:
    class Fails(Marks):
        def infer(self, inputs_bgr: InputsBgr, least_score: float) -> list[Objects]:
            raise FatalError("no number")

    with pytest.raises(FatalError, match="no number"):
        look([prepared(n) for n in range(9)], Networks(as_detector(Fails()), None, 2), StageSeconds())


def test_water_is_measured_in_batches_of_those_frames_that_ask() -> None:
    water = CountedCells()
    chosen, _ = networks(batch_size=2, water=water)
    seen = look([prepared(n, water=n != 1) for n in range(6)], chosen, StageSeconds())
    grids = [each.water for each in seen if isinstance(each, Sight)]
    assert grids == [None if n == 1 else bytes([n]) * 576 for n in range(6)]
    assert sorted(water.batches) == [1, 2, 2]


def test_a_frame_that_could_not_be_decoded_keeps_its_place() -> None:
    chosen, _ = networks(batch_size=8)
    broken = InvalidMessageError("undecodable", "half a JPEG")
    seen = look([prepared(1), broken, prepared(2)], chosen, StageSeconds())
    assert marks_of(seen) == [1, "undecodable", 2]


def test_no_lower_scores_are_asked_for_than_are_wanted() -> None:
    detector = Marks()
    look([prepared(n) for n in range(3)], Networks(as_detector(detector), None, 2, 0.25), StageSeconds())
    assert detector.least_scores == [0.25, 0.25]


def test_nothing_gives_nothing() -> None:
    chosen, detector = networks(batch_size=8)
    assert look([], chosen, StageSeconds()) == []
    assert detector.batches == []


def test_time_is_told_by_stage_and_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock goes on by one each time it is read, so each piece of work lasts one second."""
    ticks = iter(range(1000))
    monkeypatch.setattr("services.detect.looking.time.perf_counter", lambda: float(next(ticks)))
    chosen, _ = networks(batch_size=2, water=BlueCells())
    times = StageSeconds()
    look([prepared(n, water=n == 0) for n in range(4)], chosen, times)
    assert times.taken() == {"decode": 5.0, "objects": 2.0, "water": 1.0}  # the end of the stream is waited for, too
    assert times.taken() == {"decode": 0.0, "objects": 0.0, "water": 0.0}
