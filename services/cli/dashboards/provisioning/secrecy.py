"""Take known secrets out of what Grafana says: it repeats what it was given, and a webhook's path is a secret."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, unquote, urlsplit

_SHOWN: Final = "***"
_SHORTEST: Final = 4
"""Characters. A shorter word is in many an honest sentence, and no secret."""
_SHORTEST_PART: Final = 8
"""Characters of a part of a path that is hidden by itself; those of words such as ``services`` go with them."""


def words_to_hide(secrets: Iterable[str]) -> tuple[str, ...]:
    """Give all that must not be shown of secrets, longest first: of a URL all but its scheme and host."""
    words = {word for secret in secrets for part in _parts(secret) for word in _spellings(part)}
    return tuple(sorted((word for word in words if len(word) >= _SHORTEST), key=len, reverse=True))


def without(words: tuple[str, ...], text: str) -> str:
    """Give a text with ``***`` in place of each of these words."""
    for word in words:
        text = text.replace(word, _SHOWN)
    return text


def _parts(secret: str) -> list[str]:
    if "://" not in secret:
        return [secret]
    url = urlsplit(secret)
    whole = f"{url.path}?{url.query}" if url.query else url.path
    split = "/".join((url.path, url.query.replace("&", "/").replace("=", "/"), url.fragment)).split("/")
    long = [part for part in split if len(part) >= _SHORTEST_PART]
    return [whole.strip("/"), url.path.strip("/"), url.query, url.fragment, url.password or "", *long]


def _spellings(word: str) -> set[str]:
    """Grafana may decode or encode an address, and quotes what it tells."""
    plain = {word, unquote(word), quote(word), quote(word, safe="")}
    return plain | {json.dumps(one, ensure_ascii=False)[1:-1] for one in plain}
