from __future__ import annotations

import asyncio
import ipaddress
from urllib.parse import urlsplit

import pytest

from services.ingest import name_lookup
from services.ingest.network_policy import NetworkPolicy
from services.ingest.settings import IngestSettings
from services.ingest.source_errors import SourceFailed, SourceRefused
from services.runtime.errors import ConfigurationError

DEFAULTS: tuple[str, ...] = IngestSettings.model_fields["allowed_networks"].default


class Names:
    """A resolver whose one name has the addresses that a test gives it, once ``may_answer`` is set."""

    def __init__(self, addresses: list[str]) -> None:
        self.addresses = addresses
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def look_up(self, host: str) -> list[str]:
        self.asked += 1
        await self.may_answer.wait()
        if not self.addresses:
            raise OSError("Name or service not known")
        return self.addresses


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("10.20.0.15", True),
        ("192.168.1.9", True),
        ("8.8.8.8", True),
        ("127.0.0.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", True),
        ("169.254.169.254", False),
        ("fe80::1", False),
        ("fd00:ec2::254", False),
        ("100.100.100.200", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("2606:4700::1111", True),
        ("::", False),
        ("::127.0.0.1", False),
        ("::8.8.8.8", False),
        ("::ffff:169.254.169.254", False),
        ("2002:7f00:1::", False),
        ("2002:808:808::1", True),
        ("2002:a9fe:a9fe::1", False),
        ("64:ff9b::127.0.0.1", False),
        ("64:ff9b::169.254.169.254", False),
        ("64:ff9b::8.8.8.8", True),
        ("64:ff9b:1::7f00:1", False),
        ("2001:0:4136:e378:8000:63bf:80ff:fffe", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("4000::1", False),
    ],
)
def test_by_default_cameras_are_on_public_and_private_networks_and_nowhere_else(address: str, allowed: bool) -> None:
    policy = NetworkPolicy(["http"], DEFAULTS)
    assert policy.allows(ipaddress.ip_address(address)) is allowed


def test_a_named_network_is_allowed_and_nothing_besides() -> None:
    policy = NetworkPolicy(["http"], ["10.1.0.0/16"])
    assert policy.allows(ipaddress.ip_address("10.1.2.3"))
    assert not policy.allows(ipaddress.ip_address("10.2.2.3"))
    assert not policy.allows(ipaddress.ip_address("8.8.8.8"))


def test_a_network_that_is_none_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="everywhere"):
        NetworkPolicy(["http"], ["everywhere"])


@pytest.mark.parametrize("url", ["ftp://10.0.0.1/x", "file:///etc/passwd", "http:///x", "http://10.0.0.1:99999/", "x"])
def test_other_schemes_and_malformed_urls_are_refused(url: str) -> None:
    with pytest.raises(SourceRefused):
        NetworkPolicy(["http", "https"], DEFAULTS).check_url(url)


@pytest.mark.integration
@pytest.mark.parametrize(
    "host", ["2130706433", "0177.0.0.1", "0x7f.1", "0x7f000001", "127.1", "0", "[::ffff:7f00:1]", "[::1]", "127.0.0.1."]
)
def test_however_a_forbidden_address_is_written_it_is_refused(host: str) -> None:
    policy = NetworkPolicy(["http"], DEFAULTS)
    with pytest.raises((SourceRefused, SourceFailed), match=r"address_not_allowed|dns"):
        asyncio.run(policy.resolve(policy.check_url(f"http://{host}/x")))


def test_of_a_name_with_several_addresses_the_allowed_ones_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(["127.0.0.1", "10.0.0.7", "169.254.169.254", "8.8.8.8"])
    monkeypatch.setattr(name_lookup, "look_up", names.look_up)
    policy = NetworkPolicy(["http"], DEFAULTS)
    found = asyncio.run(policy.resolve(urlsplit("http://cam.example/")))
    assert [(place.address, place.port, place.is_public) for place in found] == [
        ("10.0.0.7", 80, False),
        ("8.8.8.8", 80, True),
    ]
    names.addresses = ["127.0.0.1", "169.254.169.254"]
    with pytest.raises(SourceRefused, match="address_not_allowed"):
        asyncio.run(policy.resolve(urlsplit("http://cam.example/")))


def test_a_name_is_looked_up_once_for_all_who_wait_and_goes_on_for_the_next_when_one_gives_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work() -> int:
        names = Names(["10.0.0.7"])
        monkeypatch.setattr(name_lookup, "look_up", names.look_up)
        names.may_answer.clear()
        policy = NetworkPolicy(["http", "rtsp"], DEFAULTS)
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await policy.resolve(urlsplit("http://cam.example/"))
        waiting = asyncio.gather(
            policy.resolve(urlsplit("http://cam.example:8080/")),
            policy.speaking("rtsp").resolve(urlsplit("rtsp://cam.example/")),
        )
        await asyncio.sleep(0)
        names.may_answer.set()
        assert [place.port for [place] in await waiting] == [8080, 554]
        names.addresses = []
        with pytest.raises(SourceFailed, match="dns"):
            await policy.resolve(urlsplit("http://cam.example/"))
        return names.asked

    assert asyncio.run(work()) == 2, "one for the five, one after its end"


@pytest.mark.integration
def test_an_address_is_checked_after_the_name_is_resolved() -> None:
    policy = NetworkPolicy(["http"], DEFAULTS)
    with pytest.raises(SourceRefused, match="address_not_allowed"):
        asyncio.run(policy.resolve(urlsplit("http://localhost/")))


@pytest.mark.parametrize(
    ("spoken", "url"), [(("http", "https"), "rtsp://192.0.2.1/x"), (("rtsp",), "http://192.0.2.1/x")]
)
def test_a_client_is_led_to_no_scheme_that_it_does_not_speak(spoken: tuple[str, ...], url: str) -> None:
    policy = NetworkPolicy(["http", "https", "rtsp"], DEFAULTS)
    policy.check_url(url)
    with pytest.raises(SourceRefused, match="scheme_not_allowed"):
        policy.speaking(*spoken).check_url(url)
