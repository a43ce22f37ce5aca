"""A camera's next revision: noted in the audit log, and then published unless somebody else was faster."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from fastapi import Request
from starlette.concurrency import run_in_threadpool

from schemas.cameras import CAMERA_CODEC, Camera
from schemas.codec import ContractError
from services.portal.operations.audit import Action, place_of
from services.portal.operations.guarding import RefusedError
from services.portal.operations.running import Operations
from services.portal.requests import client_of
from services.portal.roles import Person
from services.runtime.registry_publishing import OvertakenError, publish


@dataclass(frozen=True, slots=True)
class NextRevision:
    """What is to be registered. ``before`` is what it was made from; None: the camera is new."""

    action: Action
    before: Camera | None
    entry: Camera
    reason: str
    detail: str = ""


async def register(request: Request, ops: Operations, person: Person, step: NextRevision) -> Camera:
    """Publish the next revision, and give it as it rules.

    Raises:
        RefusedError: Somebody else changed the camera meanwhile, or the entry breaks the contract.
        RetryableError: It was not noted, or Kafka has not acknowledged it; what was noted stays.
    """
    revision = step.before.revision + 1 if step.before is not None else 1
    camera = msgspec.structs.replace(step.entry, revision=revision)
    try:
        CAMERA_CODEC.decode(CAMERA_CODEC.encode(camera))
    except ContractError as error:
        raise RefusedError(422, str(error)) from error
    await run_in_threadpool(
        ops.audit.note,
        step.action,
        client_of(request.scope),
        person,
        subject=f"revision {revision}",
        why=step.reason,
        detail=step.detail,
        **place_of(camera),
    )
    try:
        known = await run_in_threadpool(publish, ops.portal.settings.kafka, [camera])
    except OvertakenError as error:
        raise RefusedError(409, "conflict") from error
    latest = known.latest(camera.camera_id)
    ops.portal.cameras.add(camera)  # so that the next page shows it; the registry's thread adds the same
    return latest or camera
