"""Handles for requests: a fresh one each, or a session's own once the session has anything to remember."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from deploy.local.clickhouse.errors import SESSION_IS_LOCKED, SESSION_NOT_FOUND, clickhouse_error
from deploy.local.clickhouse.handle import Handle
from deploy.local.clickhouse.request import QueryRequest

_OPENING_SECONDS = 0.3
"""How long a request waits for another one of its session that is just ending."""


@dataclass
class _Session:
    handle: Handle | None
    lock: threading.Lock
    expires: float


class Lease:
    """A handle for one request, set up as the request asks; ``release`` it at the request's end.

    A session's handle is set back at the end, so that a request's settings and database stay its own.
    """

    def __init__(self, handle: Handle, request: QueryRequest, lasting: bool, released: Callable[[], None]) -> None:
        self.handle = handle
        self._lasting = lasting
        self._released = released
        self._settings_before: dict[str, str | None] = {}
        self._database_before = ""
        self._open = True
        try:
            self._set_up(request)
        except BaseException:
            self.release()
            raise

    def _set_up(self, request: QueryRequest) -> None:
        settings = dict(request.settings)
        if self._lasting:
            if settings.pop("readonly", "0") != "0":
                raise clickhouse_error(164, "READONLY", "readonly can't be set for one request of a session with state")
            self._settings_before = self.handle.values_of(settings)
            self._database_before = self.handle.current_database() if request.database else ""
        if request.database:
            self.handle.use(request.database)
        self.handle.set(settings)

    def release(self) -> None:
        """Set the handle back and give it to the next request. May be called again."""
        if not self._open:
            return
        self._open = False
        try:
            if self._lasting:
                self.handle.restore(self._settings_before)
                if self._database_before:
                    self.handle.use(self._database_before)
            else:
                self.handle.close()
        finally:
            self._released()


class Sessions:
    """All sessions of the face.

    clickhouse-connect gives each client a session, and hardly any of them ever says SET or makes a temporary table: a
    session has no handle before it does.
    """

    def __init__(self, open_handle: Callable[[], Handle], clock: Callable[[], float] = time.monotonic) -> None:
        self._open_handle = open_handle
        self._clock = clock
        self._sessions: dict[str, _Session] = {}
        self._guard = threading.Lock()

    def lease(self, request: QueryRequest, changes_session: bool) -> Lease:
        """Give the handle for a request.

        Raises:
            ClickHouseError: The session is not there, or another request runs in it.
        """
        if not request.session_id:
            return Lease(self._open_handle(), request, False, lambda: None)
        session = self._enter(request)
        lifetime = request.session_timeout_seconds

        def left() -> None:
            session.expires = self._clock() + lifetime
            session.lock.release()

        try:
            if changes_session and session.handle is None:
                session.handle = self._open_handle()
            lasting = session.handle is not None
            handle = session.handle or self._open_handle()
        except BaseException:
            left()
            raise
        return Lease(handle, request, lasting, left)

    def close(self) -> None:
        """Close every session's handle."""
        with self._guard:
            for session in self._sessions.values():
                if session.handle is not None:
                    session.handle.close()
            self._sessions.clear()

    def _enter(self, request: QueryRequest) -> _Session:
        with self._guard:
            self._expire()
            session = self._sessions.get(request.session_id)
            if session is None:
                if request.session_check:
                    raise clickhouse_error(
                        SESSION_NOT_FOUND, "SESSION_NOT_FOUND", f"Session {request.session_id} not found"
                    )
                session = _Session(None, threading.Lock(), self._clock() + request.session_timeout_seconds)
                self._sessions[request.session_id] = session
            entered = session.lock.acquire(blocking=False)
        if not entered and not session.lock.acquire(timeout=_OPENING_SECONDS):
            raise clickhouse_error(
                SESSION_IS_LOCKED, "SESSION_IS_LOCKED", f"Session {request.session_id} is locked by a concurrent client"
            )
        return session

    def _expire(self) -> None:
        now = self._clock()
        for session_id, session in list(self._sessions.items()):
            if session.expires < now and session.lock.acquire(blocking=False):
                del self._sessions[session_id]
                if session.handle is not None:
                    session.handle.close()
                session.lock.release()
