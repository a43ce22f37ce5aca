"""Where cameras may be: schemes and networks, checked on the address that is then connected to.

The registry can be written by many people, ingest stands inside the network: without this check a camera's URL could
make it fetch from its own machine or from the cloud's metadata service (server-side request forgery).
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from services.ingest.name_lookup import NameLookup
from services.ingest.source_errors import SourceRefused
from services.runtime.addresses import Address, AddressPolicy, is_public

_MOST_ADDRESSES = 4
"""Of one name that are tried: each gets its share of the time for connecting."""
_DEFAULT_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}


@dataclass(frozen=True, slots=True)
class Destination:
    """An address that the policy allows, and the name it was asked for by. ``is_public``: anybody can reach it."""

    scheme: str
    host: str
    address: str
    port: int
    is_public: bool = False


class NetworkPolicy:
    """Decides on destinations.

    Args:
        schemes: Allowed URL schemes.
        networks: ``public``, ``private``, ``loopback``, or networks in CIDR form.

    Raises:
        ConfigurationError: A network is neither.
    """

    def __init__(self, schemes: Iterable[str], networks: Iterable[str]) -> None:
        self._schemes = frozenset(schemes)
        self._names = NameLookup()
        self._addresses = AddressPolicy(networks)

    def allows(self, address: Address) -> bool:
        """Tell whether cameras may be at ``address``; see ``AddressPolicy``."""
        return self._addresses.allows(address)

    def speaking(self, *schemes: str) -> NetworkPolicy:
        """Give the same policy for a client that speaks ``schemes`` alone: no other of the allowed ones passes it."""
        narrower = copy.copy(self)
        narrower._schemes = self._schemes & frozenset(schemes)
        return narrower

    def check_url(self, url: str) -> SplitResult:
        """Give the parts of ``url``.

        Raises:
            SourceRefused: The scheme is not allowed, there is no host, or the port is none.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            # From None: the library's text quotes what it took for a port, which can be a part of a password.
            raise SourceRefused("bad_url", "the URL's host or port can't be read") from None
        if parts.scheme not in self._schemes:
            raise SourceRefused("scheme_not_allowed", f"scheme {parts.scheme!r} is not allowed")
        if not parts.hostname or port == 0:
            raise SourceRefused("bad_url", "the URL names no host or no port")
        return parts

    async def resolve(self, parts: SplitResult) -> tuple[Destination, ...]:
        """Give the allowed addresses of the URL's host, in the resolver's order; some at most.

        The caller connects to one of them, not to the name again.

        Raises:
            SourceFailed: The name does not resolve.
            SourceRefused: None of its addresses is allowed.
        """
        host = parts.hostname or ""
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
        allowed = [address for address in await self._names.addresses(host) if self.allows(address)]
        if not allowed:
            raise SourceRefused("address_not_allowed", f"{host} is not in an allowed network")
        return tuple(
            Destination(parts.scheme, host, str(address), port, is_public(address))
            for address in allowed[:_MOST_ADDRESSES]
        )
