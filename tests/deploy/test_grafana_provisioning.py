"""Files that Grafana reads by itself, from a volume or ConfigMaps: they say the same as ``tilik dashboards push``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.grafana.kustomizations import documents
from services.aggregate.alerts.grafana_rules import FOLDER_TITLE
from services.aggregate.dashboards.build import FOLDER_TITLES
from services.aggregate.dashboards.dashboard import LANGUAGES
from services.aggregate.dashboards.grafana_panel import CLICKHOUSE
from services.cli.dashboards.provisioning.wanted import (
    FOLDER_UIDS,
    ClickHouseSource,
    clickhouse_source,
    prometheus_source,
)

ROOT = Path(__file__).parents[2]
COMPONENT = ROOT / "deploy" / "k8s" / "components" / "grafana-dashboards"
COMPOSE = ROOT / "deploy" / "compose" / "grafana.yaml"
PROVISIONING = ROOT / "deploy" / "grafana" / "provisioning"

LARGEST_CONFIG_MAP_BYTES = 1024 * 1024
LARGEST_ANNOTATION_BYTES = 256 * 1024
"""``kubectl apply`` keeps what it applied in an annotation, and annotations of an object may have no more together."""


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def config_maps(folder: Path) -> Iterator[dict[str, Any]]:
    """What kustomize makes of a folder: its resources', then its own. Files lie below the folder that names them."""
    kustomization = read(folder / "kustomization.yaml")
    for resource in kustomization.get("resources", []):
        yield from config_maps((folder / resource).resolve())
    for entry in kustomization.get("configMapGenerator", []):
        files = [(folder / name).resolve() for name in entry["files"]]
        assert all(file.is_relative_to(folder.resolve()) for file in files)
        metadata = {"name": entry["name"], **entry["options"]}
        yield {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata,
            "data": {file.name: file.read_text(encoding="utf-8") for file in files},
        }


def test_the_committed_kustomizations_name_every_generated_file() -> None:
    assert {path: path.read_text(encoding="utf-8") for path in documents()} == documents()
    for path, text in documents().items():
        named = {name for entry in yaml.safe_load(text)["configMapGenerator"] for name in entry["files"]}
        assert named == {one.name for one in path.parent.iterdir() if one.name != "kustomization.yaml"}


def test_config_maps_are_small_enough_for_kubernetes_and_for_kubectl_apply_and_their_names_are_unique() -> None:
    made = list(config_maps(COMPONENT))
    names = [one["metadata"]["name"] for one in made]
    assert len(set(names)) == len(names)
    for one in made:
        assert re.fullmatch(r"[a-z0-9-]{1,63}", one["metadata"]["name"])
        assert sum(len(text.encode()) for text in one["data"].values()) < LARGEST_CONFIG_MAP_BYTES
        assert len(json.dumps(one).encode()) < LARGEST_ANNOTATION_BYTES, one["metadata"]["name"]


def test_sidecars_find_each_config_map_and_dashboards_their_folder_and_rules_are_there_once() -> None:
    labels = [label for one in config_maps(COMPONENT) for label in one["metadata"]["labels"]]
    assert labels.count("grafana_alert") == labels.count("grafana_datasource") == 1
    for one in config_maps(COMPONENT):
        if "grafana_dashboard" in one["metadata"]["labels"]:
            (text,) = one["data"].values()
            language = "id" if one["metadata"]["name"].endswith("-id") else "en"
            assert one["metadata"]["annotations"] == {"grafana_folder": FOLDER_TITLES[language]}
            assert json.loads(text)["uid"] == one["metadata"]["name"]


def test_data_sources_from_the_file_are_those_that_push_makes() -> None:
    clickhouse, prometheus = read(PROVISIONING / "datasources" / "tilik.yaml")["datasources"]
    pushed = clickhouse_source(ClickHouseSource("host:1", "database", "user", "password"))
    assert clickhouse.keys() - {"editable"} == pushed.keys()
    assert clickhouse["jsonData"].keys() == pushed["jsonData"].keys()
    pushed_prometheus = prometheus_source("http://host:1")
    for field in ("uid", "name", "type", "access"):
        assert clickhouse[field] == pushed[field]
        assert prometheus[field] == pushed_prometheus[field]


def test_dashboards_and_rules_lie_in_the_folders_in_which_push_puts_them() -> None:
    providers = read(PROVISIONING / "dashboards" / "tilik.yaml")["providers"]
    told = {provider["folderUid"]: provider["folder"] for provider in providers}
    assert told == {FOLDER_UIDS[language]: FOLDER_TITLES[language] for language in LANGUAGES}
    mounted = next(one for one in read(COMPOSE)["services"]["grafana"]["volumes"] if "alerting" in one).split(":")[0]
    groups = read((COMPOSE.parent / mounted).resolve())["groups"]
    assert {group["folder"] for group in groups} == {FOLDER_TITLE.en}


def included(compose: str, folder: Path) -> Path:
    """The one file that a Compose file in this folder includes; its paths are relative to where it lies itself."""
    (path,) = yaml.safe_load(compose)["include"]
    return folder / str(path)


def test_compose_included_as_documented_mounts_what_there_is_where_grafana_looks_for_it(tmp_path: Path) -> None:
    (tmp_path / "tilik").symlink_to(ROOT)
    page = (ROOT / "docs" / "grafana.md").read_text(encoding="utf-8")
    (block,) = [text for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "compose" in text]
    file = included(block, tmp_path)
    (comment,) = re.findall(r"^#\s+(include: .*)$", COMPOSE.read_text(encoding="utf-8"), re.MULTILINE)
    assert included(comment, tmp_path) == file
    mounts = dict(one.split(":")[:2] for one in read(file)["services"]["grafana"]["volumes"] if one.startswith("."))
    places = {target: (file.parent / source).resolve() for source, target in mounts.items()}
    assert all(path.exists() for path in places.values())
    for provider in read(PROVISIONING / "dashboards" / "tilik.yaml")["providers"]:
        assert list(places[provider["options"]["path"]].glob("*.json"))
    # Every yaml below provisioning/ is read as provisioning: a kustomization there would end Grafana's start.
    for target, path in places.items():
        if target.startswith("/etc/grafana/provisioning"):
            assert path.name != "kustomization.yaml"
            assert not path.is_dir() or not list(path.rglob("kustomization.yaml"))


def test_nobody_is_told_to_name_grafana_s_compose_file_after_another() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), COMPOSE)]
    assert not any(re.search(r"-f \S*compose/grafana\.yaml", text) for text in texts)


def test_the_plugin_is_there_in_a_known_version_before_grafana_reads_its_files() -> None:
    environment = read(COMPOSE)["services"]["grafana"]["environment"]
    plugin, _, version = environment["GF_PLUGINS_PREINSTALL_SYNC"].partition("@")
    assert plugin == CLICKHOUSE["type"]
    assert re.fullmatch(r"\$\{\w+:-\d+\.\d+\.\d+\}", version)
    assert "GF_PLUGINS_PREINSTALL" not in environment, "it installs while Grafana starts already"


@pytest.mark.parametrize("folder", ["datasources", "dashboards"])
def test_every_variable_of_a_file_is_set_in_compose(folder: str) -> None:
    used = set(re.findall(r"\$(TILIK_\w+)", (PROVISIONING / folder / "tilik.yaml").read_text()))
    assert used <= read(COMPOSE)["services"]["grafana"]["environment"].keys()
