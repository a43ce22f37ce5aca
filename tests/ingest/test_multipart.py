from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.http.multipart import MultipartError, MultipartParser, boundary_of

BODIES = st.lists(st.binary(min_size=1, max_size=200).filter(lambda b: b"--edge" not in b and not b.endswith(b"\r")))


@given(BODIES, st.booleans(), st.integers(1, 50))
def test_parts_come_out_whole_however_the_stream_is_cut(bodies: list[bytes], lengths: bool, step: int) -> None:
    stream = b"preamble\r\n"
    for body in bodies:
        length = b"Content-Length: %d\r\n" % len(body) if lengths else b""
        stream += b"--edge\r\nContent-Type: image/jpeg\r\n" + length + b"\r\n" + body + b"\r\n"
    stream += b"--edge--\r\n"
    parser = MultipartParser(b"--edge", 1000)
    parts = [part for at in range(0, len(stream), step) for part in parser.feed(stream[at : at + step])]
    assert parts == bodies


@pytest.mark.parametrize(
    ("content_type", "delimiter"),
    [
        ("multipart/x-mixed-replace; boundary=edge", b"--edge"),
        ("multipart/x-mixed-replace;boundary=--edge", b"--edge"),
        ('multipart/x-mixed-replace; boundary="my edge"', b"--my edge"),
    ],
)
def test_boundaries_are_read_as_cameras_write_them(content_type: str, delimiter: bytes) -> None:
    assert boundary_of(content_type) == delimiter


PARTS = [b"\xff\xd8one\xff\xd9", b"\xff\xd8two\xff\xd9"]


@pytest.mark.parametrize(
    "stream",
    [
        b"hello\r\n\r\n--edge\r\nContent-Type: image/jpeg\r\n\r\n%s\r\n--edge\r\n\r\n%s\r\n--edge--",
        b"----edge\nContent-Type: image/jpeg\n\n%s\n----edge\n\n%s\n----edge--",
        b"--other\r\nContent-Type: image/jpeg\r\n\r\n%s\r\n--other\r\nX: y\r\n\r\n%s\r\n--other--",
        b"--edge\r\nContent-Type: image/jpeg\r\n\r\n%s--edge\r\nContent-Type: image/jpeg\r\n\r\n%s--edge",
    ],
    ids=["preamble", "more dashes and bare line feeds", "another boundary than announced", "no line break before it"],
)
def test_odd_streams_of_cheap_cameras_are_cut_right(stream: bytes) -> None:
    whole = stream % tuple(PARTS)
    parser = MultipartParser(b"--edge", 1000)
    parts = [part for byte in whole for part in parser.feed(bytes([byte]))]
    assert parts == PARTS


def test_a_stream_without_a_boundary_is_an_error() -> None:
    with pytest.raises(MultipartError):
        boundary_of("image/jpeg")
    with pytest.raises(MultipartError):
        MultipartParser(b"--edge", 1000).feed(bytes(10_000))


@pytest.mark.parametrize("header", [b"Content-Length: 2000\r\n", b""])
def test_a_part_that_is_too_large_is_an_error_before_it_is_complete(header: bytes) -> None:
    parser = MultipartParser(b"--edge", 1000)
    with pytest.raises(MultipartError):
        parser.feed(b"--edge\r\n" + header + b"\r\n" + bytes(1500))


@given(st.lists(st.binary(max_size=100)))
def test_no_bytes_raise_anything_else(chunks: list[bytes]) -> None:
    parser = MultipartParser(b"--e", 100)
    try:
        for chunk in chunks:
            parser.feed(b"--e\n\n" + chunk)
    except MultipartError:
        pass
