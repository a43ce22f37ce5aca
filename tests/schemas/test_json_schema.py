from __future__ import annotations

import jsonschema
import pytest

from schemas.camera_events import CameraEvent, Decision, FrameDetections
from schemas.frames import FRAME_SCHEMA, FrameHeaders
from schemas.json_schema import CONTRACTS, VERSION, Contract, contract_for, json_schema, members_of
from schemas.topics import TOPICS


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_every_schema_keeps_the_metaschema_of_its_dialect(contract: Contract) -> None:
    schema = json_schema(contract)
    assert schema["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]
    jsonschema.Draft202012Validator.check_schema(schema)


def test_every_schema_has_an_id_of_its_own_with_the_version() -> None:
    ids = [json_schema(contract)["$id"] for contract in CONTRACTS]
    assert len(set(ids)) == len(ids)
    assert all(one.startswith("urn:tilik:schema:") and one.endswith(f":{VERSION}") for one in ids)


def test_every_json_value_of_the_table_of_topics_has_a_schema() -> None:
    for topic in TOPICS:
        if topic.value_type is not None:
            assert contract_for(topic.value_type) in CONTRACTS


def test_a_type_without_contract_is_an_error() -> None:
    with pytest.raises(KeyError):
        contract_for(int)


def test_members_are_those_of_the_union_in_order_and_a_struct_is_its_own_member() -> None:
    members = members_of(CameraEvent)
    assert (members[0], members[-1]) == (FrameDetections, Decision)
    assert members_of(FrameHeaders) == (FrameHeaders,)


def test_no_object_of_ours_allows_unknown_fields() -> None:
    for contract in CONTRACTS:
        for name, definition in json_schema(contract)["$defs"].items():
            if definition["type"] == "object":
                assert definition["additionalProperties"] is False, name


def test_frame_headers_state_the_one_schema_that_is_read() -> None:
    fields = json_schema(contract_for(FrameHeaders))["$defs"]["FrameHeaders"]["properties"]
    assert fields["schema"]["const"] == FRAME_SCHEMA


def test_descriptions_carry_no_indentation_of_the_source() -> None:
    for contract in CONTRACTS:
        for definition in json_schema(contract)["$defs"].values():
            assert "\n  " not in definition["description"]
