"""Rules of the house that no other tool checks: lengths of files, names of modules, where topics are named.

``python -m checks.house_rules`` prints a line for each breach, and exits 1 if there is one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from checks.topic_names import PLAIN_WORDS, WAIVER, topic_names_in_file

CODE_FOLDERS = ("schemas", "services", "deploy", "tests", "benchmarks", "checks", "training")
TOPIC_FOLDERS = ("services", "deploy", "tests", "benchmarks")

LENGTH_LIMITS = (
    ("services/cli/__main__.py", 400),  # the list of commands, not the start of a service
    ("services/*/__main__.py", 40),
    ("benchmarks/peers/*.py", 40),
    ("docs/adr/*.md", 60),
    ("tests/**/*.py", 500),
    ("**/*.py", 400),
)
"""Most lines a file may have; the first pattern that fits counts."""

BANNED_NAMES = frozenset(
    {
        "util",
        "utils",
        "helper",
        "helpers",
        "common",
        "misc",
        "core",
        "base",
        "manager",
        "managers",
        "handler",
        "handlers",
    }
)


def files_of(root: Path, folders: tuple[str, ...]) -> Iterator[Path]:
    """Give the files below these folders of ``root`` in a fixed order, without caches and hidden ones."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            parts = path.relative_to(root).parts
            if path.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in parts):
                yield path


def too_long(root: Path) -> Iterator[str]:
    """Give a line for each file that is longer than its limit."""
    for path in files_of(root, (*CODE_FOLDERS, "docs")):
        relative = path.relative_to(root)
        limit = next((limit for pattern, limit in LENGTH_LIMITS if _fits(relative, pattern)), None)
        if limit is None:
            continue
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > limit:
            yield f"{relative}: {lines} lines, at most {limit} are allowed"


def _fits(relative: Path, pattern: str) -> bool:
    start, _, rest = pattern.partition("**/")
    if rest:
        return relative.as_posix().startswith(start) and relative.match(rest)
    return relative.match(pattern) and len(relative.parts) == len(Path(pattern).parts)


def badly_named(root: Path) -> Iterator[str]:
    """Give a line for each folder and module whose name says nothing about its subject."""
    seen: set[Path] = set()
    for path in files_of(root, CODE_FOLDERS):
        relative = path.relative_to(root)
        named = [*relative.parents, relative] if path.suffix == ".py" else list(relative.parents)
        for one in named:
            if one not in seen and one.stem.lower() in BANNED_NAMES:
                seen.add(one)
                yield f"{one}: a folder or module named {one.stem!r} has no subject"


def named_topics(root: Path) -> Iterator[str]:
    """Give a line for each topic name that is written outside the table of topics."""
    for path in files_of(root, TOPIC_FOLDERS):
        place = path.relative_to(root)
        for number, name in topic_names_in_file(path):
            advice = f"; where the word means something else, say so: {WAIVER}: …" if name in PLAIN_WORDS else ""
            yield f"{place}:{number}: names the topic {name!r}; topics are named in schemas/topics.py only{advice}"


def breaches(root: Path) -> list[str]:
    """Give every breach of a house rule below ``root``."""
    return [*too_long(root), *badly_named(root), *named_topics(root)]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; give its exit status."""
    parser = argparse.ArgumentParser(prog="python -m checks.house_rules", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("root", type=Path, nargs="?", default=Path(), help="the repository, default the current folder")
    found = breaches(parser.parse_args(arguments).root)
    for line in found:
        print(line)
    if found:
        print(f"{len(found)} breaches of the house rules.", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
