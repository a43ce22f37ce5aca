"""Find topic names that are written outside ``schemas/topics.py``.

Names with a hyphen can mean nothing else, so they are refused wherever they stand alone. ``cameras``, ``frames`` and
``episodes`` are words as well (of tables, fields and commands): a Python literal is let through where its place says
that it is no topic, and elsewhere with the comment ``# not a topic`` on its line.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from schemas.topics import TOPICS

NAMES = frozenset(topic.name for topic in TOPICS)
PLAIN_WORDS = frozenset(name for name in NAMES if "-" not in name)
DEAD_LETTER_SUFFIX = "-dlq"
WAIVER = "# not a topic"

TEXT_SUFFIXES = frozenset({".yaml", ".yml", ".properties", ".toml", ".sh", ".xml", ".conf", ".json"})

_OTHER_NAMES = ("table", "column", "field", "folder", "key")
"""A constant with one of these in its name holds the name of such a thing."""

_NAMING_CALLS = frozenset({"get", "pop", "setdefault", "getattr", "hasattr", "add_task", "add_column"})
"""Calls whose literals are fields of a document, or words on a terminal."""

_hyphenated = "|".join(sorted(re.escape(name) for name in NAMES - PLAIN_WORDS))
_words = "|".join(sorted(PLAIN_WORDS))
_SETTING = rf"topics?[\w.\-]*[\"']?\s*[:=]\s*[\[\"']*(?:{_words})(?![\w.\-/])"
_IN_SQL = re.compile(rf"'(?:{_hyphenated})'|{_SETTING}", re.IGNORECASE)
_IN_TEXT = re.compile(rf"(?<![\w./-])(?:{_hyphenated})(?![\w./-])|{_SETTING}", re.IGNORECASE)
_COMMENT = {".sql": re.compile(r"--.*"), ".json": re.compile(r"(?!)"), ".xml": re.compile(r"<!--.*?-->")}
_HASH_COMMENT = re.compile(r"(?:^|\s)#.*")


def topic_names_in_python(source: str) -> Iterator[tuple[int, str]]:
    """Give line number and name for each literal of a Python source that names a topic.

    Raises:
        SyntaxError: ``source`` is not Python.
    """
    lines = source.splitlines()
    tree = ast.parse(source)
    elsewhere = {id(node) for parent in ast.walk(tree) for node in _not_topics(parent)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        found = _named(node, elsewhere)
        if found and WAIVER not in lines[node.lineno - 1]:
            yield node.lineno, found


def _named(node: ast.Constant, elsewhere: set[int]) -> str | None:
    value = str(node.value)
    if value in PLAIN_WORDS:
        return None if id(node) in elsewhere else value
    if value in NAMES or value == DEAD_LETTER_SUFFIX:
        return value
    return None


def _not_topics(parent: ast.AST) -> Iterator[ast.AST]:
    """Give the nodes below ``parent`` that its syntax marks as field, table, command or attribute names."""
    if isinstance(parent, ast.Dict):
        yield from (key for key in parent.keys if key is not None)
    elif isinstance(parent, ast.Subscript):
        yield parent.slice
    elif isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Div):
        yield parent.right  # part of a path
    elif isinstance(parent, ast.Call):
        yield from _names_given_to(parent)
    elif isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        for decorator in parent.decorator_list:
            yield from ast.walk(decorator)
    elif isinstance(parent, ast.Assign | ast.AnnAssign) and parent.value is not None:
        targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
        if any(word in ast.unparse(target).lower() for target in targets for word in _OTHER_NAMES):
            yield from ast.walk(parent.value)


def _names_given_to(call: ast.Call) -> Iterator[ast.AST]:
    yield from (keyword.value for keyword in call.keywords if keyword.arg and "table" in keyword.arg)
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if called in _NAMING_CALLS or "table" in called:
        yield from call.args


def topic_names_in_text(text: str, suffix: str) -> Iterator[tuple[int, str]]:
    """Give line number and match for each line of a configuration or SQL file that names a topic; comments may."""
    pattern = _IN_SQL if suffix == ".sql" else _IN_TEXT
    comment = _COMMENT.get(suffix, _HASH_COMMENT)
    for number, line in enumerate(text.splitlines(), start=1):
        match = pattern.search(comment.sub("", line))
        if match:
            yield number, match.group(0)


def topic_names_in_file(path: Path) -> Iterator[tuple[int, str]]:
    """Give line number and name for each topic named in a file; nothing for kinds of files that are not looked into."""
    if path.suffix == ".py":
        yield from topic_names_in_python(path.read_text(encoding="utf-8"))
    elif path.suffix == ".sql" or path.suffix in TEXT_SUFFIXES:
        yield from topic_names_in_text(path.read_text(encoding="utf-8"), path.suffix)
