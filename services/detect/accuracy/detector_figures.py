"""All figures of one detector of objects, each through the whole pipeline.

::

    clips with labelled persons ─┬─► AP50, AP50:95 by clip
                                 ├─► recall by clip, height, covering, at the thresholds that ship
                                 ├─► the same, looked at in 2 x 2 tiles
                                 └─► changed (night, rain) ─► recall and precision
    PKLot ─► sequences 0, 3 ─► threshold ─┬─► sequences 1, 2 ─► recall, false rate: whole frames, 2 x 2 tiles
                                          └─► time-lapse, empty ─► false rate
    Intel's six visits ─► recall from behind
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count

from services.detect.accuracy.altered_footage import Alteration
from services.detect.accuracy.conditions import condition_figures, overall_figures
from services.detect.accuracy.labelled_footage import data_folder, person_clips, pklot_folder
from services.detect.accuracy.measured import Measured, Progress, unseen
from services.detect.accuracy.persons import SCORE_FLOOR, JudgedClip, judged_clip, precision_figures
from services.detect.accuracy.pklot import (
    TEST_SEQUENCES,
    TUNING_SEQUENCES,
    chosen_threshold,
    empty_figure,
    empty_stills,
    judged_empty_frames,
    judged_sequences,
    occupancy,
    occupancy_figures,
    sequence_length,
)
from services.detect.accuracy.visits import FRAMES, HIDDEN_BELOW_RATIO, counter_from, persons_reported, visit_figures
from services.detect.detector import SCORE_FLOOR as LEAST_SCORE
from services.detect.detector import DetectorOptions, Tiles, load_detector
from services.detect.offline import offline_tools

HOW: dict[str, Tiles] = {"whole": "1x1", "2x2": "2x2"}
"""How a frame is looked at, as figures call it."""


def measure_persons(detector: str, options: DetectorOptions, progress: Progress = unseen) -> list[Measured]:
    """Give average precision by clip, and recall by condition. Blocks for half a minute.

    Raises:
        ConfigurationError: Footage or weights are not there.
    """
    clips = _judged_clips(detector, options, "1x1", None, progress)
    precision = [figure for name, clip in clips.items() for figure in precision_figures(name, clip)]
    return [*precision, *condition_figures(clips, _person_threshold(detector, options, "1x1"))]


def measure_person_conditions(
    detector: str, options: DetectorOptions, alterations: Mapping[str, Alteration], progress: Progress = unseen
) -> list[Measured]:
    """Give recall of persons in tiles, in changed pictures, and from behind. Blocks for minutes.

    Raises:
        ConfigurationError: Footage or weights are not there.
    """
    passes = len(alterations) + 1
    tiled = _judged_clips(detector, options, "2x2", None, _part(progress, 0, passes))
    figures = condition_figures(tiled, _person_threshold(detector, options, "2x2"), "_2x2")
    for index, (name, alteration) in enumerate(alterations.items(), start=1):
        clips = _judged_clips(detector, options, "1x1", alteration, _part(progress, index, passes))
        figures += overall_figures(name, clips, _person_threshold(detector, options, "1x1"))
    return figures


def measure_visits(detector: str, options: DetectorOptions, progress: Progress = unseen) -> list[Measured]:
    """Give recall of persons who stand with their back to the camera, whole and behind counters of three heights.

    Raises:
        ConfigurationError: Footage or weights are not there.
    """
    tools = offline_tools(detector, options, "1x1")
    folder = data_folder() / "clips"
    advance = _counter(progress, (1 + len(HIDDEN_BELOW_RATIO)) * FRAMES)
    figures = visit_figures("from_behind", persons_reported(folder, tools, None, advance))
    for name, ratio in HIDDEN_BELOW_RATIO.items():
        counts = persons_reported(folder, tools, counter_from(ratio), advance)
        figures += visit_figures(f"from_behind_above_{name}", counts)
    return figures


def measure_parking(detector: str, options: DetectorOptions, progress: Progress = unseen) -> list[Measured]:
    """Choose a threshold on the tuning sequences, and give the figures of the test sequences at it, whole and tiled.

    ``pklot_threshold_<how>`` is the threshold chosen; its interval is empty.

    Raises:
        ConfigurationError: Footage or weights are not there.
        ValueError: No threshold keeps the tuning sequences' false rate.
    """
    folder = pklot_folder()
    frames = [sequence_length(folder, sequence) for sequence in (*TUNING_SEQUENCES, *TEST_SEQUENCES)]
    advance = _counter(progress, len(HOW) * (sum(frames) + len(empty_stills(folder))))
    figures: list[Measured] = []
    for how, tiles in HOW.items():
        tools = offline_tools(detector, options, tiles, LEAST_SCORE)
        tuning, test = (judged_sequences(folder, each, tools, advance) for each in (TUNING_SEQUENCES, TEST_SEQUENCES))
        chosen = chosen_threshold(tuning)
        empty = occupancy(tuning, chosen).empty
        figures += [
            Measured(f"pklot_threshold_{how}", chosen, chosen, chosen, empty),
            *occupancy_figures(how, occupancy(test, chosen)),
            empty_figure(how, judged_empty_frames(folder, tools, advance), chosen),
        ]
    return figures


def _judged_clips(
    detector: str, options: DetectorOptions, tiles: Tiles, alteration: Alteration | None, progress: Progress
) -> dict[str, JudgedClip]:
    tools = offline_tools(detector, _with_all_scores(options), tiles, SCORE_FLOOR)
    clips = person_clips()
    advance = _counter(progress, sum(clip.footage().length() or 0 for clip in clips.values()))
    return {name: judged_clip(clip, tools, alteration, advance) for name, clip in clips.items()}


def _person_threshold(detector: str, options: DetectorOptions, tiles: Tiles) -> float:
    return load_detector(detector, options).thresholds[tiles]["person"]


def _with_all_scores(options: DetectorOptions) -> DetectorOptions:
    return replace(options, score_floor=SCORE_FLOOR)


def _counter(progress: Progress, total: int) -> Callable[[], None]:
    """Give what is called after each frame of ``total``."""
    done = count(1)
    return lambda: progress(next(done), total)


def _part(progress: Progress, index: int, parts: int) -> Progress:
    """Give the progress of one of ``parts`` equally long parts."""
    return lambda done, total: progress(index * total + done, parts * total)
