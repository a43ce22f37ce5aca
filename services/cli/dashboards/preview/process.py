"""The preview as a process of a local stack, beside the ClickHouse that it draws from."""

from __future__ import annotations

import sys
from pathlib import Path

from deploy.local.platform import http_probe
from deploy.local.ports import HOST, free_port, is_free
from deploy.local.process import ProcessSpec

USUAL_PORT = 3000


def preview_process(clickhouse_port: int, database: str, state: Path) -> ProcessSpec:
    """Give how to run the preview, on its usual port if that is free.

    Args:
        clickhouse_port: Where ClickHouse listens on this machine.
        database: The one that holds the tables.
        state: The folder that has the chart library.
    """
    port = USUAL_PORT if is_free(USUAL_PORT) else free_port()
    argv = [sys.executable, "-m", "services.cli", "dashboards", "preview", "--port", str(port)]
    argv += ["--clickhouse", f"{HOST}:{clickhouse_port}", "--database", database, "--state", str(state.resolve())]
    return ProcessSpec("dashboards", argv, ready=http_probe(port, "/api/dashboards"), port=port)
