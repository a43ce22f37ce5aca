"""``tilik evidence reindex``: the record's index in ClickHouse, made again from the chains."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from services.cli.clickhouse import clickhouse_client, clickhouse_option, clickhouse_settings
from services.cli.evidence.findings import on_one_line
from services.cli.evidence.options import store_option
from services.cli.evidence.places import open_record, progress
from services.record.index_tables import ensure_tables
from services.record.reindexing import ChainPlace, Reindexed, Reindexing, chains_in
from services.runtime.errors import ConfigurationError
from services.runtime.object_store import ObjectStore

_DAY = click.DateTime(["%Y-%m-%d"])


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line says besides places."""

    cameras: tuple[str, ...]
    first: datetime | None
    last: datetime | None
    dry_run: bool
    as_json: bool


@click.command()
@click.option("--camera", "cameras", multiple=True, metavar="ID", help="Only this camera's rows. May be repeated.")
@click.option(
    "--from", "first", type=_DAY, metavar="DAY", help="First day, Asia/Jakarta's. Default: all that there is."
)
@click.option("--to", "last", type=_DAY, metavar="DAY", help="Last day, itself included.")
@click.option("--dry-run", is_flag=True, help="Say what the index lacks, and change nothing.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print an object a line: a camera's day and table, and the sum last."
)
@store_option
@clickhouse_option
def command(store: str | None, clickhouse: str | None, **said: Any) -> None:
    """Make the index of minutes and frames again from the chains: rows that ClickHouse lost, or was never told.

    For a ClickHouse that was made anew or restored from an older copy, and for a recorder that was killed while it was
    away. What retention deleted stays deleted. A minute in which ClickHouse has the camera in quarantine is withdrawn,
    and one that is withdrawn stays so: bring the episodes back first. Safe to run again, and beside recorders; what is
    as the chain says is not written. Without --camera, --from and --to it reads every chain of the record.

    \b
      tilik evidence reindex --dry-run
      tilik evidence reindex --camera loket-tembalang-1 --from 2026-11-24 --to 2026-11-25

    Exit code 1: a chain is broken, or tells of a quarantine of which ClickHouse has no incident, and nothing of that
    camera's day was written, while all else was; or the store or ClickHouse is away, and what was told before is
    written. 2: the command line; 78: there is no record, or no chain of what is asked for.
    """
    asked = _Asked(**said)
    if asked.first and asked.last and asked.first > asked.last:
        raise click.UsageError(f"--from {asked.first:%Y-%m-%d} lies after --to {asked.last:%Y-%m-%d}")
    record, index = open_record(store), clickhouse_settings(clickhouse)
    places = _places(record.store, asked)
    told: list[Reindexed] = []
    with clickhouse_client(index) as client:
        if not asked.dry_run:
            ensure_tables(index)
        try:
            with progress("reading chains") as advance:
                advance(0, len(places))
                for one in Reindexing(record.store, client, index).run(places, asked.dry_run):
                    told.append(one)
                    advance(len(told), len(places))
        finally:  # what was written is told also where the rest could not be
            _tell(told, asked)
    if any(one.fault for one in told):
        raise click.exceptions.Exit(1)


def _places(store: ObjectStore, asked: _Asked) -> list[ChainPlace]:
    first, last = asked.first or datetime.min, asked.last or datetime.max
    places = chains_in(store, first.date().isoformat(), last.date().isoformat())
    unknown = sorted(set(asked.cameras) - {one.camera_id for one in places})
    if unknown or not places:
        named = f" of {', '.join(unknown)}" if unknown else ""
        raise ConfigurationError(f"{store.place} has no chain{named} in these days")
    return [one for one in places if not asked.cameras or one.camera_id in asked.cameras]


def _tell(told: Sequence[Reindexed], asked: _Asked) -> None:
    for line in _objects(told, asked.dry_run) if asked.as_json else _lines(told, asked.dry_run):
        click.echo(line)


def _objects(told: Sequence[Reindexed], dry_run: bool) -> Iterable[str]:
    for one in told:
        where = {"camera_id": one.camera_id, "day": one.day}
        if one.fault:
            yield json.dumps({**where, "fault": one.fault}, ensure_ascii=False)
        for table in one.tables:
            if table.missing or table.different:
                yield json.dumps({**where, **table._asdict()}, ensure_ascii=False)
    yield json.dumps({"chains": len(told), **_sum(told), "dry_run": dry_run})


def _lines(told: Sequence[Reindexed], dry_run: bool) -> Iterable[str]:
    for one in told:
        where = f"{one.day} {one.camera_id}"
        if one.fault:
            yield on_one_line(f"{where}: nothing of this day is written: {one.fault}")
        for table in one.tables:
            if table.missing or table.different:
                found = f"{table.missing} of {table.rows} rows missing, {table.different} other than the chain says"
                yield on_one_line(f"{where} {table.table}: {found}")
    total = _sum(told)
    yield (
        f"{total['missing'] + total['different']:,} of {total['rows']:,} rows of {len(told):,} chains "
        f"{'would be' if dry_run else 'were'} written"
    )


def _sum(told: Sequence[Reindexed]) -> dict[str, int]:
    tables = [table for one in told for table in one.tables]
    return {
        "rows": sum(table.rows for table in tables),
        "missing": sum(table.missing for table in tables),
        "different": sum(table.different for table in tables),
        "refused": sum(bool(one.fault) for one in told),
    }
