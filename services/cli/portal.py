"""``tilik portal``: the local accounts of the portal's operations area."""

from __future__ import annotations

import getpass
import os
from contextlib import closing
from pathlib import Path
from typing import cast

import click

from services.cli.clickhouse import clickhouse_client
from services.portal.metrics import PORTAL_METRICS
from services.portal.operations.accounts import FIRST_NAME, Accounts
from services.portal.operations.audit import Action, AuditLog
from services.portal.operations_settings import OperationsSettings
from services.portal.roles import EVERYWHERE, ROLES, Role
from services.portal.settings import PortalSettings
from services.runtime.errors import ConfigurationError, RetryableError
from services.runtime.metrics import Metrics
from services.runtime.settings import load_settings


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        return f"uid {os.getuid()}"


_folder_option = click.option(
    "--secrets-dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="TILIK_PORTAL_OPERATIONS__SECRETS_DIR",
    default=OperationsSettings.model_fields["secrets_dir"].default,
    show_default=True,
    help="Folder with the portal's session.key and accounts.json.",
)
_by_option = click.option(
    "--by", default=_login_name, show_default="your login name", metavar="NAME", help="Who does this; it is kept."
)


@click.group()
def command() -> None:
    """Keep the local accounts of the portal's operations area.

    They are for a machine or an office without an OpenID Connect provider. A running portal sees changes at once; a
    changed account's sessions end. Changes are kept in the portal's audit log: TILIK_PORTAL_OPERATIONS__AUDIT__*, else
    TILIK_PORTAL_CLICKHOUSE__*.
    """


@command.command("password")
@click.option("--name", default=FIRST_NAME, show_default=True, help="Name of the account; made where there is none.")
@click.option("--role", type=click.Choice(ROLES), help="What the account may do; as it is, or viewer for a new one.")
@click.option(
    "--area",
    "areas",
    multiple=True,
    help="Kelurahan, kecamatan/kelurahan, kecamatan/*, or * for the whole city; as it is, or none for a new account.",
)
@_by_option
@_folder_option
def password_command(name: str, role: str | None, areas: tuple[str, ...], by: str, secrets_dir: Path) -> None:
    """Give an account a new password, and print it: it is kept nowhere, only its hash is.

    Exit code 1: the audit log is away, and nothing was done.

    \b
    tilik portal password                                        # a new one for admin
    tilik portal password --name siti --role reviewer --area Tembalang
    """
    accounts = Accounts(secrets_dir)
    known = accounts.find(name)
    is_first = known is None and name == FIRST_NAME
    new_role = cast("Role", role or (known.role if known else "admin" if is_first else "viewer"))
    new_areas = areas or (known.areas if known else (EVERYWHERE,) if is_first else ())
    _note("account_set", by, name, f"{new_role} of {', '.join(new_areas) or 'no area'}")
    password = accounts.set_password(name, new_role, new_areas)
    shown = ", ".join(new_areas) or "no area: give it one with --area"
    click.echo(f"{name}: {new_role}, {shown}", err=True)
    click.echo(password)


@command.command("accounts")
@_folder_option
def accounts_command(secrets_dir: Path) -> None:
    """List the accounts."""
    for account in Accounts(secrets_dir).all():
        click.echo(f"{account.name}\t{account.role}\t{', '.join(account.areas) or '-'}")


@command.command("remove")
@click.argument("name")
@_by_option
@_folder_option
def remove_command(name: str, by: str, secrets_dir: Path) -> None:
    """Remove an account; its sessions end.

    Exit code 1: it was removed, but the audit log is away.
    """
    if not Accounts(secrets_dir).remove(name):
        raise ConfigurationError(f"there is no account {name!r}")
    click.echo(f"removed {name}")
    _note("account_removed", by, name)


def _note(action: Action, by: str, name: str, detail: str = "") -> None:
    """Keep in the audit log who changed which account.

    Raises:
        RetryableError: It is not known to be kept.
    """
    settings = load_settings(PortalSettings)
    clickhouse = settings.operations.audit or settings.clickhouse
    try:
        with clickhouse_client(clickhouse), closing(AuditLog(clickhouse, Metrics(PORTAL_METRICS))) as audit:
            audit.note(action, "tilik portal", who=by, subject=name, detail=detail)
    except RetryableError as error:
        raise RetryableError(f"this was not kept in the audit log: {error}") from error
