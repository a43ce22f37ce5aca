"""Scripts, styles and images: read once, served under names that change with their bytes, so that caches keep them."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.types import Receive, Scope, Send

PREFIX = "/static/"
_FOREVER = b"public, max-age=31536000, immutable"
_BRIEFLY = b"public, max-age=300"
_DIGITS = 12
_WORTH_COMPRESSING = ("text/", "application/json", "application/javascript", "image/svg+xml", "application/manifest")

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("application/manifest+json", ".webmanifest")


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    compressed: bytes | None
    content_type: bytes
    etag: bytes


class Assets:
    """The files below some folders, each under its folder's name. An ASGI application for ``/static/…``.

    ``pages/site.css`` is served as ``/static/pages/site.<hash>.css`` for ever and as ``/static/pages/site.css`` for a
    few minutes (which scripts that import each other by relative names use).

    Args:
        folders: Name in the URL → folder. One that is not there has no files.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._files: dict[str, _File] = {}
        self._urls: dict[str, str] = {}
        for name, folder in folders.items():
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    self._add(f"{name}/{path.relative_to(folder).as_posix()}", path)

    def url(self, name: str) -> str:
        """Give the lasting URL of a file, such as ``pages/site.css``.

        Raises:
            KeyError: There is no such file.
        """
        return self._urls[name]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET and HEAD."""
        name = scope["path"].removeprefix(PREFIX)
        file = self._files.get(name)
        if file is None or scope["method"] not in ("GET", "HEAD"):
            await _send(send, 404, [(b"content-type", b"text/plain; charset=utf-8")], b"not found\n")
            return
        asked = dict(scope["headers"])
        lasting = self._urls.get(name) is None
        headers = [
            (b"content-type", file.content_type),
            (b"cache-control", _FOREVER if lasting else _BRIEFLY),
            (b"etag", file.etag),
            (b"vary", b"accept-encoding"),
        ]
        if asked.get(b"if-none-match") == file.etag:
            await _send(send, 304, headers, b"")
            return
        body = file.body
        if file.compressed is not None and b"gzip" in asked.get(b"accept-encoding", b""):
            body = file.compressed
            headers.append((b"content-encoding", b"gzip"))
        headers.append((b"content-length", str(len(body)).encode()))
        await _send(send, 200, headers, b"" if scope["method"] == "HEAD" else body)

    def _add(self, name: str, path: Path) -> None:
        body = path.read_bytes()
        digest = hashlib.sha256(body).hexdigest()[:_DIGITS]
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        textual = kind.startswith(_WORTH_COMPRESSING)
        compressed = gzip.compress(body, 9, mtime=0) if textual and len(body) > 500 else None
        content_type = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
        file = _File(body, compressed, content_type.encode(), f'"{digest}"'.encode())
        stem, dot, extension = name.rpartition(".")
        hashed = f"{stem}.{digest}.{extension}" if dot else f"{name}.{digest}"
        self._files[name] = self._files[hashed] = file
        self._urls[name] = PREFIX + hashed


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
