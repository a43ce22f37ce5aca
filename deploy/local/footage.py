"""Footage for demonstrations and tests: Debian's ``vtest.avi``, or, where that can't be had, a scene rendered here.

``vtest.avi`` is the clip S2L1 of PETS 2009 (768 x 576, 10 frames a second, 795 frames): a street corner with people
who walk, and a van and a car that stand at the kerb. OpenCV's documentation package of Debian contains it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.local.rendered_street import render_street

Say = Callable[[str], None]

PACKAGE = "opencv-doc"
MEMBER = "usr/share/doc/opencv-doc/examples/data/vtest.avi"
SHA256 = "45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf"
RENDERED_NAME = "rendered-street.avi"

_COMMAND_TIMEOUT_SECONDS = 300.0
_CHUNK_BYTES = 1 << 20


class FootageUnavailableError(Exception):
    """The clip can't be had by this way; the text says why."""


@dataclass(frozen=True, slots=True)
class Footage:
    """A clip on disk. ``rendered`` footage shows drawn figures: detectors find little or nothing in it, honestly."""

    path: Path
    rendered: bool


def ensure_footage(state: Path, say: Say, installed: Path = Path("/") / MEMBER) -> Footage:
    """Give the clip, after fetching or rendering it where it is not yet in ``state``/footage. Safe to call again.

    Args:
        state: The state folder, such as ``.tilik``.
        say: Takes one line for the person at the terminal at a time.
        installed: Where the clip lies if the Debian package is installed.
    """
    folder = state / "footage"
    folder.mkdir(parents=True, exist_ok=True)
    clip = folder / "vtest.avi"
    if _is_the_clip(clip):
        return Footage(clip, rendered=False)
    try:
        _bring(clip, installed, say)
    except FootageUnavailableError as reason:
        return _rendered(folder / RENDERED_NAME, str(reason), say)
    return Footage(clip, rendered=False)


def _bring(clip: Path, installed: Path, say: Say) -> None:
    started = time.monotonic()
    if _is_the_clip(installed):
        _place(installed.read_bytes(), clip)
        say(f"footage: vtest.avi copied from the installed package {PACKAGE}")
        return
    with tempfile.TemporaryDirectory(dir=clip.parent, prefix="package-") as folder:
        package = _download(Path(folder), say)
        downloaded_bytes = package.stat().st_size
        _place(_member_of(package), clip)
    say(
        f"footage: vtest.avi ({clip.stat().st_size / 1e6:.1f} MB) out of Debian's {PACKAGE}: "
        f"{downloaded_bytes / 1e6:.1f} MB came over the network in {time.monotonic() - started:.1f} s"
    )


def _rendered(path: Path, reason: str, say: Say) -> Footage:
    if not path.exists():
        render_street(path)
    say(
        f"footage: the real clip can't be had here ({reason}). A rendered street is shown in its place: drawn figures, "
        "in which a detector finds few persons or none, so figures about them mean nothing"
    )
    return Footage(path, rendered=True)


def _is_the_clip(path: Path) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == SHA256


def _place(data: bytes, clip: Path) -> None:
    """Write the clip in one step: whoever looks sees all of it or nothing.

    Raises:
        FootageUnavailableError: It is not the clip that the demonstration's zones were drawn on.
    """
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256:
        raise FootageUnavailableError(f"its SHA-256 is {digest[:12]}…, not {SHA256[:12]}…")
    partial = clip.with_suffix(".partial")
    partial.write_bytes(data)
    partial.replace(clip)


def _download(folder: Path, say: Say) -> Path:
    """Fetch the Debian package into ``folder``, with package lists brought up to date if that is what it takes."""
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise FootageUnavailableError(f"there is no {tool}")
    # Without a sandbox user: it may not write to a folder in a home, and apt would only warn about that.
    command = ["apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", PACKAGE]
    if _run(command, folder) is not None:
        if os.geteuid() != 0:
            raise FootageUnavailableError(f"`apt-get download {PACKAGE}` failed; `apt-get update` as root may help")
        say("footage: bringing apt's package lists up to date")
        for retry in (["apt-get", "update", "-q"], command):
            complaint = _run(retry, folder)
            if complaint is not None:
                raise FootageUnavailableError(f"`{' '.join(retry[:2])}` failed: {complaint}")
    packages = sorted(folder.glob("*.deb"))
    if not packages:
        raise FootageUnavailableError(f"`apt-get download {PACKAGE}` left no package")
    return packages[0]


def _run(command: list[str], folder: Path) -> str | None:
    """Run a command; give its last words if it failed, None if it did not."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_COMMAND_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no end after {_COMMAND_TIMEOUT_SECONDS:g} s"
    if done.returncode == 0:
        return None
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"


def _member_of(package: Path) -> bytes:
    """Read the clip out of a Debian package without unpacking the rest of it."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            with tarfile.open(fileobj=process.stdout, mode="r|", bufsize=_CHUNK_BYTES) as archive:
                for entry in archive:
                    if entry.name.removeprefix("./") == MEMBER:
                        file = archive.extractfile(entry)
                        return file.read() if file is not None else b""
        except tarfile.TarError as error:
            raise FootageUnavailableError(f"{package.name} can't be read: {error}") from error
        finally:
            process.kill()
    raise FootageUnavailableError(f"{package.name} has no vtest.avi in it")
