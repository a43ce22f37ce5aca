"""``tilik evidence export``: what the record and ClickHouse have of an episode, in one signed file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from services.cli.clickhouse import clickhouse_client, clickhouse_option, clickhouse_settings
from services.cli.evidence.auditing import AuditedEpisode
from services.cli.evidence.gathering import Gathered, Gathering, Wanted
from services.cli.evidence.options import by_option, store_option, why_option
from services.cli.evidence.packing import pack_evidence
from services.cli.evidence.places import open_record, progress
from services.cli.evidence.report import Making
from services.cli.evidence.rows import EpisodeStory, find_episode, rows_of_episode, times_of_trouble, withdrawn_minutes
from services.record.signing import Signer, publish_key
from services.runtime.clock import now_ms
from services.runtime.errors import ConfigurationError

_MOST_MS: Final = 12 * 3_600_000
"""Of an episode that went on for longer, what came before is left to the record: a file has 2 GiB at most."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line says besides places."""

    out: Path
    around_seconds: int
    originals: bool
    by: str
    why: str


@click.command()
@click.argument("episode", metavar="EPISODE")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File to write, such as case.zip; nothing is written over.",
)
@click.option(
    "--around",
    "around_seconds",
    type=click.IntRange(0, 3600),
    default=300,
    show_default=True,
    help="Seconds before and after the episode that are wanted too.",
)
@click.option(
    "--originals",
    is_flag=True,
    help="Pictures as captured, with nobody hidden. Needs the key that sealed them, and is kept in the audit log.",
)
@by_option
@why_option
@store_option
@clickhouse_option
def command(episode: str, store: str | None, clickhouse: str | None, **said: Any) -> None:
    """Write what there is of EPISODE to one file: frames, minutes, rows, chain, proofs, and a report to read and print.

    EPISODE is its id, or the first six or more of its digits. Pictures are those with people and vehicles hidden,
    unless --originals says otherwise. What is not there is named in the report, with the reason. The file is signed
    with the record's key (TILIK_RECORD_KEYS__SIGNING_KEY_FILE); `tilik evidence verify FILE` checks it anywhere.

    \b
      tilik evidence export 3fa9c1 --out case.zip --by "Sri Wahyuni" --why "laporan warga 112"

    Exit code 1: the store or ClickHouse is away; 2: the command line; 78: there is no such episode, record or key, or
    the file can't be written.
    """
    asked = _Asked(**said)
    if asked.out.exists():
        raise _already_there(asked.out)
    record = open_record(store)
    signer = Signer.open(record.settings.keys.signing_key_file, make=False)
    with clickhouse_client(clickhouse_settings(clickhouse)) as client, progress("gathering") as advance:
        story = find_episode(client, episode)
        wanted = _wanted(story, asked)
        since_ms = min(wanted.from_ms, story.started_ms)  # frames are taken of the whole episode
        withdrawn = withdrawn_minutes(client, story.camera_id, since_ms, wanted.until_ms)
        wanted = wanted._replace(withdrawn=withdrawn, troubles=times_of_trouble(client, story.camera_id))
        if asked.originals:
            audited = AuditedEpisode(client, clickhouse_settings(clickhouse), story)
            audited.note("original_viewed", asked.by, asked.why, f"exported to {asked.out.name}")
        rows = rows_of_episode(client, story, wanted.from_ms, wanted.until_ms)
        seen: list[str] = []

        def tell(path: str) -> None:
            seen.append(path)
            advance(len(seen), 0)

        key = publish_key(record.store, signer)
        gathered = Gathering(record.store, record.chains, record.filing, key, tell).gather(story, wanted, rows)
        if _length_ms(story) > _MOST_MS:
            gathered.leave_out("minutes/", f"only the last {_MOST_MS // 3_600_000} hours of the episode are taken")
        making = Making(asked.by, asked.why, now_ms(), signer.key_id)
        try:
            data = pack_evidence(story, wanted, gathered, making, signer, key)
        except ValueError as error:
            raise ConfigurationError(f"{error}: ask for less with --around") from error
    _write(asked.out, data)
    _tell(story, gathered, asked.out, len(data))


def _wanted(story: EpisodeStory, asked: _Asked) -> Wanted:
    ends_ms = max(story.last_seen_ms, story.ended_ms)
    around_ms = asked.around_seconds * 1000
    from_ms = max(story.started_ms, ends_ms - _MOST_MS)
    return Wanted(max(0, from_ms - around_ms), ends_ms + around_ms, asked.originals)


def _length_ms(story: EpisodeStory) -> int:
    return max(story.last_seen_ms, story.ended_ms) - story.started_ms


def _tell(story: EpisodeStory, gathered: Gathered, out: Path, size: int) -> None:
    told = f"{len(gathered.pictures)} frames, {len(gathered.clips)} minutes, {gathered.entry_count} entries of a chain"
    click.echo(f"{out}: {story.episode_type} {story.episode_id} at {story.camera_id}; {told}; {size / 1e6:,.1f} MB")
    for one in gathered.left_out:
        click.echo(f"not in it: {one.what}: {one.why}", err=True)


def _already_there(out: Path) -> ConfigurationError:
    return ConfigurationError(f"{out} is there already: name another file with --out, or remove it")


def _write(out: Path, data: bytes) -> None:
    half = out.with_name(f".{out.name}.{os.getpid()}.half")
    try:
        half.write_bytes(data)
        os.link(half, out)
    except FileExistsError as error:
        raise _already_there(out) from error
    except OSError as error:
        raise ConfigurationError(f"{out} can't be written: {error.strerror or error}") from error
    finally:
        half.unlink(missing_ok=True)
