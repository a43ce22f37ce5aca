"""``tilik detect``: judge a video file or a folder of stills, without Kafka."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from schemas.camera_events import CAMERA_EVENT_CODEC, FrameDetections, FrameOutcome
from schemas.cameras import CameraId
from services.cli.detect_water import drawn_grid, wet_ratio, wetter
from services.cli.models import MODELS_FOLDER
from services.detect.detector_names import detector_names
from services.runtime.errors import ConfigurationError


@dataclass(frozen=True)
class DetectOptions:
    """What the command line says."""

    source: Path
    out: Path
    detector: str
    tiles: Literal["1x1", "2x2"]
    water: bool
    camera_id: str | None
    every: int
    fps: float
    recorded_from: datetime | None
    score_floor: float | None
    device: str
    models: Path


@click.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File of events to write.")
@click.option("--detector", type=click.Choice(detector_names()), default="nanodet", show_default=True)
@click.option("--tiles", type=click.Choice(["1x1", "2x2"]), default="1x1", show_default=True, help="2x2: small things.")
@click.option("--water", is_flag=True, help="Measure water too, and draw where it stands in the wettest picture.")
@click.option("--camera-id", default=None, help="Camera id in the events; default: made from the name of SOURCE.")
@click.option("--every", type=click.IntRange(min=1), default=1, show_default=True, help="Take every N-th picture.")
@click.option(
    "--fps", type=click.FloatRange(min=0.001), default=1.0, show_default=True, help="Of stills without times."
)
@click.option("--from", "recorded_from", type=click.DateTime(), default=None, help="UTC time of the first picture.")
@click.option("--score-floor", type=click.FloatRange(0, 1), default=None, help="Report all objects from this score up.")
@click.option("--device", default="cpu", show_default=True, help="Where the network runs: cpu, cuda.")
@click.option("--models", type=click.Path(path_type=Path, file_okay=False), default=MODELS_FOLDER, show_default=True)
def command(**values: Any) -> None:
    """Detect objects, and with --water standing water, in SOURCE, a video file or a folder of stills.

    Writes one event a frame as JSON Lines; `tilik recompute` computes windows and episodes from them.
    """
    options = DetectOptions(**values)
    console = Console(stderr=True)
    outcomes, total = _prepare(options)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as bars:
        bar = bars.add_task("frames", total=total)
        written = _write(outcomes, options.out, lambda: bars.advance(bar))
    text = f"{written.judged} frames judged, {written.objects} objects found"
    console.print(f"{text}, {written.shed} frames could not be judged: {options.out}", highlight=False)
    if written.wettest is not None:
        console.print(_water_text(written.wettest), highlight=False, markup=False)


def camera_id_of(source: Path) -> str:
    """Give a camera id made from the name of a file or folder."""
    stem = re.sub(r"[^a-z0-9._-]+", "-", source.resolve().stem.lower()).strip("._-")[:64].strip("._-")
    return stem if len(stem) >= 3 else f"camera-{stem or 'x'}"


def _prepare(options: DetectOptions) -> tuple[Iterator[FrameOutcome], int | None]:
    """Open the footage, load the detector, and give the outcomes to come and their number, where it is known."""
    # OpenCV and OpenVINO take a second to import: `--help` does without.
    from services.detect.detector import DetectorOptions
    from services.detect.footage import Footage
    from services.detect.offline import judge_footage, offline_tools

    at = options.recorded_from
    camera_id = options.camera_id or camera_id_of(options.source)
    try:
        msgspec.convert(camera_id, CameraId)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"--camera-id {camera_id!r}: {error}") from error
    if not options.out.resolve().parent.is_dir():
        raise ConfigurationError(f"--out: there is no folder {options.out.resolve().parent}")
    if at is not None and at.year < 1970:
        raise ConfigurationError("--from: must be 1970 or later")
    footage = Footage(
        source=options.source,
        camera_id=camera_id,
        every=options.every,
        still_fps=options.fps,
        recorded_from_ms=0 if at is None else int(at.replace(tzinfo=UTC).timestamp() * 1000),
    )
    total = footage.length()
    built = DetectorOptions(models_folder=options.models, device=options.device)
    tools = offline_tools(options.detector, built, options.tiles, options.score_floor, options.water)
    return judge_footage(footage, tools), total


@dataclass
class _Written:
    """How many frames were judged, objects found and frames not judged; where most water was seen."""

    judged: int = 0
    objects: int = 0
    shed: int = 0
    wettest: FrameDetections | None = None

    def add(self, outcome: FrameOutcome) -> None:
        if isinstance(outcome, FrameDetections):
            self.judged += 1
            self.objects += len(outcome.objects)
            self.wettest = wetter(self.wettest, outcome)
        else:
            self.shed += 1


def _write(outcomes: Iterable[FrameOutcome], out: Path, advance: Callable[[], None]) -> _Written:
    """Write events as they come, and give what was in them."""
    written = _Written()
    partial = out.with_name(out.name + ".partial")
    with partial.open("wb") as file:
        for outcome in outcomes:
            file.write(CAMERA_EVENT_CODEC.encode(outcome) + b"\n")
            written.add(outcome)
            advance()
    partial.replace(out)
    return written


def _water_text(event: FrameDetections) -> str:
    assert event.water is not None
    at = datetime.fromtimestamp(event.captured_at_ms / 1000, UTC)
    place = f"picture {event.sequence + 1}, {at:%Y-%m-%d %H:%M:%S} UTC"
    return f"most water in {place}: {wet_ratio(event):.0%} of the picture\n{drawn_grid(event.water)}"
