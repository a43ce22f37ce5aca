from __future__ import annotations

import pytest

from services.runtime.logging import redact_url


@pytest.mark.parametrize(
    ("url", "redacted"),
    [
        ("rtsp://admin:s3cret@10.0.0.7:554/live", "rtsp://***@10.0.0.7:554/live"),
        ("error at http://user@host/x and rtsp://a:b@c/d", "error at http://***@host/x and rtsp://***@c/d"),
        ("http://host/path@2x.jpg", "http://host/path@2x.jpg"),
        ("http://user:p@ss@host/x", "http://***@host/x"),
        ("/videos/a.avi", "/videos/a.avi"),
    ],
)
def test_credentials_are_taken_out_of_urls(url: str, redacted: str) -> None:
    assert redact_url(url) == redacted
