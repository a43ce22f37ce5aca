"""``tilik evidence``: an episode's evidence as one file; the record's checks, holds, retention and index."""

from __future__ import annotations

import click

from services.cli.lazy_group import LazyGroup

_PACKAGE = "services.cli.evidence"


@click.group(
    cls=LazyGroup,
    subcommands={
        "export": (f"{_PACKAGE}.export", "Write an episode's evidence to one file that anybody can check."),
        "verify": (f"{_PACKAGE}.verify", "Check such a file offline, or a camera's day in the record."),
        "hold": (f"{_PACKAGE}.holding:hold", "Let nothing of an episode be deleted."),
        "release": (f"{_PACKAGE}.holding:release", "End such a hold."),
        "new-key": (f"{_PACKAGE}.renewing", "Make a new key for signatures, endorsed by the one that is used."),
        "retention": (f"{_PACKAGE}.expiring", "Delete what is due, or say what would be."),
        "reindex": (f"{_PACKAGE}.reindexing", "Make the record's index in ClickHouse again from the chains."),
    },
)
def command() -> None:
    """Evidence: what the record has of an episode, and whether anybody changed it.

    Settings are the recorder's: TILIK_RECORD_… (docs/reference.md). docs/record.md says what is proved and what is not.

    \b
      tilik evidence export 3fa9c1 --out case.zip --by "Sri Wahyuni" --why "laporan warga 112"
      tilik evidence verify case.zip --public-key city.json
      tilik evidence verify --camera loket-tembalang-1 --day 2026-11-25
    """
