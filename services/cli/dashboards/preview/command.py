"""``tilik dashboards preview``: its options, and the server that it runs."""

from __future__ import annotations

from pathlib import Path

import click

from services.cli.clickhouse import clickhouse_option, clickhouse_settings
from services.cli.dashboards.preview.process import USUAL_PORT


@click.command()
@clickhouse_option
@click.option("--database", help="Database of the tables.  [default: TILIK_AGGREGATE_CLICKHOUSE__DATABASE]")
@click.option("--prometheus", metavar="URL", help="A Prometheus for the panels that ask one, http://HOST:PORT.")
@click.option("--port", type=click.IntRange(0, 65_535), default=USUAL_PORT, show_default=True, help="0: a free one.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="The dashboards' files.  [default: those that come with Tilik]",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".tilik"),
    show_default=True,
    help="Folder for what Tilik fetches on this machine.",
)
def command(
    *,
    clickhouse: str | None,
    database: str | None,
    prometheus: str | None,
    port: int,
    folder: Path | None,
    state: Path,
) -> None:
    """Draw the dashboards in a browser, without Grafana, until Ctrl-C.

    What is drawn are the files that Grafana gets: every panel's SQL, with its macros and variables expanded, is asked
    of ClickHouse, read-only. It listens on 127.0.0.1 alone and loads nothing from elsewhere.
    """
    from deploy.local.chart_library import chart_library_folder, fetch_chart_library
    from deploy.local.ports import claimed
    from services.cli.dashboards.preview.documents import GENERATED, Documents
    from services.cli.dashboards.preview.server import Sources, serve

    settings = clickhouse_settings(clickhouse)
    if database is not None:
        settings = type(settings).model_validate(settings.model_dump() | {"database": database})
    documents = Documents(folder or GENERATED)
    count = len(documents.all())
    fetch_chart_library(state, lambda _: None)
    taken = claimed(port, "the preview")
    click.echo(f"{count} dashboards on database {settings.database}: http://127.0.0.1:{taken}/   Ctrl-C ends it")
    serve(Sources(documents, settings, prometheus or "", chart_library_folder(state)), taken)
