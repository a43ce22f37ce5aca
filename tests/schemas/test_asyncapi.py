from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from schemas.asyncapi import ASYNCAPI_VERSION, asyncapi_document
from schemas.generate import GENERATED
from schemas.operations import OPERATIONS
from schemas.topics import FRAMES, PARTITIONS, REPLICAS, TOPICS, Profile

SPECIFICATION = "@asyncapi/specs@6.11.1"
"""The npm package that carries the official JSON Schemas of AsyncAPI, Apache-2.0."""

DOCUMENT = asyncapi_document()


def follow(reference: str) -> Any:
    """Resolve a reference of the document: inside it, or into a file beside it."""
    file_name, _, pointer = reference.partition("#/")
    target: Any = DOCUMENT if not file_name else json.loads((GENERATED / file_name).read_text(encoding="utf-8"))
    for part in pointer.split("/"):
        target = target[part]
    return target


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [reference for value in node.values() for reference in references(value)]
    return [reference for value in node for reference in references(value)] if isinstance(node, list) else []


def test_every_reference_leads_to_something() -> None:
    found = references(DOCUMENT)
    assert any(reference.startswith("./camera_event.schema.json#") for reference in found)
    for reference in found:
        assert follow(reference), reference


def test_every_topic_is_a_channel_with_its_partitions_and_its_retention_by_profile() -> None:
    assert list(DOCUMENT["channels"]) == [topic.name for topic in TOPICS]
    for topic in TOPICS:
        channel = DOCUMENT["channels"][topic.name]
        by_profile: dict[Profile, Any] = {"production": channel["bindings"]["kafka"], "local": channel["x-local"]}
        for profile, stated in by_profile.items():
            assert stated["partitions"] == PARTITIONS[profile]
            assert stated["replicas"] == REPLICAS[profile]
            settings = topic.settings_for(profile)
            assert set(stated["topicConfiguration"]) == set(settings)
            assert stated["topicConfiguration"]["cleanup.policy"] == settings["cleanup.policy"].split(",")
            assert str(stated["topicConfiguration"].get("retention.ms")) == settings.get("retention.ms", "None")
            assert str(stated["topicConfiguration"].get("retention.bytes")) == settings.get("retention.bytes", "None")


def test_every_message_of_an_operation_is_one_of_its_channel() -> None:
    assert len(DOCUMENT["operations"]) == len(OPERATIONS)
    for operation in DOCUMENT["operations"].values():
        channel = follow(operation["channel"]["$ref"])
        names = [message["$ref"].rsplit("/", 1)[1] for message in operation["messages"]]
        assert names
        assert set(names) <= set(channel["messages"])


def test_every_topic_is_sent_to_by_a_service_and_every_dead_letter_topic_belongs_to_one() -> None:
    sent = {operation.topic.name for operation in OPERATIONS if operation.action == "send"}
    dead = {topic.dead_letters for topic in TOPICS if topic.dead_letters}
    assert {topic.name for topic in TOPICS} - dead <= sent
    assert dead <= {topic.name for topic in TOPICS}


def test_a_topic_that_no_service_sends_to_is_said_to_have_no_sender_yet() -> None:
    sent = {operation.topic.name for operation in OPERATIONS if operation.action == "send"}
    said = {
        name for name, channel in DOCUMENT["channels"].items() if "No service sends" in str(channel.get("description"))
    }
    assert said == {topic.name for topic in TOPICS} - sent


def test_what_producers_wait_for_survives_the_loss_of_one_broker_and_frames_do_not_wait() -> None:
    for topic in TOPICS:
        in_sync = topic.settings_for("production").get("min.insync.replicas")
        assert in_sync == (None if topic is FRAMES else "2")
        assert topic.settings_for("local").get("min.insync.replicas") == (None if topic is FRAMES else "1")


def test_the_headers_of_a_frame_are_a_schema_of_type_object() -> None:
    assert follow(DOCUMENT["components"]["messages"]["Frame"]["headers"]["schema"]["$ref"])["type"] == "object"


@pytest.mark.integration
def test_the_document_keeps_the_official_schema_of_asyncapi(tmp_path: Path) -> None:
    command = ["npm", "pack", "--silent", "--prefer-offline", "--pack-destination", str(tmp_path), SPECIFICATION]
    archive = tmp_path / subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout.strip()
    member = f"package/schemas/{ASYNCAPI_VERSION}-without-$id.json"
    subprocess.run(["tar", "-xzf", str(archive), "-C", str(tmp_path), member], check=True)
    validator = jsonschema.Draft7Validator(json.loads((tmp_path / member).read_text(encoding="utf-8")))
    validator.validate(DOCUMENT)
    assert not validator.is_valid({**DOCUMENT, "channels": {"x": {"adress": "x"}}})
