"""The parts of the running operations area: one ``Operations`` a process."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import cookie_parser
from starlette.types import Scope

from schemas.cameras import Camera
from services.portal.context import Portal
from services.portal.operations.accounts import FIRST_NAME, Accounts
from services.portal.operations.attempts import Attempts
from services.portal.operations.audit import AuditLog
from services.portal.operations.openid import OpenId
from services.portal.operations.recently_judged import RecentlyJudged
from services.portal.operations.screen import Screen
from services.portal.operations.secret_files import session_key
from services.portal.operations.sessions import Sessions
from services.portal.operations_settings import OperationsSettings
from services.portal.store_reads import StoreReads
from services.runtime.errors import ConfigurationError
from services.runtime.logging import get_logger

log = get_logger(__name__)

_PROBES_AT_ONCE: Final = 2


@dataclass(frozen=True)
class Operations:
    """What routes work with.

    ``public_url`` is how browsers reach the portal; empty: as they asked. ``probing`` is what commands that look at
    cameras wait for. ``record`` reads the record's store on threads of its own: nobody here waits for citizens.
    """

    portal: Portal
    settings: OperationsSettings
    public_url: str
    accounts: Accounts
    sessions: Sessions
    attempts: Attempts
    audit: AuditLog
    screen: Screen
    record: StoreReads
    openid: OpenId | None = None
    judged: RecentlyJudged = field(default_factory=RecentlyJudged)
    probing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_PROBES_AT_ONCE))

    @property
    def is_protected(self) -> bool:
        """Tell whether browsers come by TLS: then cookies travel by nothing else."""
        return self.public_url.startswith("https://")

    @property
    def cookie_name(self) -> str:
        """Give the name of the session's cookie. Under ``__Host-`` no other host may set it."""
        return "__Host-tilik-session" if self.is_protected else "tilik-session"

    def signed_in(self, scope: Scope, camera: Camera) -> bool:
        """Tell whether a request comes from somebody who may see a camera that is not public."""
        for name, value in scope["headers"]:
            if name == b"cookie":
                cookie = cookie_parser(value.decode("latin-1")).get(self.cookie_name, "")
                session = self.sessions.read(cookie)
                return session is not None and session.person.sees(camera)
        return False


def build_operations(portal: Portal) -> Operations:
    """Give the operations area of a portal; at the first start an account is made, and its password told once.

    Raises:
        ConfigurationError: Settings, the key or the accounts are wrong.
    """
    settings = portal.settings.operations
    public_url = portal.settings.public_url
    if settings.openid.issuer and not public_url:
        raise ConfigurationError("TILIK_PORTAL_PUBLIC_URL must be set where an OpenID provider signs people in")
    if not settings.local_accounts and not settings.openid.issuer:
        log.warning("operations.nobody_can_sign_in")
    accounts = Accounts(settings.secrets_dir)
    sessions = Sessions(
        session_key(settings.secrets_dir, settings.session_key.get_secret_value()),
        settings.idle_seconds,
        settings.longest_seconds,
        lambda name: accounts.find(name) if settings.local_accounts else None,
    )
    operations = Operations(
        portal=portal,
        settings=settings,
        public_url=public_url,
        accounts=accounts,
        sessions=sessions,
        attempts=Attempts(settings.tries_per_minute, settings.tries_per_name),
        audit=AuditLog(settings.audit or portal.settings.clickhouse, portal.metrics),
        screen=Screen(portal, sessions),
        record=StoreReads(portal.store.store),
        openid=OpenId(settings.openid, public_url) if settings.openid.issuer else None,
    )
    portal.closing.callback(operations.record.close)
    portal.closing.callback(operations.audit.close)
    portal.access.signed_in = operations.signed_in
    if settings.local_accounts and operations.openid is None:
        _tell_first_password(accounts)
    return operations


def _tell_first_password(accounts: Accounts) -> None:
    """Make the first account where there is none. Its password is said here, once, and is kept nowhere."""
    password = accounts.create_first()
    if password is not None:
        sys.stderr.write(
            f"\nOperations: sign in as {FIRST_NAME} with the password {password}\n"
            "It is not told again; 'tilik portal password' makes another one.\n\n"
        )
        sys.stderr.flush()
