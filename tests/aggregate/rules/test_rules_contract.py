"""What every rule keeps to, found by its file: a new one is tested without touching this."""

from __future__ import annotations

import random
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from schemas.camera_events import WATER_GRID_COLUMNS, WATER_GRID_ROWS
from schemas.cameras import Zone
from schemas.episodes import Episode
from schemas.table import Row
from services.aggregate import rules
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.observation import MINUTE_MS, Observation
from services.aggregate.rows import ParkingStayRow
from services.aggregate.sights import Sight, sight_of
from services.aggregate.unsaved import Unsaved
from services.aggregate.view import CameraView
from tests.aggregate.make_events import (
    LEFT_HALF,
    RIGHT_HALF,
    START_MS,
    every_day,
    make_camera,
    make_frame,
    person,
    vehicle,
)
from tests.aggregate.scene_looks import covered, usual

NAMES = sorted(path.stem for path in Path(rules.__path__[0]).glob("*.py") if path.stem != "__init__")
RULES = [import_module(f"services.aggregate.rules.{name}") for name in NAMES]
EVERYTHING = make_camera(
    (
        Zone("queue", "queue", LEFT_HALF),
        Zone("staff", "staff", RIGHT_HALF),
        Zone("edge", "counter_edge", line=((0.5, 1.0), (0.5, 0.0))),
        Zone("curb", "no_parking", LEFT_HALF),
        Zone("road", "water", RIGHT_HALF),
    ),
    opening_hours=every_day("07:10", "15:00"),
)
VIEW = CameraView(EVERYTHING)


def sights(seed: int, count: int = 1500) -> list[Sight]:
    """Give a day's work: people, vehicles, water and a cover come and go, frames are missing, once for 40 min."""
    chance, weather = random.Random(seed), random.Random(seed)
    things: list[Any] = []
    found, second = [], 0.0
    for number in range(count):
        second += 2400 if number == count // 2 else chance.choice((1, 1, 1, 1, 5))
        if not things or chance.random() < 0.006:
            things = [
                chance.choice((person, vehicle))(0.15 + 0.7 * chance.random()) for _ in range(chance.randrange(5))
            ]
        level = 200 if number % 500 > 200 else 10
        water = bytes([level + weather.randrange(50)]) * (WATER_GRID_ROWS * WATER_GRID_COLUMNS)
        scene = covered(number) if number % 500 > 400 else usual(number)
        found.append(sight_of(make_frame(second, things, sequence=number, water=water, scene=scene), VIEW))
    return found


class Publications(Unsaved):
    """All that was published, not only the latest."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[tuple[Row, Episode | None]] = []

    def publish(self, row: EpisodeRow | ParkingStayRow, episode: Episode | None = None) -> None:
        super().publish(row, episode)
        self.all.append((row, episode))


def judged(rule: ModuleType, seen: list[Sight], *, blob_every: int = 0) -> tuple[Any, list[Any]]:
    """Give the state and all that was published, plus the rows of all minutes."""
    state, observation, unsaved = rule.State(), Observation(), Publications()
    for number, sight in enumerate(seen):
        if blob_every and number % blob_every == 0:
            state = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=rule.State)
        rule.judge(state, sight, observation.advance(sight.at_ms, VIEW), VIEW, unsaved)
    return state, [*minute_rows(rule, state), unsaved.all]


def minute_rows(rule: ModuleType, state: Any) -> list[Any]:
    if not hasattr(rule, "rows"):
        return []
    first = START_MS // MINUTE_MS
    return [row for m in range(first, first + 400) for row in rule.rows(state, EVERYTHING.camera_id, m, True, 0)]


@pytest.fixture(params=RULES, ids=NAMES)
def rule(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=[rule for rule in RULES if hasattr(rule, "rows")], ids=lambda rule: rule.__name__.split(".")[-1])
def minutes_rule(request: pytest.FixtureRequest) -> Any:
    """Give a rule that has minutes; cameras have only incidents."""
    return request.param


def test_there_are_rules() -> None:
    assert {"camera", "counter", "flood", "parking"} <= set(NAMES)


def test_the_same_frames_give_the_same(rule: ModuleType) -> None:
    first, second = judged(rule, sights(1))[1], judged(rule, sights(1))[1]
    assert first == second
    assert len(first[-1]) > 2
    assert len(first) > 2 or not hasattr(rule, "rows")


def test_a_rule_publishes_episodes(rule: ModuleType) -> None:
    assert any(episode for _, episode in judged(rule, sights(1))[1][-1])


def test_a_state_may_go_through_its_blob_at_any_frame(rule: ModuleType) -> None:
    assert judged(rule, sights(2), blob_every=1)[1] == judged(rule, sights(2))[1]


def test_a_late_frame_amends_the_rows_of_its_minute_only(minutes_rule: ModuleType) -> None:
    seen = sights(3, 300)
    late = seen.pop(100)
    state, _ = judged(minutes_rule, seen)
    before = {row.key(): row for row in minute_rows(minutes_rule, state)}
    minutes_rule.amend(state, late, VIEW)
    after = {row.key(): row for row in minute_rows(minutes_rule, state)}
    changed = {row.minute for key, row in after.items() if row != before.get(key)}
    assert changed == {late.at_ms // MINUTE_MS * MINUTE_MS}
    assert all(after[key].frames == row.frames + (row.minute in changed) for key, row in before.items())


def test_forgotten_minutes_have_no_rows_and_the_others_stay(minutes_rule: ModuleType) -> None:
    state, _ = judged(minutes_rule, sights(4, 300))
    rows = minute_rows(minutes_rule, state)
    oldest = rows[len(rows) // 2].minute // MINUTE_MS
    minutes_rule.forget_before(state, oldest)
    assert minute_rows(minutes_rule, state) == [row for row in rows if row.minute >= oldest * MINUTE_MS]


def test_a_camera_without_zones_has_no_rows(minutes_rule: ModuleType) -> None:
    bare, state, unsaved, observation = CameraView(make_camera()), minutes_rule.State(), Unsaved(), Observation()
    for sight in sights(5, 100):
        minutes_rule.judge(state, sight, observation.advance(sight.at_ms, bare), bare, unsaved)
        minutes_rule.amend(state, sight, bare)
    assert (minute_rows(minutes_rule, state), len(unsaved)) == ([], 0)


def test_no_two_published_messages_of_an_episode_bear_the_same_revision(rule: ModuleType) -> None:
    published = judged(rule, sights(1))[1][-1]
    revisions = [(episode.episode_id, episode.revision) for _, episode in published if episode is not None]
    assert len(set(revisions)) == len(revisions) > 0


def test_a_sight_is_not_changed(rule: ModuleType) -> None:
    seen = sights(6, 200)
    copies = msgspec.msgpack.decode(msgspec.msgpack.encode(seen), type=list[Sight])
    judged(rule, seen)
    assert seen == copies
