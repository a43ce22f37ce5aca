"""Compare the locked packages with known vulnerabilities, without a network: ``python -m checks.advisories FOLDER``.

FOLDER holds advisories in the OSV format, one a file: a copy of PyPA's advisory database (``vulns/*/*.yaml``), or the
unpacked export of OSV for PyPI (``*.json``). A line is printed for each that a locked version is affected by, and the
exit code is 1 then; 2 where FOLDER holds no advisory at all, for nothing would have been checked.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

LOCK: Final = Path("requirements-cuda.lock")
"""The one that holds all packages."""
_LOCKED: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # tens of thousands of files


class Affected(NamedTuple):
    """A locked package, and the advisory that names its version."""

    package: str
    version: str
    advisory: str
    fixed: tuple[str, ...]


def locked(lock: str) -> set[tuple[str, str]]:
    """Give name and version of each package of a lock file, names in their canonical form."""
    return {(canonicalize_name(name), version) for name, version in _LOCKED.findall(lock)}


def advisories_in(folder: Path) -> Iterator[Mapping[str, Any]]:
    """Give the advisories below a folder that have not been withdrawn.

    Raises:
        ValueError: A file holds none; the text names it.
    """
    for path in sorted(path for path in folder.rglob("*") if path.suffix in (".yaml", ".yml", ".json")):
        found = yaml.load(path.read_bytes(), _LOADER)  # noqa: S506  (a safe loader; JSON is YAML)
        if not isinstance(found, dict) or not isinstance(found.get("id"), str):
            raise ValueError(f"{path} is no advisory in the OSV format")
        if not found.get("withdrawn"):
            yield found


def affected_by(advisory: Mapping[str, Any], packages: Iterable[tuple[str, str]]) -> Iterator[Affected]:
    """Give the packages whose version an advisory names."""
    versions = dict[str, set[str]]()
    for name, version in packages:
        versions.setdefault(name, set()).add(version)
    for each in advisory.get("affected", ()):
        package = each.get("package", {})
        name = canonicalize_name(package.get("name", ""))
        if package.get("ecosystem") != "PyPI":
            continue
        for version in sorted(versions.get(name, ())):
            if _names(each, version):
                yield Affected(name, version, advisory["id"], tuple(_events(each, "fixed")))


def _names(affected: Mapping[str, Any], version: str) -> bool:
    try:
        ours = Version(version)
        if any(Version(each) == ours for each in affected.get("versions", ()) if _is_version(each)):
            return True
        return any(_is_within(each, ours) for each in affected.get("ranges", ()) if each.get("type") == "ECOSYSTEM")
    except InvalidVersion:
        return True  # a person must look


def _is_within(span: Mapping[str, Any], ours: Version) -> bool:
    """Walk through the events of a range in the order of their versions, as the format's own algorithm does."""
    events = [(Version(version), kind) for event in span.get("events", ()) for kind, version in event.items()]
    is_in = False
    for at, kind in sorted(events, key=lambda event: (event[0], event[1] == "last_affected")):
        if kind == "introduced" and ours >= at:
            is_in = True
        elif (kind == "fixed" and ours >= at) or (kind == "last_affected" and ours > at):
            is_in = False
    return is_in


def _events(affected: Mapping[str, Any], kind: str) -> Iterator[str]:
    for span in affected.get("ranges", ()):
        if span.get("type") == "ECOSYSTEM":
            yield from (event[kind] for event in span.get("events", ()) if kind in event)


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def main() -> int:
    """Check, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    packages = locked(LOCK.read_text(encoding="utf-8"))
    count, found = 0, list[Affected]()
    for advisory in advisories_in(parser.parse_args().folder):
        count += 1
        found += affected_by(advisory, packages)
    for one in found:
        fixed = f"fixed in {', '.join(one.fixed)}" if one.fixed else "no fix is named"
        print(f"{one.package} {one.version}: {one.advisory}; {fixed}")
    print(f"{len(packages)} locked packages, {count} advisories, {len(found)} found", file=sys.stderr)
    return 2 if not count else 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
