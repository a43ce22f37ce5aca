"""What has changed since the last checkpoint and is in no store yet. Lives in memory only, never in the state blob."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from schemas.episodes import Episode
from schemas.table import Row
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.rows import ParkingStayRow
from services.aggregate.verdicts import Verdicts


class Unsaved:
    """Rows that are final, episodes to publish, and the keys of windows whose row is built when they are drained.

    Attributes:
        offset: Source offset of the event that is being applied.
        version: Largest source offset that its camera's state reflects; rules stamp what they publish with it. Live it
            is the same; a file of events may hold them in another order.
        rows: Finished rows by table, in the order in which they came about.
        published: The latest row of each episode and stay, by table and key. One event may let several waiting frames
            be judged, and so publish twice under one version; only the last of these may reach a store.
        episodes: The latest message of each episode, by episode id.
        minutes: Changed minutes (since 1970) by camera.
        epochs: Changed epochs by camera.
        cameras: Cameras whose state has changed.
        verdicts: Which frames were judged, and which of them may be shown.
    """

    def __init__(self) -> None:
        self.offset = 0
        self.version = 0
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.published: dict[tuple[str, tuple[Any, ...]], Row] = {}
        self.episodes: dict[str, Episode] = {}
        self.minutes: dict[str, set[int]] = defaultdict(set)
        self.epochs: dict[str, set[int]] = defaultdict(set)
        self.cameras: set[str] = set()
        self.verdicts = Verdicts()

    def publish(self, row: EpisodeRow | ParkingStayRow, episode: Episode | None = None) -> None:
        """Hold the row of an episode with its message, or that of a stay, in place of an earlier one."""
        self.published[row.TABLE, row.key()] = row
        if episode is not None:
            self.episodes[episode.episode_id] = episode

    def __len__(self) -> int:
        """Give about how many rows it stands for: a camera whose minutes have changed counts for two. Asked often."""
        return sum(map(len, self.rows.values())) + len(self.published) + 2 * len(self.minutes)
