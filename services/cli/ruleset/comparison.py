"""What two rulesets found differently. Pure: facts in, figures by camera and day out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from services.cli.cameras.times import local

TOLERANCE_MS: Final = 1_000
"""Starts and ends that lie no further apart are the same."""

MINUTE_MS: Final = 60_000


class EpisodeFacts(NamedTuple):
    """An episode under one ruleset. ``what`` is its type and kind; ``end_ms`` its end, or its last sight while open."""

    camera_id: str
    episode_id: str
    what: str
    zone_id: str
    start_ms: int
    end_ms: int
    is_open: bool

    @property
    def minutes(self) -> float:
        """Give how long it lasted."""
        return (self.end_ms - self.start_ms) / MINUTE_MS


class EpisodePair(NamedTuple):
    """An episode as two rulesets have it; None: that one has none."""

    a: EpisodeFacts | None
    b: EpisodeFacts | None

    @property
    def either(self) -> EpisodeFacts:
        """Give it as the first of them has it that does."""
        found = self.a or self.b
        assert found is not None
        return found

    @property
    def change(self) -> str:
        """Give ``only_a``, ``only_b``, ``changed``, or empty: both say the same."""
        if self.a is None:
            return "only_b"
        if self.b is None:
            return "only_a"
        moved = max(abs(self.a.start_ms - self.b.start_ms), abs(self.a.end_ms - self.b.end_ms))
        return "changed" if moved > TOLERANCE_MS or self.a.is_open != self.b.is_open else ""


class DayMinutes(NamedTuple):
    """How many rows of a table differ on a day."""

    camera_id: str
    day: str
    table: str
    changed: int
    only_a: int
    only_b: int


class DaySum(NamedTuple):
    """A figure of a day under both rulesets."""

    camera_id: str
    day: str
    name: str
    a: float
    b: float


class Sums(Struct):
    """A figure under both rulesets."""

    a: float = 0.0
    b: float = 0.0


class DayChange(Struct):
    """What differs of a camera on a day of Asia/Jakarta.

    ``minutes`` are rows that differ or are missing on one side, by table. ``sums`` are figures of the whole day, by
    name, only those that differ.
    """

    camera_id: str
    day: str
    episodes_only_a: int = 0
    episodes_only_b: int = 0
    episodes_changed: int = 0
    minutes: dict[str, int] = {}
    sums: dict[str, Sums] = {}


def paired(a: Iterable[EpisodeFacts], b: Iterable[EpisodeFacts]) -> list[EpisodePair]:
    """Find for each episode of one ruleset what the other one made of it, sorted by camera and start.

    That is the one with its id; else, of the same camera, kind and zone, the one that overlaps it longest.
    """
    left, right = ({(e.camera_id, e.episode_id): e for e in found} for found in (a, b))
    pairs = [EpisodePair(left.pop(key), right.pop(key)) for key in left.keys() & right.keys()]
    overlaps = sorted(_overlaps(left.values(), right.values()), reverse=True)
    for _, one, other in overlaps:
        if one in left and other in right:
            pairs.append(EpisodePair(left.pop(one), right.pop(other)))
    pairs += [EpisodePair(one, None) for one in left.values()]
    pairs += [EpisodePair(None, other) for other in right.values()]
    return sorted(pairs, key=lambda pair: (pair.either.camera_id, pair.either.start_ms, pair.either.episode_id))


def day_changes(pairs: Sequence[EpisodePair], minutes: Iterable[DayMinutes], sums: Iterable[DaySum]) -> list[DayChange]:
    """Give the camera-days on which anything differs, sorted."""
    days: dict[tuple[str, str], DayChange] = {}

    def on(camera_id: str, day: str) -> DayChange:
        if (camera_id, day) not in days:
            days[camera_id, day] = DayChange(camera_id, day)
        return days[camera_id, day]

    for pair in pairs:
        if pair.change:
            change = on(pair.either.camera_id, day_of(pair.either.start_ms))
            name = f"episodes_{pair.change}"
            setattr(change, name, getattr(change, name) + 1)
    for found in minutes:
        if differing := found.changed + found.only_a + found.only_b:
            on(found.camera_id, found.day).minutes[found.table] = differing
    for figure in [*sums, *episode_sums(pairs)]:
        if abs(figure.a - figure.b) > 1e-9:
            on(figure.camera_id, figure.day).sums[figure.name] = Sums(figure.a, figure.b)
    return [days[key] for key in sorted(days)]


def episode_sums(pairs: Iterable[EpisodePair]) -> Iterator[DaySum]:
    """Give the figures of a day that follow from episodes: parking cases, unattended minutes."""
    found: dict[tuple[str, str, str], Sums] = defaultdict(Sums)
    for pair in pairs:
        for side, episode in (("a", pair.a), ("b", pair.b)):
            if episode is None:
                continue
            name, value = _figure(episode)
            if name:
                sums = found[episode.camera_id, day_of(episode.start_ms), name]
                setattr(sums, side, getattr(sums, side) + value)
    for (camera_id, day, name), sums in found.items():
        yield DaySum(camera_id, day, name, sums.a, sums.b)


def day_of(at_ms: int) -> str:
    """Give the day of Asia/Jakarta, such as ``2026-01-31``."""
    return f"{local(at_ms):%Y-%m-%d}"


def _figure(episode: EpisodeFacts) -> tuple[str, float]:
    if episode.what == "parking_case":
        return "parking_cases", 1.0
    if episode.what == "counter_episode unattended":
        return "unattended_minutes", episode.minutes
    return "", 0.0


def _overlaps(
    a: Iterable[EpisodeFacts], b: Iterable[EpisodeFacts]
) -> Iterator[tuple[int, tuple[str, str], tuple[str, str]]]:
    """Give (overlap in ms, key of the one, key of the other) for all that overlap or touch."""
    others: dict[tuple[str, str, str], list[EpisodeFacts]] = defaultdict(list)
    for other in b:
        others[other.camera_id, other.what, other.zone_id].append(other)
    for one in a:
        for other in others[one.camera_id, one.what, one.zone_id]:
            overlap = min(one.end_ms, other.end_ms) - max(one.start_ms, other.start_ms)
            if overlap >= 0:
                yield overlap, (one.camera_id, one.episode_id), (other.camera_id, other.episode_id)
