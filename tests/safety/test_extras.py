"""Each extra of the package is enough to import its service, and weighs no more than it must.

Nothing is installed for this: the distributions that an extra brings are found by their metadata, and a process of its
own refuses to import any other.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[2]
MAX_MB: Final = {
    "aggregate": 170,
    "aggregate,dashboards": 190,
    "detect": 600,
    "detect-cuda": 5500,
    "ingest": 250,
    "ingest,simulation": 430,
    "portal": 210,
    "record": 300,
    "webhooks": 45,
}
"""Installed size of a service's extras with all they need, Python not counted; 10 to 15 % above what was measured."""
EXTRAS_OF: Final = {"webhooks": ""}
"""Services that need no extra."""
SERVICE_OF: Final = {"detect-cuda": "detect"}
"""Services that are not called as the first of their extras."""

IMPORT_EVERYTHING: Final = """
import importlib, pkgutil, sys
service, *refused = sys.argv[1:]
NEEDS = {  # parts of a service that have an extra of their own, and a module by which it is known
    "services.ingest.simulation": "cv2",
    "services.aggregate.alerts": "promql_parser",
    "services.aggregate.dashboards": "promql_parser",
    "services.detect.detectors.fasterrcnn_mobilenet_v3_large_320_fpn": "torch",
    "services.detect.detectors.fasterrcnn_resnet50_fpn_v2": "torch",
    "services.detect.detectors.ssdlite320_mobilenet_v3_large": "torch",
    "services.detect.device_preparation": "torch",
    "services.detect.device_resampling": "torch",
    "services.detect.graph_running": "torch",
    "services.detect.models.nanodet_network": "torch",
    "services.detect.models.water_network": "torch",
    "services.detect.models.write_expected": "torch",
    "services.detect.torchvision_detection": "torch",
}

class Without:
    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in refused else self.finder.find_spec(name, path, target)

sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
package = importlib.import_module(f"services.{service}")
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if not any(module.name.startswith(prefix) and needed in refused for prefix, needed in NEEDS.items()):
        importlib.import_module(module.name)
"""


def collect_distributions(requirement: str) -> set[str]:
    """Return the names of all installed distributions that ``requirement`` brings, with what these need in turn."""
    found: set[str] = set()
    open_: list[Requirement] = [Requirement(requirement)]
    seen: set[tuple[str, frozenset[str]]] = set()
    while open_:
        wanted = open_.pop()
        name = canonicalize_name(wanted.name)
        key = (name, frozenset(wanted.extras))
        if key in seen:
            continue
        seen.add(key)
        try:
            requires = distribution(name).requires or []
        except PackageNotFoundError:
            continue  # left out of the lock on purpose: OpenVINO's telemetry
        found.add(name)
        open_ += applicable(requires, wanted.extras)
    return found


def applicable(requires: list[str], extras: set[str]) -> Iterator[Requirement]:
    """Yield those requirements whose marker holds on this machine for one of the extras, or for none."""
    for each in map(Requirement, requires):
        if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in extras or {""}):
            yield each


def measure_mb(names: set[str]) -> float:
    """Return what the files of distributions take on the disk, in MB; bytecode is not counted."""
    files = [distribution(name).locate_file(file) for name in names for file in distribution(name).files or ()]
    paths = [Path(str(file)) for file in files]
    return sum(path.stat().st_size for path in paths if path.suffix != ".pyc" and path.is_file()) / 1e6


@pytest.mark.parametrize("extras", sorted(MAX_MB))
def test_a_service_imports_with_nothing_but_its_extra_which_weighs_no_more_than_its_bound(extras: str) -> None:
    service = SERVICE_OF.get(extras, extras.partition(",")[0])
    names = collect_distributions(f"tilik[{EXTRAS_OF.get(service, extras)}]")
    print(f"{service}: {len(names)} packages, {measure_mb(names):.0f} MB")
    holders = packages_distributions()
    refused = [module for module, of in holders.items() if not names & {canonicalize_name(each) for each in of}]
    assert "pytest" in refused
    assert ("torch" in refused) == (extras != "detect-cuda")
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_EVERYTHING, service, *refused],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert measure_mb(names) <= MAX_MB[extras]


@pytest.mark.parametrize("extra", ["aggregate", "record", "portal", "ingest"])
def test_opencv_comes_only_where_it_is_used(extra: str) -> None:
    assert "opencv-python-headless" not in collect_distributions(f"tilik[{extra}]")
    assert "opencv-python-headless" in collect_distributions("tilik[ingest,simulation]")
