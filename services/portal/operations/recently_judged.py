"""Episodes that were judged a moment ago, for the queue: ClickHouse is told of it a second later."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from services.runtime.clock import Clock, now_ms

_KEEP_MS: Final = 60_000
_MOST: Final = 10_000


class RecentlyJudged:
    """What this process judged within the last minute."""

    def __init__(self, clock: Clock = now_ms) -> None:
        self._clock = clock
        self._at_ms: OrderedDict[str, int] = OrderedDict()

    def add(self, episode_id: str) -> None:
        """Keep that an episode was judged now."""
        self._at_ms[episode_id] = self._clock()
        self._at_ms.move_to_end(episode_id)
        while len(self._at_ms) > _MOST:
            self._at_ms.popitem(last=False)

    def __contains__(self, episode_id: str) -> bool:
        return self._clock() - self._at_ms.get(episode_id, -_KEEP_MS) < _KEEP_MS
