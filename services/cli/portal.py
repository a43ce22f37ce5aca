"""``tilik portal``: the local accounts of the portal's operations area."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from services.portal.operations.accounts import FIRST_NAME, Accounts
from services.portal.operations_settings import OperationsSettings
from services.portal.roles import EVERYWHERE, ROLES, Role
from services.runtime.errors import ConfigurationError

_folder_option = click.option(
    "--secrets-dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="TILIK_PORTAL_OPERATIONS__SECRETS_DIR",
    default=OperationsSettings.model_fields["secrets_dir"].default,
    show_default=True,
    help="Folder with the portal's session.key and accounts.json.",
)


@click.group()
def command() -> None:
    """Keep the local accounts of the portal's operations area.

    They are for a machine or an office without an OpenID Connect provider. A running portal sees changes at once; a
    changed account's sessions end.
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
@_folder_option
def password_command(name: str, role: str | None, areas: tuple[str, ...], secrets_dir: Path) -> None:
    """Give an account a new password, and print it: it is kept nowhere, only its hash is.

    \b
    tilik portal password                                        # a new one for admin
    tilik portal password --name siti --role reviewer --area Tembalang
    """
    accounts = Accounts(secrets_dir)
    known = accounts.find(name)
    is_first = known is None and name == FIRST_NAME
    new_role = cast("Role", role or (known.role if known else "admin" if is_first else "viewer"))
    new_areas = areas or (known.areas if known else (EVERYWHERE,) if is_first else ())
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
@_folder_option
def remove_command(name: str, secrets_dir: Path) -> None:
    """Remove an account; its sessions end."""
    if not Accounts(secrets_dir).remove(name):
        raise ConfigurationError(f"there is no account {name!r}")
    click.echo(f"removed {name}")
