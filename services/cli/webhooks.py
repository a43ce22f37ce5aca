"""``tilik webhooks``: see that a receiver takes signed messages."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from services.runtime.clock import now_ms
from services.runtime.errors import ConfigurationError
from services.runtime.settings import load_settings
from services.webhooks.message import check_message
from services.webhooks.settings import WebhookSettings
from services.webhooks.subscriptions import read_subscriptions
from services.webhooks.worker import poster_for


@click.group()
def command() -> None:
    """Ask receivers of webhooks. Settings are those of the service: TILIK_WEBHOOKS_…"""


@command.command()
@click.argument("name")
@click.option(
    "--subscriptions",
    "path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="File of subscriptions; default: TILIK_WEBHOOKS_SUBSCRIPTIONS.",
)
def check(name: str, path: Path | None) -> None:
    """Post a signed message of type tilik.check to the receiver of subscription NAME, once, and show the answer.

    Exit code 1: it was not accepted.
    """
    settings = load_settings(WebhookSettings)
    subscriptions = {each.name: each for each in read_subscriptions(path or settings.subscriptions)}
    if name not in subscriptions:
        raise ConfigurationError(f"there is no subscription {name!r}; there are: {', '.join(subscriptions) or 'none'}")
    poster = poster_for(subscriptions[name], settings)
    message = check_message(name, now_ms())
    try:
        answer = poster.post(message)
    finally:
        poster.close()
    Console().print(f"{message.message_id}: {answer.verdict}, {answer.text}", highlight=False, markup=False)
    if answer.verdict != "accepted":
        raise click.exceptions.Exit(1)
