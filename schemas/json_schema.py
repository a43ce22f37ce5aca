"""JSON Schema (2020-12) of what crosses a topic or is kept for ever in the record, made from the structs that code it.

The structs are the source; these documents let other languages and people check a message without our code.
"""

from __future__ import annotations

import inspect
import types
import typing
from typing import Any

import msgspec
import msgspec.inspect as inspection
from msgspec import Struct

from schemas.camera_events import CameraEvent
from schemas.cameras import Camera
from schemas.dead_letters import DeadLetter
from schemas.episodes import Episode
from schemas.frames import FRAME_SCHEMA, FrameHeaders
from schemas.recordings import ChainEntry, PublicKey, SignedRoot
from schemas.verdicts import SceneVerdicts

JsonObject = dict[str, Any]
"""A JSON document in the making; these modules only build and compare documents, they decode no message."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"
VERSION = 1
"""Version in each ``$id``. Within a version only optional additions are made; see ``compatibility.py``."""


class Contract(Struct, frozen=True):
    """One generated schema: ``name`` is the stem of its file and part of its ``$id``."""

    name: str
    title: str
    value_type: Any

    @property
    def file_name(self) -> str:
        """Give the file below ``schemas/generated`` that holds this schema."""
        return f"{self.name}.schema.json"


CONTRACTS = (
    Contract("camera", "One revision of a camera's entry in the registry", Camera),
    Contract("frame_headers", "Headers of a sampled frame, after their texts are read as numbers", FrameHeaders),
    Contract("camera_event", "One event about a camera", CameraEvent),
    Contract("episode", "An episode at one of its revisions", Episode),
    Contract("scene_verdicts", "Which frames of some cameras may be shown", SceneVerdicts),
    Contract("chain_entry", "One entry of a camera's chain of the record", ChainEntry),
    Contract("signed_root", "What the city commits to at the end of a day of the record", SignedRoot),
    Contract("public_key", "A key that signs roots and files of evidence", PublicKey),
    Contract("dead_letter", "A message that could not be processed", DeadLetter),
)


def contract_for(value_type: Any) -> Contract:
    """Give the contract of a value type.

    Raises:
        KeyError: No contract is made for this type.
    """
    for contract in CONTRACTS:
        if contract.value_type is value_type or contract.value_type == value_type:
            return contract
    raise KeyError(value_type)


def members_of(value_type: Any) -> tuple[type[Struct], ...]:
    """Give the structs of a tagged union in their declared order, or the one struct itself."""
    if isinstance(value_type, types.UnionType):
        return typing.get_args(value_type)
    return (value_type,)


def json_schema(contract: Contract) -> JsonObject:
    """Give the JSON Schema document of ``contract``."""
    body = msgspec.json.schema(contract.value_type)
    for definition in body["$defs"].values():
        if "description" in definition:
            definition["description"] = inspect.cleandoc(definition["description"])
    _state_names(inspection.type_info(contract.value_type), body["$defs"])
    if contract.value_type is FrameHeaders:
        body["$defs"][FrameHeaders.__name__]["properties"]["schema"]["const"] = FRAME_SCHEMA
    return {
        "$schema": DIALECT,
        "$id": f"urn:tilik:schema:{contract.name}:{VERSION}",
        "title": contract.title,
        **body,
    }


def _state_names(node: inspection.Type, definitions: JsonObject) -> None:
    """Add the allowed names of maps whose keys are literals; msgspec enforces them and does not write them down."""
    if isinstance(node, inspection.UnionType):
        children: list[inspection.Type] = list(node.types)
    elif isinstance(node, inspection.StructType):
        children = [field.type for field in node.fields]
        for field in node.fields:
            if isinstance(field.type, inspection.DictType) and isinstance(field.type.key_type, inspection.LiteralType):
                stated = definitions[node.cls.__name__]["properties"][field.encode_name]
                stated["propertyNames"] = {"enum": sorted(map(str, field.type.key_type.values))}
    else:
        children = [child for child in (getattr(node, name, None) for name in ("item_type", "value_type")) if child]
    for child in children:
        _state_names(child, definitions)
