"""The dashboards' JSON against Grafana's own types, ``@grafana/schema``, by TypeScript's compiler."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.aggregate.dashboards.build import GENERATED
from tests.aggregate.dashboards.sound import make_documents, panel_of
from tests.conftest import STATE

SOURCES = Path(__file__).parent / "grafana_schema"
INSTALLED = STATE / "grafana-schema"

_HEAD = "import type { TilikDashboard } from './shape';\nexport const document: TilikDashboard =\n"

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def compiler() -> Path:
    """TypeScript's compiler beside Grafana's types, as the lock file says."""
    lock = (SOURCES / "package-lock.json").read_text(encoding="utf-8")
    installed = INSTALLED / "installed-package-lock.json"
    if not installed.exists() or installed.read_text(encoding="utf-8") != lock:
        INSTALLED.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCES / name, INSTALLED / name)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(command, cwd=INSTALLED, check=True, timeout=300)
        installed.write_text(lock, encoding="utf-8")
    return INSTALLED / "node_modules" / ".bin" / "tsc"


def errors_in(documents: dict[str, dict[str, Any]], compiler: Path, folder: Path) -> dict[str, str]:
    """Assign each document to the type of a dashboard; give what the compiler says, by the document's name."""
    for name in ("shape.ts", "tsconfig.json"):
        shutil.copy(SOURCES / name, folder / name)
    (folder / "node_modules").symlink_to(INSTALLED / "node_modules")
    for name, document in documents.items():
        text = json.dumps(document, indent=1, ensure_ascii=False)
        (folder / f"{name}.ts").write_text(f"{_HEAD}{text};\n", encoding="utf-8")
    done = subprocess.run(
        [str(compiler), "--project", str(folder)], capture_output=True, text=True, timeout=120, check=False
    )
    said: dict[str, str] = {}
    for line in done.stdout.splitlines():
        path, _, message = line.partition("(")
        if not line.startswith(" "):
            said[Path(path).stem] = said.get(Path(path).stem, "") + message
    assert (done.returncode == 0) == (not said), done.stdout
    return said


def test_grafanas_types_take_every_dashboard(compiler: Path, tmp_path: Path) -> None:
    documents = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in GENERATED.rglob("*.json")}
    documents["sound"] = make_documents()[0]
    assert len(documents) > 2
    assert errors_in(documents, compiler, tmp_path) == {}


def _options(kind: str, **change: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda document: panel_of(document, kind)["options"].update(change)


def _column(document: dict[str, Any], key: str, value: Any) -> None:
    overrides = panel_of(document, "stat")["fieldConfig"]["overrides"]
    overrides[0]["properties"].append({"id": key, "value": value})


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "colour": (_options("stat", colorMode="rainbow"), '"rainbow"'),
    "header": (lambda d: panel_of(d, "table")["options"].pop("showHeader"), "showHeader"),
    "option": (_options("timeseries", legends={}), '"legends"'),
    "stacking": (_options("barchart", stacking="some"), '"some"'),
    "row": (lambda d: panel_of(d, "state-timeline")["options"].pop("rowHeight"), "rowHeight"),
    "mode": (_options("text", mode="plain"), '"plain"'),
    "curve": (
        lambda d: panel_of(d, "timeseries")["fieldConfig"]["defaults"]["custom"].update(spanNull=False),
        '"spanNull"',
    ),
    "drawing": (lambda d: panel_of(d, "geomap").update(type="worldmap"), '"worldmap"'),
    "place": (lambda d: panel_of(d, "stat")["gridPos"].update(w="4"), "not assignable to type 'number'"),
    "schema": (lambda d: d.update(schemaVersion="42"), "not assignable to type 'number'"),
    "rows": (lambda d: d.update(rows=[]), '"rows"'),
    "unit": (lambda d: _column(d, "unit", 3), "unit"),
    "hidden": (lambda d: _column(d, "custom.hidden", True), '"custom.hidden"'),
    "variable": (lambda d: d["templating"]["list"][0].update(type="asked"), '"asked"'),
    "link": (lambda d: d["links"][0].pop("icon"), "icon"),
    "format": (lambda d: panel_of(d, "stat")["targets"][0].update(format="table"), "format"),
}


def test_grafanas_types_refuse_each_broken_copy(compiler: Path, tmp_path: Path) -> None:
    documents = {}
    for name, (change, _) in BROKEN.items():
        documents[name] = make_documents()[0]
        change(documents[name])
    said = errors_in(documents, compiler, tmp_path)
    assert {name for name, (_, expected) in BROKEN.items() if expected not in said.get(name, "")} == set()
