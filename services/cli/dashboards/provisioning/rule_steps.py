"""The step of a group of alert rules, which Grafana replaces as a whole: all of it or nothing."""

from __future__ import annotations

from typing import Final

from services.cli.dashboards.provisioning.change import Change
from services.cli.dashboards.provisioning.differences import differences
from services.cli.dashboards.provisioning.session import Grafana, JsonObject

_WHOLE: Final = ("annotations", "labels")
"""Fields of a rule to which Grafana adds nothing by itself, so that nothing more may be in them."""


def rule_group_change(grafana: Grafana, group: JsonObject, force: bool) -> Change:
    """Give the step of a group of rules.

    Rules that were pushed can't be edited in Grafana's pages. A rule that differs and that somebody released from that,
    and a rule that is not ours, are replaced only with ``force``. Where the options name no contact point, rules keep
    theirs.
    """
    name = str(group["title"])
    held = grafana.rule_group(group["folderUid"], name)
    if held is None or not held.get("rules"):
        return Change("alert rules", name, "create", apply=lambda: grafana.replace_rule_group(group))
    there = {rule["uid"]: rule for rule in held["rules"]}
    wanted = group | {"rules": [_notified_as_before(rule, there.get(rule["uid"])) for rule in group["rules"]]}
    found = _differences(wanted, held)
    if not found:
        return Change("alert rules", name, "same")
    lines = tuple(line for _, line in found)
    if any(rule.get("provenance") == "file" for rule in there.values()):
        return Change("alert rules", name, "locked", lines)
    by_hand = any(uid is not None and there.get(uid, {}).get("provenance") != "api" for uid, _ in found)
    apply = (lambda: grafana.replace_rule_group(wanted)) if force or not by_hand else None
    return Change("alert rules", name, "edited" if by_hand else "update", lines, apply)


def _notified_as_before(rule: JsonObject, held: JsonObject | None) -> JsonObject:
    kept = (held or {}).get("notification_settings")
    return rule if "notification_settings" in rule or not kept else rule | {"notification_settings": kept}


def _differences(wanted: JsonObject, held: JsonObject) -> list[tuple[str | None, str]]:
    """Give lines, each with the uid of a rule that is there and differs; without one where it is about the group."""
    found: list[tuple[str | None, str]] = []
    if wanted["interval"] != held["interval"]:
        found.append((None, f"interval is {held['interval']} s, not {wanted['interval']} s"))
    ours = {rule["uid"]: rule for rule in wanted["rules"]}
    for rule in held["rules"]:
        if rule["uid"] not in ours:
            found.append((rule["uid"], f"rule {rule['title']!r} is not ours"))
    there = {rule["uid"]: rule for rule in held["rules"]}
    for uid, rule in ours.items():
        if uid not in there:
            found.append((None, f"rule {rule['title']!r} is missing"))
            continue
        lines = [*differences({**rule, "orgID": there[uid].get("orgID")}, there[uid], extra_is_held=False)]
        for field in _WHOLE:
            extra = set(there[uid].get(field) or {}) - set(rule[field])
            lines += [f"{field}.{name} should not be there" for name in sorted(extra)]
        found += [(uid, f"rule {rule['title']!r}: {line}") for line in lines]
    return found
