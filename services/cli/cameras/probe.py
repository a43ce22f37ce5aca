"""``tilik cameras probe``: find out what a camera is."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.syntax import Syntax

from schemas.cameras import Source
from services.cli.cameras.cells import cell
from services.cli.cameras.credentials import ASKED, asked_secret
from services.cli.cameras.probe_entry import entry_yaml, suggested_id
from services.cli.cameras.probe_view import failure_json, failure_view, result_json, result_view
from services.ingest.decoding.pool import DecodingLimits, DecodingPool
from services.ingest.http.client import HttpLimits
from services.ingest.network_policy import NetworkPolicy
from services.ingest.probing.explanation import advise
from services.ingest.probing.probe import Probed, ProbeRequest, probe
from services.ingest.registry.source_checks import header_faults
from services.ingest.secret_store import SecretStore
from services.ingest.settings import IngestSettings
from services.ingest.source import SourceTools
from services.ingest.source_errors import SourceError
from services.runtime.errors import ConfigurationError
from services.runtime.logging import redact_url
from services.runtime.settings import load_settings

_PERIOD_SECONDS = 1.0


@click.command()
@click.argument("url")
@click.option("--secret", default="", metavar="NAME", help="A secret of ingest (TILIK_INGEST_SECRETS_DIR).")
@click.option("--user", metavar="USER", help="Instead of --secret; the password is asked for, and kept nowhere.")
@click.option(
    "--transport",
    type=click.Choice(("tcp", "udp")),
    default="tcp",
    show_default=True,
    help="How RTSP's pictures travel.",
)
@click.option("--header", "headers", multiple=True, metavar="K=V", help="A header for HTTP; never a credential.")
@click.option("--insecure-tls", is_flag=True, help="Take any certificate, as 'verify_tls: false' does.")
@click.option("--seconds", type=click.FloatRange(1, 600), default=10.0, show_default=True, help="How long to look.")
@click.option(
    "--picture", type=click.Path(path_type=Path, dir_okay=False), help="Where to save it.  [probe-CAMERA_ID.jpg]"
)
@click.option("--allow-network", "networks", multiple=True, metavar="NET", help="loopback, or such as 192.0.2.0/24.")
@click.option("--json", "as_json", is_flag=True, help="Print one object; a failure is one too, with exit code 1.")
def command(  # noqa: PLR0913  (one for each option)
    *,
    url: str,
    secret: str,
    user: str | None,
    transport: str,
    headers: tuple[str, ...],
    insecure_tls: bool,
    seconds: float,
    picture: Path | None,
    networks: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find out what lies at URL, by the very code that ingest reads cameras with.

    URL is rtsp://, rtsps://, http:// or https://, or the path of a video file or of a folder of stills. Whether an HTTP
    address is HLS, MJPEG or a snapshot shows by itself.

    Told are codec, size, rhythm, how often keyframes come and what reading it will cost, bytes a day, and how far the
    camera's clock is off. A picture is saved, and the registry entry printed, to paste into a cameras.yaml. What fails
    is explained, with what to do; exit code 1.

    A password never belongs into URL: everybody on this machine can read command lines. Nothing is written to Kafka.

    \b
    tilik cameras probe rtsp://10.20.0.15/Streaming/Channels/101 --user admin
    tilik cameras probe https://cctv.example/gate.m3u8 --header Referer=https://cctv.example/
    """
    if redact_url(url) != url:
        raise click.UsageError("URL holds a user, password or key: leave it out, and give --user USER or --secret NAME")
    source = Source(
        kind="snapshot",  # not yet known; the probe finds out
        url=url,
        secret=ASKED if user else secret,
        transport="udp" if transport == "udp" else "tcp",
        headers=_parsed(headers),
        verify_tls=not insecure_tls,
    )
    secrets = asked_secret(user, secret)
    screen = Console(stderr=True)
    try:
        with screen.status(cell(f"looking at {url} for up to {seconds:g} s …")):
            found = asyncio.run(_probe(ProbeRequest(source, seconds), secrets, networks))
    except SourceError as error:
        _fail(error, source, as_json)
    saved = _save(found.jpeg, picture or Path(f"probe-{suggested_id(found.entry)}.jpg"))
    _show(found, saved, secret or (suggested_id(found.entry) if user else ""), as_json)


def _parsed(headers: tuple[str, ...]) -> dict[str, str]:
    pairs = [header.partition("=") for header in headers]
    if any(not colon or not name for name, colon, _ in pairs):
        raise click.UsageError("--header is NAME=VALUE, such as Referer=https://cctv.example/")
    faults = [f"header {name} {fault}" for name, _, value in pairs for fault in header_faults(name, value)]
    if faults:
        raise click.UsageError("; ".join(faults))
    return {name: value for name, _, value in pairs}


async def _probe(request: ProbeRequest, secrets: SecretStore | None, networks: tuple[str, ...]) -> Probed:
    settings = load_settings(IngestSettings)
    pool = DecodingPool(DecodingLimits(settings.largest_picture_pixels, settings.jpeg_quality), children=1)
    try:
        tools = SourceTools(
            period_seconds=_PERIOD_SECONDS,
            largest_picture_bytes=settings.largest_picture_bytes,
            largest_picture_pixels=settings.largest_picture_pixels,
            decoding=pool,
            network=NetworkPolicy(settings.allowed_schemes, (*settings.allowed_networks, *networks)),
            secrets=secrets or SecretStore(settings.secrets_dir, settings.secrets),
            http=HttpLimits(settings.connect_timeout_seconds, settings.response_timeout_seconds),
        )
        return await probe(request, tools)
    finally:
        await pool.close()


def _fail(error: SourceError, source: Source, as_json: bool) -> NoReturn:
    advice = advise(error, source)
    if as_json:
        click.echo(json.dumps(failure_json(error, advice), ensure_ascii=False, indent=2))
    else:
        Console().print(failure_view(error, advice, source))
    sys.exit(1)


def _save(jpeg: bytes, path: Path) -> Path:
    try:
        path.write_bytes(jpeg)
    except OSError as error:
        raise ConfigurationError(f"the picture can't be saved to {path}: {error}") from error
    return path


def _show(found: Probed, saved: Path, secret: str, as_json: bool) -> None:
    entry = entry_yaml(found.entry, secret)
    if as_json:
        click.echo(json.dumps({**result_json(found, saved), "entry": entry}, ensure_ascii=False, indent=2))
        return
    console = Console()
    console.print(result_view(found, saved))
    if secret and found.entry.secret == ASKED:
        console.print(
            f"\nGive ingest the secret {secret!r}: a file of that name with user:password in its secrets folder.",
            markup=False,
        )
    console.print("\nIts entry, for a cameras.yaml (tilik cameras apply):\n", style="bold")
    if console.is_terminal:
        console.print(Syntax(entry, "yaml", background_color="default", word_wrap=False))
    else:
        click.echo(entry)
