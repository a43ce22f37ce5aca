"""Where a statement's SQL ends and its data begins, and which format it names: as much of SQL as HTTP needs."""

from __future__ import annotations

import itertools
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
        settings_start: Where such an INSERT's ``SETTINGS`` begin in ``sql``; its length where it has none.
    """

    sql: bytes
    words: tuple[str, ...]
    format_name: str | None
    data_start: int | None
    settings_start: int = 0

    def from_file(self, path: str, quoted: Callable[[str], str]) -> bytes:
        """Give the SQL that inserts the data of a file instead of what follows."""
        target, settings = self.sql[: self.settings_start], self.sql[self.settings_start :]
        source = f"\nFROM INFILE {quoted(path)} COMPRESSION 'none' ".encode()
        return target + source + settings + f"\nFORMAT {self.format_name}".encode()

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
    words = tuple(itertools.islice((token.keyword.decode() for token in _tokens(text) if token.keyword), _FIRST_WORDS))
    with_data = _insert_with_data(text, words) if words[:1] == ("INSERT",) else None
    return with_data or _without_data(text, words, is_format)


def _insert_with_data(text: bytes, words: tuple[str, ...]) -> Statement | None:
    """Read ``INSERT … [SETTINGS …] FORMAT name data``; None: its rows come from a query, a file or the SQL itself."""
    settings_start: int | None = None
    previous: _Token | None = None
    for token in _tokens(text):
        names_table = previous is not None and previous.keyword in (b"INTO", b"TABLE")
        if token.keyword in (b"SELECT", b"WITH", b"VALUES", b"INFILE") and not names_table:
            return None
        if token.keyword == b"SETTINGS" and not names_table:
            settings_start = token.start
        if previous is not None and previous.keyword == b"FORMAT" and token.kind == "word":
            found = _DATA_START.match(text, token.end)
            sql = text[: previous.start]
            return Statement(
                sql=sql,
                words=words,
                format_name=token.text.decode(),
                data_start=found.end() if found else token.end,
                settings_start=len(sql) if settings_start is None else settings_start,
            )
        previous = token
    return None


def _without_data(text: bytes, words: tuple[str, ...], is_format: Callable[[str], bool]) -> Statement:
    """Take the last ``FORMAT name`` out of a statement. The rows of VALUES are not looked through."""
    previous: _Token | None = None
    clause: tuple[_Token, _Token] | None = None
    for token in _tokens(text):
        if words[:1] == ("INSERT",) and token.keyword == b"VALUES":
            break
        if previous is not None and previous.keyword == b"FORMAT" and token.kind == "word":
            clause = (previous, token) if is_format(token.text.decode()) else clause
        previous = token
    if clause is None:
        return Statement(text, words, None, None)
    word, name = clause
    return Statement(text[: word.start] + text[name.end :], words, name.text.decode(), None)
