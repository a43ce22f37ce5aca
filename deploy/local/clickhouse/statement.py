"""Where a statement's SQL ends and its data begins, and which format it names: as much of SQL as HTTP needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    rb"""(?s)
    (?P<skip>\s+|--[^\n]*|\#[ !][^\n]*|/\*.*?\*/)
    |(?P<quoted>'(?:[^'\\]+|\\.|'')*'|"(?:[^"\\]+|\\.|"")*"|`(?:[^`\\]+|\\.|``)*`|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<open>[(\[{])
    |(?P<close>[)\]}])
    |(?P<other>[0-9]\w*|[^\s\w'"`()\[\]{}$/\#-]+|.)
    """,
    re.VERBOSE,
)
_DATA_START = re.compile(rb"[ \t\r\f]*\n?")
_FIRST_WORDS = 4


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    Args:
        sql: The text for the engine, without the ``FORMAT`` clause where there was one.
        words: Its first words in capitals, at most four.
        format_name: What ``FORMAT`` named.
        data_start: Where the data begins in the given text, if this inserts data that follows it.
    """

    sql: bytes
    words: tuple[str, ...]
    format_name: str | None
    data_start: int | None

    @property
    def changes_session(self) -> bool:
        """Tell whether what it does lasts for the rest of a session: SET, USE, temporary tables."""
        return bool(self.words) and (self.words[0] in ("SET", "USE") or "TEMPORARY" in self.words)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: bytes
    start: int
    end: int
    depth: int

    @property
    def keyword(self) -> bytes:
        return self.text.upper() if self.kind == "word" and self.depth == 0 else b""


def _tokens(text: bytes) -> Iterator[_Token]:
    depth = 0
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or "other"
        kind = "quoted" if kind == "tag" else kind
        if kind == "skip":
            continue
        depth -= kind == "close"
        yield _Token(kind, found[0], found.start(), found.end(), depth)
        depth += kind == "open"


def read_statement(text: bytes, is_format: Callable[[str], bool]) -> Statement:
    """Read the statement that ``text`` begins with.

    Args:
        text: SQL, perhaps with data after it. Of a long body its first part is enough to find where data begins.
        is_format: Tells the names of formats from other words: ``ORDER BY format DESC`` has no FORMAT clause.
    """
    words: list[str] = []
    previous: _Token | None = None
    clause: tuple[_Token, _Token] | None = None
    inserting = False
    for token in _tokens(text):
        if token.keyword and len(words) < _FIRST_WORDS:
            words.append(token.keyword.decode())
            inserting = inserting or words == ["INSERT"]
        if inserting and token.keyword in (b"SELECT", b"WITH", b"VALUES", b"INFILE") and not _follows_into(previous):
            inserting = False
            if token.keyword == b"VALUES":
                break
        if previous is not None and previous.keyword == b"FORMAT" and token.kind == "word":
            if inserting:
                found = _DATA_START.match(text, token.end)
                start = found.end() if found else token.end
                return Statement(text[: previous.start], tuple(words), token.text.decode(), start)
            if is_format(token.text.decode()):
                clause = previous, token
        previous = token
    if clause is None:
        return Statement(text, tuple(words), None, None)
    word, name = clause
    return Statement(text[: word.start] + text[name.end :], tuple(words), name.text.decode(), None)


def _follows_into(previous: _Token | None) -> bool:
    return previous is not None and previous.keyword in (b"INTO", b"TABLE")
