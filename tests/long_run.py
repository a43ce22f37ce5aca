"""Run every test with whole matrices, and write a dated report: ``make test-long``.

    python -m tests.long_run [WORKERS]

The report is ``docs/reports/<day>-test-long.md``: what passed and failed by folder, how long it took, and on what.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from tests.samples import LONG

REPOSITORY = Path(__file__).parent.parent
REPORTS = REPOSITORY / "docs" / "reports"
FUZZ_EXAMPLES = "10"
"""How many times the usual number of inputs each fuzz test gets."""


@dataclass
class FolderResult:
    """What the tests of a folder came to. ``seconds`` are of tests, added up over workers."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0


def run_lane(lane: list[str], junit: Path) -> int:
    """Run one lane of the tests with whole matrices; return pytest's exit status."""
    environment = {"TILIK_FUZZ_EXAMPLES": FUZZ_EXAMPLES, **os.environ, LONG: "1"}
    command = [sys.executable, "-m", "pytest", "--durations", "20", f"--junitxml={junit}", "--timeout", "3600", *lane]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode


def add_results(junit: Path, results: dict[str, FolderResult], failures: list[str]) -> None:
    """Add what a JUnit file says to ``results``, by folder, and the names of failed tests to ``failures``."""
    for case in ElementTree.parse(junit).iter("testcase"):
        module = case.get("classname", "")
        result = results[module.split(".")[1] if "." in module else module]
        result.seconds += float(case.get("time", "0"))
        if case.find("failure") is not None or case.find("error") is not None:
            result.failed += 1
            failures.append(f"{module}::{case.get('name')}")
        elif case.find("skipped") is not None:
            result.skipped += 1
        else:
            result.passed += 1


def format_report(results: dict[str, FolderResult], failures: list[str], facts: list[str]) -> str:
    """Return the report in Markdown."""
    lines = [f"# Long test run, {datetime.now(UTC).date().isoformat()}", "", *[f"- {fact}" for fact in facts], ""]
    lines += ["| folder | passed | failed | skipped | minutes of tests |", "|---|---|---|---|---|"]
    for folder, result in sorted(results.items()):
        counts = f"{result.passed} | {result.failed} | {result.skipped}"
        lines.append(f"| `tests/{folder}` | {counts} | {result.seconds / 60:.1f} |")
    lines += ["", "Failed:" if failures else "No test failed.", *[f"- `{name}`" for name in failures]]
    return "\n".join(lines) + "\n"


def main(workers: str = "3") -> int:
    """Run both lanes, write the report, and return 0 if all passed."""
    began = datetime.now(UTC)
    results: dict[str, FolderResult] = defaultdict(FolderResult)
    failures: list[str] = []
    statuses = []
    with tempfile.TemporaryDirectory() as folder:
        for name, lane in (("shared", ["-n", workers, "-m", "not alone"]), ("alone", ["-m", "alone"])):
            junit = Path(folder) / f"{name}.xml"
            statuses.append(run_lane(lane, junit))
            add_results(junit, results, failures)
    git = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    version = subprocess.run(git, cwd=REPOSITORY, check=False, capture_output=True, text=True).stdout.strip()
    minutes = (datetime.now(UTC) - began).total_seconds() / 60
    facts = [
        f"Version {version or 'unknown'}, {os.cpu_count()} cores, {workers} workers, {minutes:.0f} minutes",
        f"Fuzz tests with {os.environ.get('TILIK_FUZZ_EXAMPLES', FUZZ_EXAMPLES)} times the usual inputs",
    ]
    REPORTS.mkdir(parents=True, exist_ok=True)
    report = REPORTS / f"{began.date().isoformat()}-test-long.md"
    report.write_text(format_report(results, failures, facts), encoding="utf-8")
    print(f"report: {report.relative_to(REPOSITORY)}")
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
