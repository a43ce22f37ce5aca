"""The key that signs daily roots, exports and new keys, and what is published of it in the store."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
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
from services.record.signatures import Signed, is_own, key_id_of, signed_bytes
from services.runtime.clock import now_ms
from services.runtime.errors import ConfigurationError
from services.runtime.object_store import ObjectStore


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
        return self._key.sign(signed_bytes(what, data)).hex()

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
