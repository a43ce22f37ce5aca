"""Write, beside the generated dashboards and alert rules, what makes Kubernetes' ConfigMaps of them.

``python -m deploy.grafana.kustomizations`` writes them; with ``--check`` it exits 1 and names what differs. Each
dashboard is a ConfigMap of its own: together they are larger than the 1 MiB that one may hold. Kustomize reads files
only below the folder of a kustomization, so each lies beside its files.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Final

import yaml

from services.aggregate.alerts import build as alerts
from services.aggregate.dashboards import build as dashboards
from services.aggregate.dashboards.dashboard import LANGUAGES, Language
from services.aggregate.dashboards.registry import dashboards as all_dashboards

DASHBOARD_LABEL: Final = {"grafana_dashboard": "1"}
ALERT_LABEL: Final = {"grafana_alert": "1"}
FOLDER_ANNOTATION: Final = "grafana_folder"
"""By these the sidecars of Grafana's Helm chart find ConfigMaps, and the folder of a dashboard."""

_FILE_NAME = "kustomization.yaml"
_FIRST_LINE = "# Written by deploy/grafana/kustomizations.py.\n"


def documents() -> dict[Path, str]:
    """Give the text of each file."""
    paths = dashboards.documents(all_dashboards())
    texts = {}
    for language in LANGUAGES:
        files = [path.name for path in paths if path.parts[0] == language]
        texts[dashboards.GENERATED / language / _FILE_NAME] = _text([_dashboard(name, language) for name in files])
        texts[alerts.GENERATED / language / _FILE_NAME] = _text([_config_map(alerts.FILE_NAME, ALERT_LABEL)])
    return texts


def _dashboard(file_name: str, language: Language) -> dict[str, Any]:
    entry = _config_map(file_name, DASHBOARD_LABEL)
    entry["options"]["annotations"] = {FOLDER_ANNOTATION: dashboards.FOLDER_TITLES[language]}
    return entry


def _config_map(file_name: str, labels: dict[str, str]) -> dict[str, Any]:
    return {"name": Path(file_name).stem, "files": [file_name], "options": {"labels": dict(labels)}}


def _text(config_maps: list[dict[str, Any]]) -> str:
    document = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "generatorOptions": {"disableNameSuffixHash": True},
        "configMapGenerator": config_maps,
    }
    return _FIRST_LINE + yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def main(arguments: list[str] | None = None) -> int:
    """Write or check all files."""
    parser = argparse.ArgumentParser(
        description="Write what makes ConfigMaps of dashboards and alert rules, or check it."
    )
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a committed file differs")
    checks = parser.parse_args(arguments).check
    different = [
        path for path, text in documents().items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path in different:
        if checks:
            print(f"{path} differs: run python -m deploy.grafana.kustomizations", file=sys.stderr)
        else:
            path.write_text(documents()[path], encoding="utf-8")
    return 1 if checks and different else 0


if __name__ == "__main__":
    sys.exit(main())
