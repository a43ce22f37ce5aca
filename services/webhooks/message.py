"""What a receiver is sent: an episode as it now is, and where its camera stands."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from schemas.cameras import Camera
from schemas.episodes import Episode
from services.webhooks.subscriptions import type_of

_encoder = msgspec.json.Encoder()


class Standing(Struct, frozen=True):
    """Where the camera stands, by its newest revision. Empty where the registry does not have it."""

    name: str = ""
    kecamatan: str = ""
    kelurahan: str = ""


class Message(Struct, frozen=True):
    """A webhook's id and its body, bytes of JSON: ``type``, ``timestamp``, ``data`` with ``episode`` and ``camera``."""

    message_id: str
    body: bytes


def standing_of(camera: Camera | None) -> Standing:
    """Give where a camera stands."""
    if camera is None:
        return Standing()
    return Standing(camera.name, camera.place.kecamatan, camera.place.kelurahan)


def message_of(episode: Episode, standing: Standing) -> Message:
    """Give the message about an episode's revision: equal ones have equal ids and equal bytes."""
    return Message(
        f"{episode.episode_id}.{episode.revision}",
        _body(f"{type_of(episode)}.{episode.phase}", episode.last_seen_at_ms, {"episode": episode, "camera": standing}),
    )


def check_message(subscription: str, at_ms: int) -> Message:
    """Give a message that only asks whether messages arrive."""
    return Message(f"check.{at_ms}", _body("tilik.check", at_ms, {"subscription": subscription}))


def _body(name: str, at_ms: int, data: dict[str, object]) -> bytes:
    at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return _encoder.encode({"type": name, "timestamp": at, "data": data})
