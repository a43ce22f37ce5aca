"""`make check` fails on what it is there for: each rule is broken in a copy of the repository.

The copy is the working tree without ignored files. Each step is first seen to pass on a copy as it is, so a failure can
only come from what the case then breaks.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.generate import ASYNCAPI_FILE
from schemas.topics import CAMERA_EVENTS, FRAMES

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).parents[2]
STEPS = ("format", "lint", "types", "imports", "generated", "compatibility", "rules", "unit")
STRAY = "services/detect/stray.py"

Break = Callable[[Path], object]


def copy_to(root: Path) -> Path:
    """Copy the working tree."""
    listing = ("git", "-C", str(REPOSITORY), "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = subprocess.run(listing, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        source, target = REPOSITORY / name, root / name
        if source.is_file():  # a file deleted in the working tree is still in git's list
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return root


def bring_cache(root: Path) -> None:
    """Copy the cache of the type checker too, so that it need not start anew."""
    if (REPOSITORY / ".tilik" / "mypy").is_dir():
        shutil.copytree(REPOSITORY / ".tilik" / "mypy", root / ".tilik" / "mypy")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy that a test may break."""
    return copy_to(tmp_path / "copy")


@pytest.fixture(scope="module")
def assert_passes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], None]:
    """What asserts that a step passes on a copy that nobody breaks. It runs each step once."""
    root = copy_to(tmp_path_factory.mktemp("untouched") / "copy")
    bring_cache(root)

    @functools.cache
    def assert_step_passes(step: str) -> None:
        untouched = make(root, f"check-{step}")
        assert untouched.returncode == 0, untouched.stdout

    return assert_step_passes


def make(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment["NO_COLOR"] = "1"
    return subprocess.run(
        ["make", f"PYTHON={sys.executable}", *arguments],
        cwd=root,
        env=environment,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=500,
    )


def stray(source: str, name: str = STRAY) -> Break:
    return lambda root: (root / name).write_text(source)


def replace(name: str, old: str, new: str) -> Break:
    def edit(root: Path) -> None:
        before = (root / name).read_text(encoding="utf-8")
        assert old in before
        (root / name).write_text(before.replace(old, new, 1), encoding="utf-8")

    return edit


CASES = [
    pytest.param("rules", stray(f'TOPIC = "{FRAMES.name}"\n'), f"{STRAY}:1: names the topic", id="topic in a service"),
    pytest.param(
        "rules",
        stray(f"topic: {CAMERA_EVENTS.name}\n", "deploy/local/stray.yaml"),
        "deploy/local/stray.yaml:1: names the topic",
        id="topic in a manifest",
    ),
    pytest.param("rules", stray("x = 1\n" * 401), f"{STRAY}: 401 lines", id="file too long"),
    pytest.param("rules", stray("", "services/detect/utils.py"), "'utils' has no subject", id="module without subject"),
    pytest.param(
        "imports",
        stray("from services.ingest import settings\n"),
        "Services never import each other BROKEN",
        id="service imports another",
    ),
    pytest.param(
        "imports",
        stray("from services.detect import letterbox\n", "services/runtime/stray.py"),
        "Imports point one way: cli, deploy, services, privacy, runtime, schemas BROKEN",
        id="runtime imports a service",
    ),
    pytest.param(
        "imports",
        stray("from services.runtime import clock\n", "schemas/stray.py"),
        "Imports point one way: cli, deploy, services, privacy, runtime, schemas BROKEN",
        id="schemas import a service",
    ),
    pytest.param(
        "imports",
        stray("from services.aggregate import __main__\n", "services/aggregate/stray.py"),
        "Nothing imports the start of a service BROKEN",
        id="start of a service imported",
    ),
    pytest.param("imports", stray("import faust\n"), "Only faust_app imports Faust BROKEN", id="faust elsewhere"),
    pytest.param(
        "generated",
        replace(f"schemas/generated/{ASYNCAPI_FILE}", '"partitions": 48', '"partitions": 47'),
        '-          "partitions": 47',
        id="generated file edited",
    ),
    pytest.param(
        "generated",
        replace(
            "schemas/cameras.py", "    record: bool = False\n", "    record: bool = False\n    audio: bool = False\n"
        ),
        '+        "audio": {',
        id="struct changed, generated file not",
    ),
    pytest.param("format", stray("x  =  {'a':1}\n"), '+x = {"a": 1}', id="wrong format"),
    pytest.param("lint", stray('"""Stray."""\n\nimport os\n'), "F401", id="unused import"),
    pytest.param(
        "types",
        stray('"""Stray."""\n\n\ndef count() -> int:\n    """Count."""\n    return "three"\n'),
        f"{STRAY}:6: error: Incompatible return value type",
        id="type error",
    ),
]


@pytest.mark.parametrize(("step", "break_it", "message"), CASES)
def test_a_broken_copy_fails_its_step_with_a_line_that_says_what(
    copy: Path, assert_passes: Callable[[str], None], step: str, break_it: Break, message: str
) -> None:
    assert_passes(step)
    if step == "types":
        bring_cache(copy)
    break_it(copy)
    broken = make(copy, f"check-{step}")
    assert broken.returncode != 0
    assert message in broken.stdout, broken.stdout


def test_a_contract_that_breaks_the_last_release_fails_its_step_and_a_source_archive_passes(copy: Path) -> None:
    archive = make(copy, "check-compatibility")
    assert archive.returncode == 0, archive.stdout
    assert "No repository here" in archive.stdout
    alone = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    named = ("-c", "user.name=Uji", "-c", "user.email=uji@tilik.example")
    for command in (("init", "-q"), ("add", "."), (*named, "commit", "-q", "-m", "release"), ("tag", "v1.0.0")):
        subprocess.run(["git", "-C", str(copy), *command], check=True, env=alone)
    untouched = make(copy, "check-compatibility")
    assert untouched.returncode == 0, untouched.stdout
    replace("schemas/topics.py", '"production": 48', '"production": 96')(copy)
    broken = make(copy, "check-compatibility")
    assert broken.returncode != 0
    assert "partitions: 48 before and 96 now" in broken.stdout


def test_check_runs_every_step() -> None:
    commands = make(REPOSITORY, "--dry-run", "check").stdout
    for step in STEPS:
        (command,) = make(REPOSITORY, "--dry-run", f"check-{step}").stdout.splitlines()[-1:]
        assert command in commands, step


def test_test_runs_every_step_and_every_test_once_and_the_test_runner_has_the_last_word() -> None:
    commands = make(REPOSITORY, "--dry-run", "test").stdout.splitlines()
    for step in set(STEPS) - {"unit"}:
        (command,) = make(REPOSITORY, "--dry-run", f"check-{step}").stdout.splitlines()[-1:]
        assert command in commands, step
    runs = [command.partition(" -m pytest ")[2] for command in commands if " -m pytest " in command]
    assert [run.partition("-m ")[2] for run in runs] == ['"not alone"', "alone"]
    assert commands[-1].endswith(runs[-1])
