"""Say who we are over HTTP and RTSP: basic, bearer, and digest (which most cameras ask for).

Source: RFC 7617, 6750, 7616; RFC 2326, appendix D (RTSP takes HTTP's).
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from urllib.request import parse_http_list, parse_keqv_list

from services.ingest.secret_store import Secret

_HASHES: dict[str, Callable[[bytes], str]] = {
    # MD5 is what the cameras speak; the digest protects no more than the network does.
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,30})(?:\s+(?![\s=])|$)")
"""What a challenge begins with; a field is a word with ``=`` behind it."""


class Authorization:
    """The ``Authorization`` header for one source; remembers a digest challenge and counts its uses."""

    def __init__(self, secret: Secret | None) -> None:
        self._secret = secret
        self._challenge: dict[str, str] | None = None
        self._uses = 0
        self._basic = False

    def header(self, target: str, method: str = "GET") -> str | None:
        """Give the header's value for a request of ``target``, or None where nothing can be said yet."""
        if self._secret is None:
            return None
        if self._secret.token:
            return f"Bearer {self._secret.token}"
        if self._challenge is not None:
            return self._digest(self._secret, self._challenge, method, target)
        if not self._basic:
            return None  # a password that nobody has asked for is not sent
        pair = f"{self._secret.user}:{self._secret.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"

    def challenge(self, headers: Sequence[str]) -> bool:
        """Take a 401's ``WWW-Authenticate`` headers, of one scheme or more each; tell whether asking again can succeed.

        Digest is taken where it is offered: Basic would say the password itself. A second challenge is taken where it
        says that the nonce is stale, or brings another after the one before was good for more than one request:
        otherwise our secret is wrong, and saying it again would lock the account of many a camera.
        """
        if self._secret is None or self._secret.token:
            return False
        offers = [offer for header in headers for offer in _challenges(header)]
        if any(self._take_digest(fields) for scheme, fields in offers if scheme == "digest"):
            return True
        if self._basic or self._challenge is not None or not any(scheme == "basic" for scheme, _ in offers):
            return False
        self._basic = True
        return True

    def _take_digest(self, parts: list[str]) -> bool:
        try:
            fields = parse_keqv_list(parts)
        except (ValueError, IndexError):  # the library looks at the first character of an empty value
            return False
        if not self._is_fresh(fields) or "nonce" not in fields or fields.get("algorithm", "MD5").upper() not in _HASHES:
            return False
        self._challenge, self._uses = fields, 0
        return True

    def _is_fresh(self, fields: dict[str, str]) -> bool:
        before = self._challenge
        if before is None:
            return True
        if fields.get("nonce") == before["nonce"]:
            return False
        return self._uses > 1 or fields.get("stale", "").lower() == "true"

    def _digest(self, secret: Secret, challenge: dict[str, str], method: str, target: str) -> str:
        algorithm = challenge.get("algorithm", "MD5").upper()
        digest = _HASHES[algorithm]
        realm, nonce = challenge.get("realm", ""), challenge["nonce"]
        self._uses += 1
        first = digest(f"{secret.user}:{realm}:{secret.password}".encode())
        second = digest(f"{method}:{target}".encode())
        fields = (
            f'username="{_quoted(secret.user)}", realm="{_quoted(realm)}", nonce="{_quoted(nonce)}", uri="{target}"'
        )
        if "algorithm" in challenge:  # cameras of before RFC 2617 don't know the field
            fields += f", algorithm={algorithm}"
        if "auth" in [part.strip() for part in challenge.get("qop", "").split(",")]:
            count, client_nonce = f"{self._uses:08x}", secrets.token_hex(8)
            response = digest(f"{first}:{nonce}:{count}:{client_nonce}:auth:{second}".encode())
            fields += f', qop=auth, nc={count}, cnonce="{client_nonce}"'
        else:
            response = digest(f"{first}:{nonce}:{second}".encode())
        if "opaque" in challenge:
            fields += f', opaque="{_quoted(challenge["opaque"])}"'
        return f'Digest {fields}, response="{response}"'


def _challenges(header: str) -> list[tuple[str, list[str]]]:
    """Take a header apart: schemes in lower case, each with its fields. A part that begins with a word starts one."""
    found: list[tuple[str, list[str]]] = []
    for part in parse_http_list(header):
        if (starts := _SCHEME.match(part)) is not None:
            found.append((starts[1].lower(), []))
        field = part[starts.end() :] if starts is not None else part
        if field and found:
            found[-1][1].append(field)
    return found


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
