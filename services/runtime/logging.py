"""Structured logs: one fixed dotted event name a line, facts as fields. No line shows a credential (``redaction``)."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Any, Literal

import structlog

from services.runtime.redaction import is_credential_key, redact_facts, redact_url

__all__ = ["configure_logging", "get_logger", "is_credential_key", "redact_url"]


def configure_logging(
    service: str, instance: str, level: str = "info", style: Literal["auto", "json", "pretty"] = "auto"
) -> None:
    """Set up logging of this process, once, at its start. Lines go to standard error.

    Also what libraries log, and the traceback of a crash, on whatever thread: they can quote a URL or a header.
    """
    pretty = style == "pretty" or (style == "auto" and sys.stderr.isatty())
    renderer: Any = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _named(service, instance),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _redacted,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    library_lines = logging.StreamHandler(sys.stderr)
    library_lines.setFormatter(_RedactingFormatter("%(name)s %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[library_lines], level=logging.WARNING)
    sys.excepthook = _print_crash
    threading.excepthook = _print_thread_crash
    sys.unraisablehook = _print_unraisable


def _redacted(_: Any, __: str, facts: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {name: redact_facts(value) for name, value in facts.items()}


class _RedactingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact_url(super().format(record))


def _print_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sys.stderr.write(redact_url("".join(traceback.format_exception(kind, error, trace))))


def _print_thread_crash(crash: threading.ExceptHookArgs) -> None:
    if crash.exc_value is not None and not isinstance(crash.exc_value, SystemExit):
        _print_crash(crash.exc_type, crash.exc_value, crash.exc_traceback)


def _print_unraisable(crash: sys.UnraisableHookArgs) -> None:
    if crash.exc_value is not None:
        _print_crash(crash.exc_type, crash.exc_value, crash.exc_traceback)


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
