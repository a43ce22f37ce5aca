"""Structured logs: one fixed dotted event name a line, facts as fields."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any, Literal

import structlog

_CREDENTIALS = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)[^/\s]*@")


def redact_url(url: str) -> str:
    """Give ``url`` without its user and password."""
    return _CREDENTIALS.sub(r"\g<scheme>***@", url)


def configure_logging(
    service: str, instance: str, level: str = "info", style: Literal["auto", "json", "pretty"] = "auto"
) -> None:
    """Set up logging of this process, once, at its start. Lines go to standard error."""
    pretty = style == "pretty" or (style == "auto" and sys.stderr.isatty())
    renderer: Any = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _named(service, instance),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s %(levelname)s %(message)s")


def _named(service: str, instance: str) -> structlog.typing.Processor:
    """Give what adds the process's name to a line, whatever thread writes it."""

    def add(_: Any, __: str, facts: structlog.typing.EventDict) -> structlog.typing.EventDict:
        facts.setdefault("service", service)
        facts.setdefault("instance", instance)
        return facts

    return add


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Give a logger; ``name`` is the module's."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(module=name)
    return logger
