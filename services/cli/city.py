"""``tilik city``: a city of pretended cameras on this machine, until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, TaskID

from deploy.city.city import City, running_city
from deploy.city.encoding import Encoder
from deploy.city.plan import CityPlan, registry_text
from deploy.local.footage import ensure_footage

_COUNT = click.IntRange(0, 5_000)
_LOOK_SECONDS = 0.5


@click.command()
@click.option("--rtsp", type=_COUNT, default=0, help="Cameras that send H.264 over RTSP (1280x720, 25 fps).")
@click.option("--rtsp-h265", type=_COUNT, default=0, help="Cameras that send H.265 over RTSP.")
@click.option("--hls", type=_COUNT, default=0, help="Cameras with HLS: MPEG-TS and fragmented MP4 in turns.")
@click.option("--mjpeg", type=_COUNT, default=0, help="Cameras that send MJPEG over HTTP, 2 pictures a second.")
@click.option("--snapshot", type=_COUNT, default=0, help="Cameras that give snapshot JPEGs over HTTP.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the registry file here.")
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".tilik"),
    show_default=True,
    help="Folder for what Tilik fetches, stores and logs on this machine.",
)
def command(out: Path | None, state: Path, **counts: int) -> None:
    """Run hundreds of pretended cameras, to test against, until Ctrl-C.

    They show parts of one clip, each at another place in time. RTSP comes from GStreamer's server, HLS from ffmpeg's
    segmenter behind a web server. What they send is encoded once (two minutes at most) and kept in the state folder.

    \b
    tilik city --rtsp 20 --hls 5 --mjpeg 50 --snapshot 200 --out city.yaml
    TILIK_INGEST_ALLOWED_NETWORKS='["loopback"]' tilik up city.yaml
    """
    plan = CityPlan(**counts)
    if plan == CityPlan():
        raise click.UsageError("a city without cameras: say --rtsp, --rtsp-h265, --hls, --mjpeg or --snapshot")
    with city_on_this_machine(plan, state, state / "city" / "run", Console()) as city:
        _run(city, out)


@contextmanager
def city_on_this_machine(plan: CityPlan, state: Path, run_folder: Path, console: Console) -> Iterator[City]:
    """Run a city until the ``with`` ends; what it takes is fetched and encoded first, with bars on ``console``.

    Args:
        plan: Which cameras.
        state: The state folder, where footage and what was encoded are kept.
        run_folder: A folder of this run's own, for logs.
        console: Where progress is shown.

    Raises:
        ConfigurationError: ffmpeg or GStreamer is missing, or another process uses the folder.
        FatalError: A server did not become ready.
    """
    footage = ensure_footage(state, lambda line: console.print(line, highlight=False))
    with EncodingBars(console) as bars:
        encoder = Encoder(footage.path, state / "city" / "encoded", bars.show)
        with running_city(plan, encoder, run_folder) as city:
            bars.stop()
            yield city


class EncodingBars(Progress):
    """A bar for each thing that has to be encoded; none where all is there."""

    def __init__(self, console: Console) -> None:
        super().__init__(console=console, transient=True)
        self._tasks_by_name: dict[str, TaskID] = {}

    def show(self, what: str, ratio: float) -> None:
        """Move the bar of ``what`` to ``ratio``, 0 to 1."""
        if what not in self._tasks_by_name:
            self._tasks_by_name[what] = self.add_task(f"encoding {what}", total=1.0)
        self.update(self._tasks_by_name[what], completed=ratio)


def _run(city: City, out: Path | None) -> None:
    """Say where everything is, and wait for a signal."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    for kind in dict.fromkeys(camera.source.kind for camera in city.cameras):
        cameras = [camera for camera in city.cameras if camera.source.kind == kind]
        click.echo(f"{len(cameras)} {kind} cameras, {cameras[0].source.url} to {cameras[-1].source.url}")
    if out is not None:
        out.write_text(registry_text(city.cameras), encoding="utf-8")
        click.echo(f"{out}: their registry, for `tilik cameras apply {out}`")
    click.echo("Ctrl-C stops them")
    while not stopping.wait(_LOOK_SECONDS):
        if city.supervisor.wait(0):
            raise click.ClickException("the cameras have stopped by themselves: look into the logs")
