"""How a source can fail, one error for each reaction of its reader.

SourceError
├── SourceFailed    try again, after a pause that grows
├── SourceRefused   try again, but rarely: a person must change something first
└── SourceEnded     there is no more: recorded footage without ``loop``
"""

from __future__ import annotations

from services.runtime.errors import TilikError
from services.runtime.logging import redact_url


class SourceError(TilikError):
    """A source can't go on.

    Args:
        error_class: One fixed word, for counting: the ``error_class`` of the camera's status.
        detail: What a person needs to know; credentials in URLs are taken out, as is what steers a terminal.
    """

    def __init__(self, error_class: str, detail: str) -> None:
        self.error_class = error_class
        self.detail = redact_url(printable(detail))[:500]
        super().__init__(f"{error_class}: {self.detail}")


class SourceFailed(SourceError):  # noqa: N818  (named for what happened, as its siblings)
    """The connection failed or broke; it may work again.

    Args:
        error_class: See ``SourceError``.
        detail: See ``SourceError``.
        retry_after_seconds: What the camera asked to be left alone for; 0: it did not say.
    """

    def __init__(self, error_class: str, detail: str, retry_after_seconds: float = 0.0) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(error_class, detail)


class SourceRefused(SourceError):  # noqa: N818
    """The source does not want us, or we must not go there."""


class SourceEnded(SourceError):  # noqa: N818
    """The footage is over."""


def printable(text: str) -> str:
    """Give a text, part of which a camera may have chosen, without what can't be printed: it goes to terminals."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " * (char in "\r\n\t") for char in text)
