"""An RTSP client of one camera: describe, set up, play, keep alive, tear down. Source: RFC 2326.

It connects to one address, which the policy has checked, and to no other: redirects to another place are refused, URLs
and addresses that a server names are only ever said to the same server.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import Sequence
from functools import cache
from urllib.parse import SplitResult, urljoin

from schemas.cameras import Source as SourceEntry
from services.ingest.connecting import connect_in_turn
from services.ingest.http.authorization import Authorization
from services.ingest.http.client import HttpLimits
from services.ingest.network_policy import Destination, NetworkPolicy
from services.ingest.rtsp.connection import Inlet, RtspConnection
from services.ingest.rtsp.messages import Message, format_request
from services.ingest.rtsp.rtp import receiver_report
from services.ingest.rtsp.sdp import VideoTrack, choose_video, parse_sdp
from services.ingest.rtsp.session_urls import aggregate_url, base_url, request_url, track_url
from services.ingest.rtsp.transports import UdpPorts, parse_transport
from services.ingest.secret_store import Secret
from services.ingest.source_errors import SourceFailed, SourceRefused, printable

_PORTS = {"rtsp": 554, "rtsps": 322}
_REFUSALS = frozenset({401, 403, 404, 410})
_MOST_REQUESTS = 4
"""One request with its challenge, a stale nonce, a redirect or two; more is a loop."""
_TEARDOWN_SECONDS = 0.3
"""How long a camera may take to hear that we go; then it has to find out by itself."""
_SESSION_SECONDS = 60.0
"""A session's time-out where the server names none. Source: RFC 2326, 12.37."""
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 2.0, 25.0
"""Between two signs of life. Routers forget a connection that is still for half a minute."""
_REPORT_SECONDS = 5.0
"""Between two receiver reports, RFC 3550's least. Some servers drop clients that send none."""


