"""``tilik bench ingest``: what a camera costs, beside an ffmpeg process a camera and an OpenCV thread a camera.

All read the same cameras at one frame a second: RTSP (H.264, 1280x720, 25 pictures and one keyframe a second, 2 Mbit/s,
over TCP) and HTTP snapshots (60 KB), from servers that are not counted. They run in turns, and each is measured over a
steady window of its own; figures are medians over the rounds. A frame has been delivered when

\b
- Tilik: Kafka has it, by the broker's time. Neither the broker nor the bench's consumer is counted.
- ffmpeg: it was read whole from the process's pipe. The collector that reads is not counted. RTSP: keyframes only, one
  thread, encoded so that frames are about as large as Tilik's; snapshots: polled by the image demuxer, and copied.
- OpenCV: ``imencode`` has given it (quality 85, as Tilik's). RTSP: every picture is read, as its documentation shows;
  snapshots: the URL is opened for each picture, then decoded and encoded.
- OpenCV, keyframes: the same, but demuxer and decoder are told to pass over all but keyframes, and take one thread.

With ``--kinds both``, the default, half of the cameras are of each kind, and every figure and ratio mixes the two: what
is saved by passing snapshots on untouched, and what by decoding few pictures of streams. ``--kinds rtsp`` and ``--kinds
snapshot`` tell them apart. Keyframes once a second are the best case for all that decode keyframes only: Tilik, ffmpeg,
OpenCV (keyframes). Where they are rarer than the wanted frames, Tilik decodes every picture, and its CPU comes near to
OpenCV's; ffmpeg and OpenCV as they are told here would give too few frames.

CPU is of all processes of a side, user and system. Memory is the sum of proportional set sizes. A frame is late if it
comes more than a second and a half after the one before, lost if it never comes. What differs and can't be made equal:
sizes of frames (printed), and that Tilik alone hands frames to a broker, keeps accounts, and checks what it reads.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.console import Console

from deploy.city.plan import CityPlan
from deploy.local.settings import local_settings
from schemas.cameras import Camera
from services.cli.bench.measuring.arrivals import Continuity
from services.cli.bench.measuring.own_broker import OwnBroker, own_broker
from services.cli.bench.measuring.sides import Measured, measure_peer, measure_tilik
from services.cli.bench.report import Figure, at_most, plain
from services.cli.city import city_on_this_machine

GOAL_CPU_VS_OPENCV, GOAL_CPU_VS_FFMPEG, GOAL_MEMORY_VS_FFMPEG = 0.2, 1.0, 0.25

_HEAP_MIB = 512
KINDS = ("both", "rtsp", "snapshot")
_OPENCV = "benchmarks.peers.opencv"
_COUNT = click.IntRange(2, 1_000)
OPTIONS = (
    click.Option(["--cameras"], type=_COUNT, default=40, show_default=True, help="For all sides."),
    click.Option(["--many"], type=_COUNT, default=120, show_default=True, help="For Tilik alone."),
    click.Option(["--kinds"], type=click.Choice(KINDS), default="both", show_default=True, help="Of cameras."),
    click.Option(["--rounds"], type=click.IntRange(1, 20), default=3, show_default=True, help="Turns of all."),
    click.Option(["--seconds"], type=click.IntRange(5, 600), default=20, show_default=True, help="Length of a window."),
)


def run(cameras: int, many: int, kinds: str, rounds: int, seconds: int) -> Sequence[Figure]:
    """Measure; takes about eight minutes with the defaults.

    Raises:
        ConfigurationError: The broker or the cameras can't be started here.
        FatalError: A side did not get frames of every camera, or ended while it was measured.
    """
    state = local_settings().state_dir
    streams = streams_of(kinds, max(cameras, many))
    plan = CityPlan(rtsp=streams, snapshot=max(cameras, many) - streams)
    with (
        TemporaryDirectory(prefix="tilik-bench-") as folder,
        own_broker(_HEAP_MIB) as broker,
        city_on_this_machine(plan, state, Path(folder), Console(stderr=True)) as city,
    ):
        measured = in_turns(_sides(broker, chosen(city.cameras, cameras, kinds), seconds), rounds)
        alone = measure_tilik(broker.kafka, chosen(city.cameras, many, kinds), seconds)
    return [*compare(measured), *_of_side("tilik_many", [alone])]


def streams_of(kinds: str, count: int) -> int:
    """Give how many of ``count`` cameras are RTSP; the others are snapshot."""
    return {"both": count // 2, "rtsp": count, "snapshot": 0}[kinds]


def chosen(cameras: Sequence[Camera], count: int, kinds: str) -> list[Camera]:
    """Give ``count`` cameras of these kinds."""
    streams = [camera for camera in cameras if camera.source.kind == "rtsp"][: streams_of(kinds, count)]
    return streams + [camera for camera in cameras if camera.source.kind == "snapshot"][: count - len(streams)]


def _sides(broker: OwnBroker, cameras: Sequence[Camera], seconds: float) -> dict[str, Callable[[], Measured]]:
    return {
        "tilik": lambda: measure_tilik(broker.kafka, cameras, seconds),
        "ffmpeg": lambda: measure_peer("benchmarks.peers.ffmpeg_cameras", cameras, seconds, collector=True),
        "opencv": lambda: measure_peer(f"{_OPENCV}_cameras", cameras, seconds, collector=False),
        "opencv_keyframes": lambda: measure_peer(f"{_OPENCV}_keyframes", cameras, seconds, collector=False),
    }


def in_turns(sides: dict[str, Callable[[], Measured]], rounds: int) -> dict[str, list[Measured]]:
    """Measure each side once a round, each round in another order."""
    measured: dict[str, list[Measured]] = {name: [] for name in sides}
    names = list(sides)
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            measured[name].append(sides[name]())
    return measured


def compare(measured: dict[str, list[Measured]]) -> list[Figure]:
    """Give the figures of all sides, and the ratios: medians over the rounds of Tilik's by the peer's in that round."""
    tilik, ffmpeg, opencv, keyframes = (measured[name] for name in ("tilik", "ffmpeg", "opencv", "opencv_keyframes"))

    def ratio(of: Callable[[Measured], float], peer: list[Measured]) -> float:
        return statistics.median(of(ours) / of(theirs) for ours, theirs in zip(tilik, peer, strict=True))

    # What Tilik itself counts as missed, or what Kafka shows is not there: whichever is more.
    lost = sum(max(one.frames.lost, one.missed) for one in tilik)
    return [
        at_most("cpu_ratio_vs_opencv", ratio(lambda m: m.cpu_seconds, opencv), "ratio", GOAL_CPU_VS_OPENCV),
        plain("cpu_ratio_vs_opencv_keyframes", ratio(lambda m: m.cpu_seconds, keyframes), "ratio"),
        at_most("cpu_ratio_vs_ffmpeg", ratio(lambda m: m.cpu_seconds, ffmpeg), "ratio", GOAL_CPU_VS_FFMPEG),
        at_most("memory_ratio_vs_ffmpeg", ratio(lambda m: m.memory_bytes, ffmpeg), "ratio", GOAL_MEMORY_VS_FFMPEG),
        at_most("frames_lost", lost, "frames", 0),  # not a topic: a unit
        *(figure for name, rounds in measured.items() for figure in _of_side(name, rounds)),
    ]


def _of_side(name: str, rounds: list[Measured]) -> list[Figure]:
    frames = sum((one.frames for one in rounds), Continuity(0, 0, 0, 0))
    figures = [
        plain(f"{name}_cameras", rounds[0].cameras, "cameras"),  # not a topic: a unit
        plain(f"{name}_cpu", statistics.median(one.cpu_per_camera_minute for one in rounds), "CPU-s/camera-minute"),
        plain(f"{name}_memory", statistics.median(one.memory_bytes / one.cameras / 1e6 for one in rounds), "MB/camera"),
        plain(f"{name}_frames_delivered", frames.delivered, "frames"),  # not a topic: a unit
        plain(f"{name}_frames_late", frames.late, "frames"),  # not a topic: a unit
        plain(f"{name}_frames_lost", frames.lost, "frames"),  # not a topic: a unit
        plain(f"{name}_frame_size", frames.bytes / max(1, frames.delivered), "bytes"),
    ]
    if name.startswith("tilik"):
        late = statistics.median(one.late_p95_seconds for one in rounds)
        figures.append(plain(f"{name}_sample_lateness_p95", late, "s"))
        figures.append(plain(f"{name}_samples_missed", sum(one.missed for one in rounds), "samples"))
    return figures
