"""Ports of this machine."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest

from deploy.local.ports import claimed, free_port, is_free
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


def test_no_port_is_given_twice_before_whoever_got_it_listens() -> None:
    assert len({free_port() for _ in range(300)}) == 300


def test_neighbours_that_keep_to_their_shares_never_get_one_port() -> None:
    """In processes of their own: a share is a process's."""
    program = (
        "import sys; from deploy.local.ports import free_port, keep_to_share;"
        "keep_to_share(int(sys.argv[1]), 3); print([free_port() for _ in range(2_000)])"
    )
    drawn = [
        json.loads(subprocess.run([sys.executable, "-c", program, number], capture_output=True, check=True).stdout)
        for number in "012"
    ]
    assert all(20_000 <= port < 32_000 for ports in drawn for port in ports)
    assert len({port for ports in drawn for port in ports}) == 6_000
