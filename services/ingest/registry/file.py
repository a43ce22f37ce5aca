"""Read ``cameras.yaml``: every camera in it, or everything that is wrong with it.

What is wrong is found in three steps, each of which collects all that it finds: the YAML itself (``yaml_lines``), the
contract of a camera (its JSON Schema), and what the schema can't say (``registry_checks``).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path as FilePath
from typing import Any, get_args

import jsonschema
import msgspec

from schemas.cameras import Camera, Weekday
from services.ingest.registry.checks import check_camera, check_ids
from services.ingest.registry.source_checks import is_url
from services.ingest.registry.yaml_lines import Document, Fault, Path, path_text, read_yaml
from services.runtime.errors import ConfigurationError
from services.runtime.logging import redact_url

_UNASSIGNED_REVISION = 1
_LOCAL_KINDS = ("file", "stills")
_NOT_WRITTEN = {"revision": "'tilik cameras apply'", "approval": "'tilik cameras approve'"}
"""Fields of a camera that no file says, and what gives them."""

LIST_KEY = "cameras"
"""Key of the file under which the entries are."""


@dataclass(frozen=True, slots=True)
class RegistryFile:
    """What a file says. ``cameras`` is empty if there are ``faults``; their ``revision`` means nothing yet.

    ``stated`` are the keys of each camera's entry, by camera id: what it leaves out is a default, and no word.
    """

    path: FilePath
    cameras: tuple[Camera, ...]
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    stated: Mapping[str, frozenset[str]]

    def explain(self) -> str:
        """Give every fault, a line each."""
        return "\n".join(f"{self.path}: {fault}" for fault in self.faults)


def read_registry_file(path: FilePath) -> RegistryFile:
    """Read a file; a relative path of a ``file`` or ``stills`` source is taken from the file's own folder.

    Raises:
        ConfigurationError: It can't be read at all.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} can't be read: {error}") from error
    return parse_registry(text, path)


def parse_registry(text: str, path: FilePath) -> RegistryFile:
    """Read the text of a file that lies at ``path``."""
    document = read_yaml(text)
    entries = _entries(document)
    warnings: list[Fault] = []
    cameras: list[Camera] = []
    for at, entry in entries:
        before = len(document.faults)
        _check_schema(document, at, entry)
        _make_absolute(entry, path.parent)
        errors, advice = check_camera(entry)
        document.faults += _located(document, at, errors)
        warnings += _located(document, at, advice)
        if len(document.faults) == before:
            cameras += _converted(document, at, entry)
    document.faults += _located(document, (LIST_KEY,), check_ids([entry for _, entry in entries]))
    faults = tuple(sorted(set(document.faults), key=lambda fault: (fault.line, fault.path, fault.text)))
    if faults:
        return RegistryFile(path, (), faults, tuple(warnings), {})
    stated = {str(entry["camera_id"]): frozenset(entry) for _, entry in entries}
    return RegistryFile(path, tuple(cameras), faults, tuple(warnings), stated)


def _entries(document: Document) -> list[tuple[Path, dict[str, Any]]]:
    """Give the path and mapping of each camera; the other things at the top are faults, but for ``x-…``."""
    if document.faults and document.value is None:
        return []
    top = document.value
    if not isinstance(top, dict) or not isinstance(top.get(LIST_KEY), list):
        document.faults.append(Fault(1, "", "the file must hold a list under the key 'cameras'"))
        return []
    for key in top:
        if key != LIST_KEY and not key.startswith("x-"):
            text = "unknown key; here are only 'cameras' and, for anchors, keys that start with 'x-'"
            document.faults.append(Fault(document.line_of((key,)), key, text))
    found: list[tuple[Path, dict[str, Any]]] = []
    for index, entry in enumerate(top[LIST_KEY]):
        if isinstance(entry, dict):
            found.append(((LIST_KEY, index), entry))
        else:
            document.faults += _located(document, (LIST_KEY,), [((index,), "a camera must be a mapping")])
    return found