class RtspClient:
    """One connection to one camera.

    Args:
        entry: The camera's URL, transport, and whether certificates count.
        policy: Says where it may lie.
        secret: Who we are.
        limits: Time limits.
        inlet: Where the packets of the video go.

    Raises:
        SourceRefused: The URL is not allowed.
    """

    def __init__(
        self, entry: SourceEntry, policy: NetworkPolicy, secret: Secret | None, limits: HttpLimits, inlet: Inlet
    ) -> None:
        self.server = ""
        self._policy = policy.speaking(*_PORTS)
        self._parts = self._policy.check_url(entry.url)
        self._entry = entry
        self._limits = limits
        self._inlet = inlet
        self._authorization = Authorization(secret)
        self._no_secret = "" if secret is not None else "; the entry names no secret"
        self._connection: RtspConnection | None = None
        self._udp: UdpPorts | None = None
        self._upkeep: asyncio.Task[None] | None = None
        self._requests = 0
        self._session = self._session_url = self._track_url = ""
        self._alive_method = "GET_PARAMETER"

    async def describe(self) -> VideoTrack:
        """Connect and give what the camera says of its video.

        Raises:
            SourceFailed: No connection, or no answer that can be read.
            SourceRefused: The camera, or the network policy, does not let us; or there is no video.
        """
        await self._connect()
        url = request_url(self._parts)
        reply = await self._ask("DESCRIBE", url, [("Accept", "application/sdp")])
        for _ in range(_MOST_REQUESTS):
            if not 300 <= reply.status < 400:
                break
            url = self._redirected(url, reply.header("location"))
            reply = await self._ask("DESCRIBE", url, [("Accept", "application/sdp")])
        self._check(reply, "DESCRIBE")
        self.server = printable(reply.header("server"))[:120]
        track = choose_video(parse_sdp(reply.body.decode("utf-8", "replace")))
        base = base_url(url, reply.header("content-base"), reply.header("content-location"))
        self._session_url = aggregate_url(base, track.session_control)
        self._track_url = track_url(base, track.session_control, track.control)
        return track

    async def play(self) -> None:
        """Have the described video sent, and keep the session alive.

        Raises:
            SourceFailed: The connection broke, or the camera does not offer the transport.
            SourceRefused: The camera does not let us.
        """
        connection = self._connected()
        if self._entry.transport == "udp":
            self._udp = UdpPorts(connection, self._inlet)
            wanted = f"RTP/AVP;unicast;client_port={self._udp.port}-{self._udp.port + 1}"
        else:
            wanted = "RTP/AVP/TCP;unicast;interleaved=0-1"
        reply = self._check(await self._ask("SETUP", self._track_url, [("Transport", wanted)]), "SETUP")
        answer = parse_transport(reply.header("transport"))
        session, _, parameters = reply.header("session").partition(";")
        self._session = _echoed(session.strip())
        if self._udp is not None:
            self._udp.begin(answer.server_ports)
        elif answer.server_ports[0] >= 0 > answer.interleaved[0]:
            raise SourceFailed("transport", "the camera sends over UDP, asked for TCP: set transport: udp")
        else:
            channels = answer.interleaved if answer.interleaved[0] >= 0 else (0, 1)
            connection.video_channel, connection.control_channel = channels
            connection.resting = True
        self._check(await self._ask("PLAY", self._session_url, [("Range", "npt=0.000-")]), "PLAY")
        self._upkeep = asyncio.create_task(self._keep_alive(_pause_seconds(parameters)))

    def check(self) -> None:
        """Raise what the connection has failed of, if it has.

        Raises:
            SourceError: That.
        """
        failure = self._connected().failure
        if failure is not None:
            raise failure

    async def close(self) -> None:
        """Tell the camera that we go, and release everything, in less than a second."""
        connection, self._connection = self._connection, None
        try:
            if self._upkeep is not None:
                self._upkeep.cancel()
                await asyncio.gather(self._upkeep, return_exceptions=True)
            if connection is not None and self._session and connection.failure is None:
                with contextlib.suppress(TimeoutError, SourceFailed, SourceRefused):
                    async with asyncio.timeout(_TEARDOWN_SECONDS):
                        await connection.ask(*self._request("TEARDOWN", self._session_url, ()))
        finally:
            if self._udp is not None:
                self._udp.close()
            if connection is not None:
                await connection.close()

    async def _connect(self) -> None:
        host, until = self._parts.hostname, asyncio.get_running_loop().time() + self._limits.connect_seconds
        try:
            async with asyncio.timeout_at(until):
                places = await self._policy.resolve(self._parts)
                self._connection = await connect_in_turn(places, self._connect_to, until)
        except TimeoutError as error:
            raise SourceFailed("timeout", f"{host} did not take the connection in time") from error
        except ssl.SSLError as error:
            raise SourceFailed("tls", f"{host}: {error}") from error
        except OSError as error:
            raise SourceFailed("connect", f"{host}: {error}") from error

    async def _connect_to(self, place: Destination) -> RtspConnection:
        tls = _tls_context(self._entry.verify_tls) if place.scheme == "rtsps" else None
        name = place.host if tls else None
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: RtspConnection(self._inlet), place.address, place.port, ssl=tls, server_hostname=name
        )
        return connection

    def _connected(self) -> RtspConnection:
        if self._connection is None:
            raise SourceFailed("closed", "the connection is closed")
        return self._connection

    async def _ask(self, method: str, url: str, headers: Sequence[tuple[str, str]] = ()) -> Message:
        """Give the first reply that is no challenge which we can meet."""
        connection = self._connected()
        for _ in range(_MOST_REQUESTS):
            try:
                async with asyncio.timeout(self._limits.response_seconds):
                    reply = await connection.ask(*self._request(method, url, headers))
            except TimeoutError as error:
                raise SourceFailed("timeout", f"{self._parts.hostname} did not answer {method} in time") from error
            challenges = [_echoed(value) for value in reply.values("www-authenticate")]
            if reply.status != 401 or not self._authorization.challenge(challenges):
                return reply
        return reply

    def _request(self, method: str, url: str, headers: Sequence[tuple[str, str]]) -> tuple[int, bytes]:
        self._requests += 1
        fields = [("CSeq", str(self._requests)), ("User-Agent", "tilik"), *headers]
        if self._session:
            fields.append(("Session", self._session))
        if (authorization := self._authorization.header(url, method)) is not None:
            fields.append(("Authorization", authorization))
        return self._requests, format_request(method, url, fields)

    def _check(self, reply: Message, method: str) -> Message:
        if 200 <= reply.status < 300:
            return reply
        text = f"{self._parts.hostname} answered {reply.status} to {method}"
        if reply.status == 461:
            offered, other = ("UDP", "tcp") if self._entry.transport == "udp" else ("TCP", "udp")
            raise SourceFailed("transport", f"the camera offers no {offered}: set transport: {other}")
        if reply.status in _REFUSALS:
            raise SourceRefused(f"rtsp_{reply.status}", text + (self._no_secret if reply.status == 401 else ""))
        raise SourceFailed(f"rtsp_{reply.status}", text)

    def _redirected(self, url: str, location: str) -> str:
        # Another host, port or scheme could be anywhere, and would be given our credentials.
        try:
            parts = self._policy.check_url(urljoin(url, location))
        except ValueError:
            raise SourceFailed("redirect", f"{self._parts.hostname} redirects to what is no URL") from None
        if _origin(parts) != _origin(self._parts):
            raise SourceRefused("redirect", f"{self._parts.hostname} redirects to another place, {parts.hostname}")
        return request_url(parts)

    async def _keep_alive(self, pause_seconds: float) -> None:
        loop = asyncio.get_running_loop()
        report = receiver_report(secrets.randbits(32))
        due = loop.time() + pause_seconds
        while True:
            if self._udp is not None:
                self._udp.send_control(report)
            else:
                self._connected().send_packet(report)
            await asyncio.sleep(min(_REPORT_SECONDS, pause_seconds))
            if loop.time() >= due:
                due = loop.time() + pause_seconds
                await self._say_that_we_live()

    async def _say_that_we_live(self) -> None:
        try:
            reply = await self._ask(self._alive_method, self._session_url)
        except (SourceFailed, SourceRefused) as error:
            if error.error_class == "timeout":
                self._alive_method = "OPTIONS"  # some don't answer what they don't know
            return  # it may be a camera that sends pictures but no replies; a broken connection is known by itself
        if reply.status in (401, 454):
            self._connected().fail(SourceFailed("session", f"the camera has ended the session ({reply.status})"))
        elif reply.status >= 300:
            self._alive_method = "OPTIONS"


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]


def _echoed(text: str) -> str:
    """Give what a camera said and is told again, if it can stand in a header."""
    if not text.isprintable():
        raise SourceFailed("framing", "the camera names a session or realm with characters that can't be printed")
    return text


def _pause_seconds(session_parameters: str) -> float:
    """Give the pause between signs of life from what follows a session's id: ``timeout=60``."""
    name, _, value = session_parameters.strip().partition("=")
    stated = name.lower() == "timeout" and value.isascii() and value.isdigit() and len(value) < 7
    seconds = float(value) if stated else _SESSION_SECONDS
    return min(max(seconds / 2, _SHORTEST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)


@cache
def _tls_context(verified: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
