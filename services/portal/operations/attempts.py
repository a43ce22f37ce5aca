"""Bounds on attempts to sign in, by address and by name. Each replica counts its own."""

from __future__ import annotations

import hashlib

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from services.portal.requests import network_of


class Attempts:
    """Counts attempts. Safe to use from any thread."""

    def __init__(self, from_one_address_a_minute: int, under_one_name_an_hour: int) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._by_address: RateLimitItem = RateLimitItemPerMinute(from_one_address_a_minute)
        self._by_name: RateLimitItem = RateLimitItemPerHour(under_one_name_an_hour)

    def take(self, client: str, name: str) -> bool:
        """Count an attempt; False: there were too many, and this one is not looked at.

        Guesses at one name are counted together with the address they come from, so that nobody can lock out somebody
        else from elsewhere.
        """
        client = network_of(client)
        if not self._limiter.hit(self._by_address, "address", client):
            return False
        under = hashlib.sha256(f"{client}\n{name}".encode()).hexdigest()
        return self._limiter.hit(self._by_name, "name", under)
