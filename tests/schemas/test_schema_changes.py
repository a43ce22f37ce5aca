from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta, Struct, defstruct

from schemas.json_schema import CONTRACTS, JsonObject, json_schema
from schemas.schema_changes import schema_changes


class Corner(Struct, forbid_unknown_fields=True):
    x: int


class Inner(Struct, frozen=True, forbid_unknown_fields=True):
    level: int = 1


class InnerGrown(Struct, frozen=True, forbid_unknown_fields=True):
    level: int = 1
    shade: str = ""


def schema_of(fields: dict[str, Any], tag: str = "thing") -> JsonObject:
    listed = [(name, *value) if isinstance(value, tuple) else (name, value) for name, value in fields.items()]
    return msgspec.json.schema(defstruct("Thing", listed, tag=tag, forbid_unknown_fields=True))


def changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return schema_changes(schema_of(old), schema_of(new))


Word = Literal["car", "bus"]
Count = Annotated[int, Meta(ge=0)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param({"a": int}, {"a": int, "b": (int, 3)}, id="optional field added"),
        pytest.param({"a": int}, {"a": (int, 3)}, id="required field made optional"),
        pytest.param({"a": int}, {"a": int | None}, id="null allowed"),
        pytest.param({"a": int}, {"a": float}, id="integer widened to number"),
        pytest.param({"a": Word}, {"a": Literal["car", "bus", "truck"]}, id="value added"),
        pytest.param({"a": Word}, {"a": str}, id="any text allowed"),
        pytest.param({"a": Count}, {"a": int}, id="bound dropped"),
        pytest.param({"a": Count}, {"a": Annotated[int, Meta(ge=-5)]}, id="bound moved out"),
        pytest.param({"a": Annotated[int, Meta(gt=0)]}, {"a": Count}, id="exclusive bound made inclusive"),
        pytest.param({"a": Annotated[str, Meta(max_length=4)]}, {"a": Annotated[str, Meta(max_length=9)]}, id="longer"),
        pytest.param({"a": dict[Word, int]}, {"a": dict[str, int]}, id="any name allowed"),
        pytest.param({"a": tuple[Corner, ...]}, {"a": tuple[Corner, ...] | None}, id="list may be null"),
    ],
)
def test_what_the_old_code_wrote_is_still_read(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert changes(old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param({"a": int, "b": int}, {"a": int}, "$.b: field removed", id="removed"),
        pytest.param({"b": int}, {"c": (int, 0)}, "$.b: field removed", id="renamed"),
        pytest.param({"a": int}, {"a": int, "b": int}, "$.b: field is newly required", id="required added"),
        pytest.param({"a": (int, 1)}, {"a": int}, "$.a: field is newly required", id="made required"),
        pytest.param({"a": str}, {"a": int}, "$.a: type narrowed from string to integer", id="type"),
        pytest.param({"a": float}, {"a": int}, "$.a: type narrowed from number to integer", id="number to integer"),
        pytest.param({"a": Any}, {"a": int}, "$.a: type narrowed from none to integer", id="anything to integer"),
        pytest.param({"a": int | None}, {"a": int}, "$.a: null is no longer accepted", id="null"),
        pytest.param({"a": int | str}, {"a": int | None}, "$.a: string is no longer accepted", id="alternative"),
        pytest.param({"a": Word}, {"a": Literal["car"]}, "$.a: values removed: bus", id="enum"),
        pytest.param({"a": str}, {"a": Word}, "$.a: values removed: any other value", id="text to enum"),
        pytest.param({"a": int}, {"a": Count}, "$.a: minimum narrowed from none to 0", id="bound added"),
        pytest.param(
            {"a": Count}, {"a": Annotated[int, Meta(ge=1)]}, "$.a: minimum narrowed from 0 to 1", id="bound moved in"
        ),
        pytest.param(
            {"a": Count},
            {"a": Annotated[int, Meta(gt=0)]},
            "$.a: exclusiveMinimum narrowed from none to 0",
            id="inclusive bound made exclusive",
        ),
        pytest.param(
            {"a": Annotated[str, Meta(max_length=9)]},
            {"a": Annotated[str, Meta(max_length=4)]},
            "$.a: maxLength narrowed from 9 to 4",
            id="shorter",
        ),
        pytest.param(
            {"a": Annotated[str, Meta(pattern="^a$")]},
            {"a": Annotated[str, Meta(pattern="^b$")]},
            "$.a: pattern changed from ^a$ to ^b$",
            id="pattern",
        ),
        pytest.param({"a": (int, 1)}, {"a": (int, 2)}, "$.a: default changed from 1 to 2", id="default"),
        pytest.param({"a": str}, {"a": bytes}, "$.a: contentEncoding changed from none to base64", id="base64"),
        pytest.param({"a": bytes}, {"a": str}, "$.a: contentEncoding changed from base64 to none", id="not base64"),
        pytest.param(
            {"a": dict[str, int]}, {"a": dict[str, Count]}, "$.a.*: minimum narrowed from none to 0", id="map value"
        ),
        pytest.param(
            {"a": tuple[int, ...]}, {"a": tuple[Count, ...]}, "$.a[]: minimum narrowed from none to 0", id="list item"
        ),
        pytest.param(
            {"a": tuple[int, int]}, {"a": tuple[int, Count]}, "$.a[1]: minimum narrowed from none to 0", id="element"
        ),
        pytest.param(
            {"a": tuple[int, int, int]},
            {"a": tuple[int, int]},
            "$.a: maxItems narrowed from 3 to 2",
            id="fewer elements",
        ),
    ],
)
def test_a_change_that_refuses_old_messages_names_its_path(old: dict[str, Any], new: dict[str, Any], line: str) -> None:
    assert line in changes(old, new)


