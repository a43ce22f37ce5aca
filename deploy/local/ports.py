"""Ports of this machine: free ones, and who holds one that is not."""

from __future__ import annotations

import errno
import os
import random
import socket

import psutil

from services.runtime.errors import ConfigurationError

HOST = "127.0.0.1"

_RANGE = range(20_000, 32_000)
"""Below the range that systems take outgoing connections' ports from, so that none of those takes a port meanwhile."""
SHARE = "TILIK_LOCAL_PORTS_SHARE"
"""Variable of the environment: which share of the range a process and its children draw from, such as 2/3, counted from
1. Neighbours of other shares never draw the same port, though seconds lie between drawing one and listening there."""
_TRIES = 200
_given: set[int] = set()
"""Ports that this process was given before and may be about to use: two servers started together must not get one."""


def is_free(port: int) -> bool:
    """Tell whether a server could listen on ``port`` of the loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def free_port() -> int:
    """Give a port that nobody listens on, and another one each time.

    Raises:
        ConfigurationError: None was found.
    """
    own = _share(os.environ.get(SHARE, "1/1"))
    for _ in range(_TRIES):
        port = random.choice(own)  # noqa: S311  not a secret
        if port not in _given and is_free(port):
            _given.add(port)
            return port
    raise ConfigurationError(f"no free port was found between {own[0]} and {own[-1]}")


def claimed(port: int, purpose: str) -> int:
    """Give ``port`` if it is free, another free one where it is 0.

    Args:
        port: Wanted port of the loopback address.
        purpose: Who wants it, for the error.

    Raises:
        ConfigurationError: Another process listens there; the text names it.
    """
    if port == 0:
        return free_port()
    if not is_free(port):
        raise ConfigurationError(f"port {port}, wanted for {purpose}, is taken by {holder(port)}")
    return port


def holder(port: int) -> str:
    """Name the process that listens on ``port``, as far as this user may know it."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return "another process"
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            return _process_text(connection.pid)
    return "another process, or reserved for the administrator"


def _process_text(pid: int | None) -> str:
    if pid is None:
        return "a process of another user"
    try:
        process = psutil.Process(pid)
        return f"process {pid} ({process.name()}: {' '.join(process.cmdline())[:80]})"
    except psutil.Error:
        return f"process {pid}"


def _share(told: str) -> range:
    number, _, of = told.partition("/")
    size = len(_RANGE) // int(of)
    return _RANGE[(int(number) - 1) * size : int(number) * size]
