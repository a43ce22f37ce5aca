"""The frame around a service's main: settings, logs, signals, health, and one way to end."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from services.runtime.errors import FatalError
from services.runtime.health import Health, HealthServer
from services.runtime.logging import configure_logging, get_logger
from services.runtime.metrics import MetricDefinition, Metrics
from services.runtime.settings import ServiceSettings, SettingsT, load_settings


@dataclass(frozen=True)
class Service:
    """What a running service is given. ``stopping`` is set by SIGTERM or Ctrl-C: finish the batch, flush, leave."""

    health: Health
    metrics: Metrics
    stopping: threading.Event = field(default_factory=threading.Event)


def run_service(
    name: str,
    settings_type: type[SettingsT],
    definitions: Iterable[MetricDefinition],
    run: Callable[[SettingsT, Service], None],
) -> None:
    """Run a service until it is told to stop, and end the process with the exit code that fits.

    ``run`` is called once on the main thread and returns when ``stopping`` is set. A ``FatalError`` is logged once and
    becomes its exit code.
    """
    configure_logging(name, str(os.getpid()))  # what is wrong with the settings is told as everything else is
    log = get_logger(name)
    try:
        settings = load_settings(settings_type)
        _configure(name, settings)
        service = Service(Health(), Metrics(definitions))
        _stop_on_signals(service.stopping)
        server = HealthServer(settings.http_host, settings.http_port, service.health, service.metrics)
        log.info("service.started", http_port=server.port)
        try:
            run(settings, service)
        finally:
            server.close()
    except FatalError as error:
        log.error("service.failed", error=str(error), exit_code=error.exit_code)
        sys.exit(error.exit_code)
    log.info("service.stopped")


def _configure(name: str, settings: ServiceSettings) -> None:
    configure_logging(name, settings.instance, settings.log_level, settings.log_format)


def _stop_on_signals(stopping: threading.Event) -> None:
    def stop(*_: object) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
