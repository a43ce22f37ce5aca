"""The scenarios as files: a folder each, with a script, the camera's registry entry, and the rows that come of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import msgspec

from schemas.camera_events import CameraEvent
from schemas.cameras import Camera
from services.ingest.registry.file import read_registry_file
from services.ingest.registry.yaml_lines import read_yaml
from tests.scenarios.script import Expansion, Script

CORPUS = Path(__file__).parent / "corpus"


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``scenario.yaml``. ``shows`` is the sentence of the semantics; ``checks`` are facts that follow by hand."""

    title: str
    shows: str
    script: Script
    checks: dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Scenario:
    """One folder of the corpus."""

    folder: Path

    @property
    def name(self) -> str:
        """Give the folder's name, which is the camera's id as well."""
        return self.folder.name

    @property
    def expected_file(self) -> Path:
        """Give where the expected rows lie."""
        return self.folder / "expected.jsonl"

    @cached_property
    def description(self) -> Description:
        """Give what ``scenario.yaml`` says."""
        path = self.folder / "scenario.yaml"
        document = read_yaml(path.read_text(encoding="utf-8"))
        assert not document.faults, f"{path}: {document.faults}"
        return msgspec.convert(document.value, Description, strict=False, str_keys=True)

    @cached_property
    def cameras(self) -> tuple[Camera, ...]:
        """Give the camera's revisions: ``camera.yaml`` is the first one, ``camera.2.yaml`` the second."""
        files = [self.folder / "camera.yaml", *sorted(self.folder.glob("camera.[0-9].yaml"))]
        return tuple(self._revision(path, number) for number, path in enumerate(files, start=1))

    @property
    def expansion(self) -> Expansion:
        """Give the maker of its events."""
        return Expansion(self.description.script, self.name)

    @cached_property
    def events(self) -> Sequence[CameraEvent]:
        """Give the events in the order in which they reach the topic."""
        return tuple(self.expansion.events())

    def _revision(self, path: Path, number: int) -> Camera:
        found = read_registry_file(path)
        assert not found.faults, found.explain()
        (camera,) = found.cameras
        return msgspec.structs.replace(camera, revision=number)


def all_scenarios() -> list[Scenario]:
    """Give every scenario, sorted by name."""
    return [Scenario(folder) for folder in sorted(CORPUS.iterdir()) if (folder / "scenario.yaml").exists()]


def side_by_side(scenarios: Iterable[Scenario]) -> Iterator[CameraEvent]:
    """Give an event of each scenario in turn, as the cameras of a city send theirs."""
    turns = zip_longest(*(scenario.events for scenario in scenarios))
    return (event for event in chain.from_iterable(turns) if event is not None)