def test_a_changed_tag_is_found_alone_and_in_a_union() -> None:
    assert schema_changes(schema_of({"a": int}, "parked"), schema_of({"a": int}, "stood")) == [
        "$.type: values removed: parked"
    ]
    one, two, three = (defstruct(name, [("a", int)], tag=name.lower()) for name in ("One", "Two", "Three"))
    old, new = msgspec.json.schema(one | two), msgspec.json.schema(one | three)
    assert schema_changes(old, new) == ["$: two is no longer accepted"]


def test_a_union_may_grow_and_a_struct_may_be_renamed_under_its_tag() -> None:
    one, renamed = (defstruct(name, [("a", int)], tag="one") for name in ("One", "Renamed"))
    two = defstruct("Two", [("a", int)], tag="two")
    assert schema_changes(msgspec.json.schema(one), msgspec.json.schema(renamed | two)) == []


def test_a_default_that_gains_a_field_with_its_struct_is_an_optional_addition() -> None:
    assert changes({"a": (Inner, Inner())}, {"a": (InnerGrown, InnerGrown())}) == []
    assert changes({"a": (Inner, Inner())}, {"a": (Inner, Inner(level=2))}) != []


def test_a_change_deep_in_a_definition_is_found_with_its_whole_path() -> None:
    def holding(corner: Any) -> JsonObject:
        row: Any = defstruct("Row", [("corners", tuple[corner, ...])])
        return schema_of({"rows": dict[str, row]})

    narrow = defstruct("Corner", [("x", Count)], forbid_unknown_fields=True)
    assert schema_changes(holding(Corner), holding(narrow)) == ["$.rows.*.corners[].x: minimum narrowed from none to 0"]


def test_a_struct_that_holds_itself_ends() -> None:
    tree = {"$ref": "#/$defs/T", "$defs": {"T": {"type": "object", "properties": {"left": {"$ref": "#/$defs/T"}}}}}
    cut: JsonObject = {"$ref": "#/$defs/T", "$defs": {"T": {"type": "object", "properties": {}}}}
    assert schema_changes(tree, tree) == []
    assert schema_changes(tree, cut) == ["$.left: field removed"]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_every_contract_is_compatible_with_itself(contract: Any) -> None:
    assert schema_changes(json_schema(contract), json_schema(contract)) == []
