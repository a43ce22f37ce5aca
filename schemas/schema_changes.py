"""Find what a new JSON Schema refuses that an old one allowed: the pure part of the compatibility check.

A message lies in a topic for days, a camera's revision for ever. So the new code must read whatever the old code could
have written: fields may be added if they are optional, and what is allowed may grow, never shrink.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.json_schema import JsonObject

_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_EXCLUSIVE = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}
_FIXED = ("pattern", "contentEncoding", "const")
_ABSENT = object()


def schema_changes(old: JsonObject, new: JsonObject) -> list[str]:
    """Give a sentence, with the path in the message, for each change that is not an optional addition."""
    return list(dict.fromkeys(_Comparison(old, new).compare(old, new, "$")))


class _Comparison:
    """Two documents, and the pairs of definitions already under comparison (definitions may refer to themselves)."""

    def __init__(self, old: JsonObject, new: JsonObject) -> None:
        self._old, self._new = old, new
        self._open: set[tuple[str, str]] = set()

    def compare(self, old: JsonObject, new: JsonObject, path: str) -> list[str]:
        """Give the changes from one schema to another, both found at ``path`` of a message."""
        pair = (str(old.get("$ref")), str(new.get("$ref")))
        if "$ref" in old and pair in self._open:
            return []
        self._open.add(pair)
        try:
            return list(self._resolved(_resolve(self._old, old), _resolve(self._new, new), path))
        finally:
            self._open.discard(pair)

    def _resolved(self, old: JsonObject, new: JsonObject, path: str) -> Iterator[str]:
        if "anyOf" in old or "anyOf" in new:
            yield from self._alternatives(old, new, path)
        else:
            yield from _scalars(old, new, path)
            yield from self._fields(old, new, path)
            yield from self._elements(old, new, path)
        if "default" in old and not _extends(new.get("default", _ABSENT), old["default"]):
            yield f"{path}: default changed from {old['default']!r} to {new.get('default', 'none')!r}"

    def _alternatives(self, old: JsonObject, new: JsonObject, path: str) -> Iterator[str]:
        candidates = {_label(self._new, branch): branch for branch in new.get("anyOf", [new])}
        for branch in old.get("anyOf", [{key: value for key, value in old.items() if key != "default"}]):
            label = _label(self._old, branch)
            match = candidates.get(label)
            if match is None:
                yield f"{path}: {label} is no longer accepted"
            else:
                yield from self.compare(branch, match, f"{path}<{label}>")

    def _fields(self, old: JsonObject, new: JsonObject, path: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before:
            if name in after:
                yield from self.compare(before[name], after[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}: field removed"
        for name in sorted(set(new.get("required", [])) - set(old.get("required", []))):
            yield f"{path}.{name}: field is newly required"
        yield from self._nested(old, new, "additionalProperties", f"{path}.*")
        yield from self._nested(old, new, "propertyNames", f"{path} (names)")

    def _elements(self, old: JsonObject, new: JsonObject, path: str) -> Iterator[str]:
        before, after = old.get("prefixItems", []), new.get("prefixItems", [])
        for index, (one, other) in enumerate(zip(before, after, strict=False)):
            yield from self.compare(one, other, f"{path}[{index}]")
        if len(after) < len(before):
            yield f"{path}: elements removed, {len(before)} before and {len(after)} now"
        yield from self._nested(old, new, "items", f"{path}[]")

    def _nested(self, old: JsonObject, new: JsonObject, keyword: str, path: str) -> Iterator[str]:
        before, after = old.get(keyword, True), new.get(keyword, True)
        if before is False or after is True:
            return
        if after is False:
            yield f"{path}: no longer accepted"
        else:
            yield from self.compare({} if before is True else before, after, path)


def _scalars(old: JsonObject, new: JsonObject, path: str) -> Iterator[str]:
    lost = _types(old) - _types(new)
    if lost and "type" in new:
        yield f"{path}: type narrowed from {_show(old.get('type'))} to {_show(new['type'])}"
    if "enum" in new:
        gone = [value for value in old["enum"] if value not in new["enum"]] if "enum" in old else ["any other value"]
        if gone:
            yield f"{path}: values removed: {', '.join(map(str, gone))}"
    yield from _bounds(old, new, path)
    for keyword in _FIXED:
        if keyword in new and old.get(keyword, _ABSENT) != new[keyword]:
            yield f"{path}: {keyword} changed from {_show(old.get(keyword))} to {_show(new[keyword])}"
    if "contentEncoding" in old and "contentEncoding" not in new:
        yield f"{path}: contentEncoding changed from {old['contentEncoding']} to none"


def _bounds(old: JsonObject, new: JsonObject, path: str) -> Iterator[str]:
    for keyword in _LOWER_BOUNDS + _UPPER_BOUNDS:
        if keyword not in new:
            continue
        # Whatever an exclusive bound allowed, the inclusive bound at the same number allows as well.
        before, after = old.get(keyword, old.get(_EXCLUSIVE.get(keyword, ""))), new[keyword]
        if before is None or (after > before if keyword in _LOWER_BOUNDS else after < before):
            yield f"{path}: {keyword} narrowed from {_show(before)} to {after}"


def _extends(new: object, old: object) -> bool:
    """Tell whether a default is the same, or the same with fields added that did not exist before."""
    if isinstance(old, dict) and isinstance(new, dict):
        return all(name in new and _extends(new[name], value) for name, value in old.items())
    return new == old


def _types(schema: JsonObject) -> set[str]:
    stated = schema.get("type", [])
    names = set(stated) if isinstance(stated, list) else {stated}
    if not names:
        return {"anything"} if "enum" not in schema and "const" not in schema else set()
    return names | ({"integer"} if "number" in names else set())


def _resolve(document: JsonObject, schema: JsonObject) -> JsonObject:
    """Follow a reference inside the document; what stands beside it, such as a default, is kept."""
    if "$ref" not in schema:
        return schema
    target: Any = document
    for part in str(schema["$ref"]).removeprefix("#/").split("/"):
        target = target[part]
    beside = {key: value for key, value in schema.items() if key not in ("$ref", "$defs")}
    return {**target, **beside}


def _label(document: JsonObject, branch: JsonObject) -> str:
    """Name an alternative by its tag, else by its type, so that a renamed struct with the same tag is the same."""
    resolved = _resolve(document, branch)
    tag = resolved.get("properties", {}).get("type", {}).get("enum")
    if tag and len(tag) == 1:
        return str(tag[0])
    return str(resolved.get("type", "value"))


def _show(value: object) -> str:
    return "none" if value is None else str(value)
