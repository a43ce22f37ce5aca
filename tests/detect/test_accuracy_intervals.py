"""How sure figures are, and which persons they count, on cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from services.detect.accuracy.average_precision import COCO_THRESHOLDS, JudgedFrame, PrecisionCurve, average_precision
from services.detect.accuracy.bootstrap import block_length, bootstrap_interval, share_figure
from services.detect.accuracy.conditions import condition_figures, covered_ratios, overall_figures
from services.detect.accuracy.persons import JudgedClip, precision_figures
from services.detect.accuracy.visits import EVERY, FRAMES, NOBODY, VISITS, counter_from, visit_figures
from tests.detect.accuracy_cases import A, B, C, judged_frame


def test_a_frame_that_counts_twice_is_as_if_it_were_there_twice() -> None:
    frames = [judged_frame([(A, 0.9), (C, 0.8), (B, 0.7)], [A, B]), judged_frame([(C, 0.85)], [A])]
    twice = average_precision([frames[0], frames[0], frames[1]])
    assert PrecisionCurve(frames).area(np.array([2, 1])) == pytest.approx(twice)
    assert PrecisionCurve(frames).area(np.array([0, 1])) == 0.0


def test_ap50_95_is_the_mean_over_the_ten_overlaps_of_coco() -> None:
    assert COCO_THRESHOLDS == (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
    seven_tenths = (0.0, 0.0, 7.0, 10.0)  # overlap .7 with A: right at five of ten
    clip = JudgedClip((judged_frame([(seven_tenths, 0.9)], [A]),), 640)
    ap50, ap50_95 = precision_figures("x", clip)
    assert (ap50.name, ap50.value, ap50.cases) == ("person_ap50_x", 1.0, 1)
    assert ap50_95.name == "person_ap50_95_x"
    assert ap50_95.value == pytest.approx(0.5)


def test_interval_is_the_same_each_time_and_holds_the_figure() -> None:
    heads = np.arange(200) % 4 == 0
    low, high = bootstrap_interval([200], lambda weights: float(weights @ heads / weights.sum()))
    assert (low, high) == bootstrap_interval([200], lambda weights: float(weights @ heads / weights.sum()))
    assert low < 0.25 < high


def test_frames_that_hang_together_make_a_figure_less_sure() -> None:
    """As many heads in runs of 50 are far fewer independent cases."""
    scattered, runs = np.arange(200) % 2 == 0, np.arange(200) // 50 % 2 == 0
    widths = []
    for heads in (scattered, runs):
        low, high = bootstrap_interval([200], lambda weights, heads=heads: float(weights @ heads / weights.sum()))  # type: ignore[misc]
        widths.append(high - low)
    assert widths[1] > 4 * widths[0]


def test_blocks_are_as_long_as_the_root_of_the_clip() -> None:
    assert [block_length(count) for count in (0, 1, 16, 17, 159)] == [1, 1, 4, 5, 13]


def test_each_clip_keeps_its_share_when_frames_are_drawn() -> None:
    low, high = bootstrap_interval([5, 3], lambda weights: float(weights[:5].sum() * 10 + weights[5:].sum()))
    assert low == high == 53


def test_without_frames_there_is_no_interval() -> None:
    with pytest.raises(ValueError, match="no frames"):
        bootstrap_interval([0], lambda _: 0.0)


def test_a_share_of_counts_by_clip() -> None:
    figure = share_figure("x", [[1, 0], [2]], [[1, 1], [2]])
    assert (figure.value, figure.cases) == (0.75, 4)
    assert figure.low < 0.75 <= figure.high


def test_all_found_in_few_blocks_is_not_certain() -> None:
    figure = share_figure("x", [[7] * 6], [[7] * 6], block=1)
    assert figure.value == figure.high == 1.0
    assert figure.low == pytest.approx(0.61, abs=0.01), "Wilson's interval of six cases, not of 42"


def test_no_cases_are_no_knowledge() -> None:
    figure = share_figure("x", [[0, 0]], [[0, 0]])
    assert (figure.value, figure.low, figure.high, figure.cases) == (0.0, 0.0, 1.0, 0)


def test_a_box_is_covered_by_the_one_that_shares_most_of_it() -> None:
    half, small = (5.0, 0.0, 15.0, 10.0), (0.0, 0.0, 2.0, 10.0)
    assert covered_ratios(np.array([A, half, small, C])).tolist() == pytest.approx([0.5, 0.5, 1.0, 0.0])
    assert covered_ratios(np.array([A])).tolist() == [0.0]


def clip_of(*frames: JudgedFrame, long_side_px: int) -> dict[str, JudgedClip]:
    return {"x": JudgedClip(frames, long_side_px)}


def test_recall_is_told_by_height_in_px_of_the_network() -> None:
    tall = (0.0, 0.0, 10.0, 100.0)
    clips = clip_of(judged_frame([(tall, 0.9)], [tall, C]), long_side_px=416)
    recall = {figure.name: figure for figure in condition_figures(clips, 0.35)}
    assert (recall["person_recall_large"].value, recall["person_recall_large"].cases) == (1.0, 1)
    assert (recall["person_recall_small"].value, recall["person_recall_small"].cases) == (0.0, 1)
    assert recall["person_recall_medium"].cases == 0
    shrunk = clip_of(judged_frame([(tall, 0.9)], [tall]), long_side_px=832)
    assert {figure.name: figure.cases for figure in condition_figures(shrunk, 0.35)}["person_recall_medium"] == 1


def test_only_what_reaches_the_threshold_is_found() -> None:
    clips = clip_of(judged_frame([(A, 0.9), (B, 0.3), (C, 0.8)], [A, B]), long_side_px=640)
    recall, precision = overall_figures("night", clips, 0.35)
    assert (recall.name, recall.value) == ("person_recall_night", 0.5)
    assert (precision.name, precision.value) == ("person_precision_night", 0.5)


def test_visits_and_pauses_are_counted_apart() -> None:
    counts = [0] * FRAMES
    for first, last in VISITS[:3]:
        counts[-(-first // EVERY) : last // EVERY + 1] = [2] * (last // EVERY - -(-first // EVERY) + 1)
    counts[NOBODY[0][0]] = 1
    recall, false = visit_figures("x", counts)
    frames = [last // EVERY - -(-first // EVERY) + 1 for first, last in VISITS]
    assert recall.value == pytest.approx(sum(frames[:3]) / sum(frames))
    assert false.value == pytest.approx(1 / sum(last // EVERY - -(-first // EVERY) + 1 for first, last in NOBODY))


def test_a_counter_hides_what_is_below_it_and_leaves_its_input_alone() -> None:
    image_bgr = np.full((10, 8, 3), 200, np.uint8)
    hidden_bgr = counter_from(0.5)(image_bgr, 0.0)
    assert (hidden_bgr[:5] == 200).all()
    assert (hidden_bgr[5:] != 200).all()
    assert (image_bgr == 200).all()
