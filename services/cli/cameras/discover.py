"""``tilik cameras discover``: find cameras in a network by ONVIF."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Sequence

import click
import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from schemas.cameras import Source
from services.cli.cameras.cells import cell
from services.cli.cameras.credentials import ASKED, asked_secret
from services.cli.cameras.probe_entry import entry_lines
from services.cli.onvif.device import DeviceError, OnvifDevice, Profile
from services.cli.onvif.discovery import MULTICAST, PORT, Device, addresses_of, find_devices
from services.ingest.network_policy import NetworkPolicy
from services.ingest.registry.file import LIST_KEY
from services.ingest.secret_store import Secret, SecretStore
from services.ingest.settings import IngestSettings
from services.ingest.source_errors import SourceError
from services.runtime.errors import ConfigurationError
from services.runtime.settings import load_settings

_AT_ONCE = 16
"""Devices that are asked at the same time."""


class Found(msgspec.Struct, frozen=True):
    """A device, its streams, and why there are none, where it was asked and did not tell."""

    device: Device
    profiles: tuple[Profile, ...]
    fault: str = ""


@click.command()
@click.option("--network", default="multicast", show_default=True, metavar="NET", help="Or such as 192.168.1.0/24.")
@click.option("--secret", default="", metavar="NAME", help="A secret of ingest, to ask cameras for their streams.")
@click.option("--user", metavar="USER", help="Instead of --secret; the password is asked for, and kept nowhere.")
@click.option("--seconds", type=click.FloatRange(0.2, 60), default=3.0, show_default=True, help="To wait for answers.")
@click.option("--allow-network", "networks", multiple=True, metavar="NET", help="As for probe.")
@click.option("--port", type=click.IntRange(1, 65_535), default=PORT, show_default=True, help="UDP port to ask.")
@click.option("--json", "as_json", is_flag=True, help="Print an object a camera, one a line.")
def command(  # noqa: PLR0913  (one for each option)
    *,
    network: str,
    secret: str,
    user: str | None,
    seconds: float,
    networks: tuple[str, ...],
    port: int,
    as_json: bool,
) -> None:
    """Find cameras that speak ONVIF, by WS-Discovery.

    A multicast finds cameras in this machine's own network. Cameras behind a router are found by --network, which asks
    each address (at most 4,096). Without a user only addresses and names are told; with one, each camera is asked for
    its streams, and the entry of its first stream is printed, to paste into a cameras.yaml. Probe it before.

    Ask only networks that are the city's own: a probe to each address is what an attack begins with, too. Addresses
    follow the rule of ingest (TILIK_INGEST_ALLOWED_NETWORKS, --allow-network).

    \b
    tilik cameras discover
    tilik cameras discover --network 10.20.0.0/24 --user onvif
    """
    settings = load_settings(IngestSettings)
    policy = NetworkPolicy(settings.allowed_schemes, (*settings.allowed_networks, *networks))
    addresses = _allowed(addresses_of(network), policy)
    store = asked_secret(user, secret) or SecretStore(settings.secrets_dir, settings.secrets)
    with Console(stderr=True).status(cell(f"asking {network} …")):
        found = asyncio.run(_discover(addresses, seconds, port, _secret(store, ASKED if user else secret), policy))
    if as_json:
        for one in found:
            click.echo(json.dumps(msgspec.to_builtins(one), ensure_ascii=False))
        return
    named = secret or ("onvif" if user else "")
    _show(found, named, asked=bool(named))


def _allowed(addresses: list[str], policy: NetworkPolicy) -> list[str]:
    allowed = [one for one in addresses if one == MULTICAST or policy.allows(ipaddress.ip_address(one))]
    if not allowed:
        raise ConfigurationError("cameras may not be in that network: --allow-network says that they may")
    return allowed


def _secret(store: SecretStore, name: str) -> Secret | None:
    try:
        return store.find(name)
    except SourceError as error:
        raise ConfigurationError(error.detail) from error


async def _discover(
    addresses: Sequence[str], seconds: float, port: int, secret: Secret | None, policy: NetworkPolicy
) -> list[Found]:
    # An answer can come from an address that was not asked: it must be allowed as well.
    answered = await find_devices(addresses, seconds, port)
    devices = [device for device in answered if policy.allows(ipaddress.ip_address(device.address))]
    if secret is None:
        return [Found(device, ()) for device in devices]
    turn = asyncio.Semaphore(_AT_ONCE)
    return list(await asyncio.gather(*(_asked(device, secret, turn) for device in devices)))


async def _asked(device: Device, secret: Secret, turn: asyncio.Semaphore) -> Found:
    async with turn, OnvifDevice(device, secret) as asked:
        try:
            return Found(device, tuple(await asked.profiles()))
        except DeviceError as error:
            return Found(device, (), str(error))
        except Exception as error:
            # What a device sends can break the HTTP library in ways it does not declare, as a digest algorithm that it
            # does not know does; one device may not cost the answers of all others.
            return Found(device, (), f"its answer can't be understood: {type(error).__name__}: {error}")


def _show(found: Sequence[Found], secret: str, asked: bool) -> None:
    if found:
        Console().print(devices_table(found))
    with_streams = [one for one in found if one.profiles]
    if with_streams:
        click.echo("Entries, for a cameras.yaml (probe each first; the secret must be one of ingest's):\n")
        click.echo(entries(with_streams, secret))
    elif found and not asked:
        click.echo("--user USER asks them for their streams")
    elif not found:
        click.echo("nobody answered: is ONVIF switched on in the cameras, and UDP 3702 let through?")


def devices_table(found: Sequence[Found]) -> Table:
    """Give the devices with their streams as a table."""
    title = "1 camera" if len(found) == 1 else f"{len(found)} cameras"
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", title_style="bold")
    for heading in ("address", "name", "stream", "picture", "RTSP", "snapshot"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "address")
    for one in found:
        name = " ".join(part for part in (one.device.name, one.device.hardware) if part)
        if not one.profiles:
            table.add_row(*map(cell, (one.device.address, name, one.fault)))
        for index, profile in enumerate(one.profiles):
            size = f"{profile.encoding} {profile.width}×{profile.height}, {profile.frames_per_second:g} fps"
            own = (one.device.address, name) if index == 0 else ("", "")
            table.add_row(*map(cell, (*own, profile.name, size, profile.stream_url, profile.snapshot_url)))
    return table


def entries(found: Sequence[Found], secret: str) -> str:
    """Give a cameras.yaml with the first stream of each device: by ONVIF's convention the main one."""
    sources = [Source("rtsp", one.profiles[0].stream_url) for one in found]
    return f"{LIST_KEY}:\n" + "".join(entry_lines(source, secret) for source in sources)
