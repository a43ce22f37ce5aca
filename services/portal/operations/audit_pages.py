"""The audit log as admins read it."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from msgspec import Struct
from starlette.responses import Response

from services.portal.operations.audit import AuditRow
from services.portal.operations.episodes import cameras_of, sees_everything
from services.portal.operations.guarding import Admin, OperationsRoute, Ops

router = APIRouter(prefix="/operations/audit", route_class=OperationsRoute)

_PAGE_SIZE: Final = 100


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One entry, as it is shown. ``at_ms`` is ms since 1970."""

    at_ms: int
    who: str
    role: str
    action: str
    camera_id: str
    kelurahan: str
    subject: str
    why: str
    detail: str
    client: str


@router.get("")
async def listing(
    request: Request,
    ops: Ops,
    person: Admin,
    who: Annotated[str, Query(max_length=120)] = "",
    action: Annotated[str, Query(max_length=60, pattern=r"^[a-z_]*$")] = "",
    before: Annotated[int, Query(ge=0, le=1 << 53)] = 0,
) -> Response:
    """Show entries, newest first. Somebody with some areas sees what concerns cameras there."""
    everywhere = sees_everything(person)
    parameters = {
        "everywhere": everywhere,
        "cameras": [] if everywhere else [camera.camera_id for camera in cameras_of(ops, person)],
        "who": who,
        "action": action,
        "before": before or (1 << 53),
        "limit": _PAGE_SIZE,
    }
    entries = await ops.portal.clickhouse.query_as(AuditEntry, _ENTRIES, parameters, keep_seconds=0)
    return ops.screen.page(
        request,
        "audit.html",
        entries=entries,
        who=who,
        action=action,
        older=entries[-1].at_ms if len(entries) == _PAGE_SIZE else 0,
    )


_ENTRIES: Final = f"""
SELECT toUnixTimestamp64Milli(at) AS at_ms, who, role, action, camera_id, kelurahan, subject, why, detail, client
FROM {AuditRow.TABLE} FINAL
WHERE toUnixTimestamp64Milli(at) < {{before:Int64}}
    AND ({{everywhere:Bool}} OR camera_id IN {{cameras:Array(String)}})
    AND ({{who:String}} = '' OR who = {{who:String}})
    AND ({{action:String}} = '' OR action = {{action:String}})
ORDER BY at DESC
LIMIT {{limit:UInt32}}
"""  # noqa: S608  (a constant of ours)
