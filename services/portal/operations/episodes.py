"""What the operations area asks of ClickHouse about episodes. Answers are never kept: people wait for what they did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, get_args

from msgspec import Struct

from schemas.cameras import Camera
from services.portal.operations.running import Operations
from services.portal.roles import EVERYWHERE, Person

EpisodeType = Literal["flood_episode", "parking_case", "counter_episode", "camera_incident"]
EPISODE_TYPES: Final[tuple[EpisodeType, ...]] = get_args(EpisodeType)
Which = Literal["first", "best", "last"]
WHICH: Final[tuple[Which, ...]] = get_args(Which)
PAGE_SIZE: Final = 30


class EpisodeFacts(Struct, frozen=True, kw_only=True):
    """An episode as it was last published, and the last verdict on it. Times are ms since 1970, 0: not yet."""

    episode_id: str
    camera_id: str
    episode_type: EpisodeType
    kind: str
    zone_id: str
    phase: str
    started_ms: int
    last_seen_ms: int
    ended_ms: int
    first_event_id: str
    best_event_id: str
    last_event_id: str
    frame_partition: int
    first_frame_offset: int
    best_frame_offset: int
    last_frame_offset: int
    why_names: list[str]
    why_values: list[float]
    why_thresholds: list[float]
    why_units: list[str]
    vehicle: str
    quarantined: bool
    simulated: bool
    review: str

    def event_id(self, which: Which) -> str:
        """Give the event of one of its frames."""
        return {"first": self.first_event_id, "best": self.best_event_id, "last": self.last_event_id}[which]

    def offset(self, which: Which) -> int:
        """Give where one of its frames lies."""
        offsets = {"first": self.first_frame_offset, "best": self.best_frame_offset, "last": self.last_frame_offset}
        return offsets[which]

    @property
    def crossings(self) -> list[tuple[str, float, float, str]]:
        """Give the figures that crossed a threshold: name, value, threshold, unit."""
        return list(zip(self.why_names, self.why_values, self.why_thresholds, self.why_units, strict=False))


class JudgedFrame(Struct, frozen=True, kw_only=True):
    """A frame that was judged, and where it lies."""

    event_id: str
    owner_epoch: int
    sequence: int
    captured_ms: int
    frame_partition: int
    frame_offset: int


async def suspected(
    ops: Operations, person: Person, episode_type: EpisodeType | None, oldest_first: bool
) -> list[EpisodeFacts]:
    """Give episodes that nobody has judged, of cameras that the person sees; at most a page of them.

    Raises:
        RetryableError: ClickHouse is away.
    """
    parameters = _areas(ops, person) | {"type": episode_type or "", "limit": PAGE_SIZE}
    order = "ASC" if oldest_first else "DESC"
    which = "review = 'suspected' AND ({type:String} = '' OR episode_type = {type:String})"
    return await _episodes(ops, which, f"started_at {order}", parameters)


async def suspected_counts(ops: Operations, person: Person) -> dict[str, int]:
    """Give how many episodes nobody has judged, by type.

    Raises:
        RetryableError: As above.
    """
    rows = await ops.portal.clickhouse.query(_COUNTS, _areas(ops, person), keep_seconds=0)
    return {str(row["type"]): int(row["found"]) for row in rows}


async def episode(ops: Operations, episode_id: str) -> EpisodeFacts | None:
    """Give one episode; None: there is none. Whether the person may see its camera is for the caller to ask.

    Raises:
        RetryableError: As above.
    """
    parameters = {"everywhere": True, "cameras": [], "episode": episode_id, "limit": 1}
    found = await _episodes(ops, "toString(episode_id) = {episode:String}", "version DESC", parameters)
    return found[0] if found else None


async def open_incidents(ops: Operations, person: Person, camera_id: str = "") -> list[EpisodeFacts]:
    """Give the open incidents of one camera, or of all that the person sees, quarantined ones first.

    Raises:
        RetryableError: As above.
    """
    parameters = _areas(ops, person) | {"camera": camera_id, "limit": 200}
    which = (
        "episode_type = 'camera_incident' AND phase = 'open' AND ({camera:String} = '' OR camera_id = {camera:String})"
    )
    return await _episodes(ops, which, "quarantined DESC, started_at DESC", parameters)


async def judged_before(ops: Operations, camera_id: str, before_ms: int) -> JudgedFrame | None:
    """Give the newest frame of a camera that was judged and captured before a moment; None: there is none.

    Raises:
        RetryableError: As above.
    """
    return await _judged(ops, camera_id, "captured_at < fromUnixTimestamp64Milli({at:Int64}, 'UTC')", before_ms, "")


async def judged_as(ops: Operations, camera_id: str, event_id: str) -> JudgedFrame | None:
    """Give the frame that an event judged; None: its row is gone.

    Raises:
        RetryableError: As above.
    """
    return await _judged(ops, camera_id, "event_id = {event:String}", 0, event_id)


async def newest_picture_ms(ops: Operations, camera_id: str) -> int:
    """Give when the newest judged picture of a camera was taken, ms since 1970; 0: there is none.

    Raises:
        RetryableError: As above.
    """
    frame = await _judged(ops, camera_id, "1", 0, "")
    return frame.captured_ms if frame is not None else 0


def sees_everything(person: Person) -> bool:
    """Tell whether the whole city is the person's."""
    return EVERYWHERE in person.areas


