"""Which detectors there are, told without importing any of them."""

from __future__ import annotations

from pathlib import Path


def detector_names() -> list[str]:
    """Give the names of the detectors: the files of their folder."""
    return sorted(path.stem for path in (Path(__file__).parent / "detectors").glob("*.py") if path.stem != "__init__")
