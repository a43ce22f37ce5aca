"""Render pictures of streets with true water masks: `python -m training.water.render --count 1200 --out FOLDER`."""

import os
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from training.water.render.blender import BlenderError, find_blender
from training.water.render.plan import SHOTS_A_SCENE
from training.water.render.run import Run


@click.command()
@click.option("--count", default=1200, show_default=True, help=f"Pictures; rounded up to scenes of {SHOTS_A_SCENE}.")
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder; a run that was cut off goes on there."
)
@click.option("--processes", default=os.cpu_count() or 1, show_default=True)
@click.option("--width", default=384, show_default=True, help="Pixels; pictures are 16:9.")
@click.option("--samples", default=2, show_default=True, help="Light paths a pixel; more is slower and cleaner.")
def main(count: int, seed: int, out: Path, processes: int, width: int, samples: int) -> None:
    """Render pictures with masks; the same seed gives the same pictures."""
    out.mkdir(parents=True, exist_ok=True)
    run = Run(out, seed, (width, width * 9 // 16), samples)
    scenes = run.missing(count)
    columns = (TextColumn("rendering"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("", total=len(scenes) * SHOTS_A_SCENE)
        try:
            find_blender()
            run.render(scenes, processes, lambda: progress.advance(task))
        except BlenderError as error:
            raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
