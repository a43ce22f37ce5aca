from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.cli.bench import accuracy
from services.cli.bench.measuring.accuracy_results import read_results, save_results
from services.cli.bench.measuring.simulated_weather import simulated_weather
from services.detect.accuracy.measured import Measured
from services.runtime.errors import ConfigurationError


def test_each_figure_comes_with_the_ends_of_its_interval_and_its_goal() -> None:
    figures = accuracy.figures_of(Measured("pklot_recall_2x2", 0.94, 0.9, 0.97, 57))
    assert [(figure.name, figure.value, figure.met) for figure in figures] == [
        ("pklot_recall_2x2", 0.94, False),
        ("pklot_recall_2x2_ci95_low", 0.9, None),
        ("pklot_recall_2x2_ci95_high", 0.97, None),
    ]
    assert accuracy.figures_of(Measured("pklot_false_rate_2x2", 0.021, 0, 1, 343))[0].met is False
    assert accuracy.figures_of(Measured("person_ap50_pets", 0.9, 0, 1, 343))[0].met is True


def test_goals_are_the_default_detectors() -> None:
    figure, low, _ = accuracy.figures_of(Measured("person_ap50_pets", 0.1, 0, 1, 343), "other_")
    assert (figure.name, figure.met, low.name) == ("other_person_ap50_pets", None, "other_person_ap50_pets_ci95_low")


def test_asking_for_a_detector_without_weights_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="models fetch"):
        accuracy.run(detectors=("nanodet",))


def test_saved_results_are_read_as_they_were_measured(tmp_path: Path) -> None:
    measured = [Measured("person_ap50_pets", 0.914_26, 0.9, 0.93, 748)]
    save_results(tmp_path, "nanodet", "ab" * 32, measured)
    results = read_results(tmp_path, "nanodet")
    assert results is not None
    assert results.weights_sha256 == "ab" * 32
    assert results.named("person_ap50_pets") == Measured("person_ap50_pets", 0.9143, 0.9, 0.93, 748)
    assert results.named("person_ap50_tud_campus") is None
    assert read_results(tmp_path, "other") is None


def test_a_part_measured_again_leaves_the_others_unless_weights_changed(tmp_path: Path) -> None:
    first, second = Measured("a", 0.1, 0.0, 0.2, 5), Measured("b", 0.3, 0.2, 0.4, 5)
    save_results(tmp_path, "nanodet", "ab" * 32, [first, second])
    save_results(tmp_path, "nanodet", "ab" * 32, [Measured("a", 0.5, 0.4, 0.6, 9)])
    results = read_results(tmp_path, "nanodet")
    assert results is not None
    assert results.figures == (Measured("a", 0.5, 0.4, 0.6, 9), second)
    save_results(tmp_path, "nanodet", "cd" * 32, [first])
    results = read_results(tmp_path, "nanodet")
    assert results is not None
    assert results.figures == (first,)


def test_counts_and_times_are_no_ratios() -> None:
    names = (
        "scene_false_incidents_timelapse",
        "scene_fault_delay_median_seconds",
        "pklot_threshold_2x2",
        "water_auc_roads",
    )
    figures = [accuracy.figures_of(Measured(name, 1.0, 0.5, 2.0, 369))[0] for name in names]
    assert [figure.unit for figure in figures] == ["incidents", "s", "score", "ratio"]
    assert [figure.met for figure in figures] == [True, None, None, True]


def test_damaged_results_are_named(tmp_path: Path) -> None:
    (tmp_path / "accuracy_nanodet.json").write_text('{"subject": "nanodet"}')
    with pytest.raises(ConfigurationError, match=r"accuracy_nanodet\.json"):
        read_results(tmp_path, "nanodet")


def test_weather_darkens_and_veils_and_is_the_same_each_time() -> None:
    image_bgr = np.random.default_rng(1).integers(0, 255, (90, 160, 3), np.uint8)
    weather = simulated_weather()
    altered = {name: alteration(image_bgr, 2.0) for name, alteration in weather.items()}
    assert altered.keys() == {"dusk", "night", "rain", "hard_rain"}
    assert all(picture_bgr.shape == image_bgr.shape for picture_bgr in altered.values())
    assert altered["night"].mean() < altered["dusk"].mean() < image_bgr.mean()
    assert altered["hard_rain"].std() < altered["rain"].std() < image_bgr.std()
    assert (weather["night"](image_bgr, 2.0) == altered["night"]).all()
    assert (weather["night"](image_bgr, 3.0) != altered["night"]).any(), "grain differs from picture to picture"


def test_blue_stays_blue() -> None:
    """Effects are drawn in RGB, detectors look at BGR."""
    blue_bgr = np.zeros((90, 160, 3), np.uint8)
    blue_bgr[:, :, 0] = 200
    rained_bgr = simulated_weather()["rain"](blue_bgr, 0.0)
    assert rained_bgr[:, :, 0].mean() > rained_bgr[:, :, 2].mean() + 50
