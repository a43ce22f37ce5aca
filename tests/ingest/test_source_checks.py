"""What is wrong with a camera's source, and what is only advised against."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.cameras import Source, Token
from services.ingest.registry.source_checks import check_source

TOKEN = Token("https://cctv.example/token", field="data.token")


def source(kind: Any = "hls", url: str = "https://cctv.example/gate.m3u8", **changes: Any) -> Source:
    return Source(kind, url, **changes)


def faults(entry: Source) -> list[tuple[str, str]]:
    return [(".".join(map(str, path)), text) for path, text in check_source(entry)[0]]


@pytest.mark.parametrize(
    "entry",
    [
        source("rtsp", "rtsp://10.0.0.2/Streaming/Channels/101", transport="udp", secret="gate"),
        source("rtsp", "rtsps://10.0.0.2/s", verify_tls=False),
        source("snapshot", "http://10.0.0.2/jpg", secret="gate"),
        source(headers={"Referer": "https://cctv.example/", "Origin": "https://cctv.example"}),
        source(url="https://cctv.example/gate.m3u8?token={token}", token=TOKEN),
        source(headers={"Authorization": "Bearer {token}"}, token=TOKEN),
        source("mjpeg", "http://10.0.0.2/v?t={token}", token=TOKEN, verify_tls=False),
    ],
)
def test_sources_that_are_right(entry: Source) -> None:
    assert faults(entry) == []


@pytest.mark.parametrize(
    ("entry", "path", "text"),
    [
        (source(transport="udp"), "transport", "is for rtsp sources"),
        (source("file", "a.mp4", transport="udp"), "transport", "is for rtsp sources"),
        (source("rtsp", "rtsp://h/", headers={"Referer": "x"}), "headers", "are for HTTP"),
        (source("stills", "a", headers={"Referer": "x"}), "headers", "are for HTTP"),
        (source(headers={"Authorization": "Basic YTpi"}), "headers.Authorization", "is a credential"),
        (source(headers={"cookie": "session=1"}), "headers.cookie", "is a credential"),
        (source(headers={"X-Api-Key": "abc"}), "headers.X-Api-Key", "is a credential"),
        (source(headers={"X-Auth-Token": "abc"}), "headers.X-Auth-Token", "is a credential"),
        (source(headers={"Referer": "https://u:geheim@h/"}), "headers.Referer", "password or key in it"),
        (source(headers={"Referer": "a\r\nX: b"}), "headers.Referer", "characters that HTTP forbids"),
        (source(headers={"Re ferer": "a"}), "headers.Re ferer", "characters that HTTP forbids"),
        (source(headers={"Host": "other"}), "headers.Host", "can't be set"),
        (source(url="https://h/a?k={token}"), "", "no 'token' that says where it is fetched"),
        (source(token=TOKEN), "token", "is used nowhere"),
        (source("rtsp", "rtsp://h/{token}", token=TOKEN), "token", "is for HTTP"),
        (source(url="https://{token}.h/a", token=TOKEN), "url", "in its host"),
        (source(url="https://h/a?token=abc"), "url", "holds 'token' in its query"),
        (source(url="https://h/{token}", token=Token("ftp://h/")), "token.url", "must start with http"),
        (source(url="https://h/{token}", token=Token("https://u:p@h/")), "token.url", "holds a user or password"),
        (source(url="https://h/{token}", token=Token("https://h/?key=1")), "token.url", "holds 'key'"),
        (source(url="https://h/{token}", token=Token("https://h/{token}")), "token.url", "holds {token} itself"),
        (source(url="https://h/{token}", token=Token("https://h/", "a..b")), "token.field", "single dots"),
        (source("mjpeg", "http://10.0.0.2/v", verify_tls=False), "verify_tls", "is for https:// and rtsps://"),
        (source("file", "a.mp4", verify_tls=False), "verify_tls", "is for https:// and rtsps://"),
    ],
)
def test_sources_that_are_wrong(entry: Source, path: str, text: str) -> None:
    found = faults(entry)
    assert [(at, text in said) for at, said in found] == [(path, True)], found
    assert "geheim" not in str(found)


def test_a_certificate_that_is_not_checked_is_warned_of() -> None:
    errors, warnings = check_source(source(verify_tls=False))
    assert errors == []
    assert [path for path, _ in warnings] == [("verify_tls",)]
