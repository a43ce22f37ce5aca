"""``tilik dashboards build``: write Grafana's JSON of the dashboards."""

from __future__ import annotations

from pathlib import Path

import click

from services.aggregate.dashboards.build import GENERATED, documents, write
from services.aggregate.dashboards.links import PORTAL_URL
from services.aggregate.dashboards.registry import dashboards


@click.command()
@click.argument("names", nargs=-1)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=GENERATED,
    help="The folder to write to. Default: beside the dashboards' Python files.",
)
@click.option("--portal-url", default=PORTAL_URL, show_default=True, help="Where links to a camera lead.")
def command(names: tuple[str, ...], out: Path, portal_url: str) -> None:
    """Write the files of dashboards NAMES, or of all, one for each language."""
    try:
        chosen = dashboards(names)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    texts = documents(chosen, portal_url.rstrip("/"))
    write(texts, out)
    for path in texts:
        click.echo(out / path)
