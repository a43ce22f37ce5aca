from __future__ import annotations

from collections.abc import Callable

import pytest

from services.cli.bench.detect import compare, in_turns
from services.cli.bench.measuring.detect_sides import Cost


def cost(a_second: float, cpu_ms: float = 10.0) -> Cost:
    return Cost(frames=100, seconds=100 / a_second, cpu_seconds=cpu_ms / 10, objects=250)


def test_each_side_is_judged_at_its_fastest_batch_and_ratios_are_of_the_same_round() -> None:
    figures = {
        figure.name: figure
        for figure in compare(
            {
                "tilik_b1": [cost(50)] * 3,
                "tilik_b8": [cost(120, 8), cost(60, 8), cost(90, 8)],
                "onnxruntime_b1": [cost(40)] * 3,
                "onnxruntime_b32": [cost(100, 12), cost(40, 12), cost(60, 12)],
                "naive_b1": [cost(30, 20), cost(20, 20), cost(30, 20)],
                "f32_b8": [cost(70, 9), cost(50, 9), cost(60, 9)],
                "water_b8": [cost(45)] * 3,
            }
        )
    }

    assert figures["speed_ratio_vs_onnxruntime"].value == pytest.approx(1.5)
    assert figures["speed_ratio_vs_naive"].value == pytest.approx(3.0)
    assert figures["speed_ratio_vs_naive"].met is True
    assert figures["cpu_ratio_vs_onnxruntime"].value == pytest.approx(1.5)
    assert figures["speed_ratio_vs_onnxruntime_f32"].value == pytest.approx(1.0)
    assert figures["cpu_ratio_vs_onnxruntime_f32"].value == pytest.approx(12 / 9, abs=1e-4)
    assert figures["cpu_milliseconds_f32_b8"].value == pytest.approx(9)
    assert figures["frames_per_second_b8"].value == pytest.approx(90)
    assert figures["frames_per_second_water_b8"].value == pytest.approx(45)
    assert figures["boxes_a_frame_naive_b1"].value == pytest.approx(2.5)


def test_sides_take_turns_and_the_first_round_does_not_count() -> None:
    taken: list[str] = []

    def turn(name: str) -> Callable[[], Cost]:
        def take() -> Cost:
            taken.append(name)
            return cost(len(taken))

        return take

    costs = in_turns({"a": turn("a"), "b": turn("b")}, rounds=2)

    assert taken == ["a", "b", "b", "a", "a", "b"]
    assert [round(one.a_second) for one in costs["a"]] == [4, 5]
    assert [round(one.a_second) for one in costs["b"]] == [3, 6]
