"""Ports of this machine."""

from __future__ import annotations

import itertools
import os
import socket

import pytest

from deploy.local.ports import SHARE, claimed, free_port, is_free
from services.runtime.errors import ConfigurationError

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_port_in_foreign_hands_is_refused_with_its_holder(address: str) -> None:
    with socket.create_server((address, 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)

        with pytest.raises(
            ConfigurationError, match=rf"port {port}, wanted for Kafka, is taken by process {os.getpid()} \("
        ):
            claimed(port, "Kafka")


def test_zero_gives_a_free_port() -> None:
    port = claimed(0, "Kafka")

    assert is_free(port)
    assert claimed(port, "Kafka") == port


def test_free_ports_lie_below_those_of_outgoing_connections() -> None:
    assert all(20_000 <= free_port() <= 32_000 for _ in range(20))


def test_no_port_is_given_twice_before_whoever_got_it_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SHARE, raising=False)
    assert len({free_port() for _ in range(300)}) == 300


def test_neighbours_that_keep_to_their_shares_never_get_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    for share in ("1/3", "2/3", "3/3"):
        monkeypatch.setenv(SHARE, share)
        drawn.append({free_port() for _ in range(50)})
    assert all(max(lower) < min(higher) for lower, higher in itertools.pairwise(drawn))
    assert all(20_000 <= port < 32_000 for ports in drawn for port in ports)
