"""Every topic's examples do what their folder and their name say, for the codec and for the JSON Schema alike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from schemas.codec import ContractError
from schemas.json_schema import json_schema, members_of
from schemas.topics import CAMERA_EVENTS, EPISODES, FRAMES, TOPICS
from tests.contract.examples import EXAMPLES, TOPIC_CONTRACTS, WITHOUT_EXAMPLES, TopicContract, parse

REFUSALS = {
    "unknown_field": r"unknown field `",
    "missing_field": r"missing required field `|frame schema is None",
    "missing_tag": r"missing required field `type`",
    "unknown_tag": r"Invalid value '.*' - at `\$\.type`",
    "wrong_tag": r"unknown field `",
    "wrong_type": r"Expected `.*`, got `|Expected `(int|bool)`",
    "out_of_range": r"Expected `(int|float)` (>|>=|<|<=) ",
    "too_few": r"Expected `(array|bytes)` of (at least )?length",
    "too_long": r"Expected `str` of length <=",
    "bad_form": r"matching regex|of length >= 1|Invalid base64",
    "unknown_value": r"Invalid enum value|frame schema is '2'",
    "not_a_number": r"JSON is malformed: invalid character",
    "text_after": r"JSON is malformed: trailing characters",
    "not_utf8": r"can't decode byte|utf-8|unicode",
    "truncated": r"truncated|Expecting|Unterminated",
    "empty": r"truncated",
}
"""By the start of an invalid example's name: what the codec says."""

IN_EVERY_TOPIC = ("unknown_field", "missing_field", "wrong_type", "out_of_range", "bad_form", "truncated")

CODEC_ONLY = frozenset({"bad_form_water_grid_not_base64", "bad_form_original_not_base64"})
"""JSON Schema states base64 as an annotation, which validators do not check."""


def cases(kind: str) -> list[Any]:
    return [
        pytest.param(contract, path, id=f"{contract.topic.name}/{path.stem}")
        for contract in TOPIC_CONTRACTS
        for path in contract.files(kind)
    ]


def validator(contract: TopicContract) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json_schema(contract.contract))


def refusal_class(path: Path) -> str:
    return next(name for name in REFUSALS if path.stem.startswith(name))


def lost(example: Any, encoded: Any, path: str = "$") -> list[str]:
    """Give the paths of an example whose values did not come back; fields added by defaults are no loss."""
    if isinstance(example, dict):
        return [line for name in example for line in lost(example[name], encoded.get(name), f"{path}.{name}")]
    if isinstance(example, list) and len(example) == len(encoded):
        pairs = enumerate(zip(example, encoded, strict=True))
        return [line for index, (a, b) in pairs for line in lost(a, b, f"{path}[{index}]")]
    return [] if example == encoded else [f"{path}: {example!r} came back as {encoded!r}"]


@pytest.mark.parametrize(("contract", "path"), cases("valid"))
def test_valid_example_decodes_keeps_its_schema_and_comes_back(contract: TopicContract, path: Path) -> None:
    data = path.read_bytes()
    value = contract.decode(data)
    encoded = contract.encode(value)
    assert contract.decode(encoded) == value
    assert lost(parse(data), parse(encoded)) == []
    for document in (data, encoded):
        validator(contract).validate(parse(document))


@pytest.mark.parametrize(("contract", "path"), cases("invalid"))
def test_invalid_example_is_refused_by_the_codec_for_the_reason_it_is_named_after(
    contract: TopicContract, path: Path
) -> None:
    with pytest.raises(ContractError) as refusal:
        contract.decode(path.read_bytes())
    assert re.search(REFUSALS[refusal_class(path)], str(refusal.value)), str(refusal.value)


@pytest.mark.parametrize(("contract", "path"), cases("invalid"))
def test_invalid_example_is_refused_by_the_schema_wherever_a_schema_can_say_it(
    contract: TopicContract, path: Path
) -> None:
    try:
        document = parse(path.read_bytes())
    except ValueError:
        return  # no JSON reader gets as far as the schema
    assert validator(contract).is_valid(document) == (path.stem in CODEC_ONLY)


def test_every_topic_has_valid_and_invalid_examples() -> None:
    assert {contract.topic.name for contract in TOPIC_CONTRACTS if contract.files("valid")} == {
        topic.name for topic in TOPICS if topic not in WITHOUT_EXAMPLES
    }
    for contract in TOPIC_CONTRACTS:
        classes = {refusal_class(path) for path in contract.files("invalid")}
        assert classes >= set(IN_EVERY_TOPIC), contract.topic.name
        if len(members_of(contract.contract.value_type)) > 1:
            assert {"unknown_tag", "missing_tag"} <= classes, contract.topic.name


def test_a_topic_without_examples_says_why_and_has_no_json_value() -> None:
    for topic in WITHOUT_EXAMPLES:
        assert topic.value_type is None
        assert (EXAMPLES / topic.name / "README.md").read_text(encoding="utf-8").strip()


def test_no_examples_lie_in_a_folder_that_is_no_topic() -> None:
    assert {path.name for path in EXAMPLES.iterdir() if path.is_dir()} == {topic.name for topic in TOPICS}


def test_every_event_type_has_a_valid_example() -> None:
    for contract in TOPIC_CONTRACTS:
        shown = {type(contract.decode(path.read_bytes())) for path in contract.files("valid")}
        assert shown == set(members_of(contract.contract.value_type)), contract.topic.name


def test_valid_examples_show_every_value_of_every_enumeration_of_the_events() -> None:
    for contract in (one for one in TOPIC_CONTRACTS if one.topic in (CAMERA_EVENTS, EPISODES)):
        written = "".join(path.read_text(encoding="utf-8") for path in contract.files("valid"))
        for member in members_of(contract.contract.value_type):
            properties = json_schema(contract.contract)["$defs"][member.__name__]["properties"]
            for field in ("reason", "state", "decision", "kind", "phase"):
                missing = [value for value in properties.get(field, {}).get("enum", []) if f'"{value}"' not in written]
                assert missing == [], f"{member.__name__}.{field}"


def test_a_dead_letter_of_a_frame_never_holds_the_picture() -> None:
    contract = next(one for one in TOPIC_CONTRACTS if one.topic.name == FRAMES.dead_letters)
    for path in contract.files("valid"):
        assert contract.decode(path.read_bytes()).original is None
