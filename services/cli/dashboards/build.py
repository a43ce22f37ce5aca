"""``tilik dashboards build``: write Grafana's JSON of the dashboards."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import click

from services.aggregate.dashboards.build import GENERATED, documents, write
from services.aggregate.dashboards.links import PORTAL_URL
from services.aggregate.dashboards.registry import dashboards


def web_address(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Give an address to which a link may lead, without a slash at its end: a callback of an option.

    Raises:
        click.BadParameter: It is none of the form http://HOST or https://HOST, perhaps with a port and a path.
    """
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no address: {error}") from None
    plain = value.isprintable() and not set(value) & set(" \"'<>\\?#$")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None or not plain:
        raise click.BadParameter(f"{value!r} is no address of the form https://HOST[:PORT][/PATH]")
    return value.rstrip("/")


@click.command()
@click.argument("names", nargs=-1)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=GENERATED,
    help="The folder to write to. Default: beside the dashboards' Python files.",
)
@click.option(
    "--portal-url", default=PORTAL_URL, show_default=True, callback=web_address, help="Where links to a camera lead."
)
def command(names: tuple[str, ...], out: Path, portal_url: str) -> None:
    """Write the files of dashboards NAMES, or of all, one for each language."""
    try:
        chosen = dashboards(names)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    texts = documents(chosen, portal_url)
    write(texts, out)
    for path in texts:
        click.echo(out / path)
