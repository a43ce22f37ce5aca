"""``tilik bench detect``: what a frame costs from JPEG bytes to its event, beside onnxruntime and beside a plain loop.

Frames are real ones, half of a car park (PKLot) and half of a street, as 1280x720 JPEGs of quality 85. All sides run
NanoDet-g on inputs of 256 x 416 px, decode with two threads and infer with two, as processes that live through the
whole bench and work in turns; figures are medians over the rounds. ``_bN`` is with N inputs to the network at once.

\b
- Tilik: the service's own pipeline, header checks, scene facts and encoded events included; 64 frames a call, as the
  service takes them, so that decoding and network overlap; most of the network in bfloat16 where the CPU gains by it
  (ADR 12; in_bfloat16 is 1 then). *_f32_b8 are Tilik's all in single precision, as the peers are. milliseconds_bN
  are of time a frame where many come; milliseconds_p50_bN and _p95_bN how long N frames wait that come alone, begun
  when the N before are done; 40 times. peak_memory_bN is of a process that is started anew and judges 256 frames so.
- onnxruntime: the network exported from the same module, the same decoding (scaled, in two threads), letterbox and
  post-processing; no scene facts, no events. A batch is decoded, then inferred.
- plain loop: cv2.imdecode of the whole picture, the same letterbox and post-processing, torch as it comes, one by one.

speed_ratio_* are frames a second of Tilik at its fastest batch size by those of the peer at its own fastest;
cpu_ratio_* are the peer's CPU time a frame by Tilik's there, which other work on the machine disturbs less. Those that
end in _f32 are of Tilik in single precision with N = 8: how much of the ratio is no matter of precision. Where a GPU is
present, Tilik runs on it as well, in half precision, with objects and water, for each N in a process of its own that
has graphs of batches up to N: gpu_*_bN are the same as without gpu_, but gpu_memory_bN, which is the most of the GPU's
memory that torch held while many frames came; then, with the fastest N, as 1,100 cameras send them. gpu_memory is the
most that nvidia-smi showed in use then, by whomever.
"""

from __future__ import annotations

import statistics
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from services.cli.bench.measuring.detect_sides import Answer, Cost, Request, Side, running
from services.cli.bench.report import Figure, at_least, at_most, plain
from services.runtime.errors import ConfigurationError

GOAL_VS_ONNXRUNTIME, GOAL_VS_NAIVE = 1.0, 2.5
GOAL_GPU_RATE, GOAL_GPU_P95_MS = 1500.0, 500.0
CITY_CAMERAS = 1100
"""At one frame a second each."""

BATCHES = (1, 8, 32)
GPU_BATCHES = (*BATCHES, 128)
FRAME_COUNT, FRAME_WH, QUALITY = 64, (1280, 720), 85
STREET_CLIP = "clips/ahmetozlu_input_video.mp4"
_STREET_STEP = 25
"""Pictures between two that are taken: all 38 seconds of the clip."""
_ALONE_CALLS = 40
"""Two of which lie above the 95th percentile."""
_FRESH_FRAMES = 256
"""After which a process takes no more memory: networks of their own are compiled for the sizes of inputs by then."""
_GPU_FRAMES, _GPU_SECONDS = 4096, 20
OPTIONS = (
    click.Option(["--rounds"], type=click.IntRange(1, 50), default=5, show_default=True, help="Turns of all sides."),
    click.Option(["--frames"], type=click.IntRange(1, 4096), default=64, show_default=True, help="Frames of a turn."),
)
Rounds = Mapping[str, Sequence[Cost]]
"""Costs by side and batch, ``tilik_b8``, one a round."""
Judge = Callable[[Request], Answer]
"""Has our side judge frames."""
JudgeAnew = Callable[..., Sequence[Answer]]
"""Has our side, in a process of its own, do one request after the other, all with batches of one size."""


def run(rounds: int, frames: int) -> Sequence[Figure]:
    """Measure; takes three and a half minutes on two idle cores.

    Raises:
        ConfigurationError: Footage, weights or torch are not there: onnxruntime's network is exported by torch, and the
            plain loop runs in it.
        FatalError: A side has ended early.
    """
    from services.detect.running import cpu_gains_by_bfloat16
    from services.detect.torch_extra import translate_missing_torch

    with translate_missing_torch("bench detect"):
        import torch

    with TemporaryDirectory(prefix="tilik-bench-") as folder, ExitStack() as stack:
        write_frames(Path(folder))
        model = Path(folder) / "network.onnx"
        export(model)
        most = str(BATCHES[-1])
        tilik = stack.enter_context(running("benchmarks.measured.detect_events", [folder, "cpu", most]))
        single = stack.enter_context(running("benchmarks.measured.detect_events", [folder, "cpu", most, "f32"]))
        onnx = stack.enter_context(running("benchmarks.peers.detect_onnxruntime", [folder, str(model)]))
        naive = stack.enter_context(running("benchmarks.peers.detect_plain", [folder]))
        figures = compare(in_turns(_turns(tilik, single, onnx, naive, frames), rounds))
        figures += [
            plain("in_bfloat16", float(cpu_gains_by_bfloat16()), "0 or 1"),
            *by_batch(tilik.judge, partial(_judge_anew, folder, "cpu")),
        ]
        if torch.cuda.is_available():
            figures += on_gpu(partial(_judge_anew, folder, "cuda"))
    return figures


