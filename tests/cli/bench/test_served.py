from __future__ import annotations

import pytest

from schemas.geometry import Point
from services.cli.bench.measuring.served import Counter, counted_in, counters, people_of, served_figures, served_in
from tests.aggregate.make_events import make_frame, person

LEFT = Counter(((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)), ((0.5, 1.0), (0.5, 0.0)))


def test_every_edge_leads_out_of_its_queue() -> None:
    assert len(counters()) == 24
    for counter in counters():
        (x1, y1), (x2, y2) = counter.edge
        middle = ((x1 + x2) / 2, (y1 + y2) / 2)
        inside = tuple(sum(axis) / 4 for axis in zip(*counter.queue, strict=True))
        out = (2 * middle[0] - inside[0], 2 * middle[1] - inside[1])
        view = counter.view()
        assert served_in({0: (inside[0], inside[1]), 1: out}, view) == 1
        assert served_in({0: out, 1: (inside[0], inside[1])}, view) == 0


def test_a_person_who_comes_back_and_leaves_again_counts_twice() -> None:
    ways: list[Point] = [(0.4, 0.6), (0.6, 0.6), (0.4, 0.6), (0.6, 0.6)]
    assert served_in(dict(enumerate(ways)), LEFT.view()) == 2


def test_the_count_is_the_rule_s() -> None:
    frames = [make_frame(second, [person(0.4 + 0.05 * second)]) for second in range(4)]
    assert counted_in(frames, LEFT.view()) == 1


def test_people_are_read_with_their_identities(tmp_path) -> None:  # type: ignore[no-untyped-def]
    truth = tmp_path / "gt.txt"
    truth.write_text("1,7,90,100,20,100,1,-1,-1,-1\n2,7,190,100,20,100,1,-1,-1,-1\n1,8,0,0,10,10,1,-1,-1,-1\n")
    assert people_of(truth, (1000, 400)) == [{0: (0.1, 0.5), 1: (0.2, 0.5)}, {0: (0.005, 0.025)}]


def test_too_many_here_do_not_make_up_for_too_few_there() -> None:
    ratio, error = served_figures("1fps", [10, 10], [5, 15])
    assert (ratio.value, error.value, error.cases) == (1.0, 0.5, 20)
    assert ratio.low == pytest.approx(0.5)
    assert ratio.high == pytest.approx(1.5)
