"""Which locked versions an advisory names: OSV's format, as PyPA's database (YAML) and OSV's export (JSON) have it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from checks.advisories import advisories_in, affected_by, locked

LOCK = """\
jinja2==3.1.2 \\
    --hash=sha256:aa
Ruamel.Yaml==0.18 ; python_full_version < '3.12' \\
    --hash=sha256:bb
"""


def advisory(name: str = "Jinja2", ecosystem: str = "PyPI", **affected: Any) -> dict[str, Any]:
    return {"id": "PYSEC-2024-1", "affected": [{"package": {"name": name, "ecosystem": ecosystem}, **affected}]}


def between(*events: dict[str, str], kind: str = "ECOSYSTEM") -> dict[str, Any]:
    return {"ranges": [{"type": kind, "events": list(events)}]}


@pytest.mark.parametrize(
    ("affected", "is_affected"),
    [
        (between({"introduced": "0"}, {"fixed": "3.1.3"}), True),
        (between({"introduced": "0"}, {"fixed": "3.1.2"}), False),
        (between({"introduced": "0"}, {"last_affected": "3.1.2"}), True),
        (between({"introduced": "0"}, {"last_affected": "3.1.1"}), False),
        (between({"introduced": "3.1.10"}), False),
        (between({"introduced": "0"}), True),
        (between({"introduced": "0"}, {"fixed": "2.0"}, {"introduced": "3.1"}, {"fixed": "3.2"}), True),
        (between({"introduced": "0"}, {"fixed": "2.0"}, {"introduced": "3.1.3"}), False),
        (between({"introduced": "0"}, {"fixed": "3.1.3rc1"}), True),
        (between({"introduced": "0"}, kind="GIT"), False),
        ({"versions": ["3.1.2"]}, True),
        ({"versions": ["3.1.2.0", "dead-beef"]}, True),
        ({"versions": ["3.1.1"]}, False),
    ],
)
def test_a_version_is_affected_as_ranges_and_lists_say(affected: dict[str, Any], is_affected: bool) -> None:
    assert bool(list(affected_by(advisory(**affected), locked(LOCK)))) == is_affected


def test_another_package_of_the_same_name_elsewhere_is_another_one() -> None:
    everything = between({"introduced": "0"})
    assert list(affected_by(advisory(ecosystem="npm", **everything), locked(LOCK))) == []
    assert list(affected_by(advisory("flask", **everything), locked(LOCK))) == []
    assert [one.package for one in affected_by(advisory("ruamel_yaml", **everything), locked(LOCK))] == ["ruamel-yaml"]


def test_the_command_names_what_is_found_and_refuses_a_folder_without_advisories(tmp_path: Path) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "checks.advisories", str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert run().returncode == 2
    (tmp_path / "vulns" / "msgspec").mkdir(parents=True)
    (tmp_path / "vulns" / "msgspec" / "PYSEC-1.yaml").write_text(
        "id: PYSEC-1\naffected:\n- package: {name: msgspec, ecosystem: PyPI}\n  ranges:\n  - type: ECOSYSTEM\n"
        "    events: [{introduced: '0'}, {fixed: '900.1'}]\n"
    )
    found = run()
    assert (found.returncode, found.stdout.startswith("msgspec ")) == (1, True)
    assert "PYSEC-1; fixed in 900.1" in found.stdout
    withdrawn = advisory("msgspec", **between({"introduced": "0"})) | {"withdrawn": "2026-01-01T00:00:00Z"}
    (tmp_path / "vulns" / "msgspec" / "PYSEC-1.yaml").write_text(json.dumps(withdrawn))
    (tmp_path / "fine.json").write_text(json.dumps(advisory("msgspec", **between({"introduced": "900"}))))
    assert run().returncode == 0


def test_a_file_that_is_no_advisory_is_named(tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text("[]")
    with pytest.raises(ValueError, match=r"odd\.json"):
        list(advisories_in(tmp_path))
