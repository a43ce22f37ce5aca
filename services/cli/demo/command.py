"""``tilik demo``: its options and its exit code."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from services.runtime.errors import ConfigurationError


@click.command()
@click.option(
    "--seconds",
    type=click.FloatRange(min=0),
    default=0.0,
    envvar="TILIK_DEMO_SECONDS",
    show_envvar=True,
    help="End by itself so long after the first row; 0: with Ctrl-C.",
)
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the summary there.")
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".tilik"),
    show_default=True,
    help="Folder of what was fetched; the demonstration's own data and logs are in its subfolder demo.",
)
@click.option("--keep", is_flag=True, help="Keep the data of former runs; the summary then counts all of them.")
@click.option("--kafka-port", type=click.IntRange(0, 65_535), help="Port of Kafka; 0: a free one.  [default: 9092]")
@click.option(
    "--clickhouse-port", type=click.IntRange(0, 65_535), help="Port of ClickHouse; 0: a free one.  [default: 8123]"
)
@click.option("--screenshot", type=click.Path(dir_okay=False, path_type=Path), hidden=True)
def command(  # noqa: PLR0913  (one for each option)
    *,
    seconds: float,
    json_path: Path | None,
    state: Path,
    keep: bool,
    kafka_port: int | None,
    clickhouse_port: int | None,
    screenshot: Path | None,
) -> None:
    """Run the whole pipeline on real footage, with a live view in the terminal.

    Fetches what is missing, starts Kafka, ClickHouse, nine cameras that play a clip, and every service; shows what
    comes in. At the end (Ctrl-C, or --seconds) it waits for the last frames and takes the books: every captured frame
    must have exactly one outcome. Exit code 1 if one is missing. Data of former runs is deleted at the start.
    """
    from deploy.local.settings import local_settings
    from services.cli.demo.play import DemoOptions, play

    wanted = {"kafka_port": kafka_port, "clickhouse_port": clickhouse_port}
    local = local_settings().model_copy(
        update={
            "state_dir": state / "demo",
            "jars_dir": state,
            **{name: port for name, port in wanted.items() if port is not None},
        }
    )
    if json_path is not None and not json_path.parent.is_dir():
        raise ConfigurationError(f"--json {json_path}: there is no folder {json_path.parent}")
    options = DemoOptions(local=local, seconds=seconds, keep=keep, json_path=json_path, screenshot=screenshot)
    faults = play(options, Console())
    for fault in faults:
        click.echo(f"tilik: {fault}", err=True)
    if faults:
        raise SystemExit(1)
