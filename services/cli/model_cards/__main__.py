"""Write the model cards from what detectors declare and what was measured, or check the committed ones.

``python -m services.cli.model_cards`` writes ``docs/models``; with ``--check`` it exits 1 and shows what differs.
``--pictures`` draws the pictures of known failures anew first; they need the footage that ``TILIK_TEST_DATA`` names.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from services.cli.model_cards.facts import FOLDER
from services.cli.model_cards.files import cards, drift


def main(arguments: Iterable[str] | None = None) -> int:
    """Run the command line; the exit code says whether the committed cards are right."""
    parser = argparse.ArgumentParser(description="Write docs/models, or check it.")
    parser.add_argument("--check", action="store_true", help="only compare")
    parser.add_argument("--pictures", action="store_true", help="draw the pictures of known failures anew")
    options = parser.parse_args(None if arguments is None else list(arguments))
    if options.pictures:
        from services.cli.model_cards.pictures import draw_pictures

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
