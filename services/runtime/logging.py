"""Structured logs: one fixed dotted event name a line, facts as fields."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any, Literal

import structlog

_CREDENTIALS = re.compile(
    r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)"
    r"(?:[^/\s:@\[]*:(?!\d{1,5}(?:[/?#\s]|$))\S*@"  # a password may hold / and @; host:port/ is none
    r"|[^/\s]*@)"
)
_QUERY_FIELD = re.compile(r"(?P<key>(?<=[?&;])[^=&;\s]+)=[^&;#\s'\"]*")
_CREDENTIAL_KEYS = frozenset(
    {"user", "username", "usr", "login", "pwd", "pass", "passwd", "password", "psw", "token", "key", "auth", "sig"}
)
_CREDENTIAL_PARTS = ("passw", "passphrase", "pwd", "token", "secret", "apikey", "credential", "authoriz", "signature")


def is_credential_key(key: str) -> bool:
    """Tell whether a field of a URL's query is named like one that lets its bearer in."""
    plain = re.sub(r"[^a-z0-9]", "", key.lower())
    return plain in _CREDENTIAL_KEYS or any(part in plain for part in _CREDENTIAL_PARTS)


def redact_url(url: str) -> str:
    """Give ``url``, or a text with URLs in it, without users and passwords, and without secrets in queries.

    What can't be told apart is rather taken out: with a password before it, all up to the last ``@`` goes. One that
    begins like a port (``12/3``) is taken for a port.
    """
    return _QUERY_FIELD.sub(_redacted_field, _CREDENTIALS.sub(r"\g<scheme>***@", url))


def _redacted_field(field: re.Match[str]) -> str:
    return f"{field['key']}=***" if is_credential_key(field["key"]) else field[0]


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
