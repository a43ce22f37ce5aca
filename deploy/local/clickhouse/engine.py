"""The embedded engine: one data path, a handle for each request, results and insertions. All calls block."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Any

from deploy.local.clickhouse.answer import Answer, Insertion, Rest
from deploy.local.clickhouse.errors import READONLY, ClickHouseError, clickhouse_error
from deploy.local.clickhouse.handle import SLICE_BYTES, Handle, quoted, slices
from deploy.local.clickhouse.native_header import empty_block
from deploy.local.clickhouse.native_revision import FIRST_REVISION, with_revision
from deploy.local.clickhouse.request import QueryRequest
from deploy.local.clickhouse.sessions import Lease, Sessions
from deploy.local.clickhouse.statement import Statement, read_statement

_STREAMED = {
    "native",
    "rowbinary",
    "tabseparated",
    "tsv",
    "tabseparatedraw",
    "tsvraw",
    "csv",
    "jsoneachrow",
    "jsonlines",
    "ndjson",
}
_STREAMED |= {"jsoncompacteachrow", "jsonstringseachrow"}
"""Formats whose blocks, one after the other, are the whole: no head, no foot. Others are made at once by the engine."""

_SETTINGS = {
    "implicit_select": 0,  # as on a server: chdb alone takes ``1 + 1`` for a query
    "allow_introspection_functions": 0,
}
_BACKGROUND_THREADS = 2
_MARK_CACHE_BYTES = 256 << 20


class EngineBusyError(Exception):
    """Another process has the data path open."""


@dataclass
class Engine:
    """ClickHouse's engine on one data path.

    Args:
        path: Folder of the data.
        memory_bytes: What the engine may use in all.

    Raises:
        EngineBusyError: The path is open in another process.
    """

    path: Path
    memory_bytes: int
    _lock: IO[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.path)
        self._uploads = self.path.with_name(self.path.name + ".uploads")
        shutil.rmtree(self._uploads, ignore_errors=True)
        self._uploads.mkdir()
        self._root = self.open_handle()
        self.sessions = Sessions(self.open_handle)
        names = self._root.query(b"SELECT lower(name) FROM system.formats", "TabSeparated").bytes().decode().split()
        self._formats = frozenset(names)
        self.version, self.timezone = (
            self._root.query(b"SELECT version(), timezone()", "TabSeparated").bytes().decode().split()
        )

    def open_handle(self) -> Handle:
        """Give another handle on the engine; costs a fraction of a millisecond."""
        options = {
            **_SETTINGS,
            "max_server_memory_usage": self.memory_bytes,
            "mark_cache_size": _MARK_CACHE_BYTES,
            "background_pool_size": _BACKGROUND_THREADS,
        }
        return Handle(f"{self.path}?" + "&".join(f"{name}={value}" for name, value in options.items()))

    def close(self) -> None:
        """Close everything; what was inserted is on the disk."""
        self.sessions.close()
        self._root.close()
        self._lock.close()

    def statement(self, text: bytes) -> Statement:
        """Read a statement, or the beginning of one."""
        return read_statement(text, lambda name: name.lower() in self._formats)

    def begin_insertion(self, request: QueryRequest, statement: Statement) -> Insertion:
        """Begin to insert data that follows its statement.

        Raises:
            ClickHouseError: The request is read-only.
        """
        if request.read_only:
            raise _read_only()
        return Insertion(self, request, statement, self._uploads)

    def insert_file(self, request: QueryRequest, statement: Statement, file: Path) -> Answer:
        """Insert the data of ``file``, and give the counts.

        Raises:
            ClickHouseError: The engine refuses it.
        """
        lease = self.sessions.lease(request, False)
        try:
            result = lease.handle.query(statement.from_file(str(file), quoted), "Null", request.parameters)
            return Answer(None, _whole(result).summary)
        finally:
            lease.release()

    def execute(self, request: QueryRequest, statement: Statement) -> Answer:
        """Run a statement that no data follows.

        Raises:
            ClickHouseError: The engine refuses it, or the request is read-only and this is not.
        """
        lease = self.sessions.lease(request, statement.changes_session)
        try:
            answer = self._answer(lease, request, statement)
        except BaseException:
            lease.release()
            raise
        if answer.rest is None:
            lease.release()
        else:
            answer.rest = Rest(answer.rest, answer.rest.close, lease.release)
        return answer

    def _answer(self, lease: Lease, request: QueryRequest, statement: Statement) -> Answer:
        statement_class = lease.handle.statement_class(statement.sql)
        if request.read_only and statement_class not in ("READ_ONLY", "UNKNOWN"):
            raise _read_only()
        format_name = statement.format_name or request.default_format
        reads = statement_class == "READ_ONLY"
        selects = statement.words[:1] in (("SELECT",), ("WITH",))  # what else reads, such as SHOW, can't be streamed
        revised = format_name.lower() == "native" and request.client_revision >= FIRST_REVISION
        if reads and selects and format_name.lower() in _STREAMED and (revised or not request.wait_end):
            answer = _streamed(lease.handle.stream(statement.sql, format_name, request.parameters, revised))
        else:
            answer = _whole(lease.handle.query(statement.sql, format_name, request.parameters))
        if reads and not answer.first and format_name.lower() == "native":
            answer.first = empty_block(lease.handle, statement, request.parameters)
        answer.format_name = format_name if reads or answer.first else None
        return _revised(answer) if revised else answer


def _revised(answer: Answer) -> Answer:
    """Write the result's blocks as the client's revision has them. A streamed result comes block by block."""
    if answer.summary["result_bytes"] != "0" and answer.rest is not None:  # held as a whole, cut anywhere
        answer.first, answer.rest = answer.first + b"".join(answer.rest), None
    rest = answer.rest
    try:
        answer.first = b"".join(with_revision([answer.first]))
    except BaseException:
        if rest is not None:
            rest.close()
        raise
    answer.rest = None if rest is None else Rest(with_revision(rest), rest.close)
    return answer


def _streamed(blocks: Generator[bytes, None, None]) -> Answer:
    started = time.monotonic_ns()
    first = next(blocks, b"")
    second = next(blocks, None)
    rest = None if second is None else Rest(chain((second,), blocks), blocks.close)
    return Answer(None, _summary(elapsed_ns=time.monotonic_ns() - started), first, rest)


def _whole(result: Any) -> Answer:
    """Take a result that the engine holds; it is sliced from the engine's memory, never copied as a whole."""
    summary = _summary(
        read_rows=result.storage_rows_read(),
        read_bytes=result.storage_bytes_read(),
        written_rows=result.rows_written(),
        written_bytes=result.bytes_written(),
        result_rows=result.rows_read(),
        result_bytes=result.size(),
        elapsed_ns=int(result.elapsed() * 1e9),
    )
    pieces = slices(result)
    first = next(pieces)
    return Answer(None, summary, first, Rest(pieces) if result.size() > SLICE_BYTES else None)


def _summary(**counts: int) -> dict[str, str]:
    names = (
        "read_rows",
        "read_bytes",
        "written_rows",
        "written_bytes",
        "total_rows_to_read",
        "result_rows",
        "result_bytes",
    )
    return {name: str(counts.get(name, 0)) for name in (*names, "elapsed_ns")}


def _read_only() -> ClickHouseError:
    return clickhouse_error(
        READONLY,
        "READONLY",
        "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. "
        "You should use method POST for modifying queries.",
    )


def _locked(path: Path) -> IO[str]:
    """Lock ``path`` for this process; the engine's own refusal does not say who holds it."""
    file = path.with_name(path.name + ".lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise EngineBusyError(
            f"{path} is already open in process {holder}: one process at a time can open it"
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
