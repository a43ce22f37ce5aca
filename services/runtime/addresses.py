"""Which IP addresses this machine may be made to connect to by a URL that others have written.

Services stand inside the network: without this check a URL could make one fetch from, or post to, its own machine or
the cloud's metadata service (server-side request forgery). It is checked on the address that is then connected to.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from services.runtime.errors import ConfigurationError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
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


class AddressPolicy:
    """Decides on addresses.

    Args:
        networks: ``public``, ``private``, ``loopback``, or networks in CIDR form.

    Raises:
        ConfigurationError: A network is neither.
    """

    def __init__(self, networks: Iterable[str]) -> None:
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
        """Tell whether ``address`` may be connected to.

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


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the internet's."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_global and (isinstance(address, ipaddress.IPv4Address) or address in _GLOBAL_V6)


def without_scope(address: Address) -> Address:
    """Give an IPv6 address without its scope: what is compared and connected to has none."""
    return ipaddress.IPv6Address(int(address)) if isinstance(address, ipaddress.IPv6Address) else address


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Give the IPv4 address that packets to ``address`` end at, if it holds one. Source: RFC 4291, 3056, 4380, 6052."""
    if address.ipv4_mapped is not None or address.sixtofour is not None:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    holds = address in _NAT64 or address in _NAT64_LOCAL or (address in _COMPATIBLE and int(address) > 1)
    return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF) if holds else None
