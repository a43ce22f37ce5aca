"""How test files run beside one another: whole files, the longest first, and never those that need the machine alone.

``pytest -n 3`` has three workers, of whom two compute while one waits for a process. Each takes the next file when it
is done with one: what a file's tests share is made once, and a worker meets its files in the order of a run without
workers. What lasts for a run, such as its Kafka, each worker has of its own.

A test that measures time, or needs every core, has the mark ``alone``: ``-m alone`` runs these one after another.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

REPOSITORY = Path(__file__).parent.parent
ALONE = "alone"
WITHOUT_TORCH = "not torch"
"""Part of what ``-m`` asks for where torch is not installed: files that import it at their top can't be collected."""
LONGEST = (
    "tests/pipeline/test_whole_city.py",
    "tests/pipeline/test_exactness.py",
    "tests/e2e",
    "tests/check/test_make_check.py",
    "tests/cli/test_demo.py",
)
"""Begun first: begun last, each would run while the other workers have nothing left to do."""
TOGETHER = ("tests/e2e", "tests/safety")
"""Folders of which one worker runs every file, for what they start once for all of them."""


class WholeFiles(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives whole files, or the folders of ``TOGETHER``, to workers in the order of collection."""

    def __init__(self, config: pytest.Config, log: object) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


def unit_of(nodeid: str) -> str:
    """Give what ``nodeid`` must run in one worker with: its folder or its file."""
    file = nodeid.split("::", 1)[0]
    return next((folder for folder in TOGETHER if file.startswith(f"{folder}/")), file)


def longest_first(items: list[pytest.Item]) -> None:
    """Bring ``items`` into the order in which workers begin them; the rest stays as it is."""
    ranks = {unit: rank for rank, unit in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(unit_of(item.nodeid), len(ranks)))


def is_not_alone(path: Path) -> bool:
    """Tell whether ``path`` is a test file that never names the mark ``alone``; conftest files are none."""
    return path.match("test_*.py") and f"mark.{ALONE}" not in path.read_text(encoding="utf-8")


def needs_torch(path: Path) -> bool:
    """Return whether ``path`` is a test file of which every test has the mark ``torch``."""
    return path.match("test_*.py") and "\npytestmark = pytest.mark.torch\n" in path.read_text(encoding="utf-8")
