"""Write Grafana's JSON of each dashboard in each language, or check the committed files.

``python -m services.aggregate.dashboards.build`` writes them; with ``--check`` it exits 1 and shows what differs.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from services.aggregate.dashboards.dashboard import LANGUAGES, Dashboard
from services.aggregate.dashboards.grafana import dashboard_json
from services.aggregate.dashboards.links import PORTAL_URL
from services.aggregate.dashboards.registry import dashboards

GENERATED: Final = Path(__file__).parent / "generated"
FOLDER_TITLES: Final = {"en": "Tilik", "id": "Tilik (Bahasa Indonesia)"}
"""The folder in Grafana of each language's dashboards."""


def documents(chosen: Iterable[Dashboard], portal_url: str = PORTAL_URL) -> dict[Path, str]:
    """Give the text of each file, by its path below the folder of generated files."""
    texts = {}
    for dashboard in chosen:
        for language in LANGUAGES:
            document = dashboard_json(dashboard, language, portal_url)
            text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
            texts[Path(language) / f"{document['uid']}.json"] = text
    return texts


def write(texts: dict[Path, str], folder: Path = GENERATED) -> None:
    """Write files below ``folder``; others there stay."""
    for relative, text in texts.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def drift(texts: dict[Path, str], folder: Path = GENERATED) -> Iterator[str]:
    """Give the lines of a diff from the files below ``folder`` to what they should be, files too many included."""
    present = {path.relative_to(folder): path.read_text(encoding="utf-8") for path in folder.rglob("*.json")}
    for relative in sorted(present.keys() | texts.keys()):
        committed, wanted = present.get(relative, ""), texts.get(relative, "")
        lines = committed.splitlines(keepends=True), wanted.splitlines(keepends=True)
        yield from difflib.unified_diff(*lines, f"committed/{relative}", f"generated/{relative}", n=1)


def main(arguments: list[str] | None = None) -> int:
    """Write or check all files."""
    parser = argparse.ArgumentParser(description="Write Grafana's JSON of the dashboards, or check it.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a committed file differs")
    options = parser.parse_args(arguments)
    texts = documents(dashboards())
    if not options.check:
        write(texts)
        return 0
    lines = list(drift(texts))
    sys.stdout.writelines(lines)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
