"""Interval sets behave as sets."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.aggregate import intervals

NUMBERS = st.integers(0, 30)
OPERATIONS = st.lists(st.tuples(st.sampled_from(["add", "remove", "drop_below"]), NUMBERS), max_size=60)


@given(OPERATIONS)
def test_an_interval_set_holds_what_a_set_would(operations: list[tuple[str, int]]) -> None:
    flat: list[int] = []
    expected: set[int] = set()
    for name, number in operations:
        if name == "add":
            intervals.add(flat, number)
            expected.add(number)
        elif name == "remove":
            intervals.remove(flat, number)
            expected.discard(number)
        else:
            intervals.drop_below(flat, number)
            expected = {member for member in expected if member >= number}
        assert {n for n in range(32) if intervals.contains(flat, n)} == expected
        assert all(a < b for a, b in pairwise(flat))


def test_a_long_run_is_two_numbers() -> None:
    flat: list[int] = []
    for number in range(1000):
        intervals.add(flat, number)
    assert flat == [0, 1000]
