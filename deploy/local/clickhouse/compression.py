"""HTTP content codings as ClickHouse speaks them: gzip, deflate, lz4 (frames), zstd. Both ways, in streams."""

from __future__ import annotations

import zlib
from typing import Protocol

import lz4.frame
import zstandard

from deploy.local.clickhouse.errors import ClickHouseError, clickhouse_error

_PREFERRED = ("lz4", "zstd", "gzip", "deflate")
_GZIP_WBITS = 31
_ZLIB_WBITS = 15
_FAST_LEVEL = 1
"""Loopback is faster than any stronger level."""


class Decoder(Protocol):
    """Takes a stream's compressed bytes in pieces of any size."""

    def decode(self, data: bytes) -> bytes:
        """Give what ``data`` decompresses to, as far as it is complete.

        Raises:
            ClickHouseError: The bytes are not of this coding.
        """


class Encoder(Protocol):
    """Compresses a stream in pieces."""

    def encode(self, data: bytes) -> bytes:
        """Give the next compressed bytes; all of ``data`` is in them."""

    def finish(self) -> bytes:
        """Give the end of the stream."""


class Identity:
    """No coding at all, both ways."""

    def decode(self, data: bytes) -> bytes:
        """Give ``data``."""
        return data

    def encode(self, data: bytes) -> bytes:
        """Give ``data``."""
        return data

    def finish(self) -> bytes:
        """Give nothing."""
        return b""


class _ZlibDecoder:
    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._stream = zlib.decompressobj(wbits)

    def decode(self, data: bytes) -> bytes:
        out = bytearray()
        try:
            while data:
                out += self._stream.decompress(data)
                data = self._stream.unused_data
                if data or self._stream.eof:  # members may follow each other
                    self._stream = zlib.decompressobj(self._wbits)
        except zlib.error as error:
            raise _malformed("gzip", error) from error
        return bytes(out)


class _Lz4Decoder:
    def __init__(self) -> None:
        self._stream = lz4.frame.LZ4FrameDecompressor()

    def decode(self, data: bytes) -> bytes:
        out = bytearray()
        try:
            while data:
                out += self._stream.decompress(data)
                if not self._stream.eof:
                    break
                data = self._stream.unused_data or b""
                self._stream = lz4.frame.LZ4FrameDecompressor()
        except RuntimeError as error:
            raise _malformed("lz4", error) from error
        return bytes(out)


class _ZstdDecoder:
    def __init__(self) -> None:
        self._stream = zstandard.ZstdDecompressor().decompressobj(read_across_frames=True)

    def decode(self, data: bytes) -> bytes:
        try:
            return self._stream.decompress(data)
        except zstandard.ZstdError as error:
            raise _malformed("zstd", error) from error


class _ZlibEncoder:
    def __init__(self, wbits: int) -> None:
        self._stream = zlib.compressobj(_FAST_LEVEL, zlib.DEFLATED, wbits)

    def encode(self, data: bytes) -> bytes:
        return self._stream.compress(data) + self._stream.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._stream.flush()


class _Lz4Encoder:
    def __init__(self) -> None:
        self._stream = lz4.frame.LZ4FrameCompressor(auto_flush=True)
        self._begin: bytes = self._stream.begin()

    def encode(self, data: bytes) -> bytes:
        begin, self._begin = self._begin, b""
        return begin + bytes(self._stream.compress(data))

    def finish(self) -> bytes:
        return self._begin + bytes(self._stream.flush())


class _ZstdEncoder:
    def __init__(self) -> None:
        self._stream = zstandard.ZstdCompressor(level=_FAST_LEVEL).compressobj()

    def encode(self, data: bytes) -> bytes:
        return self._stream.compress(data) + self._stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def finish(self) -> bytes:
        return self._stream.flush()


def decoder_for(content_encoding: str) -> Decoder:
    """Give the decoder of a request's ``Content-Encoding``.

    Raises:
        ClickHouseError: The coding is not known here.
    """
    match content_encoding.strip().lower():
        case "" | "identity":
            return Identity()
        case "gzip" | "x-gzip":
            return _ZlibDecoder(_GZIP_WBITS)
        case "deflate":
            return _ZlibDecoder(_ZLIB_WBITS)
        case "lz4":
            return _Lz4Decoder()
        case "zstd":
            return _ZstdDecoder()
    raise clickhouse_error(89, "UNKNOWN_COMPRESSION_METHOD", f"Unknown compression method {content_encoding}")


def chosen_encoding(accept_encoding: str) -> str:
    """Give the coding of the answer, the fastest of what the client accepts; empty: none."""
    accepted = {part.split(";")[0].strip().lower() for part in accept_encoding.split(",") if "q=0" not in part}
    return next((name for name in _PREFERRED if name in accepted), "")


def encoder_for(encoding: str) -> Encoder:
    """Give the encoder that ``chosen_encoding`` named."""
    match encoding:
        case "gzip":
            return _ZlibEncoder(_GZIP_WBITS)
        case "deflate":
            return _ZlibEncoder(_ZLIB_WBITS)
        case "lz4":
            return _Lz4Encoder()
        case "zstd":
            return _ZstdEncoder()
    return Identity()


def _malformed(coding: str, error: Exception) -> ClickHouseError:
    return clickhouse_error(354, "CANNOT_DECOMPRESS", f"the request body is not {coding}: {error}")
