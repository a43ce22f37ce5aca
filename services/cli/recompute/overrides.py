"""Other rules and other zones than the registry's: what ``--rules`` and ``--cameras`` say.

# rules.yaml: each part is optional; what it leaves out stays as it was
rules:                    # of every camera
  parking: {grace_seconds: 600}
kinds:                    # of every camera of a kind
  street: {flood: {onset_ratio: 0.2}}
cameras:                  # of cameras by id or pattern; of several that fit the last one rules
  "jalan-*": {flood: {onset_seconds: 180}}
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Final, get_args

import msgspec
from msgspec import Meta, Struct

from schemas.cameras import Camera, CameraKind, Rules
from services.aggregate.row_columns import RULESET
from services.ingest.registry.file import read_registry_file
from services.ingest.registry.yaml_lines import read_yaml
from services.runtime.errors import ConfigurationError

_LABEL: Final = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,62}$(?!\n)")]
_JUDGED_FIELDS: Final = ("kind", "zones", "opening_hours", "rules", "sample_fps")
"""Fields of a registry entry that judgement reads."""

Part = Mapping[str, Any]


class _RulesFile(Struct, frozen=True, forbid_unknown_fields=True):
    rules: dict[str, Any] = {}
    kinds: dict[str, dict[str, Any]] = {}
    cameras: dict[str, dict[str, Any]] = {}


_NO_RULES: Final = _RulesFile()


@dataclass(frozen=True)
class Overrides:
    """What is judged differently.

    Attributes:
        entries: Registry entries that stand for every revision of their camera, by camera id.
    """

    entries: Mapping[str, Camera] = field(default_factory=dict)
    _file: _RulesFile = _NO_RULES

    def __bool__(self) -> bool:
        """Tell whether anything is judged differently."""
        return bool(self.entries) or self._file != _NO_RULES

    def applied(self, camera: Camera) -> Camera:
        """Give the entry under which a camera is judged."""
        entry = self.entries.get(camera.camera_id, camera)
        rules = entry.rules
        for part in self._parts_for(entry):
            rules = with_part(rules, part)
        return msgspec.structs.replace(entry, revision=camera.revision, rules=rules)

    def digest(self) -> str:
        """Give eight hex digits that are the same only for the same overrides."""
        entries = {
            camera_id: {name: msgspec.to_builtins(getattr(camera, name)) for name in _JUDGED_FIELDS}
            for camera_id, camera in self.entries.items()
        }
        in_order = list(self._file.cameras.items())  # of several patterns that fit the last one rules
        text = msgspec.json.encode([self._file.rules, self._file.kinds, in_order, entries], order="deterministic")
        return hashlib.blake2b(text, digest_size=4).hexdigest()

    def without_effect_on(self, cameras: Iterable[Camera]) -> list[str]:
        """Give the names in the file of rules that fit none of the cameras."""
        found = list(cameras)
        kinds = [kind for kind in self._file.kinds if not any(camera.kind == kind for camera in found)]
        patterns = [one for one in self._file.cameras if not any(fnmatchcase(c.camera_id, one) for c in found)]
        return kinds + patterns

    def _parts_for(self, camera: Camera) -> Iterator[Part]:
        yield self._file.rules
        yield self._file.kinds.get(camera.kind, {})
        yield from (part for pattern, part in self._file.cameras.items() if fnmatchcase(camera.camera_id, pattern))


def with_part(rules: Rules, part: Part) -> Rules:
    """Give rules with some thresholds replaced.

    Raises:
        msgspec.ValidationError: There is no such rule or threshold, or its value is out of bounds.
    """
    values = msgspec.to_builtins(rules)
    for rule, thresholds in part.items():
        if not isinstance(thresholds, dict):
            raise msgspec.ValidationError(f"Expected thresholds under {rule!r}")
        values[rule] = {**values.get(rule, {}), **thresholds}
    return msgspec.convert(values, Rules)


def read_overrides(rules: Path | None, registry: Path | None) -> Overrides:
    """Read the files that are given.

    Raises:
        ConfigurationError: One of them is wrong; the text says where.
    """
    entries = {} if registry is None else {camera.camera_id: camera for camera in read_cameras(registry)}
    return Overrides(entries, _NO_RULES if rules is None else _read_rules(rules))


def read_cameras(path: Path) -> tuple[Camera, ...]:
    """Read a cameras.yaml.

    Raises:
        ConfigurationError: It is wrong; all faults are named.
    """
    found = read_registry_file(path)
    if found.faults:
        raise ConfigurationError(found.explain())
    return found.cameras


def ruleset_label(wanted: str | None, overrides: Overrides) -> str:
    """Give the name that the rows get: ``wanted``, else the live one, followed by a digest of what is different.

    Raises:
        ConfigurationError: It is no name, or one that only rows of unchanged rules may have.
    """
    if wanted is None:
        return f"{RULESET}+{overrides.digest()}" if overrides else RULESET
    try:
        msgspec.convert(wanted, _LABEL)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"--ruleset {wanted!r}: 1 to 63 letters, digits, '.', '_', '+' or '-'") from error
    if wanted.isdigit() and (wanted != RULESET or overrides):
        raise ConfigurationError(
            f"--ruleset {wanted}: numbers are the versions of the rules themselves; those of this program are {RULESET}"
            + (", and here they are changed" if overrides else "")
        )
    return wanted


def _read_rules(path: Path) -> _RulesFile:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} can't be read: {error}") from error
    document = read_yaml(text)
    if document.faults:
        raise ConfigurationError("\n".join(f"{path}: {fault}" for fault in document.faults))
    try:
        found = msgspec.convert(document.value or {}, _RulesFile)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: {error}; at the top are rules, kinds and cameras") from error
    for name, part in _named_parts(found):
        try:
            with_part(Rules(), part)
        except msgspec.ValidationError as error:
            raise ConfigurationError(f"{path}: {name}: {error}") from error
    if strange := [kind for kind in found.kinds if kind not in get_args(CameraKind)]:
        raise ConfigurationError(f"{path}: kinds: there is no kind {', '.join(strange)}")
    return found


def _named_parts(file: _RulesFile) -> Iterator[tuple[str, Part]]:
    yield "rules", file.rules
    yield from ((f"kinds.{kind}", part) for kind, part in file.kinds.items())
    yield from ((f"cameras.{pattern}", part) for pattern, part in file.cameras.items())
