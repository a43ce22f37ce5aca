from __future__ import annotations

import asyncio
import ipaddress
from urllib.parse import urlsplit

import pytest

from services.ingest.network_policy import NetworkPolicy
from services.ingest.settings import IngestSettings
from services.ingest.source_errors import SourceRefused
from services.runtime.errors import ConfigurationError

DEFAULTS = IngestSettings.model_fields["allowed_networks"].default


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
def test_an_address_is_checked_after_the_name_is_resolved() -> None:
    policy = NetworkPolicy(["http"], DEFAULTS)
    with pytest.raises(SourceRefused, match="address_not_allowed"):
        asyncio.run(policy.resolve(urlsplit("http://localhost/")))
