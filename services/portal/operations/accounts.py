"""Local accounts: a file with names, roles, areas and scrypt hashes of generated passwords."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from services.portal.operations.secret_files import read_secret, write_secret
from services.portal.roles import EVERYWHERE, Role, areas_fit
from services.runtime.errors import ConfigurationError

FIRST_NAME: Final = "admin"
NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,79}$(?!\n)"
_COST: Final = {"n": 1 << 15, "r": 8, "p": 1, "maxmem": 64 << 20, "dklen": 32}
"""Some 0.1 s and 32 MiB an attempt, after RFC 7914's advice for sign-ins."""
_PASSWORD_BYTES: Final = 15
_AT_ONCE = threading.BoundedSemaphore(2)
"""Hashing is meant to be dear: a crowd of attempts may not take all memory and cores, nor threads by waiting."""


class CrowdedError(Exception):
    """Too many passwords are looked at already."""


class Account(Struct, frozen=True, forbid_unknown_fields=True):
    """One account. ``salt`` and ``digest`` are hex."""

    name: Annotated[str, Meta(pattern=NAME_PATTERN)]
    role: Role
    areas: tuple[str, ...]
    salt: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$")]
    digest: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]

    @property
    def stamp(self) -> str:
        """Give what a session keeps of the account: another one once anything about it has changed."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16]


_NOBODY: Final = Account("nobody", "viewer", (), "00" * 16, "00" * 32)


class Accounts:
    """The accounts of a file, read again when it changes. Safe to use from any thread."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "accounts.json"
        self._seen: tuple[int, int, int] = (-1, -1, -1)
        self._accounts: dict[str, Account] = {}
        self._reading = threading.Lock()

    def check(self, name: str, password: str) -> Account | None:
        """Give the account whose password this is; None: there is none. Takes as long for a name that nobody has.

        Raises:
            ConfigurationError: The file can't be read.
            CrowdedError: Too many are looked at already; this one was not.
        """
        account = self.find(name)
        known = account or _NOBODY
        if not _AT_ONCE.acquire(blocking=False):
            raise CrowdedError
        try:
            digest = _digest(password, known.salt)
        finally:
            _AT_ONCE.release()
        right = hmac.compare_digest(digest, known.digest)
        return account if right else None

    def find(self, name: str) -> Account | None:
        """Give the account of this name.

        Raises:
            ConfigurationError: The file can't be read.
        """
        with self._reading:
            self._read_if_changed()
            return self._accounts.get(name)

    def create_first(self) -> str | None:
        """Make the first account, an admin of the whole city, and give its password; None: there are accounts already.

        Raises:
            ConfigurationError: The file can't be written.
        """
        account, password = _new_account(FIRST_NAME, "admin", (EVERYWHERE,))
        made = write_secret(self._path, msgspec.json.encode([account]), replace=False)
        return password if made else None

    def set_password(self, name: str, role: Role, areas: tuple[str, ...]) -> str:
        """Make an account, or give the one of this name another password, role and areas; give the password.

        Raises:
            ConfigurationError: The name is none, or the file can't be read or written.
        """
        account, password = _new_account(name, role, areas)
        with self._reading:
            self._read_if_changed()
            accounts = {**self._accounts, name: account}
            write_secret(self._path, msgspec.json.encode(list(accounts.values())), replace=True)
        return password

    def remove(self, name: str) -> bool:
        """Remove an account; its sessions end. False: there is none of this name.

        Raises:
            ConfigurationError: The file can't be read or written.
        """
        with self._reading:
            self._read_if_changed()
            left = [account for account in self._accounts.values() if account.name != name]
            if len(left) == len(self._accounts):
                return False
            write_secret(self._path, msgspec.json.encode(left), replace=True)
            return True

    def all(self) -> list[Account]:
        """Give every account, by name.

        Raises:
            ConfigurationError: The file can't be read.
        """
        with self._reading:
            self._read_if_changed()
            return sorted(self._accounts.values(), key=lambda account: account.name)

    def _read_if_changed(self) -> None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._seen, self._accounts = (-1, -1, -1), {}
            return
        except OSError as error:
            raise ConfigurationError(f"{self._path} can't be read: {error}") from error
        seen = (status.st_ino, status.st_mtime_ns, status.st_size)
        if seen == self._seen:
            return
        try:
            accounts = msgspec.json.decode(read_secret(self._path) or b"[]", type=list[Account])
        except msgspec.DecodeError as error:
            raise ConfigurationError(f"{self._path} holds no accounts: {error}") from error
        self._accounts = {account.name: account for account in accounts}
        self._seen = seen


def _new_account(name: str, role: Role, areas: tuple[str, ...]) -> tuple[Account, str]:
    if not areas_fit(areas):
        raise ConfigurationError("these are too many areas for a session: kecamatan/* stands for many")
    password, salt = secrets.token_urlsafe(_PASSWORD_BYTES), secrets.token_hex(16)
    try:
        account = msgspec.convert(
            {"name": name, "role": role, "areas": areas, "salt": salt, "digest": _digest(password, salt)}, Account
        )
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"this is no account: {error}") from error
    return account, password


def _digest(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), **_COST).hex()
