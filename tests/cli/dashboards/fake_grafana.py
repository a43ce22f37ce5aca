"""A Grafana over HTTP for tests: the part of its API that provisioning uses, as documented and as its source answers.

It keeps folders, data sources, dashboards with their versions, contact points and groups of alert rules; checks tokens;
refuses what the real one refuses, with its statuses and bodies; and adds to what it is given what the real one adds. It
can be told to cut the connection at a request, before or after doing what was asked, and to fail in other ways.

Source: grafana.com/docs/grafana/latest/developer-resources/api-reference/http-api; of github.com/grafana/grafana the
packages pkg/api, pkg/services/dashboards and pkg/services/ngalert/api for statuses and bodies of errors.
"""

from __future__ import annotations

import copy
import json
import re
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Answer = tuple[int, Any]
Json = dict[str, Any]

TOKEN = "glsa_of_a_test"
PASSWORD = "correct horse"
_NO_DATA_STATES = {"NoData", "Alerting", "OK", "KeepLast"}
_ERROR_STATES = {"Error", "Alerting", "OK", "KeepLast"}
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


class FakeGrafana:
    """The state, and what each request does to it."""

    def __init__(self) -> None:
        self.folders: dict[str, Json] = {}
        self.sources: dict[str, Json] = {}
        self.secrets: dict[str, dict[str, str]] = {}
        self.dashboards: dict[str, Json] = {}
        self.versions: dict[str, list[Json]] = {}
        self.points: dict[str, Json] = {}
        self.groups: dict[tuple[str, str], Json] = {}
        self.plugins = ["grafana-clickhouse-datasource", "prometheus"]
        self.health: dict[str, Answer] = {}
        self.own_form: Callable[[Json], Json] = lambda dashboard: dashboard
        """What a dashboard becomes when it is saved, as by a migration of its schema."""
        self.role = "Admin"
        self.requests: list[tuple[str, str]] = []
        self.writes: list[tuple[str, str]] = []
        self.cut_at: int | None = None
        self.cut_before = True
        self.fail_with: dict[str, Answer] = {}
        """Answers instead of its own, by a part of the path."""
        self.before_save: Callable[[], None] | None = None
        """Somebody else who is a moment earlier."""
        self.url = ""
        self.prefix = ""
        """The path below which it is served."""

    # What tests say and ask

    def edit_dashboard(self, uid: str, change: Callable[[Json], None], message: str = "") -> None:
        """Save a dashboard as a person does in Grafana's pages."""
        edited = copy.deepcopy(self.dashboards[uid]["dashboard"])
        change(edited)
        folder = self.dashboards[uid]["folderUid"]
        status, said = self._save_dashboard({"dashboard": edited, "folderUid": folder, "message": message})
        assert status == 200, said

    def content(self) -> Json:
        """Everything that was pushed, without numbers that count saves."""
        return copy.deepcopy(
            {
                "folders": {uid: one["title"] for uid, one in self.folders.items()},
                "sources": {uid: {**one, "version": 0, "id": 0} for uid, one in self.sources.items()},
                "secrets": self.secrets,
                "dashboards": {
                    uid: {**one, "dashboard": {**one["dashboard"], "version": 0, "id": 0}}
                    for uid, one in self.dashboards.items()
                },
                "points": self.points,
                "groups": {
                    key: {**one, "rules": [{**rule, "id": 0} for rule in one["rules"]]}
                    for key, one in self.groups.items()
                },
            }
        )

    # Requests

    def answer(self, method: str, target: str, authorization: str, headers: Json, body: Any) -> Answer:
        parts = urlsplit(target)
        path, query = parts.path.removeprefix(f"{self.prefix}/api"), parse_qs(parts.query)
        if not parts.path.startswith(f"{self.prefix}/api/"):
            return 404, "<!DOCTYPE html><title>Page not found</title>"
        if not self._knows(authorization):
            return 401, {"message": "Invalid API key", "messageId": "api-key.invalid", "statusCode": 401, "traceID": ""}
        for part, answer in self.fail_with.items():
            if part in path:
                return answer
        if method != "GET":
            if self.role != "Admin":
                return 403, {
                    "accessErrorId": "ACE0",
                    "message": "You'll need additional permissions to perform this action.",
                    "title": "Access denied",
                }
            self.writes.append((method, path))
        return self._route(method, path, query, headers, body)

    def _knows(self, authorization: str) -> bool:
        basic = "Basic " + b64encode(f"admin:{PASSWORD}".encode()).decode()
        return authorization in (f"Bearer {TOKEN}", basic)

    def _route(self, method: str, path: str, query: dict[str, list[str]], headers: Json, body: Any) -> Answer:
        routes: list[tuple[str, str, Callable[..., Answer]]] = [
            ("GET", r"/plugins", lambda: (200, [{"id": one, "type": "datasource"} for one in self.plugins])),
            ("GET", r"/folders/([\w-]+)", self._folder),
            ("POST", r"/folders", lambda: self._create_folder(body)),
            ("PUT", r"/folders/([\w-]+)", lambda uid: self._rename_folder(uid, body)),
            ("GET", r"/datasources/uid/([\w-]+)", self._source),
            ("GET", r"/datasources/uid/([\w-]+)/health", self._health),
            ("POST", r"/datasources", lambda: self._create_source(body)),
            ("PUT", r"/datasources/uid/([\w-]+)", lambda uid: self._update_source(uid, body)),
            ("GET", r"/dashboards/uid/([\w-]+)", self._dashboard),
            ("GET", r"/dashboards/uid/([\w-]+)/versions", self._dashboard_versions),
            ("POST", r"/dashboards/db", lambda: self._save_dashboard(body)),
            ("GET", r"/v1/provisioning/contact-points", lambda: self._points(query.get("name", [""])[0])),
            (
                "POST",
                r"/v1/provisioning/contact-points",
                lambda: self._save_point(body["uid"], body, headers, new=True),
            ),
            ("PUT", r"/v1/provisioning/contact-points/([\w-]+)", lambda uid: self._save_point(uid, body, headers)),
            ("DELETE", r"/v1/provisioning/contact-points/([\w-]+)", self._remove_point),
            ("GET", r"/v1/provisioning/folder/([\w-]+)/rule-groups/([\w-]+)", self._group),
            (
                "PUT",
                r"/v1/provisioning/folder/([\w-]+)/rule-groups/([\w-]+)",
                lambda folder, name: self._replace_group(folder, name, body, headers),
            ),
        ]
        for verb, pattern, action in routes:
            found = re.fullmatch(pattern, path)
            if found and verb == method:
                return action(*(unquote(group) for group in found.groups()))
        return 404, {"message": "Not found", "traceID": ""}

    # Folders

    def _folder(self, uid: str) -> Answer:
        if uid not in self.folders:
            return 404, {"message": "folder not found", "status": "not-found"}
        return 200, self.folders[uid]

    def _create_folder(self, body: Json) -> Answer:
        if not body.get("title"):
            return 400, {"message": "folder title cannot be empty"}
        if body["uid"] in self.folders:
            return 409, {"message": "a folder/dashboard with the same uid already exists"}
        self.folders[body["uid"]] = {"uid": body["uid"], "title": body["title"], "version": 1, "parentUid": ""}
        return 200, self.folders[body["uid"]]

    def _rename_folder(self, uid: str, body: Json) -> Answer:
        folder = self.folders.get(uid)
        if folder is None:
            return self._folder(uid)
        if not body.get("overwrite") and body.get("version") != folder["version"]:
            return 412, {"message": "the folder has been changed by someone else", "status": "version-mismatch"}
        folder.update(title=body["title"], version=folder["version"] + 1)
        return 200, folder

    # Data sources

    def _source(self, uid: str) -> Answer:
        if uid not in self.sources:
            return 404, {"message": "Data source not found", "traceID": ""}
        return 200, {**self.sources[uid], "secureJsonFields": {name: True for name in self.secrets.get(uid, {})}}

    def _create_source(self, body: Json) -> Answer:
        taken = {one["name"] for one in self.sources.values()}
        if body["name"] in taken or body["uid"] in self.sources:
            return 409, {"message": "data source with the same name already exists", "traceID": ""}
        self._keep_source(body, len(self.sources) + 1, 1)
        return 200, {"message": "Datasource added", "id": len(self.sources), "name": body["name"]}

    def _update_source(self, uid: str, body: Json) -> Answer:
        held = self.sources.get(uid)
        if held is None:
            return self._source(uid)
        if held["readOnly"]:
            return 403, {"message": "Cannot update read-only data source", "traceID": ""}
        if body["type"] == "prometheus" and not body.get("url"):
            return 400, {"message": "Validation error, invalid URL", "traceID": ""}
        self._keep_source({**body, "uid": uid}, held["id"], held["version"] + 1)
        return 200, {"message": "Datasource updated", "id": held["id"], "name": body["name"]}

    def _keep_source(self, body: Json, number: int, version: int) -> None:
        defaults = {"orgId": 1, "url": "", "user": "", "database": "", "basicAuth": False, "basicAuthUser": ""}
        defaults |= {"withCredentials": False, "isDefault": False, "typeLogoUrl": "", "readOnly": False}
        told = {name: value for name, value in body.items() if name not in ("secureJsonData", "secureJsonFields")}
        self.sources[body["uid"]] = {**defaults, **copy.deepcopy(told), "id": number, "version": version}
        self.secrets.setdefault(body["uid"], {}).update(body.get("secureJsonData", {}))

    def _health(self, uid: str) -> Answer:
        if uid not in self.sources:
            return 500, {"message": "Unable to load datasource metadata", "traceID": ""}
        if self.sources[uid]["type"] not in self.plugins:
            return 500, {"message": "Unable to find datasource plugin", "traceID": ""}
        return self.health.get(uid, (200, {"status": "OK", "message": "Data source is working", "details": {}}))

    # Dashboards

    def _dashboard(self, uid: str) -> Answer:
        held = self.dashboards.get(uid)
        if held is None:
            return 404, {"message": "Dashboard not found", "status": "not-found"}
        title = self.folders.get(held["folderUid"], {}).get("title", "General")
        meta = {"folderUid": held["folderUid"], "folderTitle": title, "version": held["dashboard"]["version"]}
        return 200, {"meta": meta | {"provisioned": held["provisioned"]}, "dashboard": held["dashboard"]}

    def _dashboard_versions(self, uid: str) -> Answer:
        if uid not in self.dashboards:
            return self._dashboard(uid)
        return 200, {"continueToken": "", "versions": list(reversed(self.versions[uid]))}

    def _save_dashboard(self, body: Json) -> Answer:
        if self.before_save is not None:
            someone, self.before_save = self.before_save, None
            someone()
        document = copy.deepcopy(body["dashboard"])
        uid, held = document["uid"], self.dashboards.get(document["uid"])
        if not document.get("title"):
            return 400, {"message": "Dashboard title cannot be empty", "status": "empty-name"}
        if len(uid) > 40:
            return 400, {"message": "uid too long, max 40 characters"}
        if body.get("folderUid") and body["folderUid"] not in self.folders:
            return 400, {"message": "folder not found"}
        if held is not None and held["provisioned"]:
            return 400, {"message": "Cannot save provisioned dashboard"}
        version = held["dashboard"]["version"] if held else 0
        if held is not None and not body.get("overwrite") and document.get("version") != version:
            return 412, {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"}
        number = held["dashboard"]["id"] if held else len(self.dashboards) + 1
        saved = {**self.own_form(document), "id": number, "version": version + 1}
        self.dashboards[uid] = {"dashboard": saved, "folderUid": body.get("folderUid", ""), "provisioned": False}
        message = body.get("message", "") if version else "Initial save"
        self.versions.setdefault(uid, []).append({"version": version + 1, "parentVersion": version, "message": message})
        return 200, {"status": "success", "uid": uid, "version": version + 1, "id": number}

    # Alerting

    def _points(self, name: str) -> Answer:
        return 200, [copy.deepcopy(one) for one in self.points.values() if not name or one["name"] == name]

    def _save_point(self, uid: str, body: Json, headers: Json, new: bool = False) -> Answer:
        held = self.points.get(uid)
        if held is None and not new:
            return 404, {"message": "contact point not found", "traceID": ""}
        if new and held is not None:
            return 400, {"message": "invalid object specification: UID is not unique"}
        needed = {"webhook": "url", "email": "addresses"}[body["type"]]
        if not body["settings"].get(needed):
            return 400, {"message": f"invalid object specification: {needed} is required"}
        self.points[uid] = {**copy.deepcopy(body), "uid": uid, "provenance": _provenance(headers)}
        return 202, {"message": "contactpoint updated"} if not new else self.points[uid]

    def _remove_point(self, uid: str) -> Answer:
        name = self.points[uid]["name"] if uid in self.points else ""
        last = [one["name"] for one in self.points.values()].count(name) == 1
        rules = [rule for group in self.groups.values() for rule in group["rules"]]
        if last and any(rule.get("notification_settings", {}).get("receiver") == name for rule in rules):
            return 409, {"message": f"contact point {name} is currently used in alert rules", "statusCode": 409}
        self.points.pop(uid, None)
        return 202, {"message": "contactpoint deleted"}

    def _group(self, folder: str, name: str) -> Answer:
        if (folder, name) not in self.groups:
            return 404, {"message": "rule group does not exist", "messageId": "alerting.alert-rule-group.notFound"}
        return 200, copy.deepcopy(self.groups[folder, name])

    def _replace_group(self, folder: str, name: str, body: Json, headers: Json) -> Answer:
        if folder not in self.folders:
            return 400, {"message": "folder does not exist", "traceID": ""}
        there = {rule["uid"]: rule for rule in self.groups.get((folder, name), {"rules": []})["rules"]}
        provenance = _provenance(headers)
        for rule in there.values():
            if rule["provenance"] not in ("", provenance):
                said = f"cannot update with provided provenance '{provenance}', needs '{rule['provenance']}'"
                return 409, {"message": said, "messageId": "alerting.provenanceMismatch", "statusCode": 409}
        trouble = next(filter(None, (self._trouble(rule, body["interval"]) for rule in body["rules"])), "")
        if trouble:
            return 400, {"message": f"invalid alert rule: {trouble}", "traceID": ""}
        rules = [_kept_rule(rule, folder, name, provenance, number) for number, rule in enumerate(body["rules"], 1)]
        self.groups[folder, name] = {"title": name, "folderUid": folder, "interval": body["interval"], "rules": rules}
        return 200, body

    def _trouble(self, rule: Json, interval: int) -> str:
        receiver = rule.get("notification_settings", {}).get("receiver")
        refs = [one["refId"] for one in rule["data"]]
        problems = {
            "title is empty": not rule["title"],
            "invalid no data state": rule["noDataState"] not in _NO_DATA_STATES,
            "invalid execution error state": rule["execErrState"] not in _ERROR_STATES,
            f"condition {rule['condition']} does not exist": rule["condition"] not in refs,
            "interval must be a multiple of the scheduler's 10 s": interval % 10 != 0,
            f"receiver {receiver} does not exist": bool(receiver)
            and receiver not in {one["name"] for one in self.points.values()},
            "uid is longer than 40 characters": len(rule["uid"]) > 40,
        }
        return next((text for text, so in problems.items() if so), "")


def _provenance(headers: Json) -> str:
    return "" if "x-disable-provenance" in {name.lower() for name in headers} else "api"


def _kept_rule(rule: Json, folder: str, group: str, provenance: str, number: int) -> Json:
    """What Grafana makes of a rule: it fills in what was not said, also in the models of queries."""
    kept = copy.deepcopy(rule)
    hours, minutes, seconds = (int(part or 0) for part in _DURATION.fullmatch(rule["for"]).groups())  # type: ignore[union-attr]
    total = hours * 3600 + minutes * 60 + seconds
    parts = ((total // 3600, "h"), (total % 3600 // 60, "m"), (total % 60, "s"))
    kept["for"] = "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"
    for query in kept["data"]:
        query["queryType"] = query["model"].get("queryType", "")
        query["model"] |= {"intervalMs": 1000, "maxDataPoints": 43200}
    filled = {"id": number, "orgID": 1, "folderUID": folder, "ruleGroup": group, "provenance": provenance}
    return {**kept, **filled, "keep_firing_for": "0s", "record": None, "updated": "2026-11-26T00:00:00Z"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: else each answer waits for an acknowledgement
    grafana: FakeGrafana

    def _serve(self) -> None:
        grafana = self.grafana
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        grafana.requests.append((self.command, self.path))
        cut = grafana.cut_at is not None and len(grafana.requests) == grafana.cut_at
        if cut and grafana.cut_before:
            self.close_connection = True
            return
        status, said = grafana.answer(
            self.command, self.path, self.headers.get("Authorization", ""), dict(self.headers.items()), body
        )
        if cut:
            self.close_connection = True
            return
        text = said if isinstance(said, str) else json.dumps(said)
        kind = "text/html" if isinstance(said, str) else "application/json; charset=UTF-8"
        payload = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815  (named by http.server)

    def log_message(self, format: str, *args: object) -> None:
        """Be silent: what was asked is in ``requests``."""


@contextmanager
def fake_grafana() -> Iterator[FakeGrafana]:
    """Run one on a free port."""
    grafana = FakeGrafana()
    handler = type("Handler", (_Handler,), {"grafana": grafana})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    grafana.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield grafana
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
