"""Secrets of subscriptions by name: a file in a folder, or a setting."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from services.runtime.errors import ConfigurationError
from services.webhooks.signing import key_of


def key_named(name: str, folder: Path | None, settings: Mapping[str, SecretStr]) -> bytes:
    """Give the key of the secret with this name. A file comes before a setting; ``-`` in a name is ``_`` in settings.

    Raises:
        ConfigurationError: There is none, it can't be read, or it is no secret of a webhook.
    """
    if folder is not None and (folder / name).is_file():
        try:
            return key_of((folder / name).read_text(encoding="utf-8").strip(), name)
        except (OSError, UnicodeDecodeError):
            # From None: the error may hold the secret's bytes.
            raise ConfigurationError(f"secret {name!r} can't be read") from None
    found = {key.lower(): value for key, value in settings.items()}.get(name.replace("-", "_"))
    if found is None:
        raise ConfigurationError(f"there is no secret {name!r} in the secrets folder or settings")
    return key_of(found.get_secret_value(), name)
