"""Files that only the portal's user may read: made whole or not at all, mode 0600."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from services.runtime.errors import ConfigurationError

_KEY_BYTES = 32


def read_secret(path: Path) -> bytes | None:
    """Give what a file holds; None: there is none.

    Raises:
        ConfigurationError: It can't be read, or others may read it.
    """
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise ConfigurationError(f"{path} may be read by others: chmod 600 {path}")
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read: {error}") from error


def write_secret(path: Path, value: bytes, *, replace: bool) -> bool:
    """Write a file in one step; False: it was there already, and ``replace`` does not hold.

    Raises:
        ConfigurationError: It can't be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
            return True
        try:
            path.hardlink_to(draft)  # refuses where another replica was faster
        except FileExistsError:
            return False
        return True
    except OSError as error:
        raise ConfigurationError(f"{path} can't be written: {error}") from error
    finally:
        draft.unlink(missing_ok=True)


def session_key(folder: Path, given: str) -> bytes:
    """Give the key that signs sessions: the one of the settings, else that of ``session.key``, made where missing.

    Raises:
        ConfigurationError: The file can't be read or written, or is too short to be a key.
    """
    if given:
        return given.encode()
    path = folder / "session.key"
    key = read_secret(path)
    if key is None:
        write_secret(path, secrets.token_hex(_KEY_BYTES).encode(), replace=False)
        key = read_secret(path)
    if key is None or len(key) < _KEY_BYTES:
        raise ConfigurationError(f"{path} holds no key: remove it, and a new one is made")
    return key
