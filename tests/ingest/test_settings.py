from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.ingest.cpu_quota import usable_cores
from services.ingest.settings import IngestSettings


@pytest.mark.parametrize(
    ("text", "cores"),
    [("150000 100000\n", 2), ("10000 100000\n", 1), ("max 100000\n", 8), ("900000 100000\n", 8), ("", 8)],
)
def test_a_containers_quota_counts(text: str, cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    (tmp_path / "cpu.max").write_text(text)
    assert usable_cores(tmp_path / "cpu.max") == cores


def test_without_a_container_the_affinity_counts(tmp_path: Path) -> None:
    assert usable_cores(tmp_path / "cpu.max") == len(os.sched_getaffinity(0))


def test_a_last_frames_fate_is_known_before_the_fence_shuts() -> None:
    IngestSettings(instance="test", session_timeout_seconds=10, delivery_timeout_seconds=7.9)
    with pytest.raises(ValidationError, match="2 s longer"):
        IngestSettings(instance="test", session_timeout_seconds=10, delivery_timeout_seconds=8)
