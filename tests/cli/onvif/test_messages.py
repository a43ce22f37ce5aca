"""What is read out of ONVIF devices' answers, which can be anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.onvif.discovery import addresses_of, read_match
from services.cli.onvif.messages import AnswerError, parsed, scope, url_at
from tests.cli.onvif.onvif_camera import envelope


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("rtsp://10.0.0.1:554/a?b=c", "rtsp://192.0.2.7:554/a?b=c"),
        ("rtsp://admin:geheim@10.0.0.1/a", "rtsp://192.0.2.7/a"),
        ("rtsp://[fe80::1]/a", "rtsp://192.0.2.7/a"),
        ("http://10.0.0.1/a", ""),
        ("rtsp://10.0.0.1:99999/", ""),
        ("rtsp:///a", ""),
        ("rtsp://10.0.0.1/a b", ""),
        ("", ""),
    ],
)
def test_a_url_keeps_its_path_and_gets_the_address_that_answered(text: str, url: str) -> None:
    assert url_at(text, ("rtsp", "rtsps"), "192.0.2.7") == url


def test_scopes_are_unquoted_and_hold_no_control_characters() -> None:
    scopes = "onvif://www.onvif.org/type/video onvif://www.onvif.org/name/Pasar%20Johar%1B%5B31m"
    assert scope(scopes, "name") == "Pasar Johar[31m"
    assert scope(scopes, "hardware") == ""


def test_an_answer_to_somebody_elses_probe_is_none() -> None:
    match = envelope(
        '<d:ProbeMatch xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><d:XAddrs>http://h/</d:XAddrs>'
        "</d:ProbeMatch>",
        '<a:RelatesTo xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing">urn:uuid:1</a:RelatesTo>',
    )
    assert read_match(match, "192.0.2.7", "urn:uuid:2") is None
    found = read_match(match, "192.0.2.7", "urn:uuid:1")
    assert found is not None
    assert found.service_url == "http://192.0.2.7/"


@given(st.binary(max_size=300))
def test_no_bytes_make_a_device_or_a_crash(data: bytes) -> None:
    assert read_match(data, "192.0.2.7", "urn:uuid:1") is None


BOMB = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>'


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"<a", b"<!DOCTYPE a><a/>", b"\xef\xbb\xbf<!DOCTYPE a><a/>", b"<a>\xff</a>"),
        *(BOMB.encode(encoding) for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-7", "utf-32")),
    ],
)
def test_what_is_no_plain_xml_is_refused(data: bytes) -> None:
    with pytest.raises(AnswerError):
        parsed(data)


def test_what_is_utf_8_is_read_as_that_with_or_without_its_mark() -> None:
    for data in ("<a>Loket é</a>", "\ufeff<a>Loket é</a>", '<?xml version="1.0" encoding="latin-1"?><a>Loket é</a>'):
        assert parsed(data.encode()).text == "Loket é"


def test_every_address_of_a_network_but_its_own_and_its_broadcast() -> None:
    assert addresses_of("192.168.1.0/30") == ["192.168.1.1", "192.168.1.2"]
    assert addresses_of("192.168.1.7/32") == ["192.168.1.7"]
    assert addresses_of("multicast") == ["239.255.255.250"]
