"""Daily roots: what the city commits to, once a day has ended.

    chains of the day, and those of other days that grew on it ─► heads ─► Merkle root ─► signed ─► roots/<day>.json

The heads are stored first and never replaced, and the root is made from the stored ones: whoever comes second, or comes
again after a crash, makes the same root.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from typing import Final

from schemas.recordings import (
    CHAIN_HEADS_CODEC,
    DAILY_ROOT_CODEC,
    SIGNED_ROOT_CODEC,
    ChainHead,
    DailyRoot,
    InclusionProof,
    SignedRoot,
)
from schemas.times import LOCAL_TIME
from services.record.chain import Chains
from services.record.merkle import inclusion_path, merkle_root
from services.record.object_keys import CHAINS, GROWN, ROOTS, heads_key, root_key
from services.record.signing import Signer, publish_key
from services.runtime.errors import RetryableError
from services.runtime.object_store import ObjectStore

_ROOT_NAME: Final = re.compile(r"\d{4}-\d{2}-\d{2}\.json", re.ASCII)
ROOT_AFTER_MS: Final = 30 * 60_000
"""How long after a day's end its root is made: a recorder's last minutes have come by then; what comes later is in the
next root."""


def make_due_roots(store: ObjectStore, chains: Chains, signer: Signer, now: int) -> list[SignedRoot]:
    """Make the roots of the days that are due, the earliest first, and give them.

    To be called now and then, such as each ten minutes. Blocks, for minutes where a city's day is rooted.

    Raises:
        RetryableError: The store is away.
    """
    return [make_root(store, chains, signer, day, now) for day in due_days(store, now)]


def due_days(store: ObjectStore, now: int) -> list[str]:
    """Give the days that have ended, have something to be rooted and have no root yet, the earliest first.

    Raises:
        RetryableError: The store is away.
    """
    rooted = set(rooted_days(store))
    days = {*store.folders(CHAINS), *store.folders(GROWN)} - rooted
    newest = max(rooted, default="")
    return sorted(day for day in days if day > newest and now >= end_of_day_ms(day) + ROOT_AFTER_MS)


def make_root(store: ObjectStore, chains: Chains, signer: Signer, day: str, now: int) -> SignedRoot:
    """Make the root of a day that has ended, or give the one that is there.

    Raises:
        RetryableError: The store is away.
    """
    publish_key(store, signer)
    heads = _kept_heads(store, chains, day)
    before = [one for one in rooted_days(store) if one < day]
    previous = store.get(root_key(before[-1])) if before else None
    root = DailyRoot(
        version=1,
        day=day,
        made_at_ms=now,
        chain_count=len(heads),
        merkle_root=merkle_root(heads),
        previous_day=before[-1] if before else "",
        previous=hashlib.sha256(previous).hexdigest() if previous is not None else "",
    )
    signature = signer.sign("root", DAILY_ROOT_CODEC.encode(root))
    signed = SignedRoot(root=root, key_id=signer.key_id, signature=signature)
    store.create(root_key(day), SIGNED_ROOT_CODEC.encode(signed))
    found = read_root(store, day)
    if found is None:
        raise RetryableError(f"the root of {day} was written and is not there")
    return found


def rooted_days(store: ObjectStore) -> list[str]:
    """Give the days that have a root, the earliest first.

    Raises:
        RetryableError: The store is away.
    """
    names = (one.key.rsplit("/", 1)[-1] for one in store.list(ROOTS))
    return [name.removesuffix(".json") for name in names if _ROOT_NAME.fullmatch(name)]


def read_root(store: ObjectStore, day: str) -> SignedRoot | None:
    """Give the signed root of a day as it lies in the store, None where there is none. It is not checked.

    Raises:
        RetryableError: The store is away.
        ContractError: It is no root.
    """
    data = store.get(root_key(day))
    return None if data is None else SIGNED_ROOT_CODEC.decode(data)


def read_heads(store: ObjectStore, day: str) -> tuple[ChainHead, ...]:
    """Give the heads under a day's root, none where there is no root. They are not checked.

    Raises:
        RetryableError: The store is away.
        ContractError: They are none.
    """
    data = store.get(heads_key(day))
    return () if data is None else CHAIN_HEADS_CODEC.decode(data)


def proof_in(heads: tuple[ChainHead, ...], root_day: str, camera_id: str, day: str) -> InclusionProof | None:
    """Give the proof that a chain is under a root, None where it is not."""
    for leaf, head in enumerate(heads):
        if (head.camera_id, head.day) == (camera_id, day):
            return InclusionProof(root_day=root_day, head=head, leaf_index=leaf, path=inclusion_path(heads, leaf))
    return None


def end_of_day_ms(day: str) -> int:
    """Give when a day of the city ends, ms since 1970."""
    after = date.fromisoformat(day) + timedelta(days=1)
    return int(datetime.combine(after, clock_time(), LOCAL_TIME).timestamp() * 1000)


def _kept_heads(store: ObjectStore, chains: Chains, day: str) -> tuple[ChainHead, ...]:
    kept = store.get(heads_key(day))
    if kept is None:
        grown = [(camera, other) for other in store.folders(f"{GROWN}/{day}") for camera in _marked(store, day, other)]
        wanted = sorted({*((camera, day) for camera in store.folders(f"{CHAINS}/{day}")), *grown}, key=_by_day)
        heads = (chains.head(camera, of_day) for camera, of_day in wanted)
        data = CHAIN_HEADS_CODEC.encode(tuple(head for head in heads if head is not None))
        store.create(heads_key(day), data)
        kept = store.get(heads_key(day))
    return CHAIN_HEADS_CODEC.decode(kept or b"")


def _marked(store: ObjectStore, day: str, of_day: str) -> list[str]:
    return [one.key.rsplit("/", 1)[-1] for one in store.list(f"{GROWN}/{day}/{of_day}")]


def _by_day(chain: tuple[str, str]) -> tuple[str, str]:
    return chain[1], chain[0]
