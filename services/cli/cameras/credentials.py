"""Who we are to cameras: a secret of ingest, or a user whose password is asked for."""

from __future__ import annotations

import click
from pydantic import SecretStr

from services.ingest.secret_store import SecretStore

ASKED = "asked"
"""Name under which a password that was asked for is known, in this process alone."""


def asked_secret(user: str | None, secret: str) -> SecretStore | None:
    """Ask for the password where a user was named, never on the command line; None: ingest's own secrets hold."""
    if user is None:
        return None
    if secret:
        raise click.UsageError("--user and --secret say the same thing: give one of them")
    password = click.prompt(f"password of {user}", hide_input=True, err=True)
    return SecretStore(None, {ASKED: SecretStr(f"{user}:{password}")})
