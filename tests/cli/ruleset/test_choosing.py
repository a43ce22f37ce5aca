"""What a choice of a ruleset would cover: it is named, and somebody is asked."""

from __future__ import annotations

import pytest

from services.aggregate.row_columns import RULESET
from services.cli.ruleset.choosing import covered_choices
from services.cli.ruleset.store import CurrentPeriod, Span

CURRENT = [
    CurrentPeriod(RULESET, Span(0, 100)),
    CurrentPeriod("slow", Span(100, 200)),
    CurrentPeriod(RULESET, Span(200, 300)),
    CurrentPeriod("quick", Span(300, 400)),
    CurrentPeriod(RULESET, Span(400, 7_258_118_400_000)),
]


@pytest.mark.parametrize(
    ("name", "span", "covered"),
    [
        (RULESET, Span(), [("slow", 100, 200), ("quick", 300, 400)]),
        (RULESET, Span(150, 300), [("slow", 150, 200)]),
        (RULESET, Span(400), []),
        ("slow", Span(0, 300), []),
        ("slow", Span(150, 350), [("quick", 300, 350)]),
        ("third", Span(200, 300), []),
    ],
)
def test_what_somebody_chose_is_covered_and_the_live_ruleset_is_not(
    name: str, span: Span, covered: list[tuple[str, int, int]]
) -> None:
    found = covered_choices(CURRENT, name, span)
    assert [(one.ruleset, one.span.since_ms, one.span.until_ms) for one in found] == covered
