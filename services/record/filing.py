"""Put a file into the store, and take it out again as the chain says it is.

bytes ─► sealed, if an original ─► hash ─► key ─► store ─► what the chain says of it
"""

from __future__ import annotations

import hashlib
from typing import Literal

from schemas.recordings import FileForm, StoredFile
from services.record.object_keys import SEALING, evidence_name, file_key, fingerprint_key, minute_name, name_in
from services.record.sealing import Sealer
from services.runtime.errors import ConfigurationError, TilikError
from services.runtime.logging import get_logger
from services.runtime.object_store import ObjectStore

log = get_logger(__name__)

Media = Literal["video/mp4", "image/jpeg"]


class FileAlteredError(TilikError):
    """A file of the record is not, or no longer, what the chain says of it."""


class Filing:
    """Files of the record. Safe to use from several threads; blocks.

    Args:
        store: Where they lie.
        sealer: Seals and opens originals.
    """

    def __init__(self, store: ObjectStore, sealer: Sealer) -> None:
        self.store = store
        self._sealer = sealer
        self._is_the_records_key = False

    def check_key(self) -> None:
        """Refuse to begin with another key than the record is sealed with under its id.

        A key that is nowhere yet is not missed before there is something to seal.

        Raises:
            RetryableError: The store is away.
            ConfigurationError: The record is sealed with another key; or with one that this host does not have.
        """
        known = {listed.key.rsplit("/", 1)[-1] for listed in self.store.list(SEALING)}
        if self._sealer.key_id in known:
            self._compare_key()
        for former in sorted(known - {self._sealer.key_id}):
            if self.store.get(fingerprint_key(former)) != self._sealer.known_fingerprint(former):
                log.warning("record.former_sealing_key_missing", key=former)

    def keep_minute(self, camera_id: str, minute_ms: int, form: FileForm, data: bytes) -> StoredFile:
        """Store the MP4 of a minute. It is part of the record once a chain's entry names it.

        Raises:
            RetryableError: It is not known to be stored.
            ConfigurationError: The key that seals originals can't be read.
        """
        return self._keep(minute_name(camera_id, minute_ms, form), "video/mp4", form, data)

    def keep_frame(self, camera_id: str, captured_at_ms: int, event_id: str, form: FileForm, data: bytes) -> StoredFile:
        """Store the JPEG of a frame that an episode names.

        Raises:
            RetryableError: It is not known to be stored.
            ConfigurationError: The key that seals originals can't be read.
        """
        return self._keep(evidence_name(camera_id, captured_at_ms, event_id, form), "image/jpeg", form, data)

    def take(self, file: StoredFile) -> bytes:
        """Give a file's bytes, an original opened, after they were compared with what the chain says.

        Raises:
            RetryableError: The store is away.
            FileAlteredError: There is none, or it is another one.
            SealError: It can't be opened.
            ConfigurationError: The key that sealed it is not known here.
        """
        data = self.store.get(file.key)
        if data is None:
            raise FileAlteredError(f"{file.key} is gone")
        if len(data) != file.size or hashlib.sha256(data).hexdigest() != file.sha256:
            raise FileAlteredError(f"{file.key} was altered")
        if file.form == "public":
            return data
        plain = self._sealer.open(name_in(file.key), data)
        if hashlib.sha256(plain).hexdigest() != file.plain_sha256:
            raise FileAlteredError(f"{file.key} does not hold what was sealed")
        return plain

    def discard(self, file: StoredFile) -> None:
        """Take away a file that no entry names, for another one's was first.

        Raises:
            RetryableError: It may still be there.
        """
        self.store.delete(file.key)

    def _compare_key(self) -> None:
        """Refuse to seal with another key than others do under its id: nobody could tell which one opens a file."""
        if self._is_the_records_key:
            return
        key = fingerprint_key(self._sealer.key_id)
        is_first = self.store.size(key) is None
        ours = self._sealer.fingerprint(make=is_first and not self.store.is_bucket)
        if self.store.create(key, ours) is None and self.store.get(key) != ours:
            raise ConfigurationError(
                f"the sealing key {self._sealer.key_id!r} of this host is not the one that this record is sealed with: "
                "copy that one here, or give this one a name of its own (TILIK_RECORD_KEYS__SEALING_KEY_ID)"
            )
        self._is_the_records_key = True

    def _keep(self, name: str, media: Media, form: FileForm, data: bytes) -> StoredFile:
        if form == "original":
            self._compare_key()
        stored = self._sealer.seal(name, data) if form == "original" else data
        digest = hashlib.sha256(stored).hexdigest()
        key = file_key(name, media, form, digest)
        self.store.put(key, stored)
        return StoredFile(
            key=key,
            form=form,
            media=media,
            sha256=digest,
            size=len(stored),
            plain_sha256=hashlib.sha256(data).hexdigest() if form == "original" else "",
        )
