"""The step of a dashboard: made, changed where it differs, left alone where somebody changed it by hand.

Each save says in its message that it was ours, and of which content. So a dashboard whose current version has another
message was saved by somebody else since. Grafana calls the first version "Initial save", whatever was said; nobody has
changed that one, so fields that are only in Grafana's are its own.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final

from services.cli.dashboards.provisioning.change import Action, Change
from services.cli.dashboards.provisioning.differences import differences
from services.cli.dashboards.provisioning.session import VERSION_MISMATCH, Grafana, JsonObject, RefusedError
from services.runtime.errors import ConfigurationError

MESSAGE: Final = "tilik dashboards push"
_FIRST_VERSION: Final = 1
_GRAFANAS: Final = ("id", "version", "iteration")
"""Fields of a dashboard that Grafana keeps for itself."""


def message_of(document: JsonObject) -> str:
    """Give what a save of this document says."""
    content = json.dumps(document, sort_keys=True, ensure_ascii=False).encode()
    return f"{MESSAGE} {hashlib.sha256(content).hexdigest()[:12]}"


def dashboard_change(grafana: Grafana, folder_uid: str, document: JsonObject, force: bool) -> Change:
    """Give the step of a dashboard."""
    name = f"{document['title']} ({document['uid']})"
    held = grafana.dashboard(document["uid"])
    if held is None:
        return Change("dashboard", name, "create", apply=lambda: _save(grafana, folder_uid, document, {}))
    content = {field: value for field, value in held["dashboard"].items() if field not in _GRAFANAS}
    meta = held["meta"]
    version = int(held["dashboard"]["version"])
    found = list(differences(document, content, extra_is_held=version != _FIRST_VERSION))
    moved = meta.get("folderUid", "") != folder_uid
    if not found and not moved:
        return Change("dashboard", name, "same")
    message = grafana.message_of_version(document["uid"], version)
    if message == message_of(document) and not moved:  # as it was pushed; Grafana has put it into its own form since
        return Change("dashboard", name, "same")
    if moved:
        found.insert(0, f"it lies in the folder {meta.get('folderTitle') or 'at the top'!r}")
    if meta.get("provisioned"):
        return Change("dashboard", name, "locked", tuple(found))
    ours = message.startswith(MESSAGE) or (version == _FIRST_VERSION and not moved)
    action: Action = "update" if ours else "edited"
    saved = {"overwrite": True} if force else {"version": version}
    apply = (lambda: _save(grafana, folder_uid, document, saved)) if ours or force else None
    return Change("dashboard", name, action, tuple(found), apply)


def _save(grafana: Grafana, folder_uid: str, document: JsonObject, saved: JsonObject) -> None:
    """Save a document over the version that was read; Grafana refuses it where there is a newer one (412)."""
    version = {"version": saved["version"]} if "version" in saved else {}
    try:
        grafana.save_dashboard(
            {
                "dashboard": document | {"id": None} | version,
                "folderUid": folder_uid,
                "message": message_of(document),
                "overwrite": bool(saved.get("overwrite")),
            }
        )
    except RefusedError as error:
        if error.status_code != VERSION_MISMATCH:
            raise
        raise ConfigurationError(
            f"somebody saved the dashboard {document['title']!r} while it was pushed; `tilik dashboards diff` shows "
            "what they changed, --force overwrites it"
        ) from error
