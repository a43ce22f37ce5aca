"""Files with a private key: made once, whoever comes first, and readable by their owner alone."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from services.runtime.errors import ConfigurationError
from services.runtime.object_store_folder import sync_folder

_FOR_OTHERS = 0o007
"""Kubernetes shows a secret's files to a pod's group, so the group may read; nobody else may."""


def read_or_make(path: Path, make: Callable[[], bytes]) -> bytes:
    """Give what a key's file holds; where there is none, make one for good, of mode 0600.

    Raises:
        ConfigurationError: It can't be read or made, or others may read it.
    """
    try:
        if not path.exists():
            _make(path, make())
        if path.stat().st_mode & _FOR_OTHERS:
            raise ConfigurationError(f"{path} is a private key that others may read: chmod 600 {path}")
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read or made: {error.strerror or error}") from error


def _make(path: Path, data: bytes) -> None:
    """Write a file under another name and link it: of two who come at once, both go on with the first one's."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = path.with_name(f".{path.name}.{secrets.token_hex(8)}.half")
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(half, path)
        for folder in (path.parent, path.parent.parent):  # what is sealed with it opens with nothing else
            sync_folder(folder)
    finally:
        half.unlink(missing_ok=True)
