from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from services.cli.bench.detect import by_batch, compare, in_turns, on_gpu
from services.cli.bench.measuring.detect_sides import Answer, Cost, Request


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
    assert figures["milliseconds_b8"].value == pytest.approx(1000 / 90, abs=1e-4)
    assert {"frames_per_second_b1", "milliseconds_b1"} <= figures.keys()
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


def answer(request: Request) -> Answer:
    """As a side would whose figures all follow from a batch's size; one call in ten takes ten times as long."""
    calls = request.frames // request.batch
    waits = [request.batch / 1000] * (calls - calls // 10) + [request.batch / 100] * (calls // 10)
    return Answer(
        seconds=request.frames / 1000 / request.batch,
        cpu_seconds=request.frames / 500,
        objects=request.frames,
        waits_seconds=waits if request.alone or request.a_second else [],
        peak_memory_bytes=request.batch * 1_000_000,
        gpu_memory_bytes=7_000_000_000,
        torch_memory_bytes=request.batch * 100_000_000,
        gpu_watts=[200.0],
    )


def test_each_batch_size_has_its_waits_and_the_memory_of_a_process_of_its_own() -> None:
    anew: list[int] = []

    def judge_anew(request: Request) -> list[Answer]:
        anew.append(request.batch)
        return [answer(request)]

    def judge(request: Request) -> Answer:
        assert request.alone
        return msgspec.structs.replace(answer(request), peak_memory_bytes=10**12)

    figures = {figure.name: (figure.value, figure.unit) for figure in by_batch(judge, judge_anew)}

    assert anew == [1, 8, 32]
    assert figures == {
        f"{name}_b{batch}": (batch * times, unit)
        for batch in (1, 8, 32)
        for name, times, unit in (
            ("milliseconds_p50", 1, "ms"),
            ("milliseconds_p95", 10, "ms"),
            ("peak_memory", 1, "MB"),
        )
    }


def test_on_a_gpu_each_batch_size_has_its_rate_time_waits_and_memory_of_a_process_of_its_own() -> None:
    processes: list[set[int]] = []

    def judge_anew(*requests: Request) -> list[Answer]:
        processes.append({request.batch for request in requests})
        return [answer(request) for request in requests]

    figures = {figure.name: figure for figure in on_gpu(judge_anew)}

    assert processes == [{1}, {8}, {32}, {128}, {128}]
    for batch in (1, 8, 32, 128):
        values = {
            "frames_per_second": batch * 1000,
            "milliseconds": 1 / batch,
            "milliseconds_p50": batch,
            "milliseconds_p95": batch * 10,
            "memory": batch / 10,
        }
        assert {name: figures[f"gpu_{name}_b{batch}"].value for name in values} == pytest.approx(values, abs=1e-4)
    assert figures["gpu_frames_per_second"].value == pytest.approx(128_000)
    assert figures["gpu_city_milliseconds_p95"].goal == "<= 500"
    assert figures["gpu_memory"].value == pytest.approx(7)
