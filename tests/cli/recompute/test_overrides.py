"""Other rules and zones: what a file may say, whom it means, and the name of what comes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.aggregate.row_columns import RULESET
from services.cli.recompute.overrides import Overrides, read_overrides, ruleset_label
from services.cli.recompute.planning import entries_of
from services.cli.recompute.work import ANY_REVISION
from services.runtime.errors import ConfigurationError
from tests.aggregate.make_events import make_camera


def overrides(tmp_path: Path, text: str) -> Overrides:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    return read_overrides(path, None)


def test_thresholds_are_replaced_one_by_one_the_most_particular_last(tmp_path: Path) -> None:
    found = overrides(
        tmp_path,
        """
        rules: {parking: {grace_seconds: 600, bridge_seconds: 90}}
        kinds: {counter: {parking: {grace_seconds: 700}}, street: {parking: {grace_seconds: 1}}}
        cameras:
          "loket-*": {flood: {onset_ratio: 0.3}}
          loket-1: {flood: {onset_ratio: 0.4}}
        """,
    )
    rules = found.applied(make_camera()).rules
    assert (rules.parking.grace_seconds, rules.parking.bridge_seconds) == (700, 90)
    assert rules.parking.return_seconds == make_camera().rules.parking.return_seconds
    assert rules.flood.onset_ratio == 0.4
    assert found.applied(make_camera(camera_id="loket-2")).rules.flood.onset_ratio == 0.3
    assert found.without_effect_on([make_camera()]) == ["street"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("rules: {parking: {grace: 600}}", "grace"),
        ("rules: {weather: {rain: 1}}", "weather"),
        ("rules: {parking: {grace_seconds: -1}}", "grace_seconds"),
        ("rules: {parking: 600}", "parking"),
        ("kinds: {harbour: {parking: {grace_seconds: 1}}}", "harbour"),
        ("thresholds: {}", "thresholds"),
        ("cameras: {loket-1: {parking: {grace_seconds: soon}}}", "loket-1"),
        ("rules: [", "line"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        overrides(tmp_path, text)


def test_an_entry_of_a_registry_file_stands_for_every_revision(tmp_path: Path) -> None:
    found = Overrides({"loket-1": make_camera(sample_fps=2.0)})
    assert found.applied(make_camera(revision=7)) == make_camera(revision=7, sample_fps=2.0)
    assert found.applied(make_camera(camera_id="loket-2")) == make_camera(camera_id="loket-2")
    assert found


def test_the_name_says_whether_the_rules_are_the_live_ones(tmp_path: Path) -> None:
    one, same = overrides(tmp_path, "rules: {parking: {grace_seconds: 60}}"), overrides(tmp_path, "rules:\n")
    assert re.fullmatch(rf"{re.escape(RULESET)}\+[0-9a-f]{{8}}", ruleset_label(None, one))
    assert ruleset_label(None, same) == RULESET
    assert ruleset_label(RULESET, same) == RULESET
    assert ruleset_label("trial-1.b", one) == "trial-1.b"
    other = overrides(tmp_path, "rules: {parking: {grace_seconds: 61}}")
    assert ruleset_label(None, other) != ruleset_label(None, one)


def test_the_order_of_patterns_is_part_of_the_name(tmp_path: Path) -> None:
    parts = ['"loket-*": {parking: {grace_seconds: 1}}', "loket-1: {parking: {grace_seconds: 2}}"]
    names = {ruleset_label(None, overrides(tmp_path, "cameras:\n  " + "\n  ".join(p))) for p in (parts, parts[::-1])}
    assert len(names) == 2


@pytest.mark.parametrize("name", ["", "a b", "-x", "x" * 64, "1", "99", "a/b"])
def test_a_name_that_could_be_taken_for_something_else_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError):
        ruleset_label(name, Overrides())


def test_the_live_name_is_refused_to_other_rules(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="changed"):
        ruleset_label(RULESET, overrides(tmp_path, "rules: {parking: {grace_seconds: 60}}"))


def test_entries_of_a_file_hold_for_revisions_that_the_registry_does_not_know(tmp_path: Path) -> None:
    found = Overrides({"loket-1": make_camera(sample_fps=2.0), "loket-9": make_camera(camera_id="loket-9")})
    registry = [make_camera(revision=1), make_camera(revision=2), make_camera(camera_id="loket-2", revision=3)]
    entries = entries_of(registry, found)
    assert [(one.revision, one.sample_fps) for one in entries["loket-1"]] == [(ANY_REVISION, 2.0)]
    assert [one.revision for one in entries["loket-2"]] == [3]
    assert [one.revision for one in entries["loket-9"]] == [ANY_REVISION]
