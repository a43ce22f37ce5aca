"""What an HTTP request asks for: ClickHouse's parameters, headers and multipart forms."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP

from deploy.local.clickhouse.errors import INVALID_SESSION_TIMEOUT, ClickHouseError, clickhouse_error

_NOT_SETTINGS = frozenset(
    {
        "query",
        "database",
        "default_format",
        "query_id",
        "session_id",
        "session_timeout",
        "session_check",
        "quota_key",
        "user",
        "password",
        "compress",
        "decompress",
        "buffer_size",
        "wait_end_of_query",
        "client_protocol_version",
        "role",
        "close_session",
        "stacktrace",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "enable_http_compression",
        "cancel_http_readonly_queries_on_client_close",
        "http_zlib_compression_level",
    }
)
"""Parameters that the HTTP interface itself consumes. Those of them that are settings too concern only HTTP."""

_LONGEST_SESSION_SECONDS = 3600
_SESSION_SECONDS = 60


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """One request, without its body.

    Args:
        query: SQL of the URL or form; a body is appended to it.
        database: Database of unqualified names; empty: the session's.
        default_format: Format of statements that name none.
        query_id: Name that the answer carries; made up where the client gave none.
        settings: ClickHouse settings for this request alone.
        parameters: Values of ``{name:Type}`` in the SQL, escaped as in TabSeparated.
        read_only: GET and HEAD may not change anything.
        wait_end: Answer only when the whole result is there, so that every error has its status.
        accept_encoding: Codings that the answer may have; empty unless compression was asked for.
        session_id: Session to run in; empty: none.
        session_timeout_seconds: How long the session lives unused.
        session_check: The session must be there already.
        client_revision: Revision of the protocol that the client wants Native in; 0: as in files.
    """

    query: bytes = b""
    database: str = ""
    default_format: str = "TabSeparated"
    query_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    read_only: bool = False
    wait_end: bool = False
    accept_encoding: str = ""
    session_id: str = ""
    session_timeout_seconds: int = _SESSION_SECONDS
    session_check: bool = False
    client_revision: int = 0


def read_request(method: str, fields: Iterable[tuple[str, str]], headers: Mapping[str, str]) -> QueryRequest:
    """Read what the URL's parameters (and a form's fields) and the headers ask for.

    Raises:
        ClickHouseError: The session time-out is not a number of seconds up to an hour, or the client wants
            ClickHouse's own block compression.
    """
    values = dict(fields)
    if values.get("compress") == "1" or values.get("decompress") == "1":
        raise clickhouse_error(
            48,
            "NOT_IMPLEMENTED",
            "compress=1 and decompress=1 are not there: use enable_http_compression, Accept-Encoding, Content-Encoding",
        )
    compression_wanted = values.get("enable_http_compression") == "1"
    return QueryRequest(
        query=values.get("query", "").encode("utf-8", "surrogateescape"),
        database=values.get("database") or headers.get("x-clickhouse-database", ""),
        default_format=values.get("default_format") or headers.get("x-clickhouse-format", "TabSeparated"),
        query_id=values.get("query_id") or str(uuid.uuid4()),
        settings={name: value for name, value in values.items() if _is_setting(name)},
        parameters={name[6:]: value for name, value in values.items() if name.startswith("param_")},
        read_only=method != "POST",
        wait_end=values.get("wait_end_of_query") == "1",
        accept_encoding=headers.get("accept-encoding", "") if compression_wanted else "",
        session_id=values.get("session_id", ""),
        session_timeout_seconds=_session_timeout(values.get("session_timeout", str(_SESSION_SECONDS))),
        session_check=values.get("session_check") == "1",
        client_revision=_number(values.get("client_protocol_version", "")),
    )


def form_fields(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """Read the fields of a ``multipart/form-data`` body.

    Raises:
        ClickHouseError: There is a file among them: external tables are not there.
    """
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    fields = []
    for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
        if part.get_filename() is not None:
            raise clickhouse_error(
                48, "NOT_IMPLEMENTED", "external tables are not there: insert into a temporary table"
            )
        content = part.get_payload(decode=True)
        name = part.get_param("name", header="content-disposition")
        if isinstance(content, bytes) and isinstance(name, str):
            fields.append((name, content.decode("utf-8", "surrogateescape")))
    return fields


def _is_setting(name: str) -> bool:
    return name not in _NOT_SETTINGS and not name.startswith("param_")


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _session_timeout(text: str) -> int:
    if not text.isdecimal() or int(text) > _LONGEST_SESSION_SECONDS:
        raise _invalid_timeout(text)
    return int(text)


def _invalid_timeout(text: str) -> ClickHouseError:
    return clickhouse_error(
        INVALID_SESSION_TIMEOUT,
        "INVALID_SESSION_TIMEOUT",
        f"Session timeout '{text}' is not a number of seconds up to {_LONGEST_SESSION_SECONDS}",
    )
