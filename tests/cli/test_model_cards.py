from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from services.cli.bench.measuring.accuracy_results import AccuracyResults, read_results, save_results
from services.cli.bench.report import Figure, Machine, Report, plain
from services.cli.model_cards.facts import FOLDER, RESULTS, SPEED, CardFacts, all_facts
from services.cli.model_cards.files import drift
from services.cli.model_cards.pictures import PICTURES, unknowable
from services.cli.model_cards.text import card_text, index_text, measured_text
from services.detect.accuracy.measured import Measured
from services.detect.detector import ModelCard
from services.detect.detector_names import detector_names
from services.detect.objects import CLASSES
from services.detect.water import read_manifest

CARD = ModelCard("A Net", "a shop | round the corner", "MIT", "pictures", "others", ("It sees no bears.",))


def facts(results: AccuracyResults | None = None, speed: Report | None = None) -> CardFacts:
    return CardFacts("a_net", CARD, {"1x1": dict.fromkeys(CLASSES, 0.5)}, results, speed)


def results_of(*figures: Measured) -> AccuracyResults:
    return AccuracyResults("a_net", "cd" * 32, figures)


def test_committed_cards_are_what_declarations_and_results_say() -> None:
    assert drift() == []


def test_every_detector_and_the_water_network_have_cards_that_the_list_names() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name in [*detector_names(), "water"]:
        assert (FOLDER / f"{name}.md").is_file()
        assert f"({name}.md)" in index


