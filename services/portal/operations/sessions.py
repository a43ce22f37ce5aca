"""Sessions as signed cookies: nothing of them is kept in the server, so that every replica knows all of them.

A cookie is renewed while it is used and ends after a while without use, at the latest after ``longest_seconds``. A
sign-out is known to the replica that saw it at once. Before a session is renewed anywhere, it is looked for in the
audit log (``guarding``): a copied cookie is over within a minute of its last renewal, or, where the log can't be read
or nothing renews it, after its time without use.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from itsdangerous import BadSignature, Signer
from msgspec import Meta, Struct

from services.portal.operations.accounts import Account
from services.portal.roles import Person, Role
from services.runtime.clock import Clock, now_ms

_REMEMBERED = 10_000
_RENEW_AFTER_SECONDS = 60
_LONGEST_COOKIE = 4_000


class Session(Struct, frozen=True, forbid_unknown_fields=True):
    """What a cookie says. Times are s since 1970. ``stamp`` is the local account's at sign-in, else empty."""

    session: Annotated[str, Meta(min_length=16, max_length=64)]
    name: Annotated[str, Meta(min_length=1, max_length=120)]
    role: Role
    areas: tuple[str, ...]
    via: Literal["local", "openid"]
    stamp: str
    began_at: int
    used_at: int

    @property
    def person(self) -> Person:
        """Give who it is."""
        return Person(self.name, self.role, self.areas, self.session)


class Sessions:
    """Make, read and renew sessions. Safe to use from any thread.

    Args:
        key: What signs them; replicas share it.
        idle_seconds: A session that is not used for so long is over.
        longest_seconds: So is one that began so long ago.
        find_account: Gives the local account of a name: where it was removed or changed, its sessions are over.
    """

    def __init__(
        self,
        key: bytes,
        idle_seconds: int,
        longest_seconds: int,
        find_account: Callable[[str], Account | None],
        clock: Clock = now_ms,
    ) -> None:
        self._key = key
        self._signer = Signer(key, salt="tilik.portal.session", digest_method=hashlib.sha256, key_derivation="hmac")
        self._idle_seconds = idle_seconds
        self._longest_seconds = longest_seconds
        self._find_account = find_account
        self._clock = clock
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._ending = threading.Lock()

    def begin_local(self, account: Account) -> Session:
        """Give a new session of a local account."""
        return self._begin(account.name, account.role, account.areas, account.stamp)

    def begin_openid(self, name: str, role: Role, areas: tuple[str, ...]) -> Session:
        """Give a new session of somebody whom the provider vouches for."""
        return self._begin(name, role, areas, "")

    def cookie_of(self, session: Session) -> str:
        """Give the cookie's value."""
        return self._signer.sign(_packed(msgspec.json.encode(session))).decode()

    def read(self, cookie: str) -> Session | None:
        """Give the session that a cookie holds; None: it is forged, over, or signed out.

        Raises:
            ConfigurationError: Local accounts can't be read.
        """
        if not cookie or len(cookie) > _LONGEST_COOKIE:
            return None
        try:
            session = msgspec.json.decode(_unpacked(self._signer.unsign(cookie)), type=Session)
        except (BadSignature, ValueError):  # msgspec's errors are ValueErrors
            return None
        now = self._now()
        over = now - session.used_at > self._idle_seconds or now - session.began_at > self._longest_seconds
        if over or session.used_at > now + 60 or session.session in self._ended:
            return None
        return session if self._still_holds(session) else None

    def renewed(self, session: Session) -> Session | None:
        """Give the session as used now; None: it was so a moment ago."""
        now = self._now()
        return msgspec.structs.replace(session, used_at=now) if now - session.used_at > _RENEW_AFTER_SECONDS else None

    def end(self, session: Session) -> None:
        """Sign out."""
        with self._ending:
            self._ended[session.session] = None
            while len(self._ended) > _REMEMBERED:
                self._ended.popitem(last=False)

    def key_for(self, purpose: str) -> bytes:
        """Give a key for something else that is signed, which no session and no form is signed with."""
        return hmac.new(self._key, f"tilik.portal.key:{purpose}".encode(), hashlib.sha256).digest()

    def form_token(self, session: str) -> str:
        """Give what every form of a session carries, and no other place can know."""
        return hmac.new(self._key, f"tilik.portal.form:{session}".encode(), hashlib.sha256).hexdigest()

    def is_form_token(self, session: str, token: str) -> bool:
        """Tell whether a form comes from a page of this session."""
        return hmac.compare_digest(self.form_token(session).encode(), token.encode())

    def _begin(self, name: str, role: Role, areas: tuple[str, ...], stamp: str) -> Session:
        now = self._now()
        via: Literal["local", "openid"] = "local" if stamp else "openid"
        return Session(secrets.token_urlsafe(18), name, role, areas, via, stamp, now, now)

    def _still_holds(self, session: Session) -> bool:
        if session.via == "openid":
            return True
        account = self._find_account(session.name)
        return account is not None and account.stamp == session.stamp

    def _now(self) -> int:
        return self._clock() // 1000


def _packed(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def _unpacked(data: bytes) -> bytes:
    return urlsafe_b64decode(data + b"=" * (-len(data) % 4))
