"""WS-Discovery: ask a network which cameras are there, and gather who answers.

Written on asyncio's datagrams: the library for it (WSDiscovery) multicasts only, and camera networks are mostly routed
ones, where a probe must go to each address.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from services.cli.onvif.messages import (
    ADDRESSING,
    DISCOVERY,
    AnswerError,
    parsed,
    probe_message,
    scope,
    text_at,
    url_at,
)
from services.runtime.errors import ConfigurationError

MULTICAST = "239.255.255.250"
PORT = 3702
"""Group and port of WS-Discovery. Source: WS-Discovery 2005/04, section 2.4."""

_MOST_ADDRESSES = 4096
"""A /20; a larger range is most likely a slip, and its probes would look like an attack."""
_MOST_ANSWERS = 8192
_BURST = 64
_BURST_SECONDS = 0.02
"""64 probes each 20 ms are 2 MB/s: small switches and their ARP tables keep up."""
_ROUNDS = 2
"""UDP loses; WS-Discovery itself sends each probe twice."""


@dataclass(frozen=True, slots=True)
class Device:
    """A camera that answered. ``service_url`` is its device service, at the ``address`` that the answer came from."""

    address: str
    service_url: str
    name: str
    hardware: str


def addresses_of(network: str) -> list[str]:
    """Give every address of a network such as ``192.168.1.0/24``; ``multicast`` gives the group.

    Raises:
        ConfigurationError: It is no IPv4 network, or has more than 4,096 addresses.
    """
    if network == "multicast":
        return [MULTICAST]
    try:
        found = ipaddress.IPv4Network(network, strict=False)
    except ValueError as error:
        raise ConfigurationError(f"{network!r} is no network such as 192.168.1.0/24: {error}") from error
    if found.num_addresses > _MOST_ADDRESSES:
        raise ConfigurationError(f"{network} has {found.num_addresses} addresses; at most {_MOST_ADDRESSES} at a time")
    return [str(address) for address in found.hosts()]


async def find_devices(addresses: Sequence[str], seconds: float, port: int = PORT) -> list[Device]:
    """Ask every address, and give who answered within ``seconds`` after the last probe, by address.

    Raises:
        ConfigurationError: No probe can be sent from this machine.
    """
    loop = asyncio.get_running_loop()
    message_id = f"urn:uuid:{uuid.uuid4()}"
    answers: dict[str, bytes] = {}
    try:
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Answers(answers),
            family=socket.AF_INET,
            local_addr=("0.0.0.0", 0),  # noqa: S104  (answers come by UDP)
        )
        try:
            for _ in range(_ROUNDS):
                await _send(transport, probe_message(message_id), addresses, port)
                await asyncio.sleep(seconds / _ROUNDS)
        finally:
            transport.close()
    except OSError as error:
        raise ConfigurationError(f"probes can't be sent from this machine: {error}") from error
    devices = [device for address, answer in answers.items() if (device := read_match(answer, address, message_id))]
    return sorted(devices, key=lambda device: ipaddress.ip_address(device.address))


def read_match(answer: bytes, address: str, message_id: str) -> Device | None:
    """Give the device that an answer to our probe is of; None: it is none, or an answer to somebody else's."""
    try:
        root = parsed(answer)
    except AnswerError:
        return None
    match = root.find(f".//{{{DISCOVERY}}}ProbeMatch")
    if match is None or text_at(root, f".//{{{ADDRESSING}}}RelatesTo") != message_id:
        return None
    named = text_at(match, f"{{{DISCOVERY}}}XAddrs").split()
    urls = [url for text in _own_first(named, address) if (url := url_at(text, ("http", "https"), address))]
    scopes = text_at(match, f"{{{DISCOVERY}}}Scopes")
    return Device(address, urls[0], scope(scopes, "name"), scope(scopes, "hardware")) if urls else None


def _own_first(urls: list[str], address: str) -> list[str]:
    """Put the URL in front that names the address that answered: a device has one a network card."""
    return sorted(urls, key=lambda url: _host(url) != address)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


async def _send(transport: asyncio.DatagramTransport, probe: bytes, addresses: Sequence[str], port: int) -> None:
    for start in range(0, len(addresses), _BURST):
        for address in addresses[start : start + _BURST]:
            transport.sendto(probe, (address, port))
        await asyncio.sleep(_BURST_SECONDS)


class _Answers(asyncio.DatagramProtocol):
    """Keeps the first answer of each address."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self._answers = answers

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(self._answers) < _MOST_ANSWERS:
            self._answers.setdefault(addr[0], data)

    def error_received(self, exc: Exception) -> None:
        """Nothing: addresses at which nobody is send "unreachable", and most are such."""
