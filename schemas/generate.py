"""Write the JSON Schemas and the AsyncAPI document, or check that the committed ones are up to date.

``python -m schemas.generate`` writes them; ``python -m schemas.generate --check`` exits 1 and shows what differs.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from pathlib import Path

from schemas.asyncapi import asyncapi_document
from schemas.json_schema import CONTRACTS, JsonObject, json_schema

GENERATED = Path(__file__).parent / "generated"
ASYNCAPI_FILE = "asyncapi.json"


def documents() -> dict[str, JsonObject]:
    """Give every generated document by its file name, as it would be read back: defaults are lists, not tuples."""
    made = {contract.file_name: json_schema(contract) for contract in CONTRACTS}
    made[ASYNCAPI_FILE] = asyncapi_document()
    return {name: json.loads(json.dumps(document)) for name, document in made.items()}


def render(document: JsonObject) -> str:
    """Give a document as it is written: two blanks of indent, keys in the order in which they were declared."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def drift(folder: Path) -> list[str]:
    """Give the lines of a diff from the files in ``folder`` to what they should be; none where they agree."""
    wanted = {name: render(document) for name, document in documents().items()}
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    lines: list[str] = []
    for name in sorted(wanted.keys() | found.keys()):
        before = found.get(name, "").splitlines(keepends=True)
        after = wanted.get(name, "").splitlines(keepends=True)
        lines += difflib.unified_diff(before, after, f"{name} (committed)", f"{name} (generated)", n=2)
    return [line.rstrip("\n") for line in lines]


def write(folder: Path) -> None:
    """Write every document into ``folder`` and remove the files there that are no longer made."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = documents()
    for stale in folder.glob("*.json"):
        if stale.name not in wanted:
            stale.unlink()
    for name, document in wanted.items():
        (folder / name).write_text(render(document), encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; give its exit status."""
    parser = argparse.ArgumentParser(prog="python -m schemas.generate", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is out of date")
    parser.add_argument("--folder", type=Path, default=GENERATED, help="where the files are")
    options = parser.parse_args(arguments)
    if not options.check:
        write(options.folder)
        return 0
    lines = drift(options.folder)
    if not lines:
        return 0
    print("\n".join(lines))
    print("schemas/generated is out of date: run `python -m schemas.generate` and commit the result.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
