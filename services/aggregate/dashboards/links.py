"""Where dashboards lead: from a row to the camera's page in the portal, and from one dashboard to the others."""

from __future__ import annotations

from typing import Any, Final

from services.aggregate.dashboards.dashboard import Dashboard, Language, Panel, Text

PORTAL_URL: Final = "http://localhost:8080"
"""Where the portal is, unless it is said otherwise when dashboards are built or pushed."""

PORTAL_VARIABLE: Final = "portal_url"
TAG: Final = "tilik"

_OPEN_CAMERA: Final = Text("Open the camera at this moment", "Buka kamera pada saat ini")
_OTHER_LANGUAGE: Final = Text("Bahasa Indonesia", "English")
_ALL: Final = Text("Dashboards", "Dasbor")


def uid(dashboard: Dashboard, language: Language) -> str:
    """Give the id under which Grafana keeps a dashboard in one language."""
    name = dashboard.name.replace("_", "-")
    return f"tilik-{name}" if language == "en" else f"tilik-{name}-{language}"


def language_tag(language: Language) -> str:
    """Give the tag of all dashboards in one language, by which they find each other."""
    return f"{TAG}-{language}"


def camera_link(panel: Panel, language: Language) -> dict[str, Any]:
    """Give the link from a value to its camera's page in the portal; the moment is in Unix milliseconds.

    Where values are cells of a row, camera and moment are the row's; where they are points of curves or stretches of a
    state, the camera is the curve's label and the moment the point's.
    """
    if panel.drawing in ("timeseries", "state-timeline"):
        url = f"${{{PORTAL_VARIABLE}}}/cameras/${{__field.labels.camera_id}}?at=${{__value.time}}"
    else:
        moment = next((name for name in ("at", "time") if name in panel.columns), None)
        url = f"${{{PORTAL_VARIABLE}}}/cameras/${{__data.fields.camera_id}}"
        url += f"?at=${{__data.fields.{moment}.numeric}}" if moment else ""
    return {"title": _OPEN_CAMERA.in_language(language), "url": url, "targetBlank": True}


def dashboard_links(dashboard: Dashboard, language: Language) -> list[dict[str, Any]]:
    """Give the links at the top: the other dashboards in this language, and this one in the other language."""
    other: Language = "id" if language == "en" else "en"
    shown = {"asDropdown": False, "includeVars": True, "keepTime": True, "targetBlank": False, "tooltip": ""}
    return [
        shown
        | {
            "type": "dashboards",
            "title": _ALL.in_language(language),
            "icon": "external link",
            "tags": [language_tag(language)],
            "asDropdown": True,
        },
        shown
        | {
            "type": "link",
            "title": _OTHER_LANGUAGE.in_language(language),
            "icon": "doc",
            "tags": [],
            "url": f"/d/{uid(dashboard, other)}",
        },
    ]