def _check_schema(document: Document, at: Path, entry: dict[str, Any]) -> None:
    for error in _validator().iter_errors(entry):
        document.faults += _located(document, at, _described(error))


def _located(document: Document, at: Path, found: list[tuple[Path, str]]) -> list[Fault]:
    return [Fault(document.line_of((*at, *path)), path_text((*at, *path)), text) for path, text in found]


def _converted(document: Document, at: Path, entry: dict[str, Any]) -> list[Camera]:
    try:
        return [msgspec.convert({**entry, "revision": _UNASSIGNED_REVISION}, Camera)]
    except msgspec.ValidationError as error:
        document.faults += _located(document, at, [((), str(error))])
        return []


def _make_absolute(entry: dict[str, Any], folder: FilePath) -> None:
    source = entry.get("source")
    if not isinstance(source, dict) or source.get("kind") not in _LOCAL_KINDS:
        return
    url = source.get("url")
    if isinstance(url, str) and not is_url(url):
        entry["source"] = {**source, "url": str((folder / url).resolve())}


@cache
def _validator() -> jsonschema.Draft202012Validator:
    schema = _without_null(msgspec.json.schema(Camera))
    camera = schema["$defs"]["Camera"]
    for name in _NOT_WRITTEN:
        del camera["properties"][name]
    camera["required"].remove("revision")
    schema["$defs"]["Timetable"]["properties"]["weekdays"]["propertyNames"] = {"enum": list(get_args(Weekday))}
    return jsonschema.Draft202012Validator(schema)


def _without_null(schema: Any) -> Any:
    """Give ``schema`` without its ``anyOf: [X, null]``: empty keys are left out before, and X explains itself."""
    if isinstance(schema, list):
        return [_without_null(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    choices = schema.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices and len(choices) == 2:
        return _without_null(next(choice for choice in choices if choice != {"type": "null"}))
    return {key: _without_null(part) for key, part in schema.items()}


def _described(error: Any) -> list[tuple[Path, str]]:
    """Give path and sentence of one ``jsonschema.ValidationError``, or of several things that it lumps together."""
    path = tuple(error.absolute_path)
    if error.validator == "required":
        missing = next(name for name in error.validator_value if error.message.startswith(repr(name)))
        return [(path, f"{missing!r} is missing")]
    if error.validator == "additionalProperties" and isinstance(error.validator_value, bool):
        return list(_unknown_keys(error, path))
    if error.validator == "propertyNames":
        return [(path, error.message)]
    sentences = {
        "enum": lambda: f"{error.instance!r} is not one of {', '.join(map(str, error.validator_value))}",
        "type": lambda: f"{_shown(error.instance)} is not of type {error.validator_value}",
        "pattern": lambda: f"{error.instance!r} does not match {_readable(error.validator_value)}",
        "minItems": lambda: f"{len(error.instance)} items; there must be {error.validator_value} or more",
        "maxItems": lambda: f"{len(error.instance)} items; there may be {error.validator_value}",
        "items": lambda: f"{_shown(error.instance)} has too many items",
    }
    sentence = sentences.get(str(error.validator))
    return [(path, sentence() if sentence is not None else error.message)]


def _unknown_keys(error: Any, path: Path) -> Iterator[tuple[Path, str]]:
    known = list(error.schema["properties"])
    for key in error.instance:
        if key in _NOT_WRITTEN and "camera_id" in known:
            yield (*path, key), f"is given by {_NOT_WRITTEN[key]}; leave it out"
        elif key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
            yield (*path, key), f"unknown key; {hint}"


def _readable(pattern: str) -> str:
    return pattern.replace(r"(?!\n)", "")  # there for programs: it forbids a newline at the end


def _shown(value: object) -> str:
    text = redact_url(repr(value))  # before it is cut: half a URL does not show what in it is a password
    return text if len(text) <= 60 else text[:57] + "…"
