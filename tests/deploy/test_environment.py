"""Set-up says in one sentence what is missing, before it downloads anything."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).parents[2]
SHELL_TOOLS = ("bash", "cat", "cut", "sed", "awk", "sha256sum", "head", "date", "dirname", "make", "rm", "pwd")
NEEDED = ("java", "mvn", "npm")


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder that holds, as the only one on PATH, what set-up needs: Java 21, Maven and npm in name only."""
    for name in SHELL_TOOLS:
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    (tmp_path / "python3").symlink_to(sys.executable)
    for name in NEEDED:
        write_program(tmp_path / name, "echo 'openjdk version \"21.0.4\" 2024-07-16' >&2")
    return tmp_path


def write_program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def make(target: str, programs: Path) -> subprocess.CompletedProcess[str]:
    """Run a make target with the repository's stamp out of reach, so that nothing could be installed by mistake."""
    environment = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"}
    return subprocess.run(
        ["make", "-C", str(REPOSITORY), target],
        env={**environment, "PATH": str(programs)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("target", ["run", "test"])
@pytest.mark.parametrize(("program", "package"), [("java", "default-jre-headless"), ("mvn", "maven"), ("npm", "npm")])
def test_absent_program_is_named_with_its_package(target: str, program: str, package: str, programs: Path) -> None:
    (programs / program).unlink()

    result = make(target, programs)

    assert result.returncode != 0
    first = result.stderr.splitlines()[0]
    assert first.startswith(f"tilik: {program} is missing")
    assert first.endswith(f"On Debian: apt-get install {package}")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("echo 'openjdk version \"11.0.2\" 2019-01-15' >&2", "Java 11 is too old"),
        ("echo 'java version \"1.8.0_292\"' >&2", "Java 8 is too old"),
        ("exit 1", "Java of unknown version is too old"),
    ],
)
def test_old_or_broken_java_is_named(answer: str, said: str, programs: Path) -> None:
    write_program(programs / "java", answer)

    result = make("run", programs)

    assert result.returncode != 0
    assert said in result.stderr.splitlines()[0]


def test_old_python_is_named(programs: Path) -> None:
    (programs / "python3").unlink()
    write_program(programs / "python3", 'case "$1" in --version) echo "Python 3.9.2";; *) exit 1;; esac')

    result = make("test", programs)

    assert result.returncode != 0
    assert result.stderr.startswith("tilik: Python 3.9.2 is too old: Tilik needs 3.11 or later")