def test_changed_and_foreign_cards_are_drift(tmp_path: Path) -> None:
    for path in FOLDER.glob("*.md"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    nanodet = tmp_path / "nanodet.md"
    nanodet.write_text(nanodet.read_text(encoding="utf-8").replace("Apache-2.0", "MIT"), encoding="utf-8")
    (tmp_path / "gone.md").write_text("# A detector that was taken away\n", encoding="utf-8")
    removed = [line for line in drift(tmp_path) if line.startswith("-")]
    assert any("MIT (weights" in line for line in removed)
    assert "-# A detector that was taken away\n" in removed


def test_what_was_not_measured_is_said_plainly() -> None:
    text = card_text(facts())
    assert "**Not measured**: there are no results of these weights." in text
    assert "## Speed\n\nNot measured." in text
    assert "AP50" not in text
    assert "not measured" in index_text([facts()], None)


def test_figures_stand_with_interval_and_cases() -> None:
    figure = Measured("person_ap50_pets", 0.9143, 0.88, 1.0, 1234)
    assert measured_text(figure) == ".914 (.880–1.000; 1,234)"
    text = card_text(facts(results_of(figure)))
    assert "| PETS09-S2L1 | .914 (.880–1.000; 1,234) | not measured |" in text
    assert "TUD-Campus" not in text, "a row stands only where something of it was measured"
    assert "cd" * 32 in text


def test_counts_and_times_stand_as_such_beside_the_list_of_cards() -> None:
    scene = [
        Measured("scene_false_incidents_timelapse", 1, 0.03, 5.57, 369),
        Measured("scene_fault_delay_median_seconds", 17.0, 15.5, 20.0, 300),
    ]
    text = index_text([facts()], AccuracyResults("scene", "", tuple(scene)))
    assert "| false incidents, whole time-lapse, tuning day among it | 1 (0.03–5.57; 369) |" in text
    assert "| seconds until found, median | 17 (15.5–20; 300) |" in text


def test_the_water_card_shows_no_results_of_other_weights(tmp_path: Path) -> None:
    figure = Measured("water_auc_roads", 0.99, 0.98, 1.0, 700)
    save_results(tmp_path, "water", "cd" * 32, [figure])
    results, sha256 = all_facts(tmp_path)[-1].results, read_manifest().sha256
    assert results is None or results.weights_sha256 == sha256
    assert results is None or results.named("water_auc_roads") != figure
    save_results(tmp_path, "water", sha256, [figure])
    water = all_facts(tmp_path)[-1]
    assert water.results is not None
    text = card_text(water)
    assert "| AUC, `flood_area` against `roads` | .990 (.980–1.000; 700) |" in text
    assert "by `tilik bench accuracy" in text
    assert "Least score" not in text


def test_the_water_card_says_by_clip_which_weather_is_taken_for_a_flood() -> None:
    text = card_text(all_facts(RESULTS)[-1])
    table = text.split("### Weather that is taken for a flood")[1].split("###")[0].split("## ")[0]
    rows = [line for line in table.splitlines() if line.startswith(("| wet", "| rain", "| night"))]
    assert len(rows) == 8
    assert not [row for row in rows if "not measured" in row or row.count("|") != 7]
    assert "Hard rain on pale paving" in text.split("## Known failures")[1]


def test_the_water_card_says_what_water_adds_to_a_frame(tmp_path: Path) -> None:
    costs = {"cpu_milliseconds_b8": 12.5, "cpu_milliseconds_water_b8": 24.25}
    rates = {"frames_per_second_b8": 150.0, "frames_per_second_water_b8": 80.0}
    figures = tuple(plain(name, value, "a unit") for name, value in {**costs, **rates}.items())
    machine = Machine(cpu="A CPU", cores=2, memory_gib=8.0, python="3.11")
    (tmp_path / SPEED).write_bytes(msgspec.json.encode(Report("detect", machine, figures)))
    text = card_text(all_facts(tmp_path)[-1])
    assert "| `cpu_milliseconds_added_by_water_b8` | 11.75 | ms/frame |  |" in text
    assert "| `frames_per_second_water_b8` | 80 |" in text
    (tmp_path / SPEED).write_bytes(msgspec.json.encode(Report("detect", machine, figures[:1])))
    assert "## Speed\n\nNot measured." in card_text(all_facts(tmp_path)[-1]), "without water no difference"


def test_the_water_card_says_that_its_figures_are_of_the_training_and_claims_no_speed(tmp_path: Path) -> None:
    water = all_facts(tmp_path)[-1]
    assert water.results is not None
    text = card_text(water)
    assert "Measured by `training.water` when the weights were made; kept beside them in `water.json`." in text
    assert "by `tilik bench accuracy" not in text
    assert "## Speed\n\nNot measured.\n" in text


def test_the_index_shows_what_the_scene_rule_misses() -> None:
    scene = read_results(RESULTS, "scene")
    assert scene is not None
    text = index_text([facts()], scene)
    for label in ("slight faults", "real moves", "faults found within 60 s after a day"):
        assert any(line.startswith(f"| {label}") and "not measured" not in line for line in text.splitlines())


def test_a_share_of_no_cases_is_not_measured() -> None:
    small = [Measured(f"person_recall_small{suffix}", 0.0, 0.0, 1.0, cases) for suffix, cases in (("", 0), ("_2x2", 5))]
    assert "| under 40 px high | not measured | .000 (.000–1.000; 5) |" in card_text(facts(results_of(*small)))


def test_speed_says_the_machine_and_what_was_missed() -> None:
    machine = Machine(cpu="A CPU", cores=2, memory_gib=8.0, python="3.11")
    report = Report("detect", machine, (Figure("frames_per_second_b8", 61.5, "frames/s", ">= 70", False),))
    text = card_text(facts(speed=report))
    assert "on 2 cores of A CPU" in text
    assert "| `frames_per_second_b8` | 61.5 | frames/s | >= 70, missed |" in text


def test_a_bar_in_a_text_breaks_no_table() -> None:
    assert "| source | a shop \\| round the corner |" in card_text(facts())


def test_limits_and_what_was_not_tested_are_on_the_card() -> None:
    text = card_text(facts())
    assert "- It sees no bears." in text
    assert "Night: no labelled footage" in text


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_pictures_are_there_small_and_attributed(picture) -> None:  # type: ignore[no-untyped-def]
    assert (FOLDER / "pictures" / f"{picture.name}.jpg").stat().st_size <= 60_000
    assert "CC BY 4.0" in picture.attribution
    assert picture.source.startswith(("pklot/", "clips/intel_")), "nothing else may be published"
    assert picture.detector in detector_names()


def test_no_picture_lies_there_that_no_card_shows() -> None:
    assert {path.stem for path in (FOLDER / "pictures").iterdir()} == {picture.name for picture in PICTURES}


def test_heads_are_made_unknowable_and_nothing_else() -> None:
    image_bgr = np.random.default_rng(1).integers(0, 255, (100, 200, 3), np.uint8)
    hidden_bgr = unknowable(image_bgr, ((0.25, 0.0, 0.5, 0.36),))
    assert len(np.unique(hidden_bgr[:36, 50:100].reshape(-1, 3), axis=0)) <= 4
    assert (hidden_bgr[36:] == image_bgr[36:]).all()
    assert (hidden_bgr[:, 100:] == image_bgr[:, 100:]).all()
