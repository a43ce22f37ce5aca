"""A device that speaks ONVIF as small cameras do: WS-Discovery over UDP and SOAP over HTTP, on loopback.

Written from ONVIF's specifications, beside Tilik's own client: a real device of a maker was not at hand.
"""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Mood = Literal["good", "endless", "entities", "broken", "elsewhere", "odd_digest"]
USER, PASSWORD = "onvif", "geheim"
CLOCK = (2013, 1, 2, 3, 4, 5)
"""Its clock was never set: what is signed with our time is refused."""
_SOAP = "http://www.w3.org/2003/05/soap-envelope"
_ONVIF = "http://www.onvif.org/ver10"


def envelope(body: str, header: str = "") -> bytes:
    return f'<s:Envelope xmlns:s="{_SOAP}"><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>'.encode()


class OnvifCamera:
    """Answers probes at ``udp_port``; its addresses in answers are those behind a router that nobody can reach."""

    def __init__(self, mood: Mood = "good") -> None:
        self.mood = mood
        self.asked: list[str] = []
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                camera.answer(self, self.rfile.read(int(self.headers["Content-Length"])).decode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self.udp_port: int = self._udp.getsockname()[1]
        self._threads = [
            threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}),
            threading.Thread(target=self._answer_probes),
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._udp.sendto(b"", self._udp.getsockname())
        for thread in self._threads:
            thread.join()
        self._udp.close()

    def _answer_probes(self) -> None:
        while probe := self._udp.recvfrom(65_536):
            data, address = probe
            if not data:
                return
            found = re.search(rb"MessageID>([^<]+)<", data)
            if found is not None:
                self._udp.sendto(self.match(found[1].decode()), address)

    def match(self, message_id: str) -> bytes:
        host = "198.51.100.7" if self.mood == "elsewhere" else "10.99.99.99"
        return envelope(
            '<d:ProbeMatches xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><d:ProbeMatch>'
            "<d:Scopes>onvif://www.onvif.org/name/Pasar%20Johar onvif://www.onvif.org/hardware/XC-200</d:Scopes>"
            f"<d:XAddrs>http://{host}:{self.port}/onvif/device_service</d:XAddrs></d:ProbeMatch></d:ProbeMatches>",
            '<a:RelatesTo xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing">' + message_id + "</a:RelatesTo>",
        )

    def answer(self, request: BaseHTTPRequestHandler, text: str) -> None:
        found = re.search(r"<(Get\w+)", text)
        operation = found[1] if found else ""
        self.asked.append(f"{request.path} {operation}")
        if self.mood == "odd_digest":
            _send(request, 401, b"", 'Digest realm="camera", nonce="1", algorithm=SM3')
        elif operation != "GetSystemDateAndTime" and not _is_signed(text):
            _send(request, 400, envelope("<s:Fault><s:Subcode>ter:NotAuthorized</s:Subcode></s:Fault>"))
        elif self.mood == "endless" and operation == "GetProfiles":
            request.send_response(200)
            request.end_headers()
            for _ in range(3_000):
                request.wfile.write(b"<a>" * 333)
        else:
            _send(request, 200, self._body(operation, text))

    def _body(self, operation: str, text: str) -> bytes:
        if self.mood == "entities" and operation == "GetProfiles":
            return b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><a>&b;</a>'
        if self.mood == "broken" and operation == "GetProfiles":
            return b"<html>log in</html"
        token = re.search(r"ProfileToken>([^<]+)<", text)
        bodies = {
            "GetSystemDateAndTime": _date(),
            "GetCapabilities": f"<t:Media><t:XAddr>http://10.99.99.99:{self.port}/onvif/media</t:XAddr></t:Media>",
            "GetProfiles": _profile("main", "H264", 1920, 1080, 25) + _profile("sub", "H264", 640, 360, 10),
            "GetStreamUri": f"<t:Uri>rtsp://admin:x@10.99.99.99:554/{token[1] if token else ''}</t:Uri>",
            "GetSnapshotUri": "<t:Uri>http://10.99.99.99/snap.jpg</t:Uri>" if token and token[1] == "main" else "",
        }
        return envelope(f'<r xmlns:t="{_ONVIF}/schema" xmlns:m="{_ONVIF}/media/wsdl">{bodies[operation]}</r>')


def _is_signed(text: str) -> bool:
    parts = {name: re.search(rf":{name}[^>]*>([^<]+)<", text) for name in ("Username", "Password", "Nonce", "Created")}
    user, digest, nonce, created = (found[1] if found else "" for found in parts.values())
    wanted = hashlib.sha1(
        base64.b64decode(nonce) + created.encode() + PASSWORD.encode(), usedforsecurity=False
    ).digest()
    return user == USER and digest == base64.b64encode(wanted).decode() and created.startswith("2013-01-02T03:0")


def _date() -> str:
    year, month, day, hour, minute, second = CLOCK
    return (
        f"<t:UTCDateTime><t:Time><t:Hour>{hour}</t:Hour><t:Minute>{minute}</t:Minute><t:Second>{second}</t:Second></t:Time>"
        f"<t:Date><t:Year>{year}</t:Year><t:Month>{month}</t:Month><t:Day>{day}</t:Day></t:Date></t:UTCDateTime>"
    )


def _profile(name: str, encoding: str, width: int, height: int, fps: int) -> str:
    return (
        f'<m:Profiles token="{name}"><t:Name>{name}</t:Name><t:VideoEncoderConfiguration>'
        f"<t:Encoding>{encoding}</t:Encoding>"
        f"<t:Resolution><t:Width>{width}</t:Width><t:Height>{height}</t:Height></t:Resolution>"
        f"<t:RateControl><t:FrameRateLimit>{fps}</t:FrameRateLimit></t:RateControl></t:VideoEncoderConfiguration>"
        "</m:Profiles>"
    )


def _send(request: BaseHTTPRequestHandler, status: int, body: bytes, challenge: str = "") -> None:
    request.send_response(status)
    if challenge:
        request.send_header("WWW-Authenticate", challenge)
    request.send_header("Content-Type", "application/soap+xml")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
