"""Options that subcommands of ``tilik evidence`` share, and the city's key, which one of them names."""

from __future__ import annotations

from pathlib import Path

import click

from schemas.codec import ContractError
from schemas.recordings import PUBLIC_KEY_CODEC, PublicKey
from services.record.signatures import is_own
from services.runtime.errors import ConfigurationError

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
