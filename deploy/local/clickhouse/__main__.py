"""Serve ClickHouse's HTTP interface over the embedded engine: ``python -m deploy.local.clickhouse --data DIR``."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import click
import uvicorn

_EXIT_CONFIGURATION = 78
_LONGEST_URL_BYTES = 1 << 20
_GIB = 1 << 30


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Folder of the data.")
@click.option("--port", default=8123, show_default=True, help="Port on 127.0.0.1.")
@click.option("--memory-gib", default=4.0, show_default=True, help="What the engine may use in all.")
@click.option("--stop-seconds", default=10, show_default=True, help="How long running queries may go on at the end.")
def main(data: Path, port: int, memory_gib: float, stop_seconds: int) -> None:
    """Serve until SIGTERM or Ctrl-C; running queries are let finish, then the engine closes its data."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    from deploy.local.clickhouse.engine import Engine, EngineBusyError
    from deploy.local.clickhouse.face import ClickHouseFace

    try:
        engine = Engine(data.resolve(), int(memory_gib * _GIB))
    except EngineBusyError as error:
        click.echo(str(error), err=True)
        sys.exit(_EXIT_CONFIGURATION)
    config = uvicorn.Config(
        ClickHouseFace(engine),
        host="127.0.0.1",
        port=port,
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=stop_seconds,
        h11_max_incomplete_event_size=_LONGEST_URL_BYTES,
    )
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn raises them again once it has stopped
        signal.signal(number, lambda *_: None)
    try:
        uvicorn.Server(config).run()
    finally:
        engine.close()


if __name__ == "__main__":
    main()
