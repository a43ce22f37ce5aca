"""Signatures of the record: Ed25519 over daily roots, exports and new keys. The one seam to ``cryptography`` for it.

What is signed begins with what it is (``tilik root 1``), so that a signature of one thing never passes for another's.
A key is known by the first 16 hex digits of its public half's SHA-256. A new key is endorsed by the one before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from msgspec import structs

from schemas.codec import ContractError
from schemas.recordings import PUBLIC_KEY_CODEC, PublicKey
from services.record.key_files import read_or_make
from services.record.object_keys import KEYS, public_key_key
from services.runtime.clock import now_ms
from services.runtime.errors import ConfigurationError
from services.runtime.object_store import ObjectStore

Signed = Literal["root", "export", "key", "own key"]
_KEY_DIGITS: Final = 16


class Signer:
    """A private key, and what it signs."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = key.public_key().public_bytes_raw().hex()
        self.key_id = key_id_of(self.public_key)

    @classmethod
    def open(cls, path: Path, make: bool = True) -> Signer:
        """Give the signer of a key's file; where there is none it is made, unless ``make`` says otherwise.

        Raises:
            ConfigurationError: It can't be read or made, others may read it, or it holds no Ed25519 key.
        """
        if not make and not path.exists():
            raise ConfigurationError(
                f"there is no key at {path}: a recorder makes it when it first signs a day's root in a folder; for a "
                "bucket, `tilik evidence new-key --first` does, and each host needs a copy"
            )
        data = read_or_make(path, new_key_pem)
        try:
            key = load_pem_private_key(data, password=None)
        except (ValueError, TypeError) as error:
            raise ConfigurationError(f"{path} is no PEM file of a private key without a password") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise ConfigurationError(f"{path} holds a key of another kind than Ed25519")
        return cls(key)

    def sign(self, what: Signed, data: bytes) -> str:
        """Give the signature over ``data``, hex."""
        return self._key.sign(_signed_bytes(what, data)).hex()

    def statement(self, since_ms: int, endorser: Signer | None = None) -> PublicKey:
        """Give what is published of the key: its public half, endorsed by the key before where there was one."""
        said = PublicKey(key_id=self.key_id, public_key=self.public_key, since_ms=since_ms)
        if endorser is not None:
            said = structs.replace(said, endorsed_by=endorser.key_id)
            said = structs.replace(said, endorsement=endorser.sign("key", PUBLIC_KEY_CODEC.encode(said)))
        return structs.replace(said, signature=self.sign("own key", PUBLIC_KEY_CODEC.encode(said)))


def new_key_pem() -> bytes:
    """Make a private key, and give its PEM file."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def key_id_of(public_key: str) -> str:
    """Give the id of a public key, hex."""
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()[:_KEY_DIGITS]


def is_signed(what: Signed, data: bytes, signature: str, public_key: str) -> bool:
    """Tell whether ``signature`` is that key's over ``data``. Signature and key are hex."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), _signed_bytes(what, data))
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


def publish_key(
    store: ObjectStore, signer: Signer, endorser: Signer | None = None, may_begin_anew: bool = False
) -> PublicKey:
    """Put a key's public half into the store, once; give what lies there.

    Raises:
        RetryableError: The store is away.
        ConfigurationError: What lies there was altered; or there are other keys, none of which endorses this one, such
            as where another host made one of its own; ``may_begin_anew`` says that it may be so.
        ContractError: What lies there is no key.
    """
    statement = signer.statement(now_ms(), endorser)
    key = public_key_key(signer.key_id)
    if endorser is None and not may_begin_anew and store.size(key) is None:
        _refuse_another(signer, published_keys(store))
    if store.create(key, PUBLIC_KEY_CODEC.encode(statement)) is None:
        found = PUBLIC_KEY_CODEC.decode(store.get(key) or b"")
        if found.key_id != signer.key_id or not is_own(found):
            raise ConfigurationError(f"{key} is not as this key published it: somebody altered it")
        return found
    return statement


def _refuse_another(signer: Signer, known: Mapping[str, PublicKey]) -> None:
    if known:
        raise ConfigurationError(
            f"this record is signed with {', '.join(sorted(known))}, and this host has another key, {signer.key_id}: "
            "copy the file of that one here; if it is lost, `tilik evidence new-key --first`"
        )


def published_keys(store: ObjectStore) -> dict[str, PublicKey]:
    """Give the public keys of the store by their ids; what is none, or not as its key said it, is left out.

    Raises:
        RetryableError: The store is away.
    """
    found = {}
    for listed in store.list(KEYS):
        with suppress(ContractError):
            key = PUBLIC_KEY_CODEC.decode(store.get(listed.key) or b"")
            if is_own(key):
                found[key.key_id] = key
    return found


def _signed_bytes(what: Signed, data: bytes) -> bytes:
    return b"tilik %s 1\n%s" % (what.encode(), data)
