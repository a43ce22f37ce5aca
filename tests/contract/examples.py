"""Where the examples of a topic lie, and how a topic's messages are decoded and encoded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from msgspec import Struct

from schemas.codec import ContractError, JsonCodec
from schemas.frames import FrameHeaders
from schemas.json_schema import Contract, contract_for
from schemas.topics import AGGREGATE_STATE, FRAMES, TOPICS, Topic

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"


class TopicContract(Struct, frozen=True):
    """A topic with its schema and both directions of its codec, bytes of an example file on one side."""

    topic: Topic
    contract: Contract
    decode: Callable[[bytes], Any]
    encode: Callable[[Any], bytes]

    def files(self, kind: str) -> list[Path]:
        return sorted((EXAMPLES / self.topic.name / kind).glob("*.json"))


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def parse(data: bytes) -> Any:
    """Parse as any strict JSON reader would, without our codec."""
    return json.loads(data.decode(), parse_constant=refuse_constant)


def _decode_headers(data: bytes) -> FrameHeaders:
    try:
        fields = parse(data)
    except ValueError as error:
        raise ContractError(str(error)) from error
    texts = {name: json.dumps(value) if not isinstance(value, str) else value for name, value in fields.items()}
    return FrameHeaders.from_kafka([(name, text.encode()) for name, text in texts.items()])


def _encode_headers(headers: FrameHeaders) -> bytes:
    texts = {name: value.decode() for name, value in headers.to_kafka()}
    kept_as_text = ("schema", "source_kind", "ingest_instance")
    return json.dumps(
        {name: text if name in kept_as_text else json.loads(text) for name, text in texts.items()}
    ).encode()


def _contract_of(topic: Topic) -> TopicContract:
    if topic is FRAMES:
        return TopicContract(topic, contract_for(FrameHeaders), _decode_headers, _encode_headers)
    codec: JsonCodec[Any] = JsonCodec(topic.value_type)
    return TopicContract(topic, contract_for(topic.value_type), codec.decode, codec.encode)


WITHOUT_EXAMPLES = (AGGREGATE_STATE,)
TOPIC_CONTRACTS = tuple(_contract_of(topic) for topic in TOPICS if topic not in WITHOUT_EXAMPLES)
