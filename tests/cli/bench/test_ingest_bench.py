from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from deploy.city.plan import CityAddresses, CityPlan, city_cameras
from services.cli.bench.ingest import chosen, compare, in_turns, streams_of
from services.cli.bench.measuring.arrivals import Continuity
from services.cli.bench.measuring.process_usage import pss_bytes
from services.cli.bench.measuring.sides import Measured

MEASURED = Measured(
    cameras=10, seconds=30.0, cpu_seconds=3.0, memory_bytes=100_000_000, frames=Continuity(300, 1, 0, 30_000_000)
)


def values(measured: dict[str, list[Measured]]) -> dict[str, float]:
    return {figure.name: figure.value for figure in compare(measured)}


def test_ratios_are_medians_of_the_rounds_own_ratios() -> None:
    costs = {"tilik": (3.0, 2.0, 4.0), "ffmpeg": (6.0, 4.0, 4.0), "opencv": (30.0, 10.0, 10.0)}
    costs["opencv_keyframes"] = costs["opencv"]
    measured = {name: [replace(MEASURED, cpu_seconds=cost) for cost in row] for name, row in costs.items()}

    found = values(measured)

    assert found["cpu_ratio_vs_ffmpeg"] == 0.5  # of .5, .5 and 1
    assert found["cpu_ratio_vs_opencv"] == 0.2  # of .1, .2 and .4
    assert found["memory_ratio_vs_ffmpeg"] == 1.0
    assert found["tilik_cpu"] == 0.6  # 3 s of 10 cameras in half a minute
    assert found["tilik_memory"] == 10.0
    assert found["opencv_frames_delivered"] == 900
    assert found["ffmpeg_frame_size"] == 100_000


@pytest.mark.parametrize(("shown", "counted"), [(2, 0.0), (0, 2.0), (2, 1.0)])
def test_a_frame_is_lost_if_kafka_lacks_it_or_the_worker_says_so(shown: int, counted: float) -> None:
    ours = replace(MEASURED, frames=Continuity(298, 0, shown, 1), missed=counted)
    peers = {name: [MEASURED] for name in ("ffmpeg", "opencv", "opencv_keyframes")}
    assert values({"tilik": [ours], **peers})["frames_lost"] == 2


def test_each_side_begins_a_round_once() -> None:
    order: list[str] = []

    def side(name: str) -> Callable[[], Measured]:
        def measure() -> Measured:
            order.append(name)
            return MEASURED

        return measure

    measured = in_turns({name: side(name) for name in "abc"}, 3)

    assert "".join(order) == "abc" + "bca" + "cab"
    assert {name: len(rounds) for name, rounds in measured.items()} == {"a": 3, "b": 3, "c": 3}


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ("both", ["rtsp"] * 3 + ["snapshot"] * 4),
        ("rtsp", ["rtsp"] * 7),
        ("snapshot", ["snapshot"] * 7),
    ],
)
def test_cameras_are_of_the_kinds_that_were_asked_for(kinds: str, expected: list[str]) -> None:
    streams = streams_of(kinds, 8)
    addresses = CityAddresses("rtsp://h:1", "", "http://h:2")
    cameras = city_cameras(CityPlan(rtsp=streams, snapshot=8 - streams), addresses)
    assert [camera.source.kind for camera in chosen(cameras, 7, kinds)] == expected


def test_memory_is_read_as_the_kernel_writes_it() -> None:
    text = "55e0-7fff ---p 00000000 00:00 0  [rollup]\nRss:   20480 kB\nPss:   10240 kB\nPss_Dirty:  512 kB\n"
    assert pss_bytes(text) == 10_485_760
    assert pss_bytes("") == 0
