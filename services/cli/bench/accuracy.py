"""``tilik bench accuracy``: how well the default detector finds persons and parked vehicles, on labelled footage."""

from __future__ import annotations

from services.cli.bench.report import Figure, at_least, at_most, plain

PERSON_GOALS = {"pets": 0.90, "tud_stadtmitte": 0.83, "tud_campus": 0.78}
"""Least AP50 of persons, by clip."""
PKLOT_2X2_RECALL, PKLOT_2X2_FALSE_RATE = 0.95, 0.02


def run() -> list[Figure]:
    """Measure through the same code as ``tilik detect``.

    Raises:
        ConfigurationError: Footage or weights are not there.
    """
    return [*_persons(), *_parked_vehicles()]


def _persons() -> list[Figure]:
    from services.detect.accuracy.labelled_footage import person_clips
    from services.detect.accuracy.persons import SCORE_FLOOR, person_average_precision
    from services.detect.detector import DetectorOptions
    from services.detect.offline import offline_tools

    tools = offline_tools("nanodet", DetectorOptions(score_floor=SCORE_FLOOR), "1x1", SCORE_FLOOR)
    return [
        at_least(f"person_ap50_{name}", person_average_precision(clip, tools), "ratio", PERSON_GOALS[name])
        for name, clip in person_clips().items()
    ]


def _parked_vehicles() -> list[Figure]:
    """Give figures on the test sequences, at the detector's own thresholds, with 95 % Wilson intervals."""
    from services.detect.accuracy.labelled_footage import pklot_folder
    from services.detect.accuracy.pklot import TEST_SEQUENCES, judged_sequences, occupancy
    from services.detect.detector import DetectorOptions
    from services.detect.offline import offline_tools

    whole = occupancy(
        judged_sequences(pklot_folder(), TEST_SEQUENCES, offline_tools("nanodet", DetectorOptions(), "1x1"))
    )
    tiled = occupancy(
        judged_sequences(pklot_folder(), TEST_SEQUENCES, offline_tools("nanodet", DetectorOptions(), "2x2"))
    )
    return [
        plain("pklot_recall_whole", whole.recall, "ratio"),
        *_interval("pklot_recall_whole", whole.recall_interval),
        plain("pklot_false_rate_whole", whole.false_rate, "ratio"),
        *_interval("pklot_false_rate_whole", whole.false_rate_interval),
        at_least("pklot_recall_2x2", tiled.recall, "ratio", PKLOT_2X2_RECALL),
        *_interval("pklot_recall_2x2", tiled.recall_interval),
        at_most("pklot_false_rate_2x2", tiled.false_rate, "ratio", PKLOT_2X2_FALSE_RATE),
        *_interval("pklot_false_rate_2x2", tiled.false_rate_interval),
    ]


def _interval(name: str, interval: tuple[float, float]) -> list[Figure]:
    low, high = interval
    return [plain(f"{name}_ci95_low", low, "ratio"), plain(f"{name}_ci95_high", high, "ratio")]
