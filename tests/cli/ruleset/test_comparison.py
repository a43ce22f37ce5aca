"""Two rulesets side by side: which episodes are the same one, and what a day's difference is."""

from __future__ import annotations

import io

from services.cli.ruleset.compare import write_csv
from services.cli.ruleset.comparison import (
    DayChange,
    DayMinutes,
    DaySum,
    EpisodeFacts,
    Sums,
    day_changes,
    day_of,
    paired,
)
from tests.aggregate.make_events import ms


def episode(
    start: float, end: float, *, name: str = "e", what: str = "parking_case", zone: str = "curb"
) -> EpisodeFacts:
    return EpisodeFacts("jalan-1", name, what, zone, ms(start), ms(end), is_open=False)


def changes(a: list[EpisodeFacts], b: list[EpisodeFacts]) -> list[str]:
    return [pair.change for pair in paired(a, b)]


def test_the_same_id_is_the_same_episode_within_a_second() -> None:
    assert changes([episode(0, 100)], [episode(0, 100)]) == [""]
    assert changes([episode(0, 100)], [episode(1, 99)]) == [""]
    assert changes([episode(0, 100)], [episode(0, 101.5)]) == ["changed"]
    assert changes([episode(0, 100)], [episode(0, 100)._replace(is_open=True)]) == ["changed"]


def test_without_an_id_in_common_the_longest_overlap_is_the_same_episode() -> None:
    a = [episode(0, 100, name="a1"), episode(200, 300, name="a2")]
    b = [episode(90, 290, name="b1")]
    pairs = paired(a, b)
    assert [(p.a and p.a.episode_id, p.b and p.b.episode_id) for p in pairs] == [("a1", None), ("a2", "b1")]


def test_other_zones_kinds_and_times_are_other_episodes() -> None:
    assert changes([episode(0, 100, name="x")], [episode(0, 100, name="y", zone="other")]) == ["only_a", "only_b"]
    assert changes([episode(0, 100, name="x")], [episode(0, 100, name="y", what="flood_episode")]) == [
        "only_a",
        "only_b",
    ]
    assert changes([episode(0, 100, name="x")], [episode(101, 200, name="y")]) == ["only_a", "only_b"]


def test_a_day_tells_episodes_minutes_and_sums_that_differ() -> None:
    pairs = paired(
        [episode(0, 100), episode(300, 420, name="u", what="counter_episode unattended")],
        [episode(300, 360, name="u", what="counter_episode unattended")],
    )
    minutes = [
        DayMinutes("jalan-1", "2025-10-13", "parking_minutes", 3, 1, 0),
        DayMinutes("x", "2025-10-13", "y", 0, 0, 0),
    ]
    sums = [
        DaySum("jalan-1", "2025-10-13", "flood_minutes", 5, 5),
        DaySum("jalan-2", "2025-10-14", "flood_minutes", 0, 7),
    ]
    assert day_changes(pairs, minutes, sums) == [
        DayChange(
            "jalan-1",
            "2025-10-13",
            episodes_only_a=1,
            episodes_changed=1,
            minutes={"parking_minutes": 4},
            sums={"parking_cases": Sums(1, 0), "unattended_minutes": Sums(2, 1)},
        ),
        DayChange("jalan-2", "2025-10-14", sums={"flood_minutes": Sums(0, 7)}),
    ]


def test_nothing_that_differs_is_no_day() -> None:
    assert day_changes(paired([episode(0, 100)], [episode(0, 100)]), [], []) == []


def test_days_are_semarangs() -> None:
    assert day_of(1_760_288_400_000) == "2025-10-13"
    assert day_of(1_760_288_399_999) == "2025-10-12"


def test_csv_has_a_line_for_each_camera_and_day() -> None:
    file = io.StringIO()
    write_csv(
        [DayChange("jalan-1", "2025-10-13", 1, 0, 2, {"flood_minutes": 4}, {"flood_minutes": Sums(5, 7.5)})], file
    )
    head, line = file.getvalue().splitlines()
    found = dict(zip(head.split(","), line.split(","), strict=True))
    assert found["episodes_only_a"] == "1"
    assert found["episodes_changed"] == "2"
    assert found["flood_minutes_differing"] == "4"
    assert (found["flood_minutes_a"], found["flood_minutes_b"]) == ("5", "7.5")
    assert found["parking_cases_a"] == ""
