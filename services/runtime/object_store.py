"""The record's object store: bytes by key, in a folder or in a bucket. The one seam to the library ``obstore``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import LocalStore, S3Store

from services.runtime.errors import ConfigurationError, RetryableError
from services.runtime.object_store_folder import LOCK_FILE, FolderWrites
from services.runtime.store_settings import StoreSettings

_RETRIES = 1
_PROBE_KEY = "probe/conditional-writes"


class Versioned(NamedTuple):
    """An object's bytes, and a tag that is another one once they are."""

    data: bytes
    tag: str


class StoredObject(NamedTuple):
    """An object as it is listed: its key, its size in bytes, and when it was written, ms since 1970."""

    key: str
    size: int
    written_ms: int


class _Writes(Protocol):
    """How objects are written: whole, durably, and where it is asked for, only where nobody else was first."""

    def put(self, key: str, data: bytes) -> None: ...
    def create(self, key: str, data: bytes) -> str | None: ...
    def replace(self, key: str, data: bytes, tag: str) -> str | None: ...
    def delete(self, keys: Sequence[str]) -> None: ...
    def tag_of(self, data: bytes, e_tag: str | None) -> str: ...


class ObjectStore:
    """Objects by key. Every write appears whole or not at all, and outlives a power cut once it is told.

    Safe to use from several threads; every call blocks.

    Keys are paths without ``..`` and without a leading slash. Whatever goes wrong with the store (away, refusing, full)
    is a RetryableError, for nothing that was captured may be lost; its text says what a person must do.
    """

    def __init__(self, settings: StoreSettings) -> None:
        """Open the store.

        Raises:
            ConfigurationError: The URL is neither a folder nor a bucket, or the folder can't be made.
        """
        self.place = settings.url
        self._store: Any
        self._writes: _Writes
        scheme = urlsplit(settings.url).scheme
        self.is_bucket = scheme == "s3"
        if self.is_bucket:
            self._store = _bucket(settings)
            self._writes = _BucketWrites(self._store)
        elif scheme in ("", "file"):
            folder = Path(unquote(urlsplit(settings.url).path) if scheme else settings.url)
            self._store, self._writes = _folder(folder)
        else:
            raise ConfigurationError(f"{settings.url!r} is neither a folder nor s3://BUCKET/PREFIX")

    def put(self, key: str, data: bytes) -> None:
        """Write an object, in place of what may be there.

        Raises:
            RetryableError: It is not known to be stored.
        """
        with _translated(f"writing {key}"):
            self._writes.put(key, data)

    def create(self, key: str, data: bytes) -> str | None:
        """Write an object where there is none, and give its tag.

        None: there is one already, maybe by an attempt before this one of which no answer came.

        Raises:
            RetryableError: It is not known to be stored.
        """
        with _translated(f"creating {key}"):
            return self._writes.create(key, data)

    def replace(self, key: str, data: bytes, tag: str) -> str | None:
        """Write an object in place of the one that has this tag, and give the new one's; None: that one is no more.

        Raises:
            RetryableError: It is not known to be stored.
        """
        with _translated(f"replacing {key}"):
            return self._writes.replace(key, data, tag)

    def get(self, key: str) -> bytes | None:
        """Give an object's bytes, None where there is no such object.

        Raises:
            RetryableError: The store is away.
        """
        found = self.versioned(key)
        return None if found is None else found.data

    def versioned(self, key: str) -> Versioned | None:
        """Give an object's bytes with their tag, None where there is no such object.

        Raises:
            RetryableError: The store is away.
        """
        with _translated(f"reading {key}"):
            try:
                result = obstore.get(self._store, key)
                data = bytes(result.bytes())
            except FileNotFoundError:
                return None
            return Versioned(data, self._writes.tag_of(data, result.meta["e_tag"]))

    def size(self, key: str) -> int | None:
        """Give an object's size in bytes, None where there is no such object.

        Raises:
            RetryableError: The store is away.
        """
        with _translated(f"looking at {key}"):
            try:
                return int(obstore.head(self._store, key)["size"])
            except FileNotFoundError:
                return None

    def delete(self, *keys: str) -> None:
        """Delete objects, a bucket's by one request a thousand; there may be none.

        Raises:
            RetryableError: Some may still be there.
        """
        if keys:
            with _translated(f"deleting {keys[0]}" + (f" and {len(keys) - 1} more" if len(keys) > 1 else "")):
                self._writes.delete(keys)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Give the objects below ``prefix``, a path without its last slash, by key.

        Raises:
            RetryableError: The store is away.
        """
        with _translated(f"listing {prefix}"):
            found = [
                StoredObject(str(one["path"]), int(one["size"]), int(one["last_modified"].timestamp() * 1000))
                for chunk in obstore.list(self._store, prefix or None)
                for one in chunk
                if one["path"] != LOCK_FILE
            ]
        return iter(sorted(found))

    def folders(self, prefix: str) -> Iterator[str]:
        """Give the names right below ``prefix`` that have objects below them, sorted.

        Raises:
            RetryableError: The store is away.
        """
        with _translated(f"listing {prefix}"):
            found = obstore.list_with_delimiter(self._store, prefix or None)["common_prefixes"]
        return iter(sorted(str(one).rstrip("/").rsplit("/", 1)[-1] for one in found))

    def check(self) -> None:
        """Try whether the store takes conditional writes, without which two writers would undo each other's entries.

        Raises:
            RetryableError: The store is away.
            ConfigurationError: It writes over an object that it was told to leave.
        """
        self.create(_PROBE_KEY, b"1")
        if self.create(_PROBE_KEY, b"2") or self.replace(_PROBE_KEY, b"3", '"0123456789abcdef0123456789abcdef"'):
            raise ConfigurationError(
                f"{self.place}: this store ignores If-None-Match or If-Match; the record needs one that keeps them"
            )


class _BucketWrites:
    """S3 compares by itself: ``If-None-Match`` and, with its own tag, ``If-Match``."""

    def __init__(self, store: S3Store) -> None:
        self._store = store

    def put(self, key: str, data: bytes) -> None:
        obstore.put(self._store, key, data, use_multipart=False)

    def create(self, key: str, data: bytes) -> str | None:
        try:
            written = obstore.put(self._store, key, data, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return None
        return self.tag_of(data, written["e_tag"])

    def replace(self, key: str, data: bytes, tag: str) -> str | None:
        try:
            written = obstore.put(self._store, key, data, mode={"e_tag": tag}, use_multipart=False)
        except (PreconditionError, FileNotFoundError):
            return None
        return self.tag_of(data, written["e_tag"])

    def delete(self, keys: Sequence[str]) -> None:
        with suppress(FileNotFoundError):
            obstore.delete(self._store, list(keys) if len(keys) > 1 else keys[0])

    def tag_of(self, data: bytes, e_tag: str | None) -> str:
        if not e_tag:
            raise ConfigurationError("this store gives its objects no ETag; the record needs one that does")
        return e_tag


def _bucket(settings: StoreSettings) -> S3Store:
    parts = urlsplit(settings.url)
    if not parts.netloc:
        raise ConfigurationError(f"{settings.url!r} names no bucket: s3://BUCKET/PREFIX")
    config: dict[str, Any] = {"region": settings.region, "virtual_hosted_style_request": not settings.path_style}
    if settings.endpoint:
        config["endpoint"] = settings.endpoint
    if settings.access_key_id:
        config["access_key_id"] = settings.access_key_id
        config["secret_access_key"] = settings.secret_access_key.get_secret_value()
    seconds = timedelta(seconds=settings.timeout_seconds)
    try:
        return S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            client_options={"allow_http": settings.endpoint.startswith("http://"), "timeout": seconds},
            retry_config={"max_retries": _RETRIES, "retry_timeout": seconds},
            **config,
        )
    except (BaseError, ValueError) as error:
        raise ConfigurationError(f"{settings.url}: {_first_line(error)}") from error


def _folder(folder: Path) -> tuple[LocalStore, FolderWrites]:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        return LocalStore(folder.resolve()), FolderWrites(folder.resolve())
    except (BaseError, OSError) as error:
        raise ConfigurationError(f"{folder} can't be the record's folder: {_first_line(error)}") from error


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        raise RetryableError(f"the record's store, {doing}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
