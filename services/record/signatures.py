"""Signatures of the record, checked: Ed25519 over daily roots, exports and keys. Pure, for whoever has just a file.

What is signed begins with what it is (``tilik root 1``), so that a signature of one thing never passes for another's.
A key is known by the first 16 hex digits of its public half's SHA-256. A new key is endorsed by the one before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import structs

from schemas.recordings import (
    DAILY_ROOT_CODEC,
    PUBLIC_KEY_CODEC,
    SIGNED_ROOT_CODEC,
    PublicKey,
    SignedRoot,
    day_of,
)

Signed = Literal["root", "export", "key", "own key"]
_KEY_DIGITS: Final = 16


def key_id_of(public_key: str) -> str:
    """Give the id of a public key, hex."""
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()[:_KEY_DIGITS]


def is_signed(what: Signed, data: bytes, signature: str, public_key: str) -> bool:
    """Tell whether ``signature`` is that key's over ``data``. Signature and key are hex."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), signed_bytes(what, data))
    except (InvalidSignature, ValueError):
        return False
    return True


def is_own(key: PublicKey) -> bool:
    """Tell whether a key itself says what is published of it."""
    said = PUBLIC_KEY_CODEC.encode(structs.replace(key, signature=""))
    return key_id_of(key.public_key) == key.key_id and is_signed("own key", said, key.signature, key.public_key)


def is_endorsed(new: PublicKey, by: PublicKey) -> bool:
    """Tell whether the key before endorsed a new one."""
    said = PUBLIC_KEY_CODEC.encode(structs.replace(new, endorsement="", signature=""))
    return new.endorsed_by == by.key_id and is_signed("key", said, new.endorsement, by.public_key)


def trusted_keys(keys: Mapping[str, PublicKey], anchor: PublicKey) -> set[str]:
    """Give the ids of the keys that lead to ``anchor`` by endorsements, before it and after it, itself among them.

    Only what a key itself says counts (``is_own``): else who can write where the keys lie could say that the key before
    was endorsed by theirs.
    """
    keys = {key_id: key for key_id, key in keys.items() if key.key_id == key_id and is_own(key)}
    keys, trusted = {**keys, anchor.key_id: anchor}, {anchor.key_id}
    while True:
        pairs = ((new, keys[new.endorsed_by]) for new in keys.values() if new.endorsed_by in keys)
        linked = ({new.key_id, by.key_id} for new, by in pairs if is_endorsed(new, by))
        more = set().union(*(pair for pair in linked if pair & trusted))
        if more <= trusted:
            return trusted
        trusted |= more


def vouched_days(roots: Sequence[SignedRoot], allowed: Mapping[str, PublicKey]) -> set[str]:
    """Give the days of the roots for which one of the keys stands: it signed them, or a later one that leads to them.

    So what a key signed that was lost, or leaked, is good as far as it was there when the next key first signed. Of
    days since that was made it is not, though a later root leads to it: who has a leaked key may have been first.

    Args:
        roots: One after another, the earliest first.
        allowed: The keys that are trusted, by their ids.
    """
    begins = min((day_of(key.since_ms) for key in allowed.values()), default="")
    vouched, named = set(), ""
    for signed in reversed(roots):
        is_former = signed.root.day < begins
        is_named = is_former and hashlib.sha256(SIGNED_ROOT_CODEC.encode(signed)).hexdigest() == named
        if is_named or (signed.key_id in allowed and is_root_by(signed, allowed[signed.key_id])):
            vouched.add(signed.root.day)
            named = signed.root.previous
    return vouched


def is_root_by(signed: SignedRoot, key: PublicKey) -> bool:
    """Tell whether a key signed a root."""
    return is_signed("root", DAILY_ROOT_CODEC.encode(signed.root), signed.signature, key.public_key)


def signed_bytes(what: Signed, data: bytes) -> bytes:
    """Give what is signed where ``data`` is."""
    return b"tilik %s 1\n%s" % (what.encode(), data)
