"""The files of ``docs/models``, and how the committed ones differ from what they should be."""

from __future__ import annotations

import difflib
from pathlib import Path

from services.cli.bench.accuracy import SCENE
from services.cli.bench.measuring.accuracy_results import read_results
from services.cli.model_cards.facts import FOLDER, RESULTS, all_facts
from services.cli.model_cards.text import card_text, index_text

INDEX = "README.md"


def cards(results: Path = RESULTS) -> dict[str, str]:
    """Give the text of each file of ``docs/models``, by its name.

    Raises:
        ConfigurationError: A file of results can't be read.
    """
    facts = all_facts(results)
    return {
        INDEX: index_text(facts, read_results(results, SCENE)),
        **{f"{each.name}.md": card_text(each) for each in facts},
    }


def drift(folder: Path = FOLDER) -> list[str]:
    """Give the lines of a diff from the committed cards to what they should be; none where they agree."""
    wanted = cards()
    committed = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))}
    lines: list[str] = []
    for name in sorted(wanted.keys() | committed.keys()):
        before, after = (texts.get(name, "").splitlines(keepends=True) for texts in (committed, wanted))
        lines += difflib.unified_diff(before, after, f"committed/{name}", f"generated/{name}", n=1)
    return lines
