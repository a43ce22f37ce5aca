"""The audit log as admins read it."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from msgspec import Struct
from starlette.responses import Response

from services.portal.operations.audit import ACTIONS, AuditRow
from services.portal.operations.episodes import cameras_of, sees_everything
from services.portal.operations.guarding import Admin, OperationsRoute, Ops

router = APIRouter(prefix="/operations/audit", route_class=OperationsRoute)

_PAGE_SIZE: Final = 100


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One entry, as it is shown. ``at_ms`` is ms since 1970."""

    at_ms: int
    entry_id: str
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
    before: Annotated[str, Query(max_length=49, pattern=r"^([0-9]{1,16}-[0-9a-f]{1,32})?$")] = "",
) -> Response:
    """Show entries, newest first, from before the one that ``before`` names (time and id) on.

    Somebody with some areas sees what concerns cameras there.
    """
    everywhere = sees_everything(person)
    before_ms, _, before_id = before.partition("-")
    parameters = {
        "everywhere": everywhere,
        "cameras": [] if everywhere else [camera.camera_id for camera in cameras_of(ops, person)],
        "who": who,
        "action": action,
        "before": int(before_ms or 1 << 53),
        "before_id": before_id,
        "limit": _PAGE_SIZE,
    }
    entries = await ops.portal.clickhouse.query_as(AuditEntry, _ENTRIES, parameters, keep_seconds=0)
    return ops.screen.page(
        request,
        "audit.html",
        entries=entries,
        who=who,
        action=action,
        actions=ACTIONS,
        older=f"{entries[-1].at_ms}-{entries[-1].entry_id}" if len(entries) == _PAGE_SIZE else "",
    )


_ENTRIES: Final = f"""
SELECT
    toUnixTimestamp64Milli(at) AS at_ms, entry_id, who, role, action, camera_id, kelurahan, subject, why, detail,
    client
FROM {AuditRow.TABLE} FINAL
WHERE (toUnixTimestamp64Milli(at), entry_id) < ({{before:Int64}}, {{before_id:String}})
    AND ({{everywhere:Bool}} OR camera_id IN {{cameras:Array(String)}})
    AND ({{who:String}} = '' OR who = {{who:String}})
    AND ({{action:String}} = '' OR action = {{action:String}})
ORDER BY at DESC, entry_id DESC
LIMIT {{limit:UInt32}}
"""  # noqa: S608  (a constant of ours)
