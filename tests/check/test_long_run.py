"""The report of a long run counts what a JUnit file says, and names what failed."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from tests.long_run import FolderResult, add_results, format_report

JUNIT = """<testsuites><testsuite>
<testcase classname="tests.fuzz.test_sdp" name="test_a[1]" time="30.0"/>
<testcase classname="tests.fuzz.test_sdp" name="test_b" time="60.0"><failure message="no"/></testcase>
<testcase classname="tests.pipeline.test_x" name="test_c" time="6.0"><skipped message="no"/></testcase>
<testcase classname="tests.pipeline.test_x" name="test_d" time="0.0"><error message="no"/></testcase>
</testsuite></testsuites>"""


def test_the_report_has_a_row_a_folder_and_every_failure(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").write_text(JUNIT)
    results: dict[str, FolderResult] = defaultdict(FolderResult)
    failures: list[str] = []
    add_results(tmp_path / "junit.xml", results, failures)
    report = format_report(results, failures, ["2 cores"])
    assert "| `tests/fuzz` | 1 | 1 | 0 | 1.5 |" in report
    assert "| `tests/pipeline` | 0 | 1 | 1 | 0.1 |" in report
    assert failures == ["tests.fuzz.test_sdp::test_b", "tests.pipeline.test_x::test_d"]
    assert all(f"- `{name}`" in report for name in failures)
    assert "No test failed" not in report
