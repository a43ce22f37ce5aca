"""Content codings, both ways, in pieces."""

from __future__ import annotations

import gzip
import random

import lz4.frame
import pytest
import zstandard

from deploy.local.clickhouse.compression import chosen_encoding, decoder_for, encoder_for
from deploy.local.clickhouse.errors import ClickHouseError

TEXT = b"Genangan di Simpang Lima. " * 500


@pytest.mark.parametrize("coding", ["", "gzip", "deflate", "lz4", "zstd"])
def test_what_was_encoded_decodes_from_single_bytes(coding: str) -> None:
    encoder, decoder = encoder_for(coding), decoder_for(coding)
    encoded = encoder.encode(TEXT) + encoder.encode(b"") + encoder.encode(TEXT) + encoder.finish()

    assert b"".join(decoder.decode(encoded[n : n + 1]) for n in range(len(encoded))) == TEXT * 2


@pytest.mark.parametrize("coding", ["gzip", "deflate", "lz4", "zstd"])
def test_encoder_holds_nothing_back(coding: str) -> None:
    noise = random.Random(1).randbytes(13_000)  # of what compresses well, lz4's own decoder holds something back

    assert decoder_for(coding).decode(encoder_for(coding).encode(noise)) == noise


@pytest.mark.parametrize(
    ("coding", "twice"),
    [
        ("gzip", gzip.compress(b"a") + gzip.compress(b"b")),
        ("lz4", lz4.frame.compress(b"a") + lz4.frame.compress(b"b")),
        ("zstd", zstandard.compress(b"a") + zstandard.compress(b"b")),
    ],
    ids=["gzip", "lz4", "zstd"],
)
def test_frames_may_follow_each_other(coding: str, twice: bytes) -> None:
    assert decoder_for(coding).decode(twice) == b"ab"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "lz4", "zstd"])
def test_other_bytes_are_an_error(coding: str) -> None:
    with pytest.raises(ClickHouseError, match="CANNOT_DECOMPRESS"):
        decoder_for(coding).decode(b"SELECT 1, and not compressed at all")


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [("gzip, deflate, br, zstd", "zstd"), ("lz4,zstd", "lz4"), ("br", ""), ("", ""), ("gzip;q=0, deflate", "deflate")],
)
def test_fastest_accepted_coding_is_chosen(accepted: str, chosen: str) -> None:
    assert chosen_encoding(accepted) == chosen
