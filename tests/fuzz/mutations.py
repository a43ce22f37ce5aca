"""Structure-aware inputs: valid ones, changed in a few places the way a broken or hostile camera would.

``TILIK_FUZZ_EXAMPLES`` multiplies how many there are of each: 1 in continuous integration, 100 for a night.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

_FACTOR = float(os.environ.get("TILIK_FUZZ_EXAMPLES", "1"))
_LONGEST = 60_000
"""Bytes of one input: longer than every limit on headers, short enough for thousands of inputs."""

_NUMBERS = (b"0", b"-1", b"1", b"255", b"65536", b"4294967296", b"99999999999999999999", b"1e999", b"nan", b"0x1f")
_BYTES = (
    b"\x00",
    b"\xff",
    b"\r\n",
    b"\n",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b'"',
    b"'",
    b"=",
    b":",
    b",",
    b";",
    b"%",
    b"{",
    b"[",
)


def bounded(examples: int) -> Callable[[Any], Any]:
    """Give the decorator for a fuzz test of ``examples`` inputs; without Hypothesis' own limits on time."""
    phases = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
    return settings(
        max_examples=max(1, round(examples * _FACTOR)),
        deadline=None,
        phases=phases,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@st.composite
def mutated(draw: DrawFn, seeds: Sequence[bytes], words: Sequence[bytes] = (), most_changes: int = 6) -> bytes:
    """Give one of ``seeds`` after some changes; ``words`` mean something to the format."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, most_changes))):
        data = _changed(draw, data, seeds, words)[:_LONGEST]
    return data


def _changed(draw: DrawFn, data: bytes, seeds: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    start = draw(st.integers(0, len(data)))
    end = min(len(data), start + draw(st.sampled_from((0, 1, 2, 4, 16, 64, 1024))))
    head, middle, tail = data[:start], data[start:end], data[end:]
    new = draw(
        st.one_of(
            st.binary(min_size=1, max_size=8),
            st.sampled_from((b"", *words, *_BYTES, *_NUMBERS)),
            st.sampled_from((2, 3, 50, 1000)).map(middle.__mul__),
        )
    )
    match draw(st.integers(0, 5)):
        case 0:
            other = draw(st.sampled_from(seeds))
            return head + other[draw(st.integers(0, len(other))) :]
        case 1:
            return head
        case 2:
            return _number_changed(draw, data)
        case _:
            return head + new + tail


def _number_changed(draw: DrawFn, data: bytes) -> bytes:
    """Replace one of the numbers in ``data``: lengths, counts and times are what parsers trust."""
    places = [index for index, byte in enumerate(data[:4096]) if 0x30 <= byte <= 0x39]
    if not places:
        return data
    start = draw(st.sampled_from(places))
    end = start
    while end < len(data) and 0x30 <= data[end] <= 0x39:
        end += 1
    return data[:start] + draw(st.sampled_from(_NUMBERS)) + data[end:]


@st.composite
def pieces(draw: DrawFn, whole: SearchStrategy[bytes]) -> list[bytes]:
    """Give an input cut as a network cuts it: somewhere, often within a line or a length."""
    data = draw(whole)
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=5)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
