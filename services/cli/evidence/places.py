"""Where the record and its keys are, for every subcommand of ``tilik evidence``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.record.chain import Chains
from services.record.filing import Filing
from services.record.sealing import Sealer
from services.record.settings import RecordSettings
from services.runtime.errors import ConfigurationError
from services.runtime.object_store import ObjectStore
from services.runtime.settings import load_settings


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
    place = urlsplit(told.url)
    folder = unquote(place.path) if place.scheme else told.url
    if place.scheme in ("", "file") and not Path(folder).is_dir():
        raise ConfigurationError(f"there is no record at {told.url}: name it with --store or TILIK_RECORD_STORE__URL")
    store = ObjectStore(told)
    return Record(settings, store, Chains(store), Filing(store, Sealer(settings.keys)))


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show on standard error how far something has come: it is told how many of how many are done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total or None)
