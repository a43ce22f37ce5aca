"""Grafana's HTTP API by grafana-client: the one place that knows the library and its errors.

Every call either gives Grafana's answer, or None where there is no such thing, or raises one of our errors with a
sentence that says what to do. No token, password or other secret is ever in one, though Grafana repeats them.

Source: grafana.com/docs/grafana/latest/developer-resources/api-reference/http-api (folders, data sources, dashboards,
dashboard versions, alerting provisioning).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Self
from urllib.parse import urlsplit

import niquests
from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaException, GrafanaTimeoutError

from services.cli.dashboards.provisioning.secrecy import without, words_to_hide
from services.runtime.errors import ConfigurationError, FatalError, RetryableError
from services.runtime.redaction import redact_url

JsonObject = dict[str, Any]

TIMEOUT_SECONDS: Final = 15.0
"""A data source's health check asks ClickHouse, which may take a while; all else answers at once."""

_ADVICE: Final = {
    401: "it does not accept the token or password",
    403: "the token's service account may not do that: give it the role Admin, or of Grafana's fixed roles the writers "
    "of folders, dashboards, data sources and alerting provisioning",
    404: "it knows no such address: is the URL that of Grafana itself, with its path if it has one?",
    409: "something of that name is there already, or belongs to a file of its provisioning",
    412: "somebody saved it at the same moment: run the command again to see what they did",
}


VERSION_MISMATCH: Final = 412

_LONGEST_MESSAGE: Final = 300
"""Characters of what Grafana says; a proxy's page would be longer."""


class RefusedError(ConfigurationError):
    """Grafana refused something, with this status."""

    def __init__(self, text: str, status_code: int) -> None:
        super().__init__(text)
        self.status_code = status_code


