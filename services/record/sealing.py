"""Originals are sealed at rest: AES-256-GCM with a key of the file's own, which a key from the settings wraps.

    "TLKS" 1 | length and id of the wrapping key | nonce (12), wrapped key (48) | nonce (12), sealed bytes (+16)

Both layers are bound to the wrapping key's id and to the file's name (``object_keys.name_in``): a file that is moved to
another camera or minute opens no more. Source: NIST SP 800-38D; nonces are random, and each file's key seals once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.record.key_files import read_or_make
from services.record.key_settings import KeySettings
from services.runtime.errors import ConfigurationError, TilikError

_MAGIC: Final = b"TLKS\x01"
_FINGERPRINT: Final = b"tilik sealing key 1\n"
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_WRAPPED_BYTES: Final = _KEY_BYTES + 16


class SealError(TilikError):
    """A sealed file was altered or moved, or is none."""


class Sealer:
    """Seals with the current key, and opens what any known key sealed. Keys are read when they are first needed."""

    def __init__(self, settings: KeySettings) -> None:
        self._settings = settings
        self._keys: dict[str, AESGCM] = {}
        self.key_id = settings.sealing_key_id

    def fingerprint(self, make: bool) -> bytes:
        """Give what tells the current key from others, and nothing else of it.

        Raises:
            ConfigurationError: It can't be read, or is not there and not to be made.
        """
        if not make and self.key_id not in self._settings.sealing_keys:
            path = self._settings.sealing_dir / self.key_id
            if not path.exists():
                raise ConfigurationError(
                    f"there is no sealing key at {path}, and none is made for a record that is sealed already, or lies "
                    "in a bucket, which several hosts write to: copy the file of the key that is used there; for the "
                    f"first one of a bucket, (umask 077; head -c 32 /dev/urandom | base64 >{path})"
                )
        return _fingerprint_of(self._read_key(self.key_id, make))

    def known_fingerprint(self, key_id: str) -> bytes | None:
        """Give what tells a key from others; None: it is not here, or can't be read."""
        try:
            return _fingerprint_of(self._read_key(key_id, make=False))
        except ConfigurationError:
            return None

    def seal(self, name: str, data: bytes) -> bytes:
        """Give the sealed bytes of the file with this name; each time others.

        Raises:
            ConfigurationError: The current key can't be read.
        """
        key_id = self.key_id
        head = _head(key_id)
        bound = head + name.encode()
        file_key = os.urandom(_KEY_BYTES)
        wrap_nonce, nonce = os.urandom(_NONCE_BYTES), os.urandom(_NONCE_BYTES)
        wrapped = self._key(key_id, make=True).encrypt(wrap_nonce, file_key, bound)
        return head + wrap_nonce + wrapped + nonce + AESGCM(file_key).encrypt(nonce, data, bound)

    def open(self, name: str, sealed: bytes) -> bytes:
        """Give what was sealed under this name.

        Raises:
            SealError: It was altered or moved, or is no sealed file.
            ConfigurationError: The key that sealed it is not known here.
        """
        key_id, head = _read_head(sealed)
        bound = head + name.encode()
        at = len(head)
        wrap_nonce, at = sealed[at : at + _NONCE_BYTES], at + _NONCE_BYTES
        wrapped, at = sealed[at : at + _WRAPPED_BYTES], at + _WRAPPED_BYTES
        nonce, rest = sealed[at : at + _NONCE_BYTES], sealed[at + _NONCE_BYTES :]
        try:
            file_key = self._key(key_id, make=False).decrypt(wrap_nonce, wrapped, bound)
            return AESGCM(file_key).decrypt(nonce, rest, bound)
        except (InvalidTag, ValueError) as error:
            raise SealError(f"{name}: the sealed file was altered, or sealed for another place") from error

    def _key(self, key_id: str, make: bool) -> AESGCM:
        if key_id not in self._keys:
            self._keys[key_id] = AESGCM(self._read_key(key_id, make))
        return self._keys[key_id]

    def _read_key(self, key_id: str, make: bool) -> bytes:
        path = self._settings.sealing_dir / key_id
        told = self._settings.sealing_keys.get(key_id)
        if path.exists() or (told is None and make):
            text = read_or_make(path, lambda: base64.b64encode(os.urandom(_KEY_BYTES)) + b"\n")
        elif told is not None:
            text = told.get_secret_value().encode()
        else:
            raise ConfigurationError(f"there is no sealing key {key_id!r} in {self._settings.sealing_dir} or settings")
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except binascii.Error:
            key = b""
        if len(key) != _KEY_BYTES:
            raise ConfigurationError(f"sealing key {key_id!r} is not {_KEY_BYTES} bytes in base64")
        return key


def _fingerprint_of(key: bytes) -> bytes:
    return hashlib.sha256(_FINGERPRINT + key).hexdigest().encode()


def _head(key_id: str) -> bytes:
    return _MAGIC + bytes([len(key_id)]) + key_id.encode()


def _read_head(sealed: bytes) -> tuple[str, bytes]:
    start = len(_MAGIC)
    length = sealed[start] if len(sealed) > start else 0
    name = sealed[start + 1 : start + 1 + length]
    if not sealed.startswith(_MAGIC) or len(name) < length or not name.isascii():
        raise SealError("it is no sealed file of the record")
    key_id = name.decode()
    if not key_id.replace("-", "").isalnum():
        raise SealError("it is no sealed file of the record")
    return key_id, _head(key_id)
