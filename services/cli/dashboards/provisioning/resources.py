"""Steps of folders, data sources and contact points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from services.cli.dashboards.provisioning.change import Change
from services.cli.dashboards.provisioning.differences import differences
from services.cli.dashboards.provisioning.session import Grafana, JsonObject
from services.runtime.errors import ConfigurationError, RetryableError

OUR_RECEIVERS: Final = ("tilik-webhook", "tilik-email")
"""Uids of the receivers that push makes; others of the contact point are somebody else's and stay."""


def folder_change(grafana: Grafana, uid: str, title: str) -> Change:
    """Give the step of a folder."""
    held = grafana.folder(uid)
    if held is None:
        return Change("folder", title, "create", apply=lambda: grafana.create_folder(uid, title))
    if held["title"] == title:
        return Change("folder", title, "same")
    line = f"title is {held['title']!r}, not {title!r}"
    version = int(held.get("version", 0))
    return Change("folder", title, "update", (line,), lambda: grafana.rename_folder(uid, title, version))


def source_change(grafana: Grafana, source: JsonObject, set_password: bool) -> Change:
    """Give the step of a data source that options describe.

    Grafana gives no secret back, so a password is sent where the source is new, where it has none, where something else
    changes, or where ``set_password`` says so.
    """
    held = grafana.data_source(source["uid"])
    secrets = source.get("secureJsonData", {})
    if held is None:
        return Change("data source", source["name"], "create", apply=lambda: grafana.create_data_source(source))
    plain = {name: value for name, value in source.items() if name != "secureJsonData"}
    found = list(differences(plain, held, extra_is_held=False))
    present = held.get("secureJsonFields") or {}
    found += [f"its {name} is not set" for name in secrets if not present.get(name)]
    if secrets and set_password and not found:
        found.append("its password is set anew")
    if not found:
        return Change("data source", source["name"], "same")
    if held.get("readOnly"):
        return Change("data source", source["name"], "locked", tuple(found))
    kept = {
        name: held[name] for name in ("isDefault", "basicAuth", "basicAuthUser", "database", "user") if name in held
    }
    merged = kept | source | {"jsonData": (held.get("jsonData") or {}) | source["jsonData"]}
    return Change("data source", source["name"], "update", tuple(found), lambda: grafana.update_data_source(merged))


def health_change(grafana: Grafana, source: JsonObject, described: bool) -> Change:
    """Give the step that asks whether a data source answers; it stops everything after it where that is not so."""

    def check() -> None:
        if trouble := grafana.trouble_of_data_source(source["uid"]):
            mend = "say the right password with --set-password" if described else "mend it in Grafana, or say it anew"
            raise RetryableError(
                f"the data source {source['uid']} does not answer Grafana: {trouble}. Can Grafana's machine reach it "
                f"under that address? If it refuses the user, {mend}. Nothing after it was pushed; "
                "--skip-health pushes all the same"
            )

    return Change("health of", source["uid"], "check", apply=check)


def absent_source(source: JsonObject) -> Change:
    """Give the note that a data source is not there and not described."""
    return Change("data source", source["uid"], "absent")


def require_sources(grafana: Grafana, needed: tuple[JsonObject, ...], described: set[str]) -> tuple[JsonObject, ...]:
    """Give those of the needed data sources that there are or will be, and see to it that their plugins are there.

    Raises:
        ConfigurationError: ClickHouse is neither described nor there, or a plugin is missing.
    """
    present = tuple(one for one in needed if one["uid"] in described or grafana.data_source(one["uid"]) is not None)
    missing = [one["type"] for one in needed if one not in present]
    if "grafana-clickhouse-datasource" in missing:
        raise ConfigurationError(
            "Grafana has no data source tilik-clickhouse yet: say --clickhouse HOST:PORT, as Grafana's machine "
            "reaches it"
        )
    if lacking := sorted({str(one["type"]) for one in present} - grafana.plugins()):
        raise ConfigurationError(
            f"Grafana lacks the plugin {', '.join(lacking)}: install it (grafana cli plugins install {lacking[0]}, or "
            f"GF_PLUGINS_PREINSTALL_SYNC={lacking[0]} for the image) and start Grafana anew"
        )
    return present


def contact_point_changes(grafana: Grafana, points: tuple[JsonObject, ...]) -> Iterator[Change]:
    """Give the steps of the receivers of a contact point. Their settings may be secret: no value is shown.

    A receiver of ours that is wanted no more is removed, after the others are there. Where none is wanted, those that
    are there stay: nobody described them anew.
    """
    held = {one["uid"]: one for one in grafana.contact_points(points[0]["name"])} if points else {}
    for point in points:
        yield _contact_point_change(grafana, point, held.get(point["uid"]))
    wanted = {point["uid"] for point in points}
    for uid, one in held.items():
        if uid in OUR_RECEIVERS and uid not in wanted:
            yield _receiver_too_many(grafana, one)


def _receiver_too_many(grafana: Grafana, held: JsonObject) -> Change:
    name = f"{held['name']} ({held['type']})"
    line = ("it gets alerts, and should not be there",)
    if held.get("provenance") == "file":
        return Change("contact point", name, "locked", line)
    return Change("contact point", name, "remove", line, lambda: grafana.remove_contact_point(held))


def _contact_point_change(grafana: Grafana, point: JsonObject, held: JsonObject | None) -> Change:
    name = f"{point['name']} ({point['type']})"
    if held is None:
        return Change("contact point", name, "create", apply=lambda: grafana.save_contact_point(point, exists=False))
    settings = held.get("settings", {})
    found = [f"{field} differs" for field, value in point["settings"].items() if _differs(value, settings.get(field))]
    found += [
        f"{field} differs" for field in ("name", "type", "disableResolveMessage") if held.get(field) != point[field]
    ]
    if not found:
        return Change("contact point", name, "same")
    if held.get("provenance") == "file":
        return Change("contact point", name, "locked", tuple(found))
    lines = tuple(found)
    return Change("contact point", name, "update", lines, lambda: grafana.save_contact_point(point, exists=True))


def _differs(wanted: Any, held: Any) -> bool:
    """A secret that Grafana does not give back can't be compared, and counts as the same."""
    return held not in (wanted, "[REDACTED]")
