"""From options to what Grafana should hold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

import click

from services.aggregate.alerts.build import GROUPS
from services.aggregate.alerts.grafana_rules import FOLDER_TITLE, FOLDER_UID, group_json
from services.aggregate.dashboards.build import FOLDER_TITLES, documents
from services.aggregate.dashboards.dashboard import LANGUAGES, Language
from services.aggregate.dashboards.grafana_panel import CLICKHOUSE, PROMETHEUS
from services.aggregate.dashboards.registry import dashboards
from services.cli.dashboards.provisioning.session import JsonObject

FOLDER_UIDS: Final[dict[Language, str]] = {"en": "tilik", "id": "tilik-id"}
CONTACT_POINT: Final = "Tilik"
"""The contact point that alert rules name, where one is given."""

AlertLanguage = Literal["en", "id", "none"]


@dataclass(frozen=True, slots=True)
class ClickHouseSource:
    """Where Grafana itself reaches ClickHouse. ``password`` is empty where it needs none, or is to stay as it is."""

    place: str
    database: str
    user: str
    password: str = ""
    tls: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What Grafana should hold.

    Attributes:
        sources: Data sources that the options describe, with their secrets; the others must be there.
        needed_sources: Uid and type of the data sources that dashboards and rules ask.
    """

    folders: tuple[tuple[str, str], ...]
    sources: tuple[JsonObject, ...]
    needed_sources: tuple[JsonObject, ...]
    dashboards: tuple[tuple[str, JsonObject], ...]
    contact_points: tuple[JsonObject, ...]
    rule_groups: tuple[JsonObject, ...]


def clickhouse_source(told: ClickHouseSource) -> JsonObject:
    """Give the data source of ClickHouse, over its HTTP interface.

    Raises:
        click.BadParameter: The place is not HOST:PORT.
    """
    host, colon, port = told.place.rpartition(":")
    if not colon or not host or "/" in told.place or not port.isdecimal() or not 0 < int(port) < 65536:
        raise click.BadParameter(f"{told.place!r} is not HOST:PORT, such as clickhouse:8123", param_hint="--clickhouse")
    source: JsonObject = {
        "uid": CLICKHOUSE["uid"],
        "name": "Tilik ClickHouse",
        "type": CLICKHOUSE["type"],
        "access": "proxy",
        "jsonData": {
            "host": host,
            "port": int(port),
            "protocol": "http",
            "secure": told.tls,
            "username": told.user,
            "defaultDatabase": told.database,
        },
    }
    return source | ({"secureJsonData": {"password": told.password}} if told.password else {})


def prometheus_source(url: str) -> JsonObject:
    """Give the data source of Prometheus.

    Raises:
        click.BadParameter: The address is none, or bears a password.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.password:
        raise click.BadParameter("say http://HOST:PORT, without a password", param_hint="--prometheus")
    return {
        "uid": PROMETHEUS["uid"],
        "name": "Tilik Prometheus",
        "type": PROMETHEUS["type"],
        "access": "proxy",
        "url": url.rstrip("/"),
        "jsonData": {"httpMethod": "POST"},
    }


def contact_points(webhook: str | None, emails: tuple[str, ...]) -> tuple[JsonObject, ...]:
    """Give the receivers of the contact point, none where neither is told."""
    receivers: list[JsonObject] = []
    if webhook:
        receivers.append(
            {"uid": "tilik-webhook", "type": "webhook", "settings": {"url": webhook, "httpMethod": "POST"}}
        )
    if emails:
        receivers.append({"uid": "tilik-email", "type": "email", "settings": {"addresses": ";".join(emails)}})
    return tuple({"name": CONTACT_POINT, "disableResolveMessage": False} | receiver for receiver in receivers)


def wanted_dashboards(languages: tuple[Language, ...], portal_url: str) -> tuple[tuple[str, JsonObject], ...]:
    """Give each dashboard in these languages, with the uid of its folder."""
    texts = documents(dashboards(), portal_url)
    return tuple(
        (FOLDER_UIDS[language], json.loads(text))
        for language in languages
        for path, text in texts.items()
        if path.parts[0] == language
    )


def wanted_folders(languages: tuple[Language, ...], alerts: AlertLanguage) -> tuple[tuple[str, str], ...]:
    """Give uid and title of each folder."""
    folders = [(FOLDER_UIDS[language], FOLDER_TITLES[language]) for language in languages]
    if alerts != "none":
        folders.append((FOLDER_UID, FOLDER_TITLE.in_language(alerts)))
    return tuple(folders)


def wanted_rules(alerts: AlertLanguage, runbooks_url: str | None, notified: bool) -> tuple[JsonObject, ...]:
    """Give the groups of alert rules; where ``notified`` they name the contact point."""
    if alerts == "none":
        return ()
    groups = [group_json(group, alerts, runbooks_url) for group in GROUPS]
    if notified:
        for group in groups:
            group["rules"] = [rule | {"notification_settings": {"receiver": CONTACT_POINT}} for rule in group["rules"]]
    return tuple(groups)


def needed_sources(chosen: tuple[tuple[str, JsonObject], ...], alerts: AlertLanguage) -> tuple[JsonObject, ...]:
    """Give uid and type of the data sources that dashboards and rules ask."""
    text = json.dumps([document for _, document in chosen])
    return tuple(
        dict(source)
        for source in (CLICKHOUSE, PROMETHEUS)
        if source["uid"] in text or (source is CLICKHOUSE and alerts != "none")
    )


def languages_of(told: str) -> tuple[Language, ...]:
    """Give the languages that ``--language`` names."""
    return LANGUAGES if told == "both" else tuple(one for one in LANGUAGES if one == told)
