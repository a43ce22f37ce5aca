"""Sign-in by OpenID Connect: code flow with PKCE, state and nonce. The one file that speaks to the provider.

::

    sign-in ─► ticket (state, nonce, verifier) in a signed cookie ─► provider ─► callback
            ─► state of the ticket? ─► code + verifier for tokens ─► signature, issuer, audience, times, nonce ─► role

Source: OpenID Connect Core 1.0, sections 3.1.2 and 3.1.3.7; RFC 7636; RFC 9700.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Struct

from services.portal.operations.typed_text import single_line
from services.portal.operations_settings import OpenIdSettings
from services.portal.roles import Role, areas_fit, highest
from services.runtime.errors import RetryableError

CALLBACK: Final = "/operations/sign-in/openid/callback"
_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
"""Signatures by the provider's own keys alone: no ``none``, and no HMAC, whose key a client may know."""
_LEEWAY_SECONDS: Final = 30
_KEEP_SECONDS: Final = 3_600.0
_KEYS_EVERY_SECONDS: Final = 30.0
"""A token under an unknown key has the keys fetched again, but no crowd of them may."""


class SignInRefusedError(Exception):
    """The provider, or what it says of a person, lets nobody in; the text is for the log, not for the person."""


class Ticket(Struct, frozen=True, forbid_unknown_fields=True):
    """What a browser keeps while its person is at the provider's. ``began_at`` is s since 1970."""

    state: str
    nonce: str
    verifier: str
    following: str
    began_at: int


class Vouched(Struct, frozen=True):
    """Whom the provider vouches for. ``subject`` is its own name of the person, which never changes."""

    subject: str
    name: str
    role: Role
    areas: tuple[str, ...]


