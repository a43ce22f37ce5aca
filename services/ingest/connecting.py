"""Connect to one of a host's addresses."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from services.ingest.network_policy import Destination

Connection = TypeVar("Connection")


async def connect_in_turn(
    places: Sequence[Destination], connect: Callable[[Destination], Awaitable[Connection]], until: float
) -> Connection:
    """Give the first connection that is taken: one address after the other, each with its share of the time left.

    Args:
        places: Where to connect; at least one.
        connect: Does it.
        until: When to give up, in the event loop's seconds.

    Raises:
        OSError: The last address took no connection, or one that did has no certificate that is taken.
    """
    now = asyncio.get_running_loop().time
    *others, last = places
    for number, place in enumerate(others):
        try:
            async with asyncio.timeout_at(now() + (until - now()) / (len(places) - number)):
                return await connect(place)
        except ssl.SSLError:
            raise
        except OSError:  # TimeoutError is one
            continue
    async with asyncio.timeout_at(until):
        return await connect(last)
