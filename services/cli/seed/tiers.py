"""Filling the tiers at once, in place of every five minutes."""

from __future__ import annotations

import time
from collections.abc import Callable

from clickhouse_connect.driver.client import Client

from services.aggregate.tier_rows import TIER_TYPES
from services.runtime.errors import FatalError

_LONGEST_REFRESH_SECONDS = 900.0


def stop_tiers(client: Client) -> None:
    """Let no tier be filled by itself, so that one refresh does it when everything is there."""
    for row_type in TIER_TYPES:
        client.command(f"SYSTEM STOP VIEW {row_type.TABLE}_refresh")


def start_tiers(client: Client) -> None:
    """Let the tiers be filled by themselves again."""
    for row_type in TIER_TYPES:
        client.command(f"SYSTEM START VIEW {row_type.TABLE}_refresh")


def refresh_tiers(client: Client, filled: Callable[[], None] = lambda: None) -> float:
    """Refresh all tiers one after the other, and give the seconds; they are stopped after it.

    Args:
        client: Of the database.
        filled: Called after each tier.

    Raises:
        FatalError: One failed, or took too long.
    """
    began = time.monotonic()
    for row_type in TIER_TYPES:
        view = f"{row_type.TABLE}_refresh"
        asked_at = client.query("SELECT now()").result_rows[0][0]
        client.command(f"SYSTEM START VIEW {view}")
        client.command(f"SYSTEM REFRESH VIEW {view}")
        while True:  # what had begun when the views were stopped ends as cancelled, and its error stays for a moment
            [(status, error, succeeded_at)] = client.query(
                "SELECT status, exception, ifNull(last_success_time, toDateTime(0)) FROM system.view_refreshes "
                "WHERE database = currentDatabase() AND view = {view:String}",
                parameters={"view": view},
            ).result_rows
            if status == "Scheduled" and succeeded_at >= asked_at:
                break
            late = time.monotonic() - began > _LONGEST_REFRESH_SECONDS
            if late or (status == "Scheduled" and error not in ("", "cancelled")):
                raise FatalError(f"{view} is {status} after {time.monotonic() - began:.0f} s: {error[:500]}")
            if status == "Scheduled":  # not begun yet, or cancelled
                client.command(f"SYSTEM REFRESH VIEW {view}")
            time.sleep(0.1)
        client.command(f"SYSTEM STOP VIEW {view}")
        filled()
    return time.monotonic() - began
