"""Thresholds that verdicts speak for. Pure: reviewed episodes in, suggestions out.

An episode is found under every threshold that its figure reaches: a case of 400 s of standing under a grace time of up
to 400 s. So a threshold may be raised until it would lose confirmed episodes, and what it drops of the rejected ones is
the gain. It is never lowered: what lies below it was never found, and nobody has judged it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

FEW_VERDICTS: Final = 20
"""Below so many verdicts a suggestion is marked: one more episode may change it."""


class Reviewed(Struct, frozen=True, kw_only=True):
    """An episode that a person confirmed or rejected. ``thresholds`` are those it crossed, by the figure's name.

    ``camera_kind`` is empty where nobody knows it any more.
    """

    camera_id: str
    camera_kind: str
    what: str
    confirmed: bool
    duration_s: float
    dwell_s: float
    peak_ratio: float
    figures: dict[str, float]
    thresholds: dict[str, float]


class Threshold(NamedTuple):
    """A threshold of ``schemas.cameras.Rules`` and the figure that must reach it.

    ``what`` is the type and kind of the episodes that it makes; ``crossing`` the name under which they tell its value.
    ``step`` is what a suggestion is rounded to. ``is_upper``: the figure must stay below it.
    """

    rule: str
    field: str
    what: str
    crossing: str
    figure: Callable[[Reviewed], float]
    step: float
    is_upper: bool = False


THRESHOLDS: Final = (
    Threshold("parking", "grace_seconds", "parking_case", "stood", lambda e: e.dwell_s, 10.0),
    Threshold(
        "parking",
        "stationary_box_heights",
        "parking_case",
        "displacement",
        lambda e: e.figures["displacement"],
        0.01,
        is_upper=True,
    ),
    Threshold("flood", "onset_ratio", "flood_episode", "water_ratio_least", lambda e: e.peak_ratio, 0.01),
    Threshold(
        "counter",
        "unattended_after_seconds",
        "counter_episode unattended",
        "staff_absence",
        lambda e: e.duration_s,
        10.0,
    ),
    Threshold(
        "counter", "not_open_after_seconds", "counter_episode not_open", "staff_absence", lambda e: e.duration_s, 10.0
    ),
    Threshold(
        "counter", "after_hours_after_seconds", "counter_episode after_hours", "presence", lambda e: e.duration_s, 10.0
    ),
)


class Suggestion(Struct, frozen=True):
    """A threshold for a group of cameras.

    ``value`` None: leave it as it is. ``kept`` of the ``confirmed`` and ``dropped`` of the ``rejected`` episodes are
    those under ``value``.
    """

    group: str
    rule: str
    field: str
    now: float
    value: float | None
    confirmed: int
    kept: int
    rejected: int
    dropped: int

    @property
    def rests_on_few(self) -> bool:
        """Tell whether there are so few verdicts that one more may change it."""
        return self.confirmed + self.rejected < FEW_VERDICTS


def suggestions(
    reviewed: Iterable[Reviewed], group_of: Callable[[Reviewed], str], keep_ratio: float
) -> list[Suggestion]:
    """Give a suggestion for each threshold and group of cameras that there are verdicts about.

    Args:
        reviewed: Episodes with their verdict.
        group_of: Which cameras get a threshold of their own.
        keep_ratio: How much of the confirmed episodes must stay, 0 to 1.
    """
    episodes = list(reviewed)
    found = []
    for threshold in THRESHOLDS:
        groups: dict[str, list[Reviewed]] = defaultdict(list)
        for episode in episodes:
            if episode.what == threshold.what and threshold.crossing in episode.thresholds:
                groups[group_of(episode)].append(episode)
        found += [_suggested(group, threshold, groups[group], keep_ratio) for group in sorted(groups)]
    return found


def _suggested(group: str, threshold: Threshold, episodes: Sequence[Reviewed], keep_ratio: float) -> Suggestion:
    sign = -1.0 if threshold.is_upper else 1.0
    confirmed = sorted(sign * threshold.figure(e) for e in episodes if e.confirmed)
    rejected = sorted(sign * threshold.figure(e) for e in episodes if not e.confirmed)
    crossed = [sign * e.thresholds[threshold.crossing] for e in episodes]
    now = max(crossed)  # where it was changed, what the stricter one found
    value = _between(confirmed, rejected, keep_ratio, threshold.step)
    if value is None or value <= now:
        value, used = None, now
    else:
        used = value
    return Suggestion(
        group,
        threshold.rule,
        threshold.field,
        abs(now),
        None if value is None else round(abs(value), 6),
        len(confirmed),
        sum(figure >= used for figure in confirmed),
        len(rejected),
        sum(figure < used for figure in rejected),
    )


def _between(confirmed: Sequence[float], rejected: Sequence[float], keep_ratio: float, step: float) -> float | None:
    """Give a threshold between the rejected episodes that it drops and the confirmed ones that it keeps.

    The middle of the two, rounded, if that still lies between them; None where there is nothing to drop, or nothing
    that was confirmed says how far one may go.
    """
    if not confirmed:
        return None
    lose = math.floor((1 - keep_ratio) * len(confirmed) + 1e-9)
    highest = confirmed[lose]
    dropped = [figure for figure in rejected if figure < highest]
    if not dropped:
        return None
    next_kept = next(figure for figure in confirmed if figure > dropped[-1])
    middle = (dropped[-1] + next_kept) / 2
    rounded = round(middle / step) * step
    return rounded if dropped[-1] < rounded <= next_kept else middle
