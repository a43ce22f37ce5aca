"""Copies that the record keeps of episodes' frames, in the form that hides people: which of them everybody may see.

Of floods while they are suspected or confirmed, of counters once a person has confirmed the episode, of vehicles never.
None of the time in which something was wrong with the camera's picture, whatever was seen of it then; none from before
a person approved that the camera is public; none that was captured under a revision of the camera that was not public,
or hid less than it does now: a private zone that was drawn later is not burnt out of a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from schemas.cameras import Camera
from services.portal.context import Portal
from services.portal.delivery.published import is_published
from services.portal.delivery.troubles import troubles_of
from services.portal.pages.counter_figures import ms
from services.portal.pages.episode_figures import Episode, episodes_of
from services.portal.pages.written import from_ms
from services.portal.questions import Questions
from services.privacy.troubles import is_in_trouble
from services.runtime.camera_registry import CameraRevisions

_KEEP_SECONDS: Final = 15.0
_TABLE_KEEP_SECONDS: Final = 120.0

_TABLE: Final = """SELECT count() AS tables FROM system.tables
WHERE database = currentDatabase() AND name = 'recorded_evidence'"""

_COPIES: Final = """SELECT toString(v.episode_id) AS episode_id, toString(v.event_id) AS event_id,
    v.captured_at AS captured_at, v.camera_revision AS camera_revision, v.object_key AS object_key, v.sha256 AS sha256
FROM recorded_evidence AS v FINAL
WHERE v.camera_id = {camera_id:String} AND v.episode_id IN {episode_ids:Array(String)} AND v.form = 'public'
    AND v.object_key != ''"""


class Copy(Struct, frozen=True):
    """A copy of a frame that an episode names, and where it lies."""

    episode_id: str
    event_id: str
    captured_at: datetime
    camera_revision: int
    object_key: str
    sha256: str


def may_have_copies(episode: Episode) -> bool:
    """Tell whether pictures of an episode are everybody's for longer than the last minutes."""
    if episode.episode_type == "flood_episode":
        return True
    return episode.episode_type == "counter_episode" and episode.review == "confirmed"


async def copies_of(
    ask: Questions, cameras: CameraRevisions, camera: Camera, episodes: Sequence[Episode]
) -> dict[tuple[str, str], Copy]:
    """Give the copies that everybody may see of these episodes of a camera, by episode and event.

    One whose revision is not known, for it was kept before that was noted, is not among them.

    Raises:
        RetryableError: ClickHouse does not answer.
    """
    wanted = sorted(episode.episode_id for episode in episodes if may_have_copies(episode))
    table = await ask.query(_TABLE, keep_seconds=_TABLE_KEEP_SECONDS)
    if camera.approval is None or not wanted or not table[0]["tables"]:  # a city without a record has no such table
        return {}
    approved_at = from_ms(camera.approval.approved_at_ms)
    told = {"camera_id": camera.camera_id, "episode_ids": wanted}
    copies = await ask.query_as(Copy, _COPIES, told, keep_seconds=_KEEP_SECONDS)
    troubles = await troubles_of(ask, camera.camera_id)
    return {
        (copy.episode_id, copy.event_id): copy
        for copy in copies
        if copy.captured_at >= approved_at
        and is_published(camera, cameras.find(camera.camera_id, copy.camera_revision))
        and not is_in_trouble(troubles, ms(copy.captured_at), ms(copy.captured_at))
    }


async def picture_of(portal: Portal, camera: Camera, names: tuple[str, str], now: datetime) -> bytes | None:
    """Give the JPEG of a copy by its episode and event; None: there is none that everybody may see.

    Raises:
        RetryableError: ClickHouse or the store does not answer, or the copy is damaged.
    """
    ask = portal.clickhouse
    copies = await copies_of(ask, portal.cameras, camera, await episodes_of(ask, camera.camera_id, now))
    copy = copies.get(names)
    return None if copy is None else await portal.store.intact(copy.object_key, copy.sha256)
