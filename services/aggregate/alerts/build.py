"""Write the files of alert rules that Grafana reads, or check the committed ones.

``python -m services.aggregate.alerts.build`` writes them; with ``--check`` it exits 1 and shows what differs. With
``--runbooks-url URL --out FOLDER`` it writes files of one's own, whose rules link to the run-books.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path
from typing import Any, Final

import yaml

from services.aggregate.alerts import city, operation
from services.aggregate.alerts.grafana_rules import rules_file
from services.aggregate.dashboards.dashboard import LANGUAGES

GENERATED: Final = Path(__file__).parent / "generated"
FILE_NAME: Final = "tilik-alerts.yaml"
GROUPS: Final = (city.GROUP, operation.GROUP, operation.BOOKS)
"""Every alert on the store."""

_WIDTH = 120


class _Readable(yaml.SafeDumper):
    """Text of several lines is written as such."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _text)


def readable_yaml(document: Any) -> str:
    """Give a document as YAML that people can read: fields in their order, SQL as lines."""
    return yaml.dump(document, Dumper=_Readable, sort_keys=False, allow_unicode=True, width=_WIDTH)


def documents(runbooks_url: str | None = None) -> dict[Path, str]:
    """Give the text of each file, by its path below the folder of generated files."""
    return {
        Path(language) / FILE_NAME: readable_yaml(rules_file(GROUPS, language, runbooks_url)) for language in LANGUAGES
    }


def main(arguments: list[str] | None = None) -> int:
    """Write or check all files."""
    parser = argparse.ArgumentParser(description="Write the files of alert rules that Grafana reads, or check them.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a committed file differs")
    parser.add_argument("--out", type=Path, default=GENERATED, help="the folder of the files; default: the committed")
    parser.add_argument("--runbooks-url", help="where the files of docs/runbooks are read; default: rules have no link")
    told = parser.parse_args(arguments)
    if told.runbooks_url and told.out == GENERATED:
        parser.error("say --out too: the committed files hold nobody's address")
    found: list[str] = []
    for relative, text in documents(told.runbooks_url).items():
        path = told.out / relative
        if told.check:
            committed = path.read_text(encoding="utf-8") if path.exists() else ""
            lines = committed.splitlines(keepends=True), text.splitlines(keepends=True)
            found += difflib.unified_diff(*lines, f"committed/{relative}", f"generated/{relative}", n=1)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    sys.stdout.writelines(found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
