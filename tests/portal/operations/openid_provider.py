"""A small OpenID Connect provider over HTTP: discovery, authorization, tokens with PKCE, keys. Told to, it lies."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

Claims = dict[str, Any]


class Provider:
    """One provider, with one person who is always signed in there.

    ``told`` is what it says of the person; ``sign`` makes the token out of all claims.
    """

    def __init__(self) -> None:
        self.issuer = ""
        self.told: Claims = {"preferred_username": "sri", "roles": ["tilik-reviewer"], "tilik_areas": ["Tembalang"]}
        self.discovery: Claims = {}
        self.key = _key("first")
        self.sign: Callable[[Claims], str] = self.signed
        self._codes: dict[str, dict[str, str]] = {}

    def signed(self, claims: Claims) -> str:
        """Give a token by the provider's key."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def change_key(self) -> None:
        """Sign with another key from now on."""
        self.key = _key("second")

    def metadata(self) -> Claims:
        """Give what discovery says."""
        told = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        return {**told, **self.discovery}

    def keys(self) -> Claims:
        """Give its public keys."""
        return dict(KeySet([self.key]).as_dict(private=False))

    def authorize(self, asked: dict[str, str]) -> str:
        """Give where the browser is sent back to."""
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(12)
        self._codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.issuer})}"

    def exchange(self, form: dict[str, str]) -> tuple[int, Claims]:
        """Give tokens for a code, once, to whom knows the verifier."""
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        challenge = urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if challenge != asked["code_challenge"] or form.get("client_secret") != "hush":
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": asked["client_id"],
            "sub": "person-7",
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.told,
        }
        return 200, {"id_token": self.sign({k: v for k, v in claims.items() if v is not None}), "token_type": "Bearer"}


def _key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"}, auto_kid=False)


@contextmanager
def running_provider() -> Iterator[Provider]:
    """Run a provider on a free port."""
    provider = Provider()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(dict(parse_qsl(parts.query))))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            told = {"/.well-known/openid-configuration": provider.metadata, "/keys": provider.keys}[parts.path]
            self._json(200, told())

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._json(*provider.exchange({name: values[0] for name, values in form.items()}))

        def _json(self, status: int, told: Claims) -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
