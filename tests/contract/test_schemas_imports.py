from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

SCHEMAS = Path(__file__).parents[2] / "schemas"
ALLOWED = sys.stdlib_module_names | {"msgspec", "schemas"}


def imported_packages(source: str) -> set[str]:
    """Give the top-level package of every import of a source, wherever in it the import stands."""
    packages: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            packages |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            packages.add("schemas" if node.level else (node.module or "").split(".")[0])
    return packages


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("**/*.py")), ids=lambda path: path.stem)
def test_schemas_import_the_standard_library_and_msgspec_and_nothing_else(path: Path) -> None:
    assert imported_packages(path.read_text(encoding="utf-8")) - ALLOWED == set()


def test_an_import_inside_a_function_is_seen_as_well() -> None:
    assert imported_packages("def f():\n    import pydantic.fields\n    from numpy import array\n") == {
        "pydantic",
        "numpy",
    }
