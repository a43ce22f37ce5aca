"""What a check of dashboards found, and how documents are walked through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Json = dict[str, Any]
"""A JSON object, such as a dashboard or a panel of one."""


class Finding(NamedTuple):
    """Something wrong with a dashboard.

    Attributes:
        dashboard: Its uid.
        panel: Title and id of the panel; empty where it is about the whole.
        what: What is wrong.
        remedy: What to do.
    """

    dashboard: str
    panel: str
    what: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.dashboard}: {self.panel}" if self.panel else self.dashboard
        return f"{place}: {' '.join(self.what.split())}. {self.remedy}"


def uid_of(document: Json) -> str:
    """Give the uid of a dashboard, or what stands for one that has none."""
    return str(document.get("uid") or f"(no uid, title {document.get('title')!r})")


def panels_of(document: Json) -> Iterator[Json]:
    """Give the panels of a dashboard, headings and what is folded under them included."""
    for panel in document.get("panels", []):
        yield panel
        yield from panel.get("panels", [])


def name_of(panel: Json) -> str:
    """Give what a panel is called in a finding."""
    kind = "section" if panel.get("type") == "row" else "panel"
    return f"{kind} {panel.get('title')!r} ({panel.get('id')})"


def overrides_of(panel: Json) -> dict[str, Json]:
    """Give, by name of column, what the panel says of it."""
    said: dict[str, Json] = {}
    for override in panel.get("fieldConfig", {}).get("overrides", []):
        properties = {one["id"]: one.get("value") for one in override.get("properties", [])}
        said[str(override["matcher"].get("options"))] = properties
    return said
