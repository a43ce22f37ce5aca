"""Rows of a small city for alerts: everything is well, unless a scenario says otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

RULESET = "2"


def ago(**units: float) -> str:
    return (datetime.now(UTC) - timedelta(**units)).isoformat()


def ago_ms(**units: float) -> int:
    return int((datetime.now(UTC) - timedelta(**units)).timestamp() * 1000)


def camera(camera_id: str, **columns: Any) -> dict[str, Any]:
    """A revision of the registry."""
    places = {"name": f"Gate {camera_id}", "kind": "street", "kecamatan": "Candisari", "kelurahan": "Jatingaleh"}
    return {
        "camera_id": camera_id,
        "revision": 1,
        "sample_fps": 1.0,
        "state": "active",
        "version": 1,
        **places,
        **columns,
    }


def episode(number: int, episode_type: str, kind: str = "", **columns: Any) -> dict[str, Any]:
    """An open episode that was seen ten seconds ago."""
    named = {"camera_id": "c", "episode_id": f"{number}" * 32, "episode_type": episode_type, "kind": kind}
    seen = {"started_at": ago(minutes=9), "last_seen_at": ago(seconds=10), "review": "suspected", "phase": "open"}
    return {**named, **seen, "ruleset": RULESET, **columns}


def rejected(number: int) -> dict[str, Any]:
    """A person's rejection of an episode."""
    return _judged(number, "episode_rejected", ago(minutes=1))


def confirmed(number: int) -> dict[str, Any]:
    """A person's confirmation of an episode, before the rejection where there is one too."""
    return _judged(number, "episode_confirmed", ago(minutes=2))


def _judged(number: int, decision: str, decided_at: str) -> dict[str, Any]:
    judged = {"decision": decision, "decided_at": decided_at, "decided_by": "Sari"}
    event_id = f"{number}{decision[8]}".ljust(32, "d")
    return {"camera_id": "c", "event_id": event_id, "episode_id": f"{number}" * 32, **judged}


def minute(minutes_ago: float, camera_id: str = "c", **columns: Any) -> dict[str, Any]:
    """A minute in which every frame was judged."""
    counted = {"frames": 60, "detected": 60, "observed_s": 60.0, "expected_s": 60.0, "valid": True}
    return {"camera_id": camera_id, "minute": ago(minutes=minutes_ago), "ruleset": RULESET, **counted, **columns}


def ownership(began_hours_ago: float, captured: int, camera_id: str = "c", **columns: Any) -> dict[str, Any]:
    """An epoch that goes on, its worker seen 30 s ago."""
    epoch = {"camera_id": camera_id, "owner_epoch": ago_ms(hours=began_hours_ago), "ingest_instance": "one"}
    return {**epoch, "captured": captured, "state": "live", "active_at": ago(seconds=30), **columns}


def outcomes(owner_epoch: int, count: int, camera_id: str = "c") -> list[dict[str, Any]]:
    """Judged frames of an epoch, from sequence 0 on."""
    frame = {"camera_id": camera_id, "owner_epoch": owner_epoch, "outcome": "detected"}
    return [{**frame, "sequence": sequence, "minute": ago(hours=1)} for sequence in range(count)]
