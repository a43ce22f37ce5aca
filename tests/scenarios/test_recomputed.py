"""Every scenario of the corpus, judged from its events alone."""

from __future__ import annotations

import pytest

from tests.scenarios.checks import failures
from tests.scenarios.corpus import Scenario, all_scenarios
from tests.scenarios.expected import decode, differences, judged, values_of

SCENARIOS = all_scenarios()


def test_the_corpus_is_there_and_each_camera_bears_its_scenario_s_name() -> None:
    assert len(SCENARIOS) >= 40
    for scenario in SCENARIOS:
        assert {camera.camera_id for camera in scenario.cameras} == {scenario.name}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_rows_are_as_expected_and_as_worked_out_by_hand(scenario: Scenario) -> None:
    found = values_of(judged(scenario.events, scenario.cameras))
    assert failures(scenario, found) == []
    expected = decode(scenario.expected_file.read_text(encoding="utf-8").splitlines())
    assert differences(expected, found) == []
