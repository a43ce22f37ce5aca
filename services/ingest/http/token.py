"""Short-lived tokens of a source: where they are in an answer, and how long they are kept. They are secrets."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable

import msgspec

from schemas.cameras import Token
from services.ingest.source_errors import SourceFailed

PLACE = "{token}"
"""What a source's URL and headers hold where the token belongs."""
LARGEST_ANSWER_BYTES = 65_536
_MOST_CHARACTERS = 4096
"""A signed token has some hundred characters; more than 4,096 would not fit into a URL that servers take."""
_TOKEN = re.compile(rf"[\x21-\x7e]{{1,{_MOST_CHARACTERS}}}")


def token_in(answer: bytes, field: str) -> str:
    """Give the token in an endpoint's answer. No error quotes the answer.

    Args:
        answer: What the endpoint sent.
        field: Names joined by dots that lead to it in JSON; empty: the text is the token.

    Raises:
        SourceFailed: There is none there.
    """
    try:
        value = _at(msgspec.json.decode(answer), field) if field else answer.decode().strip()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SourceFailed("token", f"the token's endpoint gave no {'JSON' if field else 'text'}") from None
    if not isinstance(value, str) or _TOKEN.fullmatch(value) is None:
        raise SourceFailed("token", f"the token's endpoint gave no token{' at ' + field if field else ''}")
    return value


def _at(value: object, field: str) -> object:
    for name in field.split("."):
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isascii() and name.isdigit() and int(name[:6]) < len(value):
            value = value[int(name[:6])]
        else:
            return None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class TokenKeeper:
    """Keeps a source's token until it is due to be fetched anew.

    Args:
        token: Where it is.
        now: Gives seconds that never jump.
    """

    def __init__(self, token: Token, now: Callable[[], float] = time.monotonic) -> None:
        self._token = token
        self._now = now
        self._value = ""
        self._until = 0.0

    @property
    def due(self) -> bool:
        """Tell whether the next ``value`` fetches."""
        return not self._value or self._now() >= self._until

    @property
    def known(self) -> str:
        """Give the token fetched last, to be taken out of errors; empty before the first."""
        return self._value

    async def value(self, fetch: Callable[[str], Awaitable[bytes]]) -> str:
        """Give the token.

        Args:
            fetch: Gives the answer of a URL.

        Raises:
            SourceError: Of ``fetch``, or ``SourceFailed`` where the answer holds no token.
        """
        if self.due:
            answer = await fetch(self._token.url)
            self._value = token_in(answer, self._token.field)
            self._until = self._now() + self._token.refresh_seconds
        return self._value

    def forget(self) -> None:
        """Fetch anew next time: the source did not take this one."""
        self._until = self._now()
