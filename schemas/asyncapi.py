"""The AsyncAPI 3.0 document: channels, messages, operations and Kafka bindings, all from the table of topics."""

from __future__ import annotations

import inspect

import msgspec

from schemas.camera_events import EventId
from schemas.cameras import CameraId
from schemas.frames import FrameHeaders
from schemas.json_schema import VERSION, Contract, JsonObject, contract_for, members_of
from schemas.operations import OPERATIONS, Operation
from schemas.topics import AGGREGATE_STATE, FRAMES, PARTITIONS, REPLICAS, TOPICS, Profile, Topic

ASYNCAPI_VERSION = "3.0.0"
KAFKA_BINDING_VERSION = "0.5.0"
SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"

_LIST_SETTINGS = frozenset({"cleanup.policy"})
_SENT_TO = [operation.topic for operation in OPERATIONS if operation.action == "send"]
_KEY_TYPES = {"camera_id": CameraId, "episode_id": EventId}


def asyncapi_document() -> JsonObject:
    """Give the document; references to payloads are relative to the folder in which it is written."""
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "id": "urn:tilik",
        "info": {
            "title": "Tilik",
            "version": f"{VERSION}.0.0",
            "description": "What passes between the services of Tilik. Partitions, replicas and retention are those of "
            "production; x-local says what differs on one machine.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {operation.name: _operation(operation) for operation in OPERATIONS},
        "components": {"messages": {name: body for topic in TOPICS for name, body in _messages(topic).items()}},
    }


def _channel(topic: Topic) -> JsonObject:
    return {
        "address": topic.name,
        "title": topic.title,
        **({} if topic in _SENT_TO else {"description": "No service sends to it yet."}),
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _messages(topic)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                **_profile(topic, "production"),
                "bindingVersion": KAFKA_BINDING_VERSION,
            }
        },
        "x-local": _profile(topic, "local"),
        "x-key": topic.key,
        **({"x-dead-letters": topic.dead_letters} if topic.dead_letters else {}),
    }


def _profile(topic: Topic, profile: Profile) -> JsonObject:
    settings = topic.settings_for(profile)
    return {
        "partitions": PARTITIONS[profile],
        "replicas": REPLICAS[profile],
        "topicConfiguration": {name: _setting(name, settings[name]) for name in sorted(settings)},
    }


def _setting(name: str, value: str) -> str | int | float | list[str]:
    if name in _LIST_SETTINGS:
        return value.split(",")
    try:
        return int(value)
    except ValueError:
        pass
    try:
        return float(value)
    except ValueError:
        return value


def _messages(topic: Topic) -> dict[str, JsonObject]:
    if topic is FRAMES:
        return {"Frame": _frame_message(topic)}
    if topic is AGGREGATE_STATE:
        return {"AggregateState": _opaque_message(topic)}
    contract = contract_for(topic.value_type)
    return {member.__name__: _json_message(topic, contract, member) for member in members_of(topic.value_type)}


def _json_message(topic: Topic, contract: Contract, member: type[msgspec.Struct]) -> JsonObject:
    return {
        "title": member.__name__,
        "summary": inspect.getdoc(member),
        "contentType": "application/json",
        "payload": _schema_reference(contract, member),
        "bindings": _key_binding(topic),
    }


def _frame_message(topic: Topic) -> JsonObject:
    return {
        "title": "Frame",
        "summary": "A sampled picture. Each header is UTF-8 text on the wire: numbers in decimal, true or false.",
        "contentType": "image/jpeg",
        "headers": _schema_reference(contract_for(FrameHeaders), FrameHeaders),
        "payload": {"type": "string", "format": "binary"},
        "bindings": _key_binding(topic),
    }


def _opaque_message(topic: Topic) -> JsonObject:
    return {
        "title": "AggregateState",
        "summary": "State of one camera, or the position marker of a partition. Private to the aggregate service: "
        "only its workers read it; its form may change with any release that also says how old state is read.",
        "contentType": "application/msgpack",
        "payload": {"type": "string", "format": "binary"},
        "bindings": _key_binding(topic),
    }


def _schema_reference(contract: Contract, member: type[msgspec.Struct]) -> JsonObject:
    return {
        "schemaFormat": SCHEMA_FORMAT,
        "schema": {"$ref": f"./{contract.file_name}#/$defs/{member.__name__}"},
    }


def _key_binding(topic: Topic) -> JsonObject:
    key_type = _KEY_TYPES.get(topic.key)
    key = msgspec.json.schema(key_type) if key_type is not None else {"type": "string"}
    return {"kafka": {"key": {**key, "description": topic.key}, "bindingVersion": KAFKA_BINDING_VERSION}}


def _operation(operation: Operation) -> JsonObject:
    topic = operation.topic
    names = [member.__name__ for member in operation.only] or list(_messages(topic))
    return {
        "action": operation.action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "title": f"{operation.service} {operation.action}s {topic.title[0].lower()}{topic.title[1:]}",
        "messages": [{"$ref": f"#/channels/{topic.name}/messages/{name}"} for name in names],
        "x-service": operation.service,
    }
