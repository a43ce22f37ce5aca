"""Discovery of ONVIF cameras, against a small device on loopback."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from services.cli.cameras.discover import Found, command, devices_table
from services.cli.onvif.device import DeviceError, OnvifDevice, Profile
from services.cli.onvif.discovery import Device, find_devices
from services.ingest.registry.file import parse_registry
from services.ingest.secret_store import Secret
from tests.cli.onvif.onvif_camera import PASSWORD, USER, OnvifCamera

pytestmark = pytest.mark.integration


@pytest.fixture
def camera(request: pytest.FixtureRequest) -> Iterator[OnvifCamera]:
    found = OnvifCamera(getattr(request, "param", "good"))
    yield found
    found.close()


def discover(camera: OnvifCamera, *arguments: str, password: str | None = None) -> Result:
    there = ["--network", "127.0.0.1/32", "--allow-network", "loopback", "--port", str(camera.udp_port)]
    return CliRunner().invoke(command, [*there, "--seconds", "0.6", *arguments], input=password)


def test_cameras_are_found_by_name_and_only_where_they_answered_from(camera: OnvifCamera) -> None:
    [device] = asyncio.run(find_devices(["127.0.0.1"], 0.6, camera.udp_port))
    wanted = f"http://127.0.0.1:{camera.port}/onvif/device_service"
    assert device == Device("127.0.0.1", wanted, "Pasar Johar", "XC-200")
    assert "--user USER asks them for their streams" in discover(camera).output
    assert camera.asked == []


def test_each_stream_is_told_and_the_first_becomes_an_entry(camera: OnvifCamera) -> None:
    result = discover(camera, "--user", USER, password=f"{PASSWORD}\n")
    assert result.exit_code == 0, result.output
    assert PASSWORD not in result.stdout
    text = result.stdout[result.stdout.index("cameras:") :]
    file = parse_registry(text, Path("/srv/cameras.yaml"))
    assert file.faults == ()
    assert [(one.source.kind, one.source.url, one.source.secret) for one in file.cameras] == [
        ("rtsp", "rtsp://127.0.0.1:554/main", "onvif")
    ]


def test_json_has_sizes_rates_and_snapshots(camera: OnvifCamera) -> None:
    result = discover(camera, "--user", USER, "--json", password=f"{PASSWORD}\n")
    [found] = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    assert [(p["name"], p["width"], p["frames_per_second"], p["snapshot_url"]) for p in found["profiles"]] == [
        ("main", 1920, 25, "http://127.0.0.1/snap.jpg"),
        ("sub", 640, 10, ""),
    ]
    assert {place.split()[0] for place in camera.asked} == {"/onvif/device_service", "/onvif/media"}


@pytest.mark.parametrize(
    ("camera", "password", "said"),
    [
        ("good", "falsch", "refuses this user and password"),
        ("endless", PASSWORD, "more than 1000000 bytes"),
        ("entities", PASSWORD, "document type, which SOAP forbids"),
        ("broken", PASSWORD, "no XML"),
    ],
    indirect=["camera"],
)
def test_a_device_that_does_not_tell_is_named_with_the_reason(camera: OnvifCamera, password: str, said: str) -> None:
    async def work() -> None:
        device = Device("127.0.0.1", f"http://127.0.0.1:{camera.port}/onvif/device_service", "", "")
        async with OnvifDevice(device, Secret(USER, password)) as asked:
            await asked.profiles()

    with pytest.raises(DeviceError, match=said):
        asyncio.run(work())


@pytest.mark.parametrize("camera", ["odd_digest"], indirect=True)
def test_what_a_library_chokes_on_costs_one_device_and_not_the_others(camera: OnvifCamera) -> None:
    result = discover(camera, "--user", USER, "--json", password=f"{PASSWORD}\n")
    assert result.exit_code == 0, result.output
    [found] = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    assert (found["device"]["name"], found["profiles"]) == ("Pasar Johar", [])
    assert found["fault"].startswith("its answer can't be understood: KeyError: ")


def test_what_devices_say_of_themselves_is_no_markup() -> None:
    device = Device("10.0.0.7", "http://10.0.0.7/", "Loket [lama]", "[/x]")
    streams = (Profile("[bold]main", "H264", 1920, 1080, 25.0, "rtsp://10.0.0.7/[/x]", ""),)
    console = Console(width=200, file=io.StringIO())
    console.print(devices_table([Found(device, streams), Found(device, (), "refused [/x]")]))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert all(text in shown for text in ("Loket [lama] [/x]", "[bold]main", "rtsp://10.0.0.7/[/x]", "refused [/x]"))


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ("127.0.0.0/24", "may not be in that network"),
        ("10.0.0.0/8", "at most 4096"),
        ("kantor", "is no network such as"),
    ],
)
def test_networks_that_are_not_allowed_or_too_large_are_not_asked(network: str, said: str) -> None:
    result = CliRunner().invoke(command, ["--network", network])
    assert said in str(result.exception)
