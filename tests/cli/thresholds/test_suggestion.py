"""Thresholds from verdicts: keep the confirmed, drop the rejected, and never guess below what was found."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import msgspec
import pytest
import yaml
from click.testing import CliRunner

from schemas.cameras import Rules
from services.cli.recompute.overrides import read_overrides
from services.cli.thresholds import suggest
from services.cli.thresholds.suggest import rules_yaml
from services.cli.thresholds.suggestion import THRESHOLDS, Reviewed, Suggestion, suggestions
from tests.aggregate.make_events import make_camera


def case(dwell_s: float, *, confirmed: bool, camera_id: str = "loket-1", displacement: float = 0.1) -> Reviewed:
    return Reviewed(
        camera_id=camera_id,
        camera_kind="counter",
        what="parking_case",
        confirmed=confirmed,
        duration_s=dwell_s,
        dwell_s=dwell_s,
        peak_ratio=0.0,
        figures={"stood": 300.0, "displacement": displacement},
        thresholds={"stood": 300.0, "displacement": 0.25},
    )


def suggested(episodes: list[Reviewed], field: str = "grace_seconds", keep: float = 0.95) -> Suggestion:
    (found,) = [one for one in suggestions(episodes, lambda e: e.camera_id, keep) if one.field == field]
    return found


def test_between_what_is_dropped_and_what_is_kept_it_is_the_rounded_middle() -> None:
    episodes = [case(900, confirmed=True)] * 20 + [case(400, confirmed=False)] * 9 + [case(950, confirmed=False)]
    found = suggested(episodes)
    assert (found.now, found.value) == (300, 650)
    assert (found.kept, found.confirmed, found.dropped, found.rejected) == (20, 20, 9, 10)
    assert not found.rests_on_few


def test_one_in_twenty_of_the_confirmed_may_be_lost_and_no_more() -> None:
    episodes = [case(310 + n * 10, confirmed=True) for n in range(20)] + [case(315, confirmed=False)] * 5
    found = suggested(episodes)
    assert (found.value, found.kept, found.dropped) == (320, 19, 5)
    careful = suggested(episodes, keep=1.0)
    assert (careful.value, careful.kept, careful.dropped) == (None, 20, 0)


def test_no_confirmed_one_is_lost_for_nothing() -> None:
    episodes = [case(310 + n * 10, confirmed=True) for n in range(20)] + [case(302, confirmed=False)] * 5
    found = suggested(episodes)
    assert (found.value, found.kept, found.dropped) == (310, 20, 5)


def test_where_nothing_is_rejected_or_nothing_confirmed_it_stays() -> None:
    assert suggested([case(900, confirmed=True)] * 30).value is None
    assert suggested([case(900, confirmed=False)] * 30).value is None


def test_where_rejected_ones_last_longer_it_stays() -> None:
    found = suggested([case(400, confirmed=True)] * 20 + [case(900, confirmed=False)] * 20)
    assert (found.value, found.dropped, found.kept) == (None, 0, 20)


def test_a_threshold_from_above_is_lowered() -> None:
    episodes = [case(900, confirmed=True, displacement=0.05)] * 10 + [case(900, confirmed=False, displacement=0.2)] * 10
    found = suggested(episodes, "stationary_box_heights")
    assert found.now == 0.25
    assert found.value == pytest.approx(0.12, abs=0.011)
    assert (found.kept, found.dropped) == (10, 10)


def test_few_verdicts_are_marked() -> None:
    assert suggested([case(900, confirmed=True), case(400, confirmed=False)]).rests_on_few


def test_every_threshold_is_one_of_the_rules() -> None:
    for threshold in THRESHOLDS:
        assert hasattr(getattr(Rules(), threshold.rule), threshold.field)


def test_a_camera_whose_kind_is_not_known_makes_no_group_of_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    episodes = [case(900, confirmed=True)] * 20 + [case(400, confirmed=False)] * 9
    removed = [msgspec.structs.replace(episode, camera_id="gone-1", camera_kind="") for episode in episodes]
    monkeypatch.setattr(suggest, "clickhouse_client", lambda _: nullcontext())
    monkeypatch.setattr(suggest, "_reviewed", lambda *_: [*episodes, *removed])
    answer = CliRunner().invoke(suggest.command, [])
    assert answer.exit_code == 0, answer.output
    assert "left out, since ClickHouse's table of cameras does not say their kind: gone-1;" in answer.stderr
    assert "unknown" not in answer.output
    assert yaml.safe_load(answer.stdout) == {"kinds": {"counter": {"parking": {"grace_seconds": 650.0}}}}
    monkeypatch.setattr(suggest, "_reviewed", lambda *_: removed)
    assert "an episode of another camera yet" in CliRunner().invoke(suggest.command, []).stderr
    assert "gone-1:" in CliRunner().invoke(suggest.command, ["--by", "camera"]).stdout


@pytest.mark.parametrize("by", ["camera", "kind", "all"])
def test_the_suggestions_are_a_file_of_rules(tmp_path: Path, by: str) -> None:
    episodes = [case(900, confirmed=True)] * 20 + [case(400, confirmed=False)] * 9
    groups = {"camera": "loket-1", "kind": "counter", "all": "all"}
    found = suggestions(episodes, lambda _: groups[by], 0.95)
    path = tmp_path / "rules.yaml"
    path.write_text(rules_yaml(found, by))
    overrides = read_overrides(path, None)
    assert overrides.applied(make_camera()).rules.parking.grace_seconds == 650
    path.write_text(rules_yaml([], by))
    assert not read_overrides(path, None)
