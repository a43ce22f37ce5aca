"""What has changed since the last checkpoint and is in no store yet. Lives in memory only, never in the state blob."""

from __future__ import annotations

from collections import defaultdict

from schemas.episodes import Episode
from services.aggregate.rows import EpisodeRow
from services.aggregate.table import Row


class Unsaved:
    """Rows that are final, episodes to publish, and the keys of windows whose row is built when they are drained.

    Attributes:
        offset: Source offset of the event that is being applied; rules stamp what they publish with it.
        rows: Finished rows by table, in the order in which they came about.
        episodes: The latest message of each episode, by episode id.
        minutes: Changed minutes (since 1970) by camera.
        epochs: Changed epochs by camera.
        cameras: Cameras whose state has changed.
    """

    def __init__(self) -> None:
        self.offset = 0
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.episodes: dict[str, Episode] = {}
        self.minutes: dict[str, set[int]] = defaultdict(set)
        self.epochs: dict[str, set[int]] = defaultdict(set)
        self.cameras: set[str] = set()

    def publish(self, episode: Episode, row: EpisodeRow) -> None:
        """Hold an episode's message, and the same as a row."""
        self.episodes[episode.episode_id] = episode
        self.rows[row.TABLE].append(row)

    def __len__(self) -> int:
        return sum(map(len, self.rows.values())) + sum(map(len, self.minutes.values()))
