"""Write what comes out of scenarios as their expected rows: ``python -m tests.scenarios.write NAME …``.

Shows what changes, a row a line; without names it does so for all of them. Nothing is written where a fact that was
worked out by hand does not hold: then a rule is wrong, or the fact is. ``--check`` only shows.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import click

from tests.scenarios.checks import failures
from tests.scenarios.corpus import CORPUS, Scenario, all_scenarios
from tests.scenarios.expected import encode, judged, values_of


@click.command(help=__doc__)
@click.argument("names", nargs=-1)
@click.option("--check", is_flag=True, help="Show, write nothing.")
def main(names: tuple[str, ...], check: bool) -> None:
    """Write the expected rows of the named scenarios, or of all."""
    bad = 0
    for scenario in [Scenario(CORPUS / name) for name in names] or all_scenarios():
        rows = values_of(judged(scenario.events, scenario.cameras))
        lines, wrong = encode(rows), failures(scenario, rows)
        for line in [*_changes(scenario, lines), *(f"does not hold: {text}" for text in wrong)]:
            click.echo(f"{scenario.name}: {line}")
        if not wrong and not check:
            scenario.expected_file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        bad += bool(wrong)
    if bad:
        raise SystemExit(f"{bad} scenarios do not come out as worked out by hand; they were left as they are")


def _changes(scenario: Scenario, lines: list[str]) -> Iterator[str]:
    file = scenario.expected_file
    before = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return (line for line in difflib.unified_diff(before, lines, lineterm="", n=0) if line[:3] not in ("---", "+++"))


if __name__ == "__main__":
    main()
