from __future__ import annotations

import struct
import time

import cv2
import numpy as np
import pytest
import simplejpeg

from services.detect.decode import JpegLimits, decode, read_size
from services.runtime.errors import InvalidMessageError
from tests.detect.pictures import jpeg_of, street_bgr

LIMITS = JpegLimits()


def with_claimed_size(jpeg: bytes, height: int, width: int) -> bytes:
    """Write another size into the frame header (SOF0), where a decoder would believe it."""
    at = jpeg.index(b"\xff\xc0")
    return jpeg[: at + 5] + struct.pack(">HH", height, width) + jpeg[at + 9 :]


def refusal(jpeg: bytes, limits: JpegLimits = LIMITS) -> InvalidMessageError:
    with pytest.raises(InvalidMessageError) as caught:
        decode(jpeg, read_size(jpeg, limits))
    return caught.value


def test_the_size_is_read_from_the_header() -> None:
    assert read_size(jpeg_of(street_bgr()), LIMITS) == (360, 640)


def test_a_200_megapixel_jpeg_is_refused_by_its_header() -> None:
    jpeg = with_claimed_size(jpeg_of(street_bgr()), 14_000, 14_500)
    started = time.process_time()
    error = refusal(jpeg)
    assert error.reason == "refused"
    assert "14500 x 14000 px" in error.detail
    assert time.process_time() - started < 0.1


def test_a_50_mb_jpeg_is_refused_before_its_header_is_read() -> None:
    error = refusal(jpeg_of(street_bgr()) + bytes(50_000_000))
    assert error.reason == "refused"
    assert "bytes" in error.detail


@pytest.mark.parametrize(("height", "width"), [(65_000, 20), (8, 200), (3_000, 290)])
def test_slivers_are_refused(height: int, width: int) -> None:
    assert refusal(with_claimed_size(jpeg_of(street_bgr()), height, width)).reason == "refused"


def test_hundreds_of_scans_are_refused() -> None:
    jpeg = jpeg_of(street_bgr())
    assert refusal(jpeg[:-2] + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" * 500 + jpeg[-2:]).reason == "refused"


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"<html>404</html>" * 20, b"\x89PNG\r\n\x1a\n" + bytes(100)])
def test_what_is_no_jpeg_is_undecodable(data: bytes) -> None:
    assert refusal(data).reason == "undecodable"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_part_of_a_jpeg_is_undecodable(share: float) -> None:
    jpeg = jpeg_of(street_bgr())
    assert refusal(jpeg[: int(len(jpeg) * share)]).reason == "undecodable"


def test_padding_between_segments_does_no_harm() -> None:
    jpeg = jpeg_of(street_bgr())
    padded = jpeg[:-2] + bytes(7) + jpeg[-2:]
    assert decode(padded, (360, 640)).image_bgr.shape == (360, 640, 3)


def test_padding_after_the_end_does_no_harm() -> None:
    jpeg = jpeg_of(street_bgr())
    assert decode(jpeg[:-2] + bytes(7) + jpeg[-2:] + bytes(20), (360, 640)).image_bgr.shape == (360, 640, 3)


@pytest.mark.parametrize("tail", [b"", bytes(50)])
def test_a_jpeg_that_is_padded_and_cut_is_undecodable(tail: bytes) -> None:
    jpeg = cv2.imencode(".jpg", street_bgr(), [cv2.IMWRITE_JPEG_RST_INTERVAL, 40])[1].tobytes()
    restart = jpeg.index(b"\xff\xd0", jpeg.index(b"\xff\xda"))
    padded = jpeg[:restart] + bytes(7) + jpeg[restart:]
    assert decode(padded, (360, 640)).image_bgr.shape == (360, 640, 3)
    assert refusal(padded[: len(padded) // 2] + tail).reason == "undecodable"


def test_scaled_decoding_keeps_the_pixels_that_are_needed() -> None:
    jpeg = jpeg_of(street_bgr(720, 1280))
    picture = decode(jpeg, (720, 1280), least_hw=(234, 416))
    assert (picture.height, picture.width) == (720, 1280)
    assert picture.image_bgr.shape == (270, 480, 3)


def test_a_picture_smaller_than_needed_is_decoded_whole() -> None:
    picture = decode(jpeg_of(street_bgr()), (360, 640), least_hw=(500, 889))
    assert picture.image_bgr.shape == (360, 640, 3)


def test_grey_jpegs_are_decoded() -> None:
    jpeg = bytes(simplejpeg.encode_jpeg(np.full((64, 64, 1), 77, np.uint8), colorspace="GRAY"))
    image = decode(jpeg, read_size(jpeg, LIMITS)).image_bgr
    assert image.shape == (64, 64, 3)
    assert np.abs(image.astype(int) - 77).max() <= 2
