"""Incidents of a camera, as the portal asks for them.

Frames of a quarantine are withdrawn as its verdicts come, and minutes are marked so in the record's index. That mark
may be missing, of a minute whose row came later, or was made anew: so the incident itself is asked for too.
"""

from __future__ import annotations

from typing import Final

from services.portal.questions import Questions
from services.privacy.troubles import TROUBLES, Trouble

_KEEP_SECONDS: Final = 15.0


async def troubles_of(ask: Questions, camera_id: str) -> list[Trouble]:
    """Give the incidents of a camera; of one that goes on the end is far away.

    Raises:
        RetryableError: ClickHouse does not answer.
    """
    return await ask.query_as(Trouble, TROUBLES, {"camera_id": camera_id}, keep_seconds=_KEEP_SECONDS)
