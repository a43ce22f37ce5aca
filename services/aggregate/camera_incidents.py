"""Camera incidents that are open, with the frames that they rest on, and the messages that tell of them."""

from __future__ import annotations

from msgspec import Struct

from schemas.camera_events import make_event_id
from schemas.episodes import CameraIncident, Crossing, EndReason
from services.aggregate.episode_rows import episode_row
from services.aggregate.observation import MINUTE_MS
from services.aggregate.row_columns import RULESET
from services.aggregate.scene_lights import Kind
from services.aggregate.sights import Evidence, Sight
from services.aggregate.unsaved import Unsaved


class OpenIncident(Struct, array_like=True):
    """An incident that has begun and not ended, with all that its message needs.

    ``first`` is the first suspect frame. ``best`` is the frame that opened it, whose figure is ``why``: a later one may
    have a larger figure by what else passes before the lens.
    """

    kind: Kind
    camera_id: str
    camera_revision: int
    started_at_ms: int
    quarantined: bool
    first: Evidence
    best: Evidence
    last: Evidence
    why: Crossing
    simulated: bool
    revision: int = 0
    published_minute: int = -1

    def see(self, sight: Sight, unsaved: Unsaved) -> None:
        """Take a frame that shows it; publish it where it is the first one of its minute."""
        self.last = sight.evidence
        self.simulated = self.simulated or sight.simulated
        if sight.at_ms // MINUTE_MS != self.published_minute:
            self.publish(unsaved)

    def publish(self, unsaved: Unsaved, ended_at_ms: int = 0, because: EndReason = "", released_by: str = "") -> None:
        """Publish it as it stands, open or (with a reason) ended."""
        self.revision += 1
        self.published_minute = self.last.captured_at_ms // MINUTE_MS
        episode = CameraIncident(
            episode_id=make_event_id("camera_incident", self.camera_id, self.kind, self.started_at_ms),
            camera_id=self.camera_id,
            zone_id=None,
            revision=self.revision,
            ruleset=RULESET,
            camera_revision=self.camera_revision,
            phase="ended" if because else "open",
            review="suspected",
            started_at_ms=self.started_at_ms,
            last_seen_at_ms=self.last.captured_at_ms,
            ended_at_ms=ended_at_ms,
            ended_because=because,
            first=self.first.published(),
            best=self.best.published(),
            last=self.last.published(),
            why=(self.why,),
            simulated=self.simulated,
            kind=self.kind,
            quarantined=self.quarantined,
            released_by=released_by,
        )
        unsaved.publish(episode_row(episode, unsaved.version), episode)
