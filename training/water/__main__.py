"""Train the water network from nothing: `python -m training.water`. README.md says how long it takes."""

from __future__ import annotations

from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.detect.models.water_layout import DECODERS
from services.detect.water import WEIGHTS_FOLDER
from training.water import steps
from training.water.fitting import FitOptions

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option("--pictures", type=FOLDER, default=".tilik/training/water", show_default=True, help="Training pictures.")
@click.option(
    "--models", type=FOLDER, default=".tilik/models", show_default=True, help="What `tilik models fetch` got."
)
@click.option("--footage", type=FOLDER, envvar="TILIK_TEST_DATA", required=True, help="What is measured on.")
@click.option("--drawn", default=steps.DRAWN, show_default=True, help="Drawn scenes.")
@click.option("--rendered", default=steps.RENDERED, show_default=True, help="Rendered streets; they need Blender.")
@click.option("--seed", default=0, show_default=True, help="Of the decoder's first weights and the order of examples.")
@click.option("--out", type=FOLDER, default=WEIGHTS_FOLDER, help="Default: where the package has its weights.")
def main(pictures: Path, models: Path, footage: Path, drawn: int, rendered: int, seed: int, out: Path) -> None:  # noqa: PLR0913, PLR0917
    """Make the training pictures that are missing, train, write the weights, and measure them."""
    plan = steps.Plan(pictures, models, footage, drawn=drawn, rendered=rendered, fit=FitOptions(seed=seed))
    steps.fetch_and_render(plan)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns) as progress:
        drawing = progress.add_task("drawing", total=plan.drawn + plan.composed)
        steps.draw(plan, lambda: progress.advance(drawing))
        looking = progress.add_task("features", total=steps.example_count(plan))
        fitting = progress.add_task("fitting", total=plan.fit.epochs * DECODERS)
        network = steps.train(plan, lambda count: progress.advance(looking, count), lambda: progress.advance(fitting))
        manifest = steps.write(plan, network, out)
        measuring = progress.add_task("measuring", total=None)
        whole = steps.measure(
            plan, manifest, out, lambda done, total: progress.update(measuring, completed=done, total=total)
        )
    for name, share in sorted(whole.figures.items()):
        click.echo(f"{name} {share.value:.3f} ({share.low:.3f} to {share.high:.3f})")


if __name__ == "__main__":
    main()
