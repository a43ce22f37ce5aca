"""Two workers share test files; a failure and a skip in either fail the run, and no test falls between the lanes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lanes import LONGEST, REPOSITORY, TOGETHER, unit_of

RECORDS = """
import os
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range(5))
def test_worker(number: int) -> None:
    with (Path(__file__).parent / "ran").open("a") as file:
        file.write(f"{Path(__file__).stem} {os.environ['PYTEST_XDIST_WORKER']}\\n")
"""
MARKED = "import pytest\n\n@{mark}\ndef test_passes() -> None:\n    pass\n"
BY_ANOTHER_NAME = 'getattr(pytest.mark, "al" + "one")'


def run_pytest(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of ``folder`` by this repository's rules, as continuous integration does."""
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-o", f"cache_dir={folder / 'cache'}", *options]
    command += ["-c", str(REPOSITORY / "pyproject.toml"), f"--rootdir={folder}", str(folder)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["CI"] = "true"
    return subprocess.run(
        command, cwd=REPOSITORY, env=environment, check=False, capture_output=True, text=True, timeout=200
    )


@pytest.mark.parametrize("name", [*LONGEST, *TOGETHER])
def test_what_is_begun_first_or_kept_together_is_there(name: str) -> None:
    assert (REPOSITORY / name).exists()


def test_a_folder_that_is_kept_together_is_one_unit_and_else_a_file_is() -> None:
    assert unit_of("tests/e2e/test_drawing.py::test_a[x::y]") == "tests/e2e"
    assert unit_of("tests/ingest/test_hls.py::test_a[x::y]") == "tests/ingest/test_hls.py"


@pytest.mark.integration
def test_one_worker_runs_all_of_a_file_and_what_fails_in_it_fails_the_run(tmp_path: Path) -> None:
    for name in ("one", "other", "third"):
        (tmp_path / f"test_{name}.py").write_text(RECORDS)
    (tmp_path / "test_zero.py").write_text("def test_fails() -> None:\n    assert False\n")
    done = run_pytest(tmp_path, "-n", "2")
    assert done.returncode == 1
    assert "1 failed, 15 passed" in done.stdout, done.stdout + done.stderr
    ran = (tmp_path / "ran").read_text().splitlines()
    assert len(ran) == 15
    assert len(set(ran)) == 3, "a file was split"
    assert {line.split()[1] for line in ran} == {"gw0", "gw1"}


@pytest.mark.integration
@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "workers"])
def test_what_is_skipped_fails_the_run_be_it_a_test_or_a_whole_file(workers: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text("import pytest\n\ndef test_skips() -> None:\n    pytest.skip('why not')\n")
    (tmp_path / "test_two.py").write_text("import pytest\n\npytest.importorskip('no_such_package')\n")
    (tmp_path / "test_passes.py").write_text("def test_passes() -> None:\n    pass\n")
    for name, of in (("test_two.py", ()), ("test_one.py::test_skips", ("--ignore", str(tmp_path / "test_two.py")))):
        done = run_pytest(tmp_path, *workers, *of)
        assert done.returncode == 1
        (told,) = (line for line in done.stdout.splitlines() if "skipped in CI, which counts as failed" in line)
        assert name in told


@pytest.mark.integration
@pytest.mark.parametrize(("red", "code"), [("not alone", 2), ("alone", 2), ("neither", 0)])
def test_a_red_lane_fails_the_tests_and_keeps_no_other_from_running(red: str, code: int, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nfor last; do :; done\necho "lane $last ran"\n[ "$last" != \'{red}\' ]\n')
    python.chmod(0o755)
    lanes = ["make", "--no-print-directory", "test-lanes", f"PYTHON={python}"]
    done = subprocess.run(lanes, cwd=REPOSITORY, check=False, capture_output=True, text=True, timeout=30)
    assert [line for line in done.stdout.splitlines() if line.endswith("ran")] == [
        "lane not alone ran",
        "lane alone ran",
    ]
    assert done.returncode == code


@pytest.mark.integration
def test_the_lane_of_its_own_finds_its_tests_or_the_other_lane_says_which_it_would_not(tmp_path: Path) -> None:
    (tmp_path / "test_good.py").write_text("raise RuntimeError('imported')\n")
    (tmp_path / "test_alone.py").write_text(MARKED.format(mark="pytest.mark.alone"))
    done = run_pytest(tmp_path, "-m", "alone")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].lstrip("= ").startswith("1 passed in")
    (tmp_path / "test_good.py").write_text(MARKED.format(mark=BY_ANOTHER_NAME))
    done = run_pytest(tmp_path, "-m", "not alone")
    assert done.returncode != 0
    assert "would not find ['test_passes']" in done.stdout, done.stdout + done.stderr
