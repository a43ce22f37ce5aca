"""Post one message: to an address that was checked, over verified TLS, within limits, following no redirect."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, urlsplit

import httpx

from services.runtime.addresses import Address, AddressPolicy, without_scope
from services.webhooks.message import Message
from services.webhooks.signing import signed_headers

Verdict = Literal["accepted", "again", "refused", "gone"]
"""What follows: done; try again; this message never; nothing to this receiver any more."""

_REFUSED = frozenset({400, 413, 415, 422})
"""Of this message: the same bytes would be refused again. Other errors are the receiver's state, and may pass."""
_GONE = 410
_MOST_ADDRESSES = 3
_MOST_WAITS = 3
_RETRY_AFTER = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one attempt. ``retry_after_seconds`` is what the receiver asked for, or 0."""

    verdict: Verdict
    text: str
    retry_after_seconds: float = 0.0


class Poster:
    """Posts to one receiver. Not for use by two threads at once.

    Args:
        url: Where to. Its host is looked up anew for each attempt.
        key: What signs.
        policy: Which addresses are allowed.
        timeout_seconds: Of connecting, and of each wait for the receiver; three of them for the whole attempt, however
            slowly an answer drips in.
        certificates: PEM file of further authorities, for receivers of an own one.
    """

    def __init__(
        self, url: str, key: bytes, policy: AddressPolicy, timeout_seconds: float, certificates: str = ""
    ) -> None:
        self._parts = urlsplit(url)
        self._key = key
        self._policy = policy
        self._most_seconds = _MOST_WAITS * timeout_seconds
        self._runner = asyncio.Runner()
        context = ssl.create_default_context()
        if certificates:
            context.load_verify_locations(certificates)
        # No proxy from the environment: it would connect to addresses that nobody checked.
        self._client = httpx.AsyncClient(
            verify=context, timeout=timeout_seconds, follow_redirects=False, trust_env=False, http2=False
        )

    def post(self, message: Message) -> Answer:
        """Try once. Blocks for some time-outs at most. Every failure is an answer, never an exception."""
        try:
            return self._posted_or_not(message)
        except Exception as error:  # whatever one receiver provokes must not end the delivery to all others
            return Answer("again", f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Close kept connections."""
        self._runner.run(self._client.aclose())
        self._runner.close()

    def _posted_or_not(self, message: Message) -> Answer:
        try:
            addresses = [one for one in _looked_up(self._parts) if self._policy.allows(one)]
        except (OSError, UnicodeError) as error:
            return Answer("again", f"the host's name does not resolve: {error}")
        if not addresses:
            return Answer("again", "the host is in no allowed network")
        return self._runner.run(self._tried(addresses[:_MOST_ADDRESSES], message))

    async def _tried(self, addresses: list[Address], message: Message) -> Answer:
        answer = Answer("again", "")
        try:
            async with asyncio.timeout(self._most_seconds):
                for address in addresses:
                    try:
                        return await self._posted(address, message)
                    except httpx.ConnectError as error:  # nothing was sent: the next address may do
                        answer = Answer("again", f"no connection: {error}")
        except httpx.HTTPError as error:
            return Answer("again", f"{type(error).__name__}: {error}")
        except TimeoutError:
            return Answer("again", f"no answer in {self._most_seconds:g} s")
        return answer

    async def _posted(self, address: Address, message: Message) -> Answer:
        parts, host = self._parts, self._parts.hostname or ""
        place = f"[{address}]" if address.version == 6 else str(address)
        port = f":{parts.port}" if parts.port else ""
        headers = {
            **signed_headers(message.message_id, int(time.time()), message.body, self._key),
            "content-type": "application/json",
            "host": f"{f'[{host}]' if ':' in host else host}{port}",
            "user-agent": "tilik-webhooks",
        }
        url = parts._replace(netloc=f"{place}{port}", fragment="").geturl()
        extensions = {"sni_hostname": host}  # the certificate must be the name's, not the address's
        async with self._client.stream(
            "POST", url, content=message.body, headers=headers, extensions=extensions
        ) as response:  # the body of an answer says nothing that we need
            return answer_of(response.status_code, response.headers.get("retry-after", ""))


def answer_of(status: int, retry_after: str = "") -> Answer:
    """Give what follows from a status. A redirect is an error: who moves says so to whoever subscribed."""
    text = f"answered {status}"
    if 200 <= status < 300:
        return Answer("accepted", text)
    if status == _GONE:
        return Answer("gone", text)
    if status in _REFUSED:
        return Answer("refused", text)
    seconds = float(retry_after) if _RETRY_AFTER.fullmatch(retry_after) else 0.0
    return Answer("again", text, seconds)


def _looked_up(parts: SplitResult) -> list[Address]:
    """Give the host's addresses; one that is an address itself needs no lookup."""
    host = parts.hostname or ""
    with contextlib.suppress(ValueError):
        return [without_scope(ipaddress.ip_address(host))]
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(without_scope(ipaddress.ip_address(str(place[0]).split("%")[0])) for *_, place in found))
