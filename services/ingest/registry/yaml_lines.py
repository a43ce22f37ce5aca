"""Read YAML and keep the line of everything, so that what is wrong can be pointed at.

Scalars follow YAML 1.2's core schema, not 1.1's: ``08:00`` is a text and not 480, ``2026-01-01`` a text and not a date.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import yaml

from services.runtime.logging import redact_url

Path = tuple[str | int, ...]
"""Keys and indexes from the document's root."""


_LONGEST_FAULT = 1_000
"""Characters. What is wrong can be a text of any length, and is quoted; a screen holds 2,000."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where, and what. ``line`` counts from 1."""

    line: int
    path: str
    text: str

    def __str__(self) -> str:
        text = redact_url(f"line {self.line}: {self.path + ': ' if self.path else ''}{self.text}")
        return (
            text if len(text) <= _LONGEST_FAULT else f"{text[:_LONGEST_FAULT]}…"
        )  # cut last: half a URL hides nothing


@dataclass(slots=True)
class Document:
    """A document's value (None, bool, int, float, str, list, dict), the lines of its parts, and what was wrong in it.

    Keys without a value are left out: ``zones:`` alone says the same as no zones.
    """

    value: object = None
    lines: dict[Path, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line_of(self, path: Path) -> int:
        """Give the line of ``path``, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def path_text(path: Path) -> str:
    """Give ``cameras[3].source.url`` for ("cameras", 3, "source", "url"). A key that is a URL shows no password."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{redact_url(part)}" for part in path)
    return text.removeprefix(".")


class _CoreLoader(yaml.SafeLoader):
    """Knows only the scalars of YAML 1.2's core schema."""


_CoreLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"null|Null|NULL|~|", ["n", "N", "~", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("merge", r"<<", ["<"]),
):
    _CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)

_INTEGERS = range(-(1 << 63), 1 << 63)
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
"""What an escape can put into a text, and neither a path nor UTF-8 can hold."""
_NUMBERS: dict[str, Callable[[str], int | float]] = {
    "tag:yaml.org,2002:bool": lambda text: text.lower() == "true",
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
}
_MERGE = "tag:yaml.org,2002:merge"
_MOST_NODES = 500_000
"""Aliases can make a small file huge; 1,100 cameras with ten zones each have about 200,000 nodes."""


def read_yaml(text: str) -> Document:
    """Read one document. What is wrong with it is in its ``faults``; after a syntax error nothing more is found."""
    document = Document()
    try:
        node = yaml.compose(text, Loader=_CoreLoader)
        if node is not None:
            document.value = _Reader(document).value(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = ", ".join(part for part in (error.context, error.problem) if part)
        document.faults.append(Fault(mark.line + 1 if mark else 1, "", f"not YAML: {what}"))
    except yaml.YAMLError as error:
        document.faults.append(Fault(1, "", f"not YAML: {error}"))
    except RecursionError:
        document.faults.append(Fault(1, "", "nested too deeply, or an alias that holds itself"))
    return document


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._nodes = 0

    def value(self, node: yaml.Node, path: Path) -> object:
        """Give the value of ``node`` and keep the line of it and of all within."""
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise yaml.YAMLError(f"more than {_MOST_NODES} values, aliases counted as often as they are used")
        self._document.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
        return self._scalar(node, path)

    def _scalar(self, node: yaml.Node, path: Path) -> object:
        text = self._text(node, path)
        kind = node.tag.rpartition(":")[2]
        if node.tag in _NUMBERS:
            return self._number(node, path, text)
        if kind not in ("str", "null"):
            self._fault(node, path, f"tag {node.tag!r} is not allowed")
        return text if kind != "null" else None

    def _text(self, node: yaml.Node, path: Path) -> str:
        text = str(node.value)
        if _UNFIT.search(text) is None:
            return text
        self._fault(node, path, "holds a character that no text may have")
        return _UNFIT.sub("\ufffd", text)

    def _number(self, node: yaml.Node, path: Path, text: str) -> object:
        try:
            number = _NUMBERS[node.tag](text)
        except ValueError:  # no number at all, or of thousands of digits
            number = math.nan
        fits = math.isfinite(number) if isinstance(number, float) else number in _INTEGERS
        if not fits:
            self._fault(node, path, "is no number, or one too large")
        return number if fits else None

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        seen: dict[str, int] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged += value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                continue
            key = self._text(key_node, path) if isinstance(key_node, yaml.ScalarNode) else ""
            line = key_node.start_mark.line + 1
            if not key:
                self._fault(key_node, path, "a key must be a text")
            elif key in seen:
                self._fault(key_node, (*path, key), f"the key is there twice, first in line {seen[key]}")
            else:
                seen[key] = self._document.lines[(*path, key)] = line
                found[key] = self.value(value_node, (*path, key))
        for other in merged:
            self._merge(other, path, found)
        return {key: value for key, value in found.items() if value is not None}

    def _merge(self, node: yaml.Node, path: Path, into: dict[str, object]) -> None:
        value = self.value(node, path)
        if not isinstance(value, dict):
            self._fault(node, path, "only a mapping can be merged in by <<")
            return
        for key, part in value.items():
            into.setdefault(key, part)

    def _fault(self, node: yaml.Node, path: Path, text: str) -> None:
        self._document.faults.append(Fault(node.start_mark.line + 1, path_text(path), text))
