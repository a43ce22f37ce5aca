"""The options that ``push`` and ``diff`` share, and what they make of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from services.aggregate.dashboards.links import PORTAL_URL
from services.cli.dashboards.build import web_address
from services.cli.dashboards.provisioning.session import Grafana
from services.cli.dashboards.provisioning.wanted import (
    AlertLanguage,
    ClickHouseSource,
    Wanted,
    clickhouse_source,
    contact_points,
    languages_of,
    needed_sources,
    prometheus_source,
    wanted_dashboards,
    wanted_folders,
    wanted_rules,
)

_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--url", required=True, envvar="TILIK_GRAFANA_URL", help="Grafana's address, with its path."),
    click.option(
        "--token-file",
        type=_FILE,
        envvar="TILIK_GRAFANA_TOKEN_FILE",
        help="A file that holds a service account's token and nothing else.",
    ),
    click.option("--user", help="A user instead of a token; the password is asked for."),
    click.option("--password-file", type=_FILE, help="A file that holds the user's password."),
    click.option(
        "--language",
        type=click.Choice(["en", "id", "both"]),
        default="both",
        show_default=True,
        help="Of the dashboards; each language has a folder of its own.",
    ),
    click.option(
        "--alerts",
        type=click.Choice(["en", "id", "none"]),
        default="en",
        show_default=True,
        help="Language of the alert rules, which are there once.",
    ),
    click.option("--clickhouse", metavar="HOST:PORT", help="ClickHouse's HTTP interface, as Grafana reaches it."),
    click.option("--clickhouse-database", default="tilik", show_default=True),
    click.option("--clickhouse-user", default="default", show_default=True, help="It should be one that only reads."),
    click.option("--clickhouse-password-file", type=_FILE, help="A file that holds that user's password."),
    click.option("--clickhouse-tls", is_flag=True, help="Speak HTTPS with ClickHouse."),
    click.option("--prometheus", metavar="URL", help="Prometheus, as Grafana reaches it."),
    click.option("--set-password", is_flag=True, help="Send ClickHouse's password again: it has changed."),
    click.option(
        "--webhook",
        metavar="URL",
        envvar="TILIK_GRAFANA_WEBHOOK",
        help="Where alerts are posted. It may be secret: rather say it in the environment.",
    ),
    click.option("--email", "emails", multiple=True, metavar="ADDRESS", help="Who gets alerts by mail; repeatable."),
    click.option(
        "--portal-url",
        default=PORTAL_URL,
        show_default=True,
        callback=web_address,
        help="Where links to a camera lead.",
    ),
    click.option(
        "--runbooks-url",
        metavar="URL",
        callback=web_address,
        help="Where the files of docs/runbooks are; without it rules have no link.",
    ),
    click.option("--skip-health", is_flag=True, help="Don't ask whether data sources answer."),
    click.option("--force", is_flag=True, help="Overwrite what somebody changed by hand."),
)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    url: str
    token_file: Path | None
    user: str | None
    password_file: Path | None
    language: str
    alerts: AlertLanguage
    clickhouse: str | None
    clickhouse_database: str
    clickhouse_user: str
    clickhouse_password_file: Path | None
    clickhouse_tls: bool
    prometheus: str | None
    set_password: bool
    webhook: str | None
    emails: tuple[str, ...]
    portal_url: str
    runbooks_url: str | None
    skip_health: bool
    force: bool

    def grafana(self) -> Grafana:
        """Give the Grafana that is meant; asks for a password where that is needed.

        Raises:
            click.UsageError: Neither a token nor a user is told, or both.
            ConfigurationError: The address is none.
        """
        if (self.token_file is None) == (self.user is None):
            raise click.UsageError("say either --token-file FILE or --user NAME")
        if self.token_file is not None:
            return Grafana(self.url, secret_of(self.token_file, "--token-file"), self._sent_secrets())
        assert self.user is not None
        if self.password_file is not None:
            password = secret_of(self.password_file, "--password-file")
        else:
            password = click.prompt(f"Password of {self.user}", hide_input=True, err=True)
        return Grafana(self.url, (self.user, password), self._sent_secrets())

    def _clickhouse_password(self) -> str:
        file = self.clickhouse_password_file
        return secret_of(file, "--clickhouse-password-file") if file else ""

    def _sent_secrets(self) -> tuple[str, ...]:
        """Give what Grafana is told and must not be shown when it repeats it."""
        return tuple(filter(None, (self.webhook, self._clickhouse_password())))

    def wanted(self) -> Wanted:
        """Give what Grafana should hold.

        Raises:
            click.BadParameter: An address is none.
        """
        languages = languages_of(self.language)
        sources = []
        if self.clickhouse:
            told = ClickHouseSource(
                self.clickhouse,
                self.clickhouse_database,
                self.clickhouse_user,
                self._clickhouse_password(),
                self.clickhouse_tls,
            )
            sources.append(clickhouse_source(told))
        if self.prometheus:
            sources.append(prometheus_source(self.prometheus))
        points = contact_points(self.webhook, self.emails)
        chosen = wanted_dashboards(languages, self.portal_url.rstrip("/"))
        return Wanted(
            folders=wanted_folders(languages, self.alerts),
            sources=tuple(sources),
            needed_sources=needed_sources(chosen, self.alerts),
            dashboards=chosen,
            contact_points=points if self.alerts != "none" else (),
            rule_groups=wanted_rules(self.alerts, self.runbooks_url, bool(points)),
        )


def secret_of(path: Path, option: str) -> str:
    """Give the secret that a file holds.

    Raises:
        click.BadParameter: It holds none, or more than one line.
    """
    text = path.read_text(encoding="utf-8").strip()
    if not text or len(text.splitlines()) != 1:
        raise click.BadParameter(f"{path} must hold one line, the secret", param_hint=option)
    return text


def provisioning_options(command: Command) -> Command:
    """Give a command all options that push and diff share."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
