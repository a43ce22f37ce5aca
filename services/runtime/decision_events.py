"""What a person decided, as an event among those of the camera."""

from __future__ import annotations

from schemas.camera_events import CAMERA_EVENT_CODEC, Decision, DecisionKind, make_event_id
from schemas.codec import ContractError
from schemas.geometry import Polygon
from schemas.topics import CAMERA_EVENTS
from services.runtime.errors import ConfigurationError
from services.runtime.kafka import OutgoingRecord


def decision_event(
    camera_id: str,
    decision: DecisionKind,
    at_ms: int,
    by: tuple[str, str],
    *,
    episode_id: str | None = None,
    mask: Polygon | None = None,
) -> Decision:
    """Give the event. ``by`` is who decided, and why; ``at_ms`` from when it rules, by the pictures' clock.

    The same facts give the same id: what is sent twice counts once.
    """
    name, reason = by
    return Decision(
        event_id=make_event_id("decision", camera_id, decision, at_ms, name, episode_id or "", mask or ()),
        camera_id=camera_id,
        decided_at_ms=at_ms,
        decided_by=name,
        decision=decision,
        reason=reason,
        episode_id=episode_id,
        mask=mask,
    )


def decision_record(decision: Decision) -> OutgoingRecord:
    """Give the record that puts a decision among its camera's events.

    Raises:
        ConfigurationError: It breaks the contract: a name or reason that is too long, such as people type.
    """
    value = CAMERA_EVENT_CODEC.encode(decision)
    try:
        CAMERA_EVENT_CODEC.decode(value)
    except ContractError as error:
        raise ConfigurationError(f"this can't be decided: {error}") from error
    return OutgoingRecord(CAMERA_EVENTS.name, decision.camera_id.encode(), value)