class _Provider(Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class OpenId:
    """One provider. Used from one event loop.

    Args:
        settings: The provider.
        public_url: How browsers reach the portal: where the provider sends them back to.
    """

    def __init__(self, settings: OpenIdSettings, public_url: str) -> None:
        self._settings = settings
        self._redirect_uri = public_url.rstrip("/") + CALLBACK
        self._http = httpx.AsyncClient(timeout=settings.timeout_seconds, follow_redirects=False)
        self._provider: _Provider | None = None
        self._provider_until = 0.0
        self._keys: KeySet | None = None
        self._keys_at = -_KEEP_SECONDS

    async def begin(self, following: str) -> tuple[str, Ticket]:
        """Give the address to send a browser to, and the ticket that it must bring back.

        Raises:
            RetryableError: The provider is away.
            SignInRefusedError: It is not the one of the settings.
        """
        provider = await self._discovered()
        ticket = Ticket(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            following=following,
            began_at=int(time.time()),
        )
        challenge = urlsafe_b64encode(hashlib.sha256(ticket.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": self._settings.scope,
            "state": ticket.state,
            "nonce": ticket.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        mark = "&" if urlsplit(provider.authorization_endpoint).query else "?"
        return f"{provider.authorization_endpoint}{mark}{urlencode(asked)}", ticket

    async def finish(self, ticket: Ticket, state: str, code: str, issuer: str) -> Vouched:
        """Give whom the provider vouches for. ``issuer`` is what the callback says of itself, if it does (RFC 9207).

        Raises:
            RetryableError: The provider is away.
            SignInRefusedError: Anything about the answer is not as it must be, or the person has no role here.
        """
        if not hmac.compare_digest(state.encode(), ticket.state.encode()):
            raise SignInRefusedError("the state is not the ticket's")
        provider = await self._discovered()
        if issuer and issuer != provider.issuer:
            raise SignInRefusedError("another provider answered")
        claims = await self._claims(await self._token(provider, code, ticket.verifier), ticket.nonce)
        return self._vouched(claims)

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()

    async def _token(self, provider: _Provider, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "client_id": self._settings.client_id,
            "code_verifier": verifier,
        }
        secret = self._settings.client_secret.get_secret_value()
        if secret:
            form["client_secret"] = secret
        answer = await self._json("POST", provider.token_endpoint, form)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise SignInRefusedError("the provider gave no id token")
        return token

    async def _claims(self, token: str, nonce: str) -> Mapping[str, Any]:
        try:
            claims = (await self._decoded(token)).claims
            jwt.JWTClaimsRegistry(
                leeway=_LEEWAY_SECONDS,
                iss={"essential": True, "value": self._settings.issuer},
                aud={"essential": True, "value": self._settings.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(claims)
        except (JoseError, ValueError) as error:
            raise SignInRefusedError(f"the id token does not hold: {type(error).__name__}") from error
        party = claims.get("azp", self._settings.client_id)
        if party != self._settings.client_id:
            raise SignInRefusedError("the id token was made for another party")
        return claims

    async def _decoded(self, token: str) -> jwt.Token:
        try:
            return jwt.decode(token, await self._key_set(_KEEP_SECONDS), algorithms=_ALGORITHMS)
        except (JoseError, ValueError):  # the keys may have been changed meanwhile
            return jwt.decode(token, await self._key_set(_KEYS_EVERY_SECONDS), algorithms=_ALGORITHMS)

    async def _key_set(self, newer_than_seconds: float) -> KeySet:
        now = time.monotonic()
        if self._keys is None or now - self._keys_at > newer_than_seconds:
            found = await self._json("GET", (await self._discovered()).jwks_uri)
            try:
                self._keys = KeySet.import_key_set({"keys": found["keys"]})
            except (JoseError, ValueError, KeyError, TypeError) as error:
                raise SignInRefusedError("the provider's keys are none") from error
            self._keys_at = now
        return self._keys

    async def _discovered(self) -> _Provider:
        now = time.monotonic()
        if self._provider is None or now > self._provider_until:
            issuer = self._settings.issuer
            found = await self._json("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            try:
                provider = _Provider(**{name: str(found[name]) for name in _Provider.__struct_fields__})
            except KeyError as error:
                raise SignInRefusedError(f"the provider does not say its {error}") from error
            if provider.issuer != issuer:
                raise SignInRefusedError("the provider calls itself another name than the settings")
            self._require_same_protection(provider)
            self._provider, self._provider_until = provider, now + _KEEP_SECONDS
        return self._provider

    def _require_same_protection(self, provider: _Provider) -> None:
        if urlsplit(self._settings.issuer).scheme != "https":
            return
        for url in (provider.authorization_endpoint, provider.token_endpoint, provider.jwks_uri):
            if urlsplit(url).scheme != "https":
                raise SignInRefusedError("an address of the provider is not protected")

    async def _json(self, method: str, url: str, form: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """Ask the provider: the one seam to httpx."""
        try:
            answer = await self._http.request(method, url, data=form, headers={"accept": "application/json"})
            found = answer.json()
        except httpx.HTTPError as error:
            raise RetryableError(f"the OpenID provider at {self._settings.issuer}: {error}") from error
        except ValueError as error:
            raise SignInRefusedError(f"the provider answered {answer.status_code} and no JSON") from error
        if answer.status_code >= 500:
            raise RetryableError(f"the OpenID provider answers {answer.status_code}")
        if answer.status_code != 200 or not isinstance(found, dict):
            raise SignInRefusedError(f"the provider answered {answer.status_code}")
        return found

    def _vouched(self, claims: Mapping[str, Any]) -> Vouched:
        given = _texts(_claim(claims, self._settings.role_claim))
        role = highest(self._settings.roles[name] for name in given if name in self._settings.roles)
        name = single_line(str(_claim(claims, self._settings.name_claim) or claims["sub"]), 120)
        if name is None:
            raise SignInRefusedError("the person has no name that can be kept")
        if role is None:
            raise SignInRefusedError(f"{name!r} has no role here")
        areas = tuple(_texts(_claim(claims, self._settings.area_claim)))
        if not areas_fit(areas):
            raise SignInRefusedError(f"{name!r} has too many areas for a session: kecamatan/* stands for many")
        return Vouched(single_line(str(claims["sub"]), 200) or "", name, role, areas)


def _claim(claims: Mapping[str, Any], path: str) -> object:
    """Give a claim by its path; a claim whose own name has dots comes first."""
    if path in claims:
        return claims[path]
    found: object = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split() if "," not in value else [part.strip() for part in value.split(",")]
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
