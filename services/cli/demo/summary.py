"""The figures at the end of the demonstration."""

from __future__ import annotations

from clickhouse_connect.driver.client import Client
from msgspec import Struct
from rich.table import Table

from services.aggregate.rows import ROW_TYPES
from services.cli.demo.accounting import Accounting
from services.cli.demo.ownership import Ownership
from services.runtime.clickhouse import translated_errors

_LATENCY = """
SELECT quantileExact(0.5)(seconds), quantileExact(0.95)(seconds)
FROM (
    SELECT dateDiff('millisecond', captured_at, inserted_at) / 1000 AS seconds
    FROM frame_outcomes FINAL WHERE outcome = 'detected'
)
"""
_ROWS = "SELECT count() FROM {table:Identifier} FINAL"


class Summary(Struct, frozen=True, kw_only=True):
    """What ``tilik demo --json`` writes. ``rows`` counts the rows of each table, repeated ones once."""

    cameras: int
    captured: int
    detected: int
    shed: int
    dead_lettered: int
    expired: int
    in_flight: int
    p50_capture_to_row_s: float
    p95_capture_to_row_s: float
    rows: dict[str, int]
    owned_once: int
    owned_none: int
    owned_twice: int


def summarise(client: Client, cameras: int, books: Accounting, owned: Ownership) -> Summary:
    """Ask ClickHouse for the rest, and put everything together. Blocks.

    Raises:
        RetryableError: ClickHouse is away.
    """
    with translated_errors("summing up"):
        p50, p95 = client.query(_LATENCY).result_rows[0] if books.detected else (0.0, 0.0)
        rows = {
            row_type.TABLE: int(client.query(_ROWS, parameters={"table": row_type.TABLE}).result_rows[0][0])
            for row_type in ROW_TYPES
        }
    return Summary(
        cameras=cameras,
        captured=books.captured,
        detected=books.detected,
        shed=books.shed,
        dead_lettered=books.dead_lettered,
        expired=books.expired,
        in_flight=books.in_flight,
        p50_capture_to_row_s=round(float(p50), 3),
        p95_capture_to_row_s=round(float(p95), 3),
        rows=rows,
        owned_once=owned.once,
        owned_none=owned.none,
        owned_twice=owned.twice,
    )


def faults(summary: Summary, books: Accounting, *, outlasts_retention: bool = False) -> list[str]:
    """Say in a sentence each what is wrong with the run; none: it was exact.

    ``outlasts_retention`` tells that frames of the run may have left Kafka by their age before they were judged.
    """
    found = [] if (fault := books.fault()) is None else [f"the books do not balance: {fault}"]
    if summary.detected == 0:
        found.append("no frame came all the way from a camera to ClickHouse as detected")
    if summary.expired and not outlasts_retention:
        found.append(
            f"{summary.expired} frames count as expired although Kafka still holds every frame of the run: "
            "events about them were lost"
        )
    if summary.owned_none or summary.owned_twice:
        found.append(
            f"of {summary.cameras} cameras, {summary.owned_none} were owned by no ingest worker and "
            f"{summary.owned_twice} by more than one"
        )
    return found


def summary_table(summary: Summary) -> Table:
    """Give the summary as people read it."""
    table = Table(title="tilik demo: what became of the frames", show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column()
    outcomes = (
        f"{summary.captured} captured = {summary.detected} detected + {summary.shed} shed + "
        f"{summary.dead_lettered} dead-lettered + {summary.expired} expired + {summary.in_flight} in flight"
    )
    table.add_row("every frame", outcomes)
    table.add_row(
        "capture to row", f"p50 {summary.p50_capture_to_row_s:.2f} s, p95 {summary.p95_capture_to_row_s:.2f} s"
    )
    table.add_row(
        "ownership",
        f"of {summary.cameras} cameras, {summary.owned_once} owned by one ingest worker, {summary.owned_none} by none, "
        f"{summary.owned_twice} by more",
    )
    table.add_row("rows", ", ".join(f"{name} {count}" for name, count in summary.rows.items() if count))
    return table