def cameras_of(ops: Operations, person: Person) -> list[Camera]:
    """Give the cameras that a person sees, by id."""
    return [camera for camera in ops.portal.cameras.all_latest() if person.sees(camera)]


def _areas(ops: Operations, person: Person) -> dict[str, Any]:
    if sees_everything(person):
        return {"everywhere": True, "cameras": []}
    return {"everywhere": False, "cameras": [camera.camera_id for camera in cameras_of(ops, person)]}


async def _episodes(ops: Operations, which: str, order: str, parameters: dict[str, Any]) -> list[EpisodeFacts]:
    query = _EPISODES.format(which=which, order=order)
    return await ops.portal.clickhouse.query_as(EpisodeFacts, query, parameters, keep_seconds=0)


async def _judged(ops: Operations, camera_id: str, which: str, at_ms: int, event_id: str) -> JudgedFrame | None:
    parameters: dict[str, object] = {"camera": camera_id, "at": at_ms, "event": event_id}
    found: Sequence[JudgedFrame] = await ops.portal.clickhouse.query_as(
        JudgedFrame, _JUDGED.format(which=which), parameters, keep_seconds=0
    )
    return found[0] if found else None


_SEEN: Final = "({everywhere:Bool} OR camera_id IN {cameras:Array(String)})"

_EPISODES: Final = (
    """
SELECT
    toString(episode_id) AS episode_id, camera_id, episode_type, kind, zone_id, phase,
    toUnixTimestamp64Milli(started_at) AS started_ms,
    toUnixTimestamp64Milli(last_seen_at) AS last_seen_ms,
    toUnixTimestamp64Milli(ended_at) AS ended_ms,
    toString(first_event_id) AS first_event_id,
    toString(best_event_id) AS best_event_id,
    toString(last_event_id) AS last_event_id,
    frame_partition, first_frame_offset, best_frame_offset, last_frame_offset,
    why_names, why_values, why_thresholds, why_units,
    vehicle, quarantined, simulated, review
FROM episodes_reviewed
WHERE {which} AND """
    + _SEEN.replace("{", "{{").replace("}", "}}")
    + """
ORDER BY {order}
LIMIT {{limit:UInt32}}
"""
)

_COUNTS: Final = """
SELECT episode_type AS type, count() AS found
FROM episodes_reviewed
WHERE review = 'suspected' AND {seen}
GROUP BY episode_type
""".replace("{seen}", _SEEN)

_JUDGED: Final = """
SELECT
    toString(event_id) AS event_id, owner_epoch, sequence, toUnixTimestamp64Milli(captured_at) AS captured_ms,
    frame_partition, frame_offset
FROM detections
WHERE camera_id = {{camera:String}} AND {which}
ORDER BY captured_at DESC
LIMIT 1
"""
