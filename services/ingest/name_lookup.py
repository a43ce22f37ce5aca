"""Hosts' names → addresses, one lookup a name at a time, whoever waits for it.

A lookup blocks one of libuv's threads, and goes on when nobody waits for it any more. So a dead name server would have
every reader that tries again take one more, until none was left for names that can be found.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import socket

from services.ingest.source_errors import SourceFailed
from services.runtime.addresses import Address, without_scope

_THREADS = 64
"""libuv has 4. A lookup without an answer takes 10 to 30 s by the defaults of /etc/resolv.conf."""


def make_room_for_lookups() -> None:
    """Have libuv start more threads. Before the process's first event loop: later it has no effect."""
    os.environ.setdefault("UV_THREADPOOL_SIZE", str(_THREADS))


class NameLookup:
    """Looks up names. For use in one event loop."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Task[list[Address] | Exception]] = {}

    async def addresses(self, host: str) -> list[Address]:
        """Give a host's addresses; one that is an address itself needs no lookup.

        Raises:
            SourceFailed: The name does not resolve.
        """
        with contextlib.suppress(ValueError):
            return [without_scope(ipaddress.ip_address(host))]
        task = self._under_way.get(host)
        if task is None or task.done():
            task = self._under_way[host] = asyncio.create_task(self._found(host), name=f"lookup {host}")
        found = await asyncio.shield(task)
        if isinstance(found, Exception):
            raise SourceFailed("dns", f"{host}: {found}") from found
        return found

    async def _found(self, host: str) -> list[Address] | Exception:
        """Give the addresses, or why there are none: as a value, because nobody may be left who would take an error."""
        try:
            return [without_scope(ipaddress.ip_address(text)) for text in await look_up(host)]
        except (OSError, ValueError) as error:  # UnicodeError, of a name that can't be one, is a ValueError
            return error
        finally:
            self._under_way.pop(host, None)


async def look_up(host: str) -> list[str]:
    """Ask the system's resolver, on another thread."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(place[0]) for *_, place in found]
