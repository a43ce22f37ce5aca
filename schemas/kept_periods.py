"""How long the record keeps what: its recorder says so beside it, and the privacy page tells it to people."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from schemas.camera_events import Count
from schemas.codec import JsonCodec


class KeptPeriods(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The periods that hold, in days since it was recorded; those that Tilik comes with, unless they are said."""

    original_days: Count = 3
    evidence_days: Count = 90
    rejected_days: Count = 7
    confirmed_days: Count = 730


KEPT_PERIODS_KEY: Final = "kept-periods.json"
"""Where they lie in the record's store."""

KEPT_PERIODS_CODEC: JsonCodec[KeptPeriods] = JsonCodec(KeptPeriods)
