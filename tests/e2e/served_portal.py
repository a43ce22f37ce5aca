"""A portal on a port of its own, with the figures of the simulated city and no Kafka behind it."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from deploy.local.ports import HOST, free_port
from services.portal.app import build_app
from services.portal.context import Portal
from tests.portal.delivery.scene import until

_STOP_SECONDS = 30.0


@contextmanager
def served(portal: Portal) -> Iterator[str]:
    """Serve a portal on a thread, and give the address. It follows no Kafka: every camera is silent.

    Lists of frames are answered however long it runs, as if Kafka were heard: there are no frames, and no withdrawals.
    """
    portal.shown._heard_at = math.inf
    port = free_port()
    config = uvicorn.Config(build_app(portal), host=HOST, port=port, lifespan="off", log_level="warning", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    try:
        yield f"http://{HOST}:{port}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join(_STOP_SECONDS)
