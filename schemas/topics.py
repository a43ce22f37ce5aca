"""The table of topics: the only place in Tilik where a topic is named.

| topic            | key         | value                         | kept                      |
|------------------|-------------|-------------------------------|---------------------------|
| cameras          | camera_id   | Camera (JSON)                 | for ever, every revision  |
| frames           | camera_id   | JPEG, FrameHeaders            | 10 minutes                |
| camera-events    | camera_id   | CameraEvent (JSON)            | 3 days                    |
| aggregate-state  | camera_id   | state blob (msgpack), markers | compacted                 |
| episodes         | episode_id  | Episode (JSON)                | compacted and 30 days     |
| scene-verdicts   | partition   | SceneVerdicts (JSON)          | 1 hour                    |
| <topic>-dlq      | original    | DeadLetter (JSON)             | 14 days                   |

A topic without a sender is marked so in the AsyncAPI document: today these are the dead letters of cameras, for the
command line refuses a wrong camera before it is sent.

Topics that are keyed by camera have equally many partitions, so that whoever owns a partition of one owns its cameras
in all of them. That holds only if every producer hashes alike: murmur2.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from schemas.camera_events import CameraEvent
from schemas.cameras import Camera
from schemas.dead_letters import DeadLetter
from schemas.episodes import Episode
from schemas.times import DAY_MS, MINUTE_MS
from schemas.verdicts import SceneVerdicts

Profile = Literal["local", "production"]

PARTITIONS: dict[Profile, int] = {"local": 8, "production": 48}
REPLICAS: dict[Profile, int] = {"local": 1, "production": 3}
IN_SYNC_REPLICAS: dict[Profile, int] = {"local": 1, "production": 2}
"""How many replicas must have a record before a producer that waits for all is told so: any one broker may be lost."""

_MIB = 1 << 20


class Topic(Struct, frozen=True, kw_only=True):
    """One row of the table.

    ``value_type`` is what a value decodes to as JSON; None where a value is not JSON (JPEG, msgpack). ``settings`` are
    topic settings of Kafka, equal in every profile. ``retention_bytes`` bounds each partition, by profile. Producers
    wait for all in-sync replicas, except where ``awaits_all_replicas`` says that the leader is enough.
    """

    name: str
    title: str
    key: str
    value_type: Any
    settings: dict[str, str]
    retention_bytes: dict[Profile, int] | None = None
    dead_letters: str | None = None
    awaits_all_replicas: bool = True

    def settings_for(self, profile: Profile) -> dict[str, str]:
        """Give all topic settings of this topic under ``profile``."""
        settings = dict(self.settings)
        if self.retention_bytes is not None:
            settings["retention.bytes"] = str(self.retention_bytes[profile])
        if self.awaits_all_replicas:
            settings["min.insync.replicas"] = str(IN_SYNC_REPLICAS[profile])
        return settings


def _dead_letters_of(name: str) -> Topic:
    return Topic(
        name=f"{name}-dlq",
        title=f"Messages of {name} that could not be processed",
        key="the original key",
        value_type=DeadLetter,
        settings={"cleanup.policy": "delete", "retention.ms": str(14 * DAY_MS), "compression.type": "zstd"},
    )


CAMERAS = Topic(
    name="cameras",
    title="The camera registry, every revision",
    key="camera_id",
    value_type=Camera,
    settings={"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"},
    dead_letters="cameras-dlq",
)
FRAMES = Topic(
    name="frames",
    title="Sampled JPEG frames",
    key="camera_id",
    value_type=None,
    settings={
        "cleanup.policy": "delete",
        "retention.ms": str(10 * MINUTE_MS),
        "segment.ms": str(MINUTE_MS),
        "segment.bytes": str(64 * _MIB),
        "max.message.bytes": str(_MIB),
        "compression.type": "uncompressed",
        "message.timestamp.type": "LogAppendTime",
    },
    # 1,100 cameras x 1 fps x 60 KB over 48 partitions are 0.84 GB in ten minutes; twice that is the bound.
    retention_bytes={"local": 512 * _MIB, "production": 2048 * _MIB},
    dead_letters="frames-dlq",
    awaits_all_replicas=False,
)
CAMERA_EVENTS = Topic(
    name="camera-events",
    title="All that is known about a camera, in order",
    key="camera_id",
    value_type=CameraEvent,
    settings={"cleanup.policy": "delete", "retention.ms": str(3 * DAY_MS), "compression.type": "zstd"},
    dead_letters="camera-events-dlq",
)
AGGREGATE_STATE = Topic(
    name="aggregate-state",
    title="State of the aggregation and the position of each partition",
    key="camera_id",
    value_type=None,
    settings={
        "cleanup.policy": "compact",
        "max.message.bytes": str(8 * _MIB),
        "segment.bytes": str(16 * _MIB),
        "segment.ms": str(MINUTE_MS),
        "min.cleanable.dirty.ratio": "0.2",
        "delete.retention.ms": str(MINUTE_MS),
    },
)
EPISODES = Topic(
    name="episodes",
    title="Floods, parking cases, counter and camera episodes",
    key="episode_id",
    value_type=Episode,
    settings={"cleanup.policy": "compact,delete", "retention.ms": str(30 * DAY_MS), "compression.type": "zstd"},
    dead_letters="episodes-dlq",
)
SCENE_VERDICTS = Topic(
    name="scene-verdicts",
    title="Which frames may be shown",
    key="partition",
    value_type=SceneVerdicts,
    settings={
        "cleanup.policy": "delete",
        "retention.ms": str(60 * MINUTE_MS),
        "segment.ms": str(10 * MINUTE_MS),
        "compression.type": "zstd",
    },
)

_PRIMARY = (CAMERAS, FRAMES, CAMERA_EVENTS, AGGREGATE_STATE, EPISODES, SCENE_VERDICTS)

TOPICS: tuple[Topic, ...] = _PRIMARY + tuple(_dead_letters_of(topic.name) for topic in _PRIMARY if topic.dead_letters)


def topic_named(name: str) -> Topic:
    """Give the row of the table with this name.

    Raises:
        KeyError: There is none.
    """
    for topic in TOPICS:
        if topic.name == name:
            return topic
    raise KeyError(name)
