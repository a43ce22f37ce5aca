"""How long the record keeps what, as its recorder says in the store: what the privacy page tells people."""

from __future__ import annotations

import asyncio
from typing import Final

from schemas.codec import ContractError
from schemas.kept_periods import KEPT_PERIODS_CODEC, KEPT_PERIODS_KEY, KeptPeriods
from services.portal.pages.language import Language, Words
from services.portal.pages.words.about import PrivacyWords
from services.portal.store_reads import StoreReads
from services.runtime.errors import RetryableError
from services.runtime.logging import get_logger

log = get_logger(__name__)

_PATIENCE_SECONDS: Final = 2.0
"""How long the page waits for the store: it has much else to say."""
_YEAR_DAYS: Final = 365


async def periods_of(store: StoreReads) -> KeptPeriods | None:
    """Give the periods that hold; None: no recorder has said them, or they can't be read now."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            data = await store.get(KEPT_PERIODS_KEY)
        return None if data is None else KEPT_PERIODS_CODEC.decode(data)
    except (RetryableError, ContractError, TimeoutError) as error:
        log.warning("pages.periods_unreadable", error=str(error) or type(error).__name__)
        return None


def written_periods(periods: KeptPeriods, language: Language) -> dict[str, str]:
    """Give each period in words, by what is kept."""
    return {
        "original": _written(periods.original_days, language),
        "evidence": _written(periods.evidence_days, language),
        "rejected": _written(periods.rejected_days, language),
        "confirmed": _written(periods.confirmed_days, language),
    }


def _written(days: int, language: Language) -> str:
    years, rest = divmod(days, _YEAR_DAYS)
    unit, count = ("day", days) if rest or not years else ("year", years)
    return Words(PrivacyWords, language)[f"period_{unit}" if count == 1 else f"period_{unit}s"].format(count=count)
