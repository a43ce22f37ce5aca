"""How packets travel: interleaved with RTSP's text, or over a pair of UDP ports. Source: RFC 2326, 12.39; RFC 3550, 11.

Packets are taken from the address that was checked and connected to. A server may name another one (``source``):
what comes from there is dropped unread, and nothing is sent to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from dataclasses import dataclass

from services.ingest.rtsp.connection import Inlet, RtspConnection
from services.ingest.rtsp.rtp import Reordering
from services.ingest.source_errors import SourceError, SourceFailed

_LOWEST_PORT, _HIGHEST_PORT = 16_384, 32_766
"""Below Linux's range of ports that outgoing connections take (32768 on)."""
_PORT_TRIES = 100
_RECEIVE_BUFFER_BYTES = 1 << 20
"""A keyframe of a 4K camera comes in one burst; the kernel caps this at net.core.rmem_max."""
_LARGEST_DATAGRAM = 65_535
_MOST_AT_ONCE = 256
"""Packets that are taken before other cameras have their turn."""


@dataclass(frozen=True, slots=True)
class TransportAnswer:
    """What a server's ``Transport`` header says; -1 where it says nothing."""

    interleaved: tuple[int, int] = (-1, -1)
    server_ports: tuple[int, int] = (-1, -1)


def parse_transport(header: str) -> TransportAnswer:
    """Read a ``Transport`` header; what can't be read counts as not said."""
    fields: dict[str, str] = {}
    for part in header.partition(",")[0].split(";"):
        name, _, value = part.strip().partition("=")
        fields.setdefault(name.lower(), value.strip())
    return TransportAnswer(_pair(fields.get("interleaved", ""), 255), _pair(fields.get("server_port", ""), 65_535))


def _pair(text: str, most: int) -> tuple[int, int]:
    low, _, high = text.partition("-")
    if not (low.isascii() and low.isdigit() and len(low) < 6) or int(low) > most:
        return (-1, -1)
    second = int(high) if high.isascii() and high.isdigit() and len(high) < 6 else int(low) + 1
    return (int(low), second) if second <= most else (-1, -1)


class UdpPorts:
    """An even port for RTP and the next one for RTCP; takes packets of one address only.

    Args:
        connection: Whose peer it listens to; failures go there.
        inlet: Where packets go; those of the video in order.
    """

    def __init__(self, connection: RtspConnection, inlet: Inlet) -> None:
        self._connection = connection
        self._peer = connection.peer()
        self._inlet = inlet
        self._reordering = Reordering()
        self._server_ports = (-1, -1)
        self._loop = asyncio.get_running_loop()
        self._video, self._control = self._bound()
        self._loop.add_reader(self._video.fileno(), self._read_video)
        self._loop.add_reader(self._control.fileno(), self._read_control)

    @property
    def port(self) -> int:
        """Give the even port."""
        port: int = self._video.getsockname()[1]
        return port

    def begin(self, server_ports: tuple[int, int]) -> None:
        """Send a packet to each of the server's ports, so that address translators on the way let its packets in."""
        self._server_ports = server_ports
        if server_ports[0] > 0:
            with contextlib.suppress(OSError):
                self._video.sendto(bytes((0x80, 0)) + bytes(10), (self._peer, server_ports[0]))

    def send_control(self, data: bytes) -> None:
        """Send an RTCP packet; one that can't be sent is lost, as others are."""
        if self._server_ports[1] > 0:
            with contextlib.suppress(OSError):
                self._control.sendto(data, (self._peer, self._server_ports[1]))

    def close(self) -> None:
        """Release both ports."""
        for one in (self._video, self._control):
            self._loop.remove_reader(one.fileno())
            one.close()

    def _bound(self) -> tuple[socket.socket, socket.socket]:
        family = socket.AF_INET6 if ":" in self._peer else socket.AF_INET
        for _ in range(_PORT_TRIES):
            port = random.randrange(_LOWEST_PORT, _HIGHEST_PORT, 2)  # noqa: S311  (not for secrecy)
            with contextlib.ExitStack() as undo:
                sockets = [undo.enter_context(socket.socket(family, socket.SOCK_DGRAM)) for _ in range(2)]
                with contextlib.suppress(OSError):
                    for number, one in enumerate(sockets):
                        one.setblocking(False)
                        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
                        one.bind(("", port + number))
                    undo.pop_all()
                    return sockets[0], sockets[1]
        raise SourceFailed("no_port", f"no pair of UDP ports is free between {_LOWEST_PORT} and {_HIGHEST_PORT}")

    def _read_video(self) -> None:
        take, reordering = self._inlet.video, self._reordering
        try:
            for _ in range(_MOST_AT_ONCE):
                data, sender = self._video.recvfrom(_LARGEST_DATAGRAM)
                if sender[0] == self._peer:
                    for packet in reordering.feed(data):
                        take(packet, 0, len(packet))
        except BlockingIOError:
            return
        except SourceError as error:
            self._connection.fail(error)
        except OSError as error:  # such as an ICMP answer to what was sent
            self._connection.fail(SourceFailed("connection", str(error)))

    def _read_control(self) -> None:
        try:
            for _ in range(_MOST_AT_ONCE):
                data, sender = self._control.recvfrom(_LARGEST_DATAGRAM)
                if sender[0] == self._peer:
                    self._inlet.control(data, 0, len(data))
        except SourceError as error:
            self._connection.fail(error)
        except OSError:
            return
