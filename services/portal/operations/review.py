"""The review queue: episodes that nobody has judged, confirmed or rejected with a reason."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse, Response

from schemas.cameras import Camera
from services.portal.operations.audit import place_of
from services.portal.operations.episodes import (
    EPISODE_TYPES,
    EpisodeFacts,
    EpisodeType,
    episode,
    suspected,
    suspected_counts,
)
from services.portal.operations.guarding import (
    OperationsRoute,
    Ops,
    RefusedError,
    Reviewer,
    Viewer,
    camera_for,
    field,
)
from services.portal.operations.running import Operations
from services.portal.operations.typed_text import inside_address, reason_of
from services.portal.requests import client_of
from services.portal.roles import Person
from services.runtime.clock import now_ms
from services.runtime.decision_events import decision_event

EpisodeId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
_VERDICTS: Final[dict[str, Literal["episode_confirmed", "episode_rejected"]]] = {
    "confirm": "episode_confirmed",
    "reject": "episode_rejected",
}

router = APIRouter(prefix="/operations", route_class=OperationsRoute)


@router.get("")
async def home(request: Request, ops: Ops, person: Viewer) -> Response:
    """Show what waits."""
    counts = await suspected_counts(ops, person)
    waiting = [camera for camera in ops.portal.cameras.all_latest() if person.sees(camera) and _waits(camera)]
    return ops.screen.page(request, "home.html", counts=counts, types=EPISODE_TYPES, waiting=len(waiting))


@router.get("/review")
async def queue(
    request: Request,
    ops: Ops,
    person: Viewer,
    episode_type: Annotated[EpisodeType | Literal[""], Query(alias="type")] = "",
    order: Literal["newest", "oldest"] = "newest",
) -> Response:
    """Show the queue."""
    found = await suspected(ops, person, episode_type or None, order == "oldest")
    waiting = [each for each in found if each.episode_id not in ops.judged]
    cards = [(each, camera) for each in waiting if (camera := _shown_camera(ops, person, each)) is not None]
    return ops.screen.page(
        request,
        "review.html",
        cards=cards,
        counts=await suspected_counts(ops, person),
        types=EPISODE_TYPES,
        episode_type=episode_type,
        order=order,
        may_decide=person.may("reviewer"),
        may_see_originals=person.may("operator"),
        here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
    )


@router.post("/episodes/{episode_id}/{verdict}")
async def judge(
    request: Request,
    ops: Ops,
    person: Reviewer,
    episode_id: EpisodeId,
    verdict: Literal["confirm", "reject"],
) -> Response:
    """Confirm or reject an episode."""
    reason = reason_of(await field(request, "reason"))
    if reason is None:
        raise RefusedError(422, "reason")
    facts, camera = await episode_for(ops, person, episode_id)
    decision = _VERDICTS[verdict]
    await decide(request, ops, person, camera, decision, reason, episode_id=facts.episode_id)
    ops.judged.add(facts.episode_id)
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse({"episode_id": facts.episode_id, "decision": decision})
    return RedirectResponse(inside_address(await field(request, "next"), "/operations/review"), 303)


async def episode_for(ops: Operations, person: Person, episode_id: str) -> tuple[EpisodeFacts, Camera]:
    """Give an episode and its camera, if the person may see that. One of another area is as if it were not there.

    Raises:
        RefusedError: There is none.
        RetryableError: ClickHouse is away.
    """
    facts = await episode(ops, episode_id)
    if facts is None:
        raise RefusedError(404, "")
    return facts, camera_for(ops, person, facts.camera_id)


async def decide(  # noqa: PLR0913  (who, what, about which camera and why)
    request: Request,
    ops: Operations,
    person: Person,
    camera: Camera,
    decision: Literal["episode_confirmed", "episode_rejected", "quarantine_released"],
    reason: str,
    *,
    episode_id: str = "",
    at_ms: int = 0,
) -> None:
    """Note a decision in the audit log, and then send it.

    Raises:
        RetryableError: It was not noted, or Kafka has not acknowledged it; what was noted stays.
    """
    event = decision_event(
        camera.camera_id, decision, at_ms or now_ms(), (person.name, reason), episode_id=episode_id or None
    )
    await run_in_threadpool(
        ops.audit.note,
        decision,
        client_of(request.scope),
        person,
        subject=episode_id,
        why=reason,
        detail=f"event {event.event_id}",
        **place_of(camera),
    )
    await ops.portal.outgoing.decide(event)


def _shown_camera(ops: Operations, person: Person, facts: EpisodeFacts) -> Camera | None:
    camera = ops.portal.cameras.latest(facts.camera_id)
    return camera if camera is not None and person.sees(camera) else None


def _waits(camera: Camera) -> bool:
    return camera.state == "active" and not camera.is_public
