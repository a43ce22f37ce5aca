"""``tilik evidence verify``: a file of evidence offline, or a camera's day in the record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from schemas.codec import ContractError
from schemas.recordings import SIGNED_ROOT_CODEC, PublicKey, SignedRoot
from schemas.times import local
from services.cli.evidence.checking import check_package
from services.cli.evidence.findings import Findings, on_one_line
from services.cli.evidence.manifest import Manifest
from services.cli.evidence.options import key_option, read_key, store_option
from services.runtime.errors import ConfigurationError


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@key_option
@store_option
@click.option("--camera", metavar="ID", help="Check the record of this camera instead of a file.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="The day to check, Asia/Jakarta's.")
@click.option(
    "--root",
    "root_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="With --camera: a day's root that somebody kept, as the portal publishes it; the record must have the same.",
)
def command(
    file: Path | None,
    key_path: Path | None,
    store: str | None,
    camera: str | None,
    day: object,
    root_path: Path | None,
) -> None:
    """Check FILE, which `tilik evidence export` wrote, or, with --camera and --day, a day of the record.

    FILE needs no network and no record: it has in it all that it takes. Without --public-key it is only shown that
    nothing was changed since somebody signed it; with the city's key, that the city did. The first line tells which
    file was altered first, if one was: by its name, whatever byte of it.

    \b
      tilik evidence verify case.zip --public-key city.json
      tilik evidence verify --camera loket-tembalang-1 --day 2026-11-25 --store s3://record/semarang

    Exit code 0: all is as it was written; 1: something was altered, or the store is away; 2: the command line; 78: what
    is named can't be read.
    """
    key = read_key(key_path)
    if file is not None:
        if camera or day or store or root_path:
            raise click.UsageError("either FILE, or --camera and --day")
        manifest, findings = _check_file(file, key)
        _tell(findings, manifest)
        return
    if not camera or day is None:
        raise click.UsageError("say FILE, or --camera and --day")
    kept = None if root_path is None else _read_root(root_path)
    _tell(_check_day(store, key, camera, f"{day:%Y-%m-%d}", kept))


def _check_day(store: str | None, key: PublicKey | None, camera: str, day: str, kept: SignedRoot | None) -> Findings:
    from services.cli.evidence.places import open_record, progress  # who checks a file needs no record
    from services.cli.evidence.store_checking import StoreCheck

    record = open_record(store)
    with progress(f"reading {camera}") as advance:
        check = StoreCheck(record.store, key, advance)
        findings = check.check_day(camera, day)
        if kept is not None:
            check.check_kept_root(kept, findings)
    return findings


def _read_root(path: Path) -> SignedRoot:
    try:
        return SIGNED_ROOT_CODEC.decode(path.read_bytes())
    except (OSError, ContractError) as error:
        raise ConfigurationError(f"{path} is no root of Tilik: {error}") from error


def _check_file(file: Path, key: PublicKey | None) -> tuple[Manifest | None, Findings]:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file} can't be read: {error.strerror or error}") from error
    return check_package(data, key)


def _words_of(manifest: Manifest) -> Iterator[str]:
    what = " ".join(part for part in (manifest.episode_type.replace("_", " "), manifest.kind) if part)
    since, until = local(manifest.from_ms), local(manifest.until_ms)
    yield f"{what} {manifest.episode_id} at {manifest.camera_id}, {since:%Y-%m-%d %H:%M} to {until:%H:%M} WIB"
    yield f"made {local(manifest.made_at_ms):%Y-%m-%d %H:%M} WIB by {manifest.made_by}: {manifest.reason}"
    for one in manifest.left_out:
        yield f"not in it: {one.what}: {one.why}"


def _tell(findings: Findings, manifest: Manifest | None = None) -> None:
    """Say what was found, who signed before what the file says of itself, and end the command by it."""
    console = Console(highlight=False, soft_wrap=True)
    for number, finding in enumerate(findings.wrong):
        first = "ALTERED FIRST" if number == 0 else "altered"
        console.print(on_one_line(f"{first}: {finding.path}: {finding.text}"), markup=False, style="red")
    for text in findings.notes:
        console.print(on_one_line(f"note: {text}"), markup=False, style="yellow")
    for text in findings.right:
        console.print(on_one_line(f"ok: {text}"), markup=False)
    if findings.wrong:
        raise click.exceptions.Exit(1)
    for text in () if manifest is None else _words_of(manifest):
        console.print(on_one_line(f"says: {text}"), markup=False)
    console.print("All of it is as it was written.", markup=False, style="green")
