"""``tilik evidence new-key``: a new key for signatures."""

from __future__ import annotations

from pathlib import Path

import click

from schemas.recordings import PUBLIC_KEY_CODEC
from services.cli.evidence.options import store_option
from services.cli.evidence.places import open_record
from services.record.object_keys import public_key_key
from services.record.signing import Signer, publish_key
from services.runtime.errors import ConfigurationError


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write the new key to."
)
@click.option(
    "--first",
    is_flag=True,
    help="There is no key yet, or it was lost or leaked: nobody endorses the new one. Publish it anew.",
)
@store_option
def command(out: Path, first: bool, store: str | None) -> None:
    """Make a new key for daily roots and exports, and publish its public half, endorsed by the key that is used now.

    Nothing signs with it yet: put its file in the place of TILIK_RECORD_KEYS__SIGNING_KEY_FILE, or set that to it, and
    restart the recorders. What the former key signed stays valid: whoever has one of the two public keys can follow the
    endorsement to the other. Once the new one signs, destroy the former private key.

    A key that leaked must endorse nothing: who has it could sign what the city never said, and any date. So say --first
    then; who has the new public key trusts nothing of the old one but roots of days before, to which those of the new
    one lead. Compare the last root in the store with a copy that was fetched before the leak; then let recorders sign
    with the new key on the same day.

    Exit code 1: the store is away; 78: there is no key that is used now, or the file can't be written.
    """
    if out.exists():
        raise ConfigurationError(f"{out} is there already: name another file with --out")
    record = open_record(store)
    used = None if first else Signer.open(record.settings.keys.signing_key_file, make=False)
    if used is not None:
        publish_key(record.store, used)
    new = Signer.open(out)
    published = publish_key(record.store, new, used, may_begin_anew=first)
    endorsed = f"endorsed by {published.endorsed_by}" if used is not None else "endorsed by none"
    click.echo(f"{out}: key {new.key_id}, {endorsed}; published as {public_key_key(new.key_id)}")
    click.echo(PUBLIC_KEY_CODEC.encode(published).decode())
