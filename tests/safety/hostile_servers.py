"""Cameras that lead elsewhere, and traps at the places they lead to: all on loopback."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

SDP = (
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=x\r\nt=0 0\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 packetization-mode=1\r\na=control:{control}\r\n"
)


Answer = Callable[[str, str], str]


class Trap:
    """Listens on TCP and UDP at one port of an address that nobody may go to; remembers who came."""

    def __init__(self, address: str) -> None:
        self.address = address
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._tcp = socket.create_server((address, 0), family=family, backlog=50)
        self.port: int = self._tcp.getsockname()[1]
        self._udp = socket.socket(family, socket.SOCK_DGRAM)
        self._udp.bind((address, self.port))
        self.visits = 0
        for listener in (self._accept, self._receive):
            threading.Thread(target=listener, daemon=True).start()

    def close(self) -> None:
        for one in (self._tcp, self._udp):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                visitor, _ = self._tcp.accept()
                self.visits += 1
                visitor.close()

    def _receive(self) -> None:
        with suppress(OSError):
            while self._udp.recv(65_536):
                self.visits += 1


class HostileServer:
    """Speaks enough of HTTP or RTSP on 127.0.0.1: ``answer`` gives the reply to a first line and a head."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._tcp = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port: int = self._tcp.getsockname()[1]
        self.asked: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._tcp.shutdown(socket.SHUT_RDWR)
        self._tcp.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                visitor, _ = self._tcp.accept()
                threading.Thread(target=self._serve, args=(visitor,), daemon=True).start()

    def _serve(self, visitor: socket.socket) -> None:
        with suppress(OSError), visitor, visitor.makefile("rwb") as stream:
            while line := stream.readline().decode("latin-1").strip():
                head = ""
                while (field := stream.readline()) not in (b"\r\n", b""):
                    head += field.decode("latin-1")
                self.asked.append(line)
                stream.write(self._answer(line, head).encode("latin-1"))
                stream.flush()


def http(body: str = "", status: str = "200 OK", **headers: str) -> str:
    fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{fields}\r\n{body}"


def rtsp_camera(place: str, port: int, mood: str) -> Answer:
    """Give the answers of an RTSP camera that names ``rtsp://place:port`` in the way that ``mood`` says."""
    elsewhere = f"rtsp://{place}:{port}"

    def answer(line: str, head: str) -> str:
        method = line.split(maxsplit=1)[0]
        number = _field("CSeq", head)
        if method == "DESCRIBE" and mood == "redirect":
            return f"RTSP/1.0 302 Moved\r\nCSeq: {number}\r\nLocation: {elsewhere}/live\r\n\r\n"
        fields = {"OPTIONS": "Public: DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n", "PLAY": "Session: 1\r\n"}
        body = ""
        if method == "DESCRIBE":
            body = SDP.format(control=f"{elsewhere}/track1" if mood == "control" else "track1")
            base = f"Content-Base: {elsewhere}/live/\r\n" if mood == "content-base" else ""
            fields["DESCRIBE"] = f"{base}Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
        elif method == "SETUP":
            asked = _field("Transport", head)
            said = f";source={place};destination={place};server_port={port}-{port + 1}" if mood == "source" else ""
            fields["SETUP"] = f"Session: 1\r\nTransport: {asked}{said}\r\n"
        return f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{fields.get(method, '')}\r\n{body}"

    return answer


def _field(name: str, head: str) -> str:
    match = re.search(rf"^{name}:\s*(.*?)\r?$", head, re.MULTILINE | re.IGNORECASE)
    return match[1] if match else ""