def write_frames(folder: Path) -> None:
    """Write the frames, as JPEGs, into a folder.

    Raises:
        ConfigurationError: The footage is not there.
    """
    import cv2

    from services.detect.accuracy.labelled_footage import data_folder, pklot_folder

    stills = sorted(pklot_folder().glob("sequence*/frames/*.png")) + sorted(pklot_folder().glob("timelapse/*.jpg"))
    chosen = [stills[index * len(stills) // (FRAME_COUNT // 2)] for index in range(FRAME_COUNT // 2)] if stills else []
    images = [cv2.imread(str(path), cv2.IMREAD_COLOR) for path in chosen]
    street = cv2.VideoCapture(str(data_folder() / STREET_CLIP))
    for index in range(FRAME_COUNT - len(images)):
        street.set(cv2.CAP_PROP_POS_FRAMES, index * _STREET_STEP)
        images.append(street.read()[1])
    for index, image in enumerate(images):
        if image is None:
            raise ConfigurationError(f"PKLot or {STREET_CLIP} is not whole here")
        fitted = cv2.resize(image, FRAME_WH, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(folder / f"{index:04d}.jpg"), fitted, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


def export(path: Path) -> None:
    """Write the network as ONNX, for onnxruntime.

    Raises:
        ConfigurationError: The weights are not there.
    """
    import torch

    from services.detect.detector import DetectorOptions
    from services.detect.detectors.nanodet import WEIGHTS_NAME
    from services.detect.models.nanodet_network import load_nanodet
    from services.detect.models.store import read_weights

    network = load_nanodet(read_weights(DetectorOptions().models_folder, WEIGHTS_NAME)[0])
    example = torch.zeros((1, 256, 416, 3), dtype=torch.uint8)
    with warnings.catch_warnings():
        # The exporter's new form gives a graph as fast (13.3 ms against 13.4) and needs one more package.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (example,),
            str(path),
            dynamo=False,
            input_names=["inputs"],
            output_names=["scores", "distances"],
            dynamic_axes={name: {0: "count"} for name in ("inputs", "scores", "distances")},
        )


def in_turns(turns: Mapping[str, Callable[[], Cost]], rounds: int) -> Rounds:
    """Take each turn once a round, each round from another one on, after a round that does not count."""
    names = list(turns)
    costs: dict[str, list[Cost]] = {name: [] for name in names}
    for number in range(rounds + 1):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            cost = turns[name]()
            if number:
                costs[name].append(cost)
    return costs


def compare(costs: Rounds) -> list[Figure]:
    """Give the figures of all sides, and the ratios: medians over the rounds, of sides in the same round."""
    best = {side: max(_of_side(costs, side), key=lambda name: _rate(costs[name])) for side in ("tilik", "onnxruntime")}
    ours, onnx, naive = costs[best["tilik"]], costs[best["onnxruntime"]], costs["naive_b1"]
    single = costs["f32_b8"]

    def ratio(of: Callable[[Cost, Cost], float], peer: Sequence[Cost], own: Sequence[Cost] = ours) -> float:
        return statistics.median(of(mine, theirs) for mine, theirs in zip(own, peer, strict=True))

    def speed(mine: Cost, theirs: Cost) -> float:
        return mine.a_second / theirs.a_second

    def cpu(mine: Cost, theirs: Cost) -> float:
        return theirs.cpu_ms / mine.cpu_ms

    return [
        at_least("speed_ratio_vs_onnxruntime", ratio(speed, onnx), "ratio", GOAL_VS_ONNXRUNTIME),
        at_least("speed_ratio_vs_naive", ratio(speed, naive), "ratio", GOAL_VS_NAIVE),
        plain("cpu_ratio_vs_onnxruntime", ratio(cpu, onnx), "ratio"),
        plain("cpu_ratio_vs_naive", ratio(cpu, naive), "ratio"),
        plain("speed_ratio_vs_onnxruntime_f32", ratio(speed, onnx, single), "ratio"),
        plain("cpu_ratio_vs_onnxruntime_f32", ratio(cpu, onnx, single), "ratio"),
        *(figure for name, rounds in costs.items() for figure in _of_turn(name, rounds)),
    ]


def _turns(tilik: Side, single: Side, onnx: Side, naive: Side, frames: int) -> dict[str, Callable[[], Cost]]:
    def ours(request: Request, side: Side = tilik) -> Callable[[], Cost]:
        return lambda: _cost(request, side.judge(request))

    def peer(side: Side, batch: int) -> Callable[[], Cost]:
        return lambda: side.judge_as_peer(batch, frames)

    return {
        **{f"tilik_b{batch}": ours(Request(batch, frames)) for batch in BATCHES},
        **{f"onnxruntime_b{batch}": peer(onnx, batch) for batch in BATCHES},
        "naive_b1": peer(naive, 1),
        "f32_b8": ours(Request(8, frames), single),
        "water_b8": ours(Request(8, frames, water=True)),
        "tiles_2x2_b8": ours(Request(8, frames, tiles="2x2")),
    }


def _cost(request: Request, answer: Answer) -> Cost:
    return Cost(request.frames, answer.seconds, answer.cpu_seconds, answer.objects)


def _of_side(costs: Rounds, side: str) -> list[str]:
    return [name for name in costs if name.startswith(f"{side}_b")]


def _rate(rounds: Sequence[Cost]) -> float:
    return statistics.median(one.a_second for one in rounds)


def _of_turn(name: str, rounds: Sequence[Cost]) -> list[Figure]:
    side, batch = name.rsplit("_", 1)
    label = batch if side == "tilik" else name
    found = "boxes" if side in {"onnxruntime", "naive"} else "objects"
    return [
        plain(f"frames_per_second_{label}", _rate(rounds), "frames/s"),
        plain(f"milliseconds_{label}", 1000 / _rate(rounds), "ms/frame"),
        plain(f"cpu_milliseconds_{label}", statistics.median(one.cpu_ms for one in rounds), "ms/frame"),
        # Peers give out all boxes that score as much as the lowest of the thresholds, which are one for each class.
        plain(f"{found}_a_frame_{label}", rounds[0].objects / rounds[0].frames, found),
    ]


def by_batch(judge: Judge, judge_anew: JudgeAnew) -> list[Figure]:
    """Measure what a batch of each size waits, and what memory a process takes; ``judge_anew`` starts one."""
    figures: list[Figure] = []
    for batch in BATCHES:
        (fresh,) = judge_anew(Request(batch, _FRESH_FRAMES))
        figures += [
            *_waits("", batch, judge(_alone(batch))),
            plain(f"peak_memory_b{batch}", fresh.peak_memory_bytes / 1e6, "MB"),
        ]
    return figures


def _judge_anew(folder: str, device: str, *requests: Request) -> list[Answer]:
    most = str(max(request.batch for request in requests))
    with running("benchmarks.measured.detect_events", [folder, device, most]) as side:
        return [side.judge(request) for request in requests]


def on_gpu(judge_anew: JudgeAnew) -> list[Figure]:
    """Measure objects and water: as fast as it goes, then at a city's pace with the fastest batch size."""
    answers: dict[int, Answer] = {}
    figures: list[Figure] = []
    for batch in GPU_BATCHES:
        answers[batch], alone = judge_anew(Request(batch, _GPU_FRAMES, water=True), _alone(batch, water=True))
        figures += [
            plain(f"gpu_frames_per_second_b{batch}", _GPU_FRAMES / answers[batch].seconds, "frames/s"),
            plain(f"gpu_milliseconds_b{batch}", answers[batch].seconds / _GPU_FRAMES * 1000, "ms/frame"),
            *_waits("gpu_", batch, alone),
            plain(f"gpu_memory_b{batch}", answers[batch].torch_memory_bytes / 1e9, "GB"),
        ]
    best = min(GPU_BATCHES, key=lambda batch: answers[batch].seconds)
    (city,) = judge_anew(Request(best, CITY_CAMERAS * _GPU_SECONDS, water=True, a_second=CITY_CAMERAS))
    watts = answers[best].gpu_watts
    return [
        at_least("gpu_frames_per_second", _GPU_FRAMES / answers[best].seconds, "frames/s", GOAL_GPU_RATE),
        *figures,
        at_most("gpu_city_milliseconds_p95", _percentiles_ms(city.waits_seconds)[1], "ms", GOAL_GPU_P95_MS),
        plain("gpu_memory", city.gpu_memory_bytes / 1e9, "GB"),
        plain("gpu_power", statistics.median(watts) if watts else float("nan"), "W"),
        plain("gpu_cpu_milliseconds", answers[best].cpu_seconds / _GPU_FRAMES * 1000, "ms/frame"),
    ]


def _alone(batch: int, water: bool = False) -> Request:
    return Request(batch, batch * _ALONE_CALLS, water=water, alone=True)


def _waits(device: str, batch: int, alone: Answer) -> list[Figure]:
    p50, p95 = _percentiles_ms(alone.waits_seconds)
    return [
        plain(f"{device}milliseconds_p50_b{batch}", p50, "ms"),
        plain(f"{device}milliseconds_p95_b{batch}", p95, "ms"),
    ]


def _percentiles_ms(seconds: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(seconds)
    return (statistics.median(ordered) * 1000, ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))] * 1000)
