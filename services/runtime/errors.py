"""The errors of Tilik, one branch for each reaction.

    TilikError
    ├── InvalidMessageError   the message can never be processed: dead letter, never tried again
    ├── RetryableError        the world is not ready: pause, back off, the same records again, nothing committed
    └── FatalError            this process can't go on: logged once, exit with ``exit_code``; it is started again
        └── ConfigurationError    a person must change something: starting again would not help (exit code 78)

Exceptions of third-party libraries are translated into these at the one seam where the library is called.
"""

from __future__ import annotations

EXIT_RESTART = 70
"""Exit code of a process that wants to be started again at once (``EX_SOFTWARE`` of sysexits)."""

EXIT_CONFIGURATION = 78
"""Exit code of a process that must not be started again before its settings change (``EX_CONFIG`` of sysexits)."""


class TilikError(Exception):
    """Anything that Tilik itself raises."""


class InvalidMessageError(TilikError):
    """A message that can never be processed.

    Args:
        reason: One fixed word, for counting: the ``reason`` of the dead letter.
        detail: What a person needs to know about this one.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class RetryableError(TilikError):
    """Something that this process needs is away; the same work may succeed later."""


class FatalError(TilikError):
    """This process can't go on."""

    exit_code: int = EXIT_RESTART


class ConfigurationError(FatalError):
    """Settings or files are wrong; the text says which and what to do."""

    exit_code = EXIT_CONFIGURATION
