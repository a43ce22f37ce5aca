"""``tilik evidence retention``: what is due to be deleted."""

from __future__ import annotations

import click

from services.cli.clickhouse import clickhouse_client, clickhouse_option, clickhouse_settings
from services.cli.cluster import bootstrap_option, kafka_settings
from services.cli.evidence.options import store_option
from services.cli.evidence.places import open_record
from services.record.clock_check import check_clock
from services.record.index_tables import ensure_tables
from services.record.indexed_deletion import IndexedChains
from services.record.retention import Expired, Retention
from services.record.verdicts_of_episodes import verdicts_of
from services.runtime.camera_registry import read_registry
from services.runtime.clock import now_ms


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and change nothing.")
@click.option(
    "--clock-is-right",
    is_flag=True,
    help="Delete although nothing has been recorded for a day, by which this host's clock could be told right.",
)
@store_option
@clickhouse_option
@bootstrap_option
def command(
    dry_run: bool, clock_is_right: bool, store: str | None, clickhouse: str | None, bootstrap: str | None
) -> None:
    """Delete what is due by each camera's retention_days and TILIK_RECORD_RETENTION__*; a recorder does it daily.

    A tombstone in the chain says what went and why, before it goes, and the index no longer names it. What is under a
    legal hold, or around a confirmed episode, stays. Safe to run again, and beside a recorder.

    \b
      tilik evidence retention --dry-run

    Exit code 1: the store, ClickHouse or Kafka is away, and what was told before is deleted; or this host's clock is a
    day ahead of what was last recorded. 78: there is no record.
    """
    record, index, now = open_record(store), clickhouse_settings(clickhouse), now_ms()
    if not clock_is_right:
        check_clock(record.store, now)
    revisions = read_registry(kafka_settings(bootstrap))
    with clickhouse_client(index) as client:
        if not dry_run:
            ensure_tables(index)
        retention = Retention(
            record.store,
            IndexedChains(record.store, index),
            record.settings.retention,
            revisions.latest,
            lambda camera_id: verdicts_of(client, camera_id),
        )
        files = size = 0
        for expired in retention.run(now, dry_run):
            click.echo(_told(expired))
            files += len(expired.files) + len(expired.orphans)
            size += sum(file.size for file in expired.files)
    click.echo(f"{files} files, {size / 1e6:,.1f} MB {'would be' if dry_run else 'were'} deleted")


def _told(expired: Expired) -> str:
    if expired.fault:
        return f"{expired.day} {expired.camera_id}: nothing of this camera is deleted from here on: {expired.fault}"
    parts = [f"{one.form}: {one.detail}, kept {one.kept_days} days" for one in expired.tombstones]
    if expired.orphans:
        parts.append(f"{len(expired.orphans)} files that no entry names")
    return f"{expired.day} {expired.camera_id}: {len(expired.files)} files ({'; '.join(parts) or 'left from before'})"
