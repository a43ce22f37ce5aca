"""What is installed is what is locked, each file by its hash, and under a licence that lets a city use and ship it."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution, distributions, packages_distributions
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[2]
LOCKS: Final = {
    name: (ROOT / name).read_text(encoding="utf-8") for name in ("requirements.lock", "requirements-cuda.lock")
}
"""What machines without a GPU install, and what machines with one do, and those that run the tests: these have all."""
NOTICE: Final = (ROOT / "NOTICE").read_text(encoding="utf-8")
ALLOWED: Final = frozenset(
    {"0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0"}
    | {"ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Zlib"}
)
NVIDIA: Final = "LicenseRef-NVIDIA-Proprietary"
"""NOTICE says what these allow. They come with torch, for GPUs."""
CLASSIFIERS: Final = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
TEXTS: Final = {
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD": "BSD-3-Clause",
    "NVIDIA Proprietary Software": NVIDIA,
}
READ: Final = {
    "axe-playwright-python": "MIT",  # the licence in it; the axe-core that it holds is under MPL-2.0
    "cuda-toolkit": NVIDIA,  # names other packages, and holds nothing
    "promql-parser": "MIT",
    "venusian": "BSD-3-Clause",  # Repoze: BSD with a clause on trademarks
    "verlib2": "BSD-2-Clause",  # or Apache-2.0: a copy of packaging's
}
"""Whose metadata doesn't say: from the licence's text."""
BUNDLED_GPL: Final = re.compile(r"lib(x264|x265|xvidcore|postproc|readline)\b")
_ENTRY: Final = re.compile(
    r"^(?P<what>[A-Za-z0-9].*?)(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE
)


def entries(lock: str) -> list[tuple[Requirement, str]]:
    """Return the entries of a lock file, and the hashes of each."""
    return [(Requirement(each["what"]), each["hashes"]) for each in _ENTRY.finditer(LOCKS[lock])]


def here(lock: str = "requirements-cuda.lock") -> list[Requirement]:
    """Return the entries that count on this machine."""
    return [each for each, _ in entries(lock) if each.marker is None or each.marker.evaluate()]


def licence_of(found: Distribution) -> str:
    """Give the licence that a package states, as an SPDX expression; else what it says."""
    name = canonicalize_name(found.metadata["Name"])
    if name in READ:
        return READ[name]
    if stated := _said(found, "License-Expression"):
        return stated
    said = [each.rpartition(" :: ")[2] for each in found.metadata.get_all("Classifier", []) if "License ::" in each]
    known = [CLASSIFIERS[each] for each in said if each in CLASSIFIERS]
    if known:
        return " OR ".join(known)
    text = _said(found, "License")
    return TEXTS.get(text, text)


def _said(found: Distribution, name: str) -> str:
    return found.metadata[name].strip() if name in found.metadata else ""


def is_allowed(expression: str) -> bool:
    """Tell whether a licence, or one of several to choose from, is in the list; all of those that hold together."""
    return any(all(part.strip() in ALLOWED for part in each.split(" AND ")) for each in expression.split(" OR "))


each_lock = pytest.mark.parametrize("lock", LOCKS)


@each_lock
def test_every_package_is_locked_to_one_version_and_its_files_to_their_hashes(lock: str) -> None:
    code = [line for line in LOCKS[lock].splitlines() if line and not line.startswith(" ")]
    assert len(entries(lock)) == len(code) > 100, "a line that is no package with hashes"
    assert all(hashes for _, hashes in entries(lock))
    assert all(re.fullmatch(r"==[^*,]+", str(each.specifier)) and not each.url for each, _ in entries(lock))
    assert "://" not in LOCKS[lock]


def test_machines_without_a_gpu_install_the_same_files_but_torch_and_what_it_needs() -> None:
    small, whole = (dict(_ENTRY.findall(text)) for text in LOCKS.values())
    assert small.items() <= whole.items()
    assert {"torch", "torchvision", "nvidia-cublas"} <= _names(whole) - _names(small)
    assert not {name for name in _names(small) if name.startswith(("torch", "nvidia-", "cuda-"))}


def _names(entries_of_lock: dict[str, str]) -> set[str]:
    return {canonicalize_name(Requirement(each).name) for each in entries_of_lock}


def test_what_is_imported_is_declared() -> None:
    """Also what others that are declared bring along: they may do without it one day."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    declared = {canonicalize_name(Requirement(each).name) for group in groups for each in group}
    holders = packages_distributions()
    missing = {
        module: str(path.relative_to(ROOT))
        for folder in ("checks", "deploy", "schemas", "services", "tests", "training")
        for path in (ROOT / folder).rglob("*.py")
        for module in imported(path)
        if module in holders and not declared & {canonicalize_name(each) for each in holders[module]}
    }
    assert missing == {}


def imported(path: Path) -> Iterator[str]:
    """Give the modules, without what is inside them, that a file imports wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@each_lock
def test_what_is_installed_is_what_is_locked(lock: str) -> None:
    wanted = {canonicalize_name(each.name): str(each.specifier).removeprefix("==") for each in here(lock)}
    found = {canonicalize_name(each.metadata["Name"]): each.version.partition("+")[0] for each in distributions()}
    assert {name: found.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("name", sorted({canonicalize_name(each.name) for each in here()}))
def test_a_package_may_be_used_and_shipped(name: str) -> None:
    licence = licence_of(distribution(name))
    if licence == NVIDIA:
        assert name.startswith(("nvidia-", "cuda-"))
        assert "NVIDIA's licence agreements" in NOTICE
    else:
        assert is_allowed(licence), f"{name} is under {licence!r}: not in the list"


def test_the_list_takes_no_licence_that_reaches_further_than_its_own_files() -> None:
    for expression in (
        "AGPL-3.0-only",
        "GPL-3.0-or-later",
        "MIT AND GPL-2.0-only",
        "LGPL-2.1",
        "SSPL-1.0",
        "",
        "UNKNOWN",
    ):
        assert not is_allowed(expression)
    assert is_allowed("GPL-2.0-only OR MIT")


def test_code_under_the_gpl_that_a_wheel_bundles_is_told_in_the_notice() -> None:
    bundling = {
        canonicalize_name(each.metadata["Name"])
        for each in distributions()
        if any(BUNDLED_GPL.search(Path(file).name) for file in each.files or ())
    }
    assert bundling == {"av"}
    assert "x264 and x265, which are under the GNU General Public License" in " ".join(NOTICE.split())


def test_no_service_decodes_video_by_opencv_whose_wheel_brings_an_ffmpeg_of_its_own() -> None:
    services = Path(__file__).parents[2] / "services"
    measuring = services / "cli" / "bench"
    users = [path for path in services.rglob("*.py") if "VideoCapture" in path.read_text()]
    assert [path for path in users if measuring not in path.parents] == []
