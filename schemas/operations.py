"""Which service sends and receives what: the edges of the flow, as the AsyncAPI document states them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from schemas.camera_events import CameraStatus, Decision, FrameDetections, FrameShed
from schemas.topics import (
    AGGREGATE_STATE,
    CAMERA_EVENTS,
    CAMERAS,
    EPISODES,
    FRAMES,
    SCENE_VERDICTS,
    Topic,
    topic_named,
)


class Operation(Struct, frozen=True, kw_only=True):
    """A service sends to, or receives from, a topic. ``only`` names the event types where it is not all of them."""

    service: str
    action: Literal["send", "receive"]
    topic: Topic
    only: tuple[type[Struct], ...] = ()

    @property
    def name(self) -> str:
        """Give the operation's name, unique in the document."""
        return f"{self.service}-{self.action}s-{self.topic.name}"


def _sends(service: str, topic: Topic, *only: type[Struct]) -> Operation:
    return Operation(service=service, action="send", topic=topic, only=only)


def _receives(service: str, topic: Topic) -> Operation:
    return Operation(service=service, action="receive", topic=topic)


def _buries(service: str, topic: Topic) -> Operation:
    if topic.dead_letters is None:
        raise ValueError(f"{topic.name} has no dead letters")
    return _sends(service, topic_named(topic.dead_letters))


OPERATIONS = (
    _receives("cli", CAMERAS),
    _sends("cli", CAMERAS),
    _receives("ingest", CAMERAS),
    _sends("ingest", FRAMES),
    _sends("ingest", CAMERA_EVENTS, CameraStatus),
    _receives("detect", CAMERAS),
    _receives("detect", FRAMES),
    _sends("detect", CAMERA_EVENTS, FrameDetections, FrameShed),
    _buries("detect", FRAMES),
    _receives("aggregate", CAMERAS),
    _receives("aggregate", CAMERA_EVENTS),
    _receives("aggregate", AGGREGATE_STATE),
    _sends("aggregate", AGGREGATE_STATE),
    _sends("aggregate", EPISODES),
    _sends("aggregate", SCENE_VERDICTS),
    _buries("aggregate", CAMERA_EVENTS),
    _receives("webhooks", CAMERAS),
    _receives("webhooks", EPISODES),
    _buries("webhooks", EPISODES),
    _receives("record", CAMERAS),
    _receives("record", FRAMES),
    _receives("record", CAMERA_EVENTS),
    _receives("record", SCENE_VERDICTS),
    _receives("record", EPISODES),
    _receives("portal", CAMERAS),
    _receives("portal", FRAMES),
    _receives("portal", CAMERA_EVENTS),
    _receives("portal", SCENE_VERDICTS),
    _sends("portal", CAMERAS),
    _sends("portal", CAMERA_EVENTS, Decision),
)
