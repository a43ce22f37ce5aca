"""Sign-outs that another replica saw, or this one before it was started anew: the audit log has them."""

from __future__ import annotations

from typing import Final

from services.portal.operations.audit import SESSION_LETTERS, AuditRow
from services.portal.operations.running import Operations
from services.portal.operations.sessions import Session

_CLOCKS_APART_SECONDS: Final = 60


async def is_signed_out(ops: Operations, session: Session) -> bool:
    """Tell whether somebody has signed out of a session, at whichever replica.

    Raises:
        RetryableError: ClickHouse is away: it is not known.
    """
    asked = {
        "since": (session.began_at - _CLOCKS_APART_SECONDS) * 1000,
        "session": session.session[:SESSION_LETTERS],
    }
    return bool(await ops.portal.clickhouse.query(_SIGNED_OUT, asked, keep_seconds=0))


_SIGNED_OUT: Final = f"""
SELECT entry_id
FROM {AuditRow.TABLE}
WHERE at >= fromUnixTimestamp64Milli({{since:Int64}}, 'UTC') AND action = 'signed_out' AND session = {{session:String}}
LIMIT 1
"""  # noqa: S608  (a constant of ours)