class Grafana:
    """One Grafana, for as long as it is used (``with``).

    ``url`` may have a path; ``credential`` is a token, or a user and a password. ``secrets`` are others that it is sent
    and that must not be shown: passwords, and addresses whose path is one.
    """

    def __init__(self, url: str, credential: str | tuple[str, str], secrets: tuple[str, ...] = ()) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ConfigurationError(
                f"{redact_url(url)} is no address of a Grafana: say http://HOST:PORT or https://HOST/PATH, "
                "without a user, a password or a query"
            )
        self.url = url.rstrip("/")
        self._hidden = words_to_hide((credential if isinstance(credential, str) else credential[1], *secrets))
        self._api = GrafanaApi(
            credential,
            protocol=parts.scheme,
            host=f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname,
            port=parts.port,
            url_path_prefix=f"{parts.path.strip('/')}/".lstrip("/"),
            timeout=TIMEOUT_SECONDS,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._api.client.s.close()

    # Folders

    def folder(self, uid: str) -> JsonObject | None:
        """Give a folder."""
        return self._found("asked for a folder", "GET", f"/folders/{uid}")

    def create_folder(self, uid: str, title: str) -> None:
        """Make a folder at the top."""
        self._call(f"to make the folder {title!r}", "POST", "/folders", {"uid": uid, "title": title})

    def rename_folder(self, uid: str, title: str, version: int) -> None:
        """Give a folder another title; ``version`` is that of the folder as it was read."""
        body = {"title": title, "version": version}
        self._call(f"to name the folder {title!r}", "PUT", f"/folders/{uid}", body)

    # Data sources

    def plugins(self) -> set[str]:
        """Give the ids of the plugins that are installed."""
        return {one["id"] for one in self._call("asked for its plugins", "GET", "/plugins?embedded=0")}

    def data_source(self, uid: str) -> JsonObject | None:
        """Give a data source, without its secrets."""
        return self._found("asked for a data source", "GET", f"/datasources/uid/{uid}")

    def create_data_source(self, source: JsonObject) -> None:
        """Make a data source."""
        self._call(f"to make the data source {source['name']!r}", "POST", "/datasources", source)

    def update_data_source(self, source: JsonObject) -> None:
        """Replace a data source; secrets that are not said stay."""
        self._call(f"to change the data source {source['name']!r}", "PUT", f"/datasources/uid/{source['uid']}", source)

    def trouble_of_data_source(self, uid: str) -> str:
        """Let Grafana ask a data source whether it answers; give what is wrong, or nothing."""
        with self._told("asked whether a data source answers"):
            try:
                answer = self._send("GET", f"/datasources/uid/{uid}/health", None)
            except GrafanaException as error:
                if error.status_code not in (400, 404, 500, 501):
                    raise
                return self._message(error)
        return "" if answer.get("status") == "OK" else self._shown(str(answer.get("message", answer)))

    # Dashboards

    def dashboard(self, uid: str) -> JsonObject | None:
        """Give a dashboard as ``{"dashboard": …, "meta": …}``."""
        return self._found("asked for a dashboard", "GET", f"/dashboards/uid/{uid}")

    def message_of_version(self, uid: str, version: int) -> str:
        """Give what was said when this version of a dashboard was saved, or nothing."""
        answer = self._found("asked for a dashboard's versions", "GET", f"/dashboards/uid/{uid}/versions?limit=5")
        versions = answer.get("versions", []) if isinstance(answer, dict) else answer or []
        return next((str(one.get("message", "")) for one in versions if one.get("version") == version), "")

    def save_dashboard(self, payload: JsonObject) -> None:
        """Save a dashboard; where its version is not the current one, that is refused unless ``overwrite`` is set."""
        self._call(f"to save the dashboard {payload['dashboard']['title']!r}", "POST", "/dashboards/db", payload)

    # Alerting

    def rule_group(self, folder_uid: str, name: str) -> JsonObject | None:
        """Give a group of alert rules."""
        return self._found("asked for alert rules", "GET", f"/v1/provisioning/folder/{folder_uid}/rule-groups/{name}")

    def replace_rule_group(self, group: JsonObject) -> None:
        """Replace a group of alert rules as a whole: all of it or nothing."""
        address = f"/v1/provisioning/folder/{group['folderUid']}/rule-groups/{group['title']}"
        self._call(f"to save the alert rules {group['title']!r}", "PUT", address, group)

    def contact_points(self, name: str) -> list[JsonObject]:
        """Give the receivers of a contact point; Grafana leaves their secrets out."""
        found: list[JsonObject] = self._call(
            "asked for contact points", "GET", f"/v1/provisioning/contact-points?name={name}"
        )
        return found

    def save_contact_point(self, point: JsonObject, exists: bool) -> None:
        """Make or replace one receiver of a contact point."""
        address = "/v1/provisioning/contact-points"
        doing = f"to save the contact point {point['name']!r}"
        if exists:
            self._call(doing, "PUT", f"{address}/{point['uid']}", point)
        else:
            self._call(doing, "POST", address, point)

    def remove_contact_point(self, point: JsonObject) -> None:
        """Remove one receiver of a contact point; Grafana refuses that for the last one that rules or policies name."""
        doing = f"to remove {point['uid']!r} from the contact point {point['name']!r}"
        self._call(doing, "DELETE", f"/v1/provisioning/contact-points/{point['uid']}")

    # The library

    def _found(self, doing: str, method: str, path: str) -> JsonObject | None:
        with self._told(doing):
            try:
                found: JsonObject = self._send(method, path, None)
            except GrafanaException as error:
                if error.status_code == 404 and _is_grafanas(error):
                    return None
                raise
            return found

    def _call(self, doing: str, method: str, path: str, body: JsonObject | None = None) -> Any:
        with self._told(doing):
            return self._send(method, path, body)

    def _send(self, method: str, path: str, body: JsonObject | None) -> Any:
        answer = getattr(self._api.client, method)(path, json=body)
        if isinstance(answer, str):
            raise ValueError("not JSON")  # a page, as of a proxy that asks people to sign in
        return answer

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        try:
            yield
        except GrafanaTimeoutError as error:
            raise RetryableError(
                f"Grafana at {self.url} gave no answer for {TIMEOUT_SECONDS:.0f} s, {doing}"
            ) from error
        except GrafanaException as error:
            raise self._error(error, doing) from error
        except niquests.exceptions.RequestException as error:
            raise RetryableError(
                f"Grafana at {self.url} can't be reached or cut the connection, {doing}: is it running, and is that "
                "its address?"
            ) from error
        except ValueError as error:
            raise ConfigurationError(f"what answers at {self.url} is no Grafana, {doing}: {_ADVICE[404]}") from error

    def _error(self, error: GrafanaException, doing: str) -> FatalError | RetryableError:
        code = error.status_code
        told = f"Grafana at {self.url} said {code}, {doing}"
        if code >= 500:
            return RetryableError(f"{told}: {self._message(error)}; its own log says why")
        advice = f"{_ADVICE[code]} ({self._message(error)})" if code in _ADVICE else self._message(error)
        return RefusedError(f"{told}: {advice}", code)

    def _message(self, error: GrafanaException) -> str:
        answer = error.response
        text = answer.get("message") or answer if isinstance(answer, dict) else answer
        return self._shown(str(text or error.message).strip())

    def _shown(self, text: str) -> str:
        """Give what Grafana says without secrets; those are taken out before it is cut, or half of one would stay."""
        return redact_url(without(self._hidden, text))[:_LONGEST_MESSAGE]


def _is_grafanas(error: GrafanaException) -> bool:
    """Tell whether a 404 comes from Grafana's API: its answer is empty or JSON, that of another server a page."""
    return isinstance(error.response, dict) or not str(error.response).strip()
