"""Six visits to a table come out as six episodes: Intel's clip of one person at a time (CC BY 4.0)."""

from __future__ import annotations

from functools import cache

import pytest

from services.aggregate.episode_rows import EpisodeRow
from services.detect.accuracy.visits import CLIP
from tests.accuracy.published_footage import MONDAY_EVENING_MS, camera, detected, folder, judged

pytestmark = pytest.mark.accuracy

FPS = 10
EVERY = 3
VISITS = ((70, 195), (230, 450), (510, 700), (750, 870), (930, 1200), (1240, 1360))
"""First and last frame, counted from 0, in which something of a visitor shows; three detectors agree on them."""
TOLERANCE_SECONDS = 2.0


@cache
def spells() -> list[EpisodeRow]:
    entry = camera("meja-berdiri")
    clip = folder() / "clips" / CLIP
    rows = judged(detected(clip, entry, EVERY, MONDAY_EVENING_MS), entry)["episodes"]
    return sorted((row for row in rows if isinstance(row, EpisodeRow)), key=lambda row: row.started_at)


def seconds(at_ms: int) -> float:
    return (at_ms - MONDAY_EVENING_MS) / 1000


def test_each_visit_is_one_episode_of_its_length() -> None:
    found = [(seconds(row.started_at), seconds(row.ended_at)) for row in spells()]
    for (first, last), (started, ended) in zip(VISITS, found, strict=True):
        print(f"frames {first:4} to {last:4}: seen {first / FPS:5.1f} to {last / FPS:5.1f} s, {started} to {ended} s")
        assert started == pytest.approx(first / FPS, abs=TOLERANCE_SECONDS)
        assert ended == pytest.approx(last / FPS, abs=TOLERANCE_SECONDS)


def test_visits_are_use_after_hours_that_ended_when_the_visitor_left() -> None:
    assert {(row.episode_type, row.kind, row.phase) for row in spells()} == {
        ("counter_episode", "after_hours", "ended"),
    }
    assert {row.ended_because for row in spells()} == {"left"}


def test_nobody_is_at_the_table_between_visits() -> None:
    gaps = [after.started_at - before.ended_at for before, after in zip(spells(), spells()[1:], strict=False)]
    assert len(gaps) == len(VISITS) - 1
    assert min(gaps) >= 3000
