"""Every sentence of ``docs/semantics.md`` has a test, and none that is named has gone."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE, INDEX = ROOT / "docs/semantics.md", ROOT / "docs/semantics.tests.yaml"
EXPLAINS = "explains"


def sentences_of(page: str) -> list[str]:
    """Give the sentences of a page in Markdown, without its headings, tables, pictures and indented blocks."""
    found: list[str] = []
    for block in re.split(r"\n\s*\n|\n(?=\s*- )", page):
        text = block.lstrip("\n")
        if text.startswith(("#", "|", "!", "    ", "```")):
            continue
        text = re.sub(r"\s+", " ", text.strip().removeprefix("- ")).strip()
        found += [one for one in re.split(r"(?<=[.:])\s+(?=[A-Z0-9*`])", text) if one]
    return found


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


def index() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(INDEX.read_text(encoding="utf-8"))
    return found


def faults_of(sentences: list[str], beginnings: list[str]) -> list[str]:
    """Give what is wrong: sentences that nothing begins, and beginnings of none or of several."""
    faults = [f"no test: {one}" for one in sentences if not any(one.startswith(beginning) for beginning in beginnings)]
    for beginning in beginnings:
        count = sum(one.startswith(beginning) for one in sentences)
        if count != 1:
            faults.append(f"{count} sentences begin so: {beginning}")
    return faults


def test_every_sentence_has_its_tests() -> None:
    assert faults_of(sentences_of(PAGE.read_text(encoding="utf-8")), list(index()["sentences"])) == []


@pytest.mark.parametrize(("beginning", "named"), index()["sentences"].items())
def test_tests_that_are_named_exist(beginning: str, named: str) -> None:
    for one in named.split(","):
        if one.strip() != EXPLAINS:
            file, _, test = one.strip().partition(".")
            assert f"test_{test}" in names_in(index()["files"][file]), beginning


def test_a_sentence_without_a_test_and_a_test_without_its_sentence_are_noticed() -> None:
    page = "# Title\n\nA first one. Then `b`: it goes on.\n\n- Another\n  line. **Bold** it is\n"
    assert sentences_of(page) == ["A first one.", "Then `b`: it goes on.", "Another line.", "**Bold** it is"]
    assert faults_of(sentences_of(page), ["A first", "Then", "Another line", "Gone"]) == [
        "no test: **Bold** it is",
        "0 sentences begin so: Gone",
    ]
