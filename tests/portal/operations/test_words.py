"""Whatever templates, routes and rules name has a text in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.portal.operations import words
from services.portal.pages.language import Text

OPERATIONS = Path(words.__file__).parent
AGGREGATE = OPERATIONS.parents[1] / "aggregate"
CATALOGUES = (words.OperationsWords, words.ZoneWords, words.FaultWords, words.FigureWords)


@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_every_text_is_there_in_both_languages(catalogue: type) -> None:
    for name, text in vars(catalogue).items():
        if not name.startswith("_"):
            assert isinstance(text, Text)
            assert text.en
            assert text.id
            assert re.findall(r"\{\w+\}", text.en) == re.findall(r"\{\w+\}", text.id), name


def test_every_text_that_a_template_names_is_there() -> None:
    for template in (OPERATIONS / "templates").glob("*.html"):
        for name in re.findall(r"\bt\.(\w+)", template.read_text()):
            assert hasattr(words.OperationsWords, name), (template.name, name)


def test_every_text_that_a_script_names_is_there() -> None:
    script = (OPERATIONS / "static" / "zone_editor.js").read_text()
    for name in re.findall(r"\bwords\.(\w+)", script):
        assert hasattr(words.ZoneWords, name), name


def test_every_word_of_a_refusal_is_there() -> None:
    told = {"form", "away", ""}
    for module in OPERATIONS.glob("*.py"):
        for word in re.findall(r'RefusedError\(\d+, "(\w*)"\)', module.read_text()):
            assert word in words.FAULTS | told, (module.name, word)


def test_every_figure_that_a_rule_names_is_there() -> None:
    named = set()
    for module in AGGREGATE.glob("*.py"):
        named |= set(re.findall(r'Crossing\(\s*name="(\w+)"', module.read_text()))
        named |= set(re.findall(r'_fault\([\w"]+, "(\w+)"', module.read_text()))
    assert len(named) >= 14
    assert named <= words.FIGURES


def test_every_unit_of_a_rule_s_figure_is_said_in_the_reader_s_language() -> None:
    named = set()
    for module in AGGREGATE.glob("*.py"):
        named |= set(re.findall(r'unit="([\w ]+)"', module.read_text()))
    assert {"box heights", "ratio"} <= named <= set(words.UNITS)
    assert all(text.en != text.id for text in words.UNITS.values())
