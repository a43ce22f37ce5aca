"""Secrets of cameras by name: a file in a folder, or a setting. The registry only ever holds the name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from services.ingest.source_errors import SourceRefused

SECRET_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A user and password, or a bearer token in ``token``. Never printed."""

    user: str = ""
    password: str = ""
    token: str = ""


class SecretStore:
    """Finds secrets when a camera is connected, so that a changed file counts from the next connection on.

    Args:
        folder: One file a secret, named as the secret.
        settings: Secrets by name, where there is no file; ``-`` in a name is ``_`` here.
    """

    def __init__(self, folder: Path | None, settings: Mapping[str, SecretStr]) -> None:
        self._folder = folder
        self._settings = {name.lower(): value for name, value in settings.items()}

    def find(self, name: str) -> Secret | None:
        """Give the secret with this name; None for the empty name.

        Raises:
            SourceRefused: There is none, it can't be read, or it is neither ``user:password`` nor ``bearer TOKEN``.
        """
        if not name:
            return None
        if SECRET_NAME.fullmatch(name) is None:
            raise SourceRefused("secret_missing", f"{name!r} is no name of a secret")
        text = self._text(name)
        if text is None:
            raise SourceRefused("secret_missing", f"there is no secret {name!r} in the secrets folder or settings")
        scheme, _, token = text.partition(" ")
        if scheme.lower() == "bearer" and token:
            return Secret(token=token.strip())
        user, colon, password = text.partition(":")
        if not colon:
            raise SourceRefused("secret_malformed", f"secret {name!r} is neither user:password nor bearer TOKEN")
        return Secret(user=user, password=password)

    def _text(self, name: str) -> str | None:
        if self._folder is not None:
            try:
                return (self._folder / name).read_text(encoding="utf-8").strip()
            except (FileNotFoundError, NotADirectoryError):
                pass  # fall through to the settings; an absent secret is named by the caller
            except OSError as error:
                raise SourceRefused("secret_unreadable", f"secret {name!r}: {error.strerror}") from error
            except UnicodeDecodeError:
                # From None: the error holds the secret's bytes.
                raise SourceRefused("secret_malformed", f"secret {name!r} is no text in UTF-8") from None
        value = self._settings.get(name.replace("-", "_"))
        return value.get_secret_value() if value is not None else None
