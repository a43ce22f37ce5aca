"""Where the record and its keys are, for every subcommand of ``tilik evidence``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from schemas.codec import ContractError
from schemas.recordings import PUBLIC_KEY_CODEC, PublicKey
from services.record.chain import Chains
from services.record.filing import Filing
from services.record.sealing import Sealer
from services.record.settings import RecordSettings
from services.record.signing import is_own
from services.runtime.errors import ConfigurationError
from services.runtime.object_store import ObjectStore
from services.runtime.settings import load_settings

store_option = click.option(
    "--store",
    metavar="URL",
    help="The record: a folder or s3://BUCKET/PREFIX; else TILIK_RECORD_STORE__URL.",
)
key_option = click.option(
    "--public-key",
    "key_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The city's public key, as its portal publishes it (JSON).",
)
by_option = click.option("--by", required=True, metavar="NAME", help="Who does this; it is kept.")
why_option = click.option("--why", required=True, metavar="TEXT", help="The reason; it is kept.")


@dataclass(frozen=True, slots=True)
class Record:
    """A record, opened."""

    settings: RecordSettings
    store: ObjectStore
    chains: Chains
    filing: Filing


def open_record(url: str | None) -> Record:
    """Open the record that ``--store`` names, or the settings.

    Raises:
        ConfigurationError: There is no such place, or a setting is wrong.
    """
    settings = load_settings(RecordSettings)
    told = settings.store.model_copy(update={"url": url}) if url else settings.store
    if "://" not in told.url and not Path(told.url).is_dir():
        raise ConfigurationError(f"there is no record at {told.url}: name it with --store or TILIK_RECORD_STORE__URL")
    store = ObjectStore(told)
    return Record(settings, store, Chains(store), Filing(store, Sealer(settings.keys)))


def read_key(path: Path | None) -> PublicKey | None:
    """Give the public key of a file, None for none.

    Raises:
        ConfigurationError: It is no public key.
    """
    if path is None:
        return None
    try:
        key = PUBLIC_KEY_CODEC.decode(path.read_bytes())
    except (OSError, ContractError) as error:
        raise ConfigurationError(f"{path} is no public key of Tilik: {error}") from error
    if not is_own(key):
        raise ConfigurationError(f"{path}: it is not as its key said it; take the city's anew")
    return key


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show on standard error how far something has come: it is told how many of how many are done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total or None)
