"""What is said where torch is missing: Tilik runs on a CPU without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.runtime.errors import ConfigurationError

_PACKAGES = frozenset({"torch", "torchvision"})


@contextmanager
def translate_missing_torch(user: str) -> Iterator[None]:
    """Translate that torch or torchvision, imported inside, is missing. ``user`` is what needs it.

    Raises:
        ConfigurationError: It is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _PACKAGES:
            raise
        raise ConfigurationError(
            f"{user} needs torch and torchvision, which are not installed: pip install 'tilik[detect-cuda]', "
            "or TILIK_TORCH=1 make setup"
        ) from error
