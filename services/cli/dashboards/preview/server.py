"""Run the preview on a port of the loopback address."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import uvicorn

from deploy.local.ports import HOST
from services.cli.clickhouse import clickhouse_client
from services.cli.dashboards.preview.app import PreviewApp
from services.cli.dashboards.preview.asking import Asking
from services.cli.dashboards.preview.documents import Documents
from services.cli.dashboards.preview.prometheus import Prometheus
from services.runtime.errors import ConfigurationError
from services.runtime.settings import ClickHouseSettings

_LONGEST_ADDRESS_BYTES: Final = 1 << 18
"""A choice of every one of a city's cameras stands in an address."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What the preview draws from. ``library`` is the folder of the chart library, ``prometheus_url`` may be empty."""

    documents: Documents
    clickhouse: ClickHouseSettings
    prometheus_url: str
    library: Path


def serve(sources: Sources, port: int) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        ConfigurationError: The address of Prometheus is none.
        RetryableError: ClickHouse is away, or there is no such database.
    """
    with ExitStack() as open_ones:
        client = open_ones.enter_context(clickhouse_client(sources.clickhouse))
        prometheus = None
        if sources.prometheus_url:
            prometheus = Prometheus(_checked(sources.prometheus_url))
            open_ones.callback(prometheus.close)
        app = PreviewApp(sources.documents, Asking(client, prometheus), sources.library)
        config = uvicorn.Config(
            app.asgi,
            host=HOST,
            port=port,
            lifespan="off",
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=3,
            h11_max_incomplete_event_size=_LONGEST_ADDRESS_BYTES,
        )
        uvicorn.Server(config).run()


def _checked(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ConfigurationError(f"--prometheus {url!r} is no address: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ConfigurationError(f"--prometheus {url!r} is no address of the form http://HOST:PORT")
    return url
