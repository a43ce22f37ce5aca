"""The library that draws the preview's charts: Apache ECharts, one file of its npm package, checked by SHA-256."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from services.runtime.npm_package import Progress, npm_pack, verified_files

PACKAGE = "echarts@6.1.0"
LICENCE = "Apache-2.0"
PACKAGE_BYTES = 12_000_000
"""What the package weighs, roughly; only for showing progress."""
SHA256 = {
    "package/dist/echarts.esm.min.mjs": "28515f26aa57f87eb1e4ed4eb446927eaf329b5f5e02b4bfd4b0264fea40d1da",
    "package/LICENSE": "634293835b43a6dd2094fa39182a3d9a6b9ca43b7fdb9ac354e8037af2a3093a",
    "package/NOTICE": "d491d358344f842685c1b1585970999db65fe30ecf7ef3867af8814f4016c016",
}
"""The files of the package that are kept: 1.1 MB, and the words that go with it."""
MODULE = "echarts.esm.min.mjs"


def chart_library_folder(state: Path) -> Path:
    """Give the folder of the library below a state folder."""
    return state / "echarts"


def chart_library_is_there(state: Path) -> bool:
    """Tell whether the library is below ``state``, whole and of the pinned version."""
    folder = chart_library_folder(state)
    return all(_is_whole(folder / Path(name).name, sha256) for name, sha256 in SHA256.items())


def fetch_chart_library(state: Path, progress: Progress) -> int:
    """Make sure that the library is below ``state``; give how many bytes came over the network for it.

    Blocks for seconds while npm downloads the package, unless the library is there and whole.

    Raises:
        ConfigurationError: npm is not installed, the package can't be had, or a file is not the pinned one.
    """
    if chart_library_is_there(state):
        return 0
    with tempfile.TemporaryDirectory(prefix="tilik-charts-") as scratch:
        archive = npm_pack(PACKAGE, "the charts of the dashboards' preview", Path(scratch), progress)
        size = archive.stat().st_size
        files = verified_files(archive, PACKAGE, SHA256)
    folder = chart_library_folder(state)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / Path(name).name).write_bytes(data)
    return size


def _is_whole(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256
