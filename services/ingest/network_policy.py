"""Where cameras may be: schemes and networks, checked on the address that is then connected to.

The registry can be written by many people, ingest stands inside the network: without this check a camera's URL could
make it fetch from its own machine or from the cloud's metadata service (server-side request forgery).
"""

from __future__ import annotations

import copy
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from services.ingest.name_lookup import Address, NameLookup
from services.ingest.source_errors import SourceRefused
from services.runtime.errors import ConfigurationError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PRIVATE = tuple(ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
_LOOPBACK = tuple(ipaddress.ip_network(text) for text in ("127.0.0.0/8", "::1/128"))
_METADATA = frozenset(ipaddress.ip_address(text) for text in ("fd00:ec2::254", "fd20:ce::254"))
"""Metadata services of clouds inside private IPv6 ranges; the others are link-local and so refused anyway."""

_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
"""All that is given out as global unicast. Source: RFC 4291; what Python calls global goes far beyond."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")
_COMPATIBLE = ipaddress.IPv6Network("::/96")

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
        self._public = False
        self._networks: list[Network] = []
        self._named: list[Network] = []
        for text in networks:
            self._allow(text)

    def _allow(self, text: str) -> None:
        if text == "public":
            self._public = True
        elif text in ("private", "loopback"):
            self._networks += _PRIVATE if text == "private" else _LOOPBACK
        else:
            try:
                self._named.append(ipaddress.ip_network(text))
            except ValueError as error:
                raise ConfigurationError(f"allowed network {text!r}: {error}") from error

    def allows(self, address: Address) -> bool:
        """Tell whether cameras may be at ``address``.

        An IPv6 address that leads to an IPv4 one (mapped, 6to4, NAT64, Teredo) is judged by that one too.
        """
        if any(address in network for network in self._named):
            return True
        if isinstance(address, ipaddress.IPv6Address) and (inner := _inner(address)) is not None:
            leads = address.ipv4_mapped is not None or address in _NAT64
            return self.allows(inner) and (leads or self._allows_itself(address))
        return self._allows_itself(address)

    def _allows_itself(self, address: Address) -> bool:
        if address in _METADATA or address.is_multicast or address.is_unspecified:
            return False
        if any(address in network for network in self._networks):
            return True
        return self._public and is_public(address)

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


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the internet's."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_global and (isinstance(address, ipaddress.IPv4Address) or address in _GLOBAL_V6)


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Give the IPv4 address that packets to ``address`` end at, if it holds one. Source: RFC 4291, 3056, 4380, 6052."""
    if address.ipv4_mapped is not None or address.sixtofour is not None:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    holds = address in _NAT64 or address in _NAT64_LOCAL or (address in _COMPATIBLE and int(address) > 1)
    return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF) if holds else None
