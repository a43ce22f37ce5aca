"""Where two JSON documents differ, said as a person would find the place: panels and variables by their titles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

_SHOWN_CHARACTERS: Final = 60
_NAMES: Final = ("title", "name", "refId", "label", "id")
"""By what an element of a list is called, in this order."""

_ABSENT: Final = object()


def differences(wanted: Any, held: Any, *, extra_is_held: bool = True, path: str = "") -> Iterator[str]:
    """Give a line for each place where ``held`` is not as ``wanted``.

    Args:
        wanted: The document as it should be.
        held: The document as it is.
        extra_is_held: Whether a field counts that is only in ``held``. Where Grafana adds fields by itself it must not.
        path: Where both are.
    """
    if isinstance(wanted, dict) and isinstance(held, dict):
        yield from _of_objects(wanted, held, extra_is_held, path)
    elif isinstance(wanted, list) and isinstance(held, list):
        yield from _of_lists(wanted, held, extra_is_held, path)
    elif wanted != held or isinstance(wanted, bool) != isinstance(held, bool):
        yield f"{path or 'it'} is {_shown(held)}, not {_shown(wanted)}"


def _of_objects(wanted: dict[str, Any], held: dict[str, Any], extra_is_held: bool, path: str) -> Iterator[str]:
    for key in (*wanted, *(key for key in held if key not in wanted)):
        place = f"{path}.{key}" if path else key
        if key not in held:
            yield f"{place} is missing"
        elif key in wanted:
            yield from differences(wanted[key], held[key], extra_is_held=extra_is_held, path=place)
        elif extra_is_held:
            yield f"{place} is {_shown(held[key])}, and should not be there"


def _of_lists(wanted: list[Any], held: list[Any], extra_is_held: bool, path: str) -> Iterator[str]:
    """Elements that have an id are compared by it, others by their place."""
    keys = [_keyed(wanted), _keyed(held)]
    if None in keys:
        keys = [dict(enumerate(wanted)), dict(enumerate(held))]
    ours, theirs = keys
    assert ours is not None
    assert theirs is not None
    for key, one in ours.items():
        if key not in theirs:
            yield f"{path} lacks {_called(one, key)}"
        else:
            place = f"{path} {_called(one, key)}" if isinstance(one, dict) else f"{path}[{key}]"
            inner = differences(one, theirs[key], extra_is_held=extra_is_held, path="")
            yield from (f"{place}: {line}" for line in inner)
    for key, one in theirs.items():
        if key not in ours:
            yield f"{path} has {_called(one, key)}, which should not be there"
    common = [key for key in ours if key in theirs], [key for key in theirs if key in ours]
    if common[0] != common[1]:
        yield f"{path} is in another order"


def _keyed(elements: list[Any]) -> dict[Any, Any] | None:
    for field in ("uid", "id", "refId", "name"):
        keys = [one.get(field) if isinstance(one, dict) else None for one in elements]
        if elements and all(isinstance(key, (str, int)) for key in keys) and len(set(keys)) == len(keys):
            return dict(zip(keys, elements, strict=True))
    return {} if not elements else None


def _called(one: Any, key: Any) -> str:
    if not isinstance(one, dict):
        return f"{_shown(one)}"
    return next((f"{one[name]!r}" for name in _NAMES if one.get(name) not in (None, "")), f"[{key}]")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"
