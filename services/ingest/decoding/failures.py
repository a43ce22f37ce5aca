"""How a job fails inside a decoding child; the child's loop turns it into the answer ``Failed``."""

from __future__ import annotations

from typing import Literal

from services.ingest.decoding.jobs import Failed


class JobFailedError(Exception):
    """A job can't be done.

    Args:
        how: As in ``Failed``.
        error_class: One fixed word, for counting.
        detail: What a person needs to know.
    """

    def __init__(self, how: Literal["unusable", "broken", "ended"], error_class: str, detail: str) -> None:
        super().__init__(f"{error_class}: {detail}")
        self.answer = Failed(how, error_class, detail[:500])


def unusable(detail: str) -> JobFailedError:
    """Give the failure of one picture alone."""
    return JobFailedError("unusable", "unusable", detail)
