from __future__ import annotations

import random

from services.ingest.backoff import Backoff


def test_pauses_grow_to_the_longest_and_are_jittered_within_the_upper_half() -> None:
    backoff = Backoff(1.0, 60.0, random.Random(3))
    pauses = [backoff.pause() for _ in range(12)]
    steps = [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]
    assert all(step / 2 <= pause <= step for pause, step in zip(pauses, steps, strict=True))
    assert len(set(pauses)) == len(pauses)
    backoff.reset()
    assert backoff.pause() <= 1.0
