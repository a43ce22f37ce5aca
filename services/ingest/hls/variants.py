"""Which rendition of a stream is read."""

from __future__ import annotations

from services.ingest.hls.playlist import MasterPlaylist, Variant
from services.ingest.source_errors import SourceFailed, SourceRefused

_ENOUGH_LINES = 720
"""Detectors see no more in a larger picture: they shrink it to 640 px, or 1,280 px in tiles."""
_VIDEO = ("avc1", "avc3", "hvc1", "hev1")


def choose_variant(playlist: MasterPlaylist, largest_pixels: int) -> Variant:
    """Give the smallest rendition of at least 720 lines, or else the largest one.

    Only those are looked at that are H.264 or H.265 by their ``CODECS``, or tell none, and whose pictures have no more
    than ``largest_pixels``. Where no size is told, it is the first one: RFC 8216 has servers put there what fits most.

    Raises:
        SourceFailed: There is none.
        SourceRefused: All of them are too large, or of other codecs.
    """
    if not playlist.variants:
        raise SourceFailed("playlist", "the master playlist lists no stream")
    readable = [variant for variant in playlist.variants if _is_readable(variant)]
    if not readable:
        raise SourceRefused("wrong_codec", "no stream of the master playlist is H.264 or H.265")
    fitting = [variant for variant in readable if variant.width * variant.height <= largest_pixels]
    if not fitting:
        raise SourceRefused("too_large", f"every stream of the master playlist has more than {largest_pixels} px")
    sized = sorted((v for v in fitting if v.height), key=lambda v: (v.height, v.width, v.bits_per_second))
    if not sized:
        return fitting[0]
    return next((variant for variant in sized if variant.height >= _ENOUGH_LINES), sized[-1])


def _is_readable(variant: Variant) -> bool:
    codecs = [codec.strip().lower() for codec in variant.codecs.split(",") if codec.strip()]
    return not codecs or any(codec.startswith(_VIDEO) for codec in codecs)
