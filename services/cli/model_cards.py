"""Write the model cards from what detectors declare and what was measured, or check the committed ones.

``python -m services.cli.model_cards`` writes ``docs/models``; with ``--check`` it exits 1 and shows what differs.
``--pictures`` draws the pictures of known failures anew first; they need the footage that ``TILIK_TEST_DATA`` names.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterable
from pathlib import Path

from services.cli.bench.accuracy import SCENE
from services.cli.bench.measuring.accuracy_results import read_results
from services.cli.model_cards_facts import FOLDER, RESULTS, all_facts
from services.cli.model_cards_text import card_text, index_text

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


def main(arguments: Iterable[str] | None = None) -> int:
    """Run the command line; the exit code says whether the committed cards are right."""
    parser = argparse.ArgumentParser(description="Write docs/models, or check it.")
    parser.add_argument("--check", action="store_true", help="only compare")
    parser.add_argument("--pictures", action="store_true", help="draw the pictures of known failures anew")
    options = parser.parse_args(None if arguments is None else list(arguments))
    if options.pictures:
        from services.cli.model_cards_pictures import draw_pictures

        draw_pictures(FOLDER / "pictures")
    if options.check:
        difference = drift()
        sys.stdout.writelines(difference)
        return 1 if difference else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in cards().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
