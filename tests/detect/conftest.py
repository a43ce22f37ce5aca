"""Tests share the machine: one network thread, which busy cores slow down least."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.detect import running


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Let networks that are loaded for no number of threads have one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "count_threads", lambda: 1)
        yield
