"""Samples of long matrices: the same within a day, others on other days, everything in a long run."""

from __future__ import annotations

import pytest

from tests.samples import DAY, LONG, draw_sample

MATRIX = list(range(20))


@pytest.fixture(autouse=True)
def usual_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is not long, on a fixed day."""
    monkeypatch.delenv(LONG, raising=False)
    monkeypatch.setenv(DAY, "2026-12-07")


def test_a_day_draws_the_same_in_the_order_of_the_matrix() -> None:
    drawn = draw_sample("rain", MATRIX, 5)
    assert drawn == sorted(set(drawn)) == draw_sample("rain", MATRIX, 5)
    assert len(drawn) == 5


def test_days_together_draw_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = set()
    for day in range(1, 29):
        monkeypatch.setenv(DAY, f"2026-02-{day:02}")
        drawn.update(draw_sample("rain", MATRIX, 5))
    assert drawn == set(MATRIX)


def test_matrices_are_drawn_apart() -> None:
    assert draw_sample("rain", MATRIX, 5) != draw_sample("night", MATRIX, 5)


def test_a_long_run_and_a_sample_as_large_as_the_matrix_have_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert draw_sample("rain", MATRIX, 20) == MATRIX
    monkeypatch.setenv(LONG, "1")
    assert draw_sample("rain", MATRIX, 1) == MATRIX
