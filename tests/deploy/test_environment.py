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


@pytest.fixture
def copy(tmp_path: Path, programs: Path) -> Path:
    """What the script reads, in a folder of its own, with a Python that can make no virtual environment."""
    (programs / "python3").unlink()
    write_program(programs / "python3", 'case "$*" in *venv*) exit 1;; *) exit 0;; esac')
    folder = tmp_path / "copy"
    (folder / "deploy" / "local").mkdir(parents=True)
    for name in ("requirements.lock", "requirements-cuda.lock", "pyproject.toml", "deploy/local/environment.sh"):
        shutil.copy2(REPOSITORY / name, folder / name)
    return folder


def set_up(copy: Path, programs: Path, **environment: str) -> str:
    done = subprocess.run(
        [copy / "deploy" / "local" / "environment.sh"],
        env={"PATH": str(programs), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    return done.stdout + done.stderr


@pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="there is a GPU")
def test_torch_is_installed_where_it_is_asked_for_or_a_gpu_is_there(copy: Path, programs: Path) -> None:
    assert "(without torch: a CPU does without; TILIK_TORCH=1 make setup adds it)" in set_up(copy, programs)
    assert "(with torch and its CUDA libraries" in set_up(copy, programs, TILIK_TORCH="1")
    assert "TILIK_TORCH=yes is neither 1" in set_up(copy, programs, TILIK_TORCH="yes")
    write_program(programs / "nvidia-smi", 'test "$1" = -L')
    assert "(with torch and its CUDA libraries" in set_up(copy, programs)
    assert "(without torch" in set_up(copy, programs, TILIK_TORCH="0")


@pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="there is a GPU")
def test_torch_stays_where_it_was_installed_unless_somebody_says_otherwise(copy: Path, programs: Path) -> None:
    stamp = copy / ".venv" / ".tilik-stamp"
    for environment, said in (({}, "(with torch"), ({"TILIK_TORCH": "0"}, "(without torch")):
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text("requirements-cuda.lock of another time")
        assert said in set_up(copy, programs, **environment)


def test_old_python_is_named(programs: Path) -> None:
    (programs / "python3").unlink()
    write_program(programs / "python3", 'case "$1" in --version) echo "Python 3.9.2";; *) exit 1;; esac')

    result = make("test", programs)

    assert result.returncode != 0
    assert result.stderr.startswith("tilik: Python 3.9.2 is too old: Tilik needs 3.11 or later")
