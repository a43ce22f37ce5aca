from __future__ import annotations

import copy
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas import compatibility
from schemas.compatibility import GENERATED_PATH, ReleaseUnreadableError, documents_of, incompatibilities, last_release
from schemas.generate import ASYNCAPI_FILE, documents, write
from schemas.json_schema import JsonObject
from schemas.topics import CAMERA_EVENTS, EPISODES, PARTITIONS

Repository = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path) -> Repository:
    """A real repository with one commit of the generated documents; the fixture gives git itself."""

    def run(*arguments: str) -> str:
        command = ["git", "-C", str(tmp_path), "-c", "user.name=Uji", "-c", "user.email=uji@tilik.example", *arguments]
        alone = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        return subprocess.run(command, check=True, capture_output=True, text=True, env=alone).stdout

    run("init", "--quiet")
    write(tmp_path / GENERATED_PATH)
    run("add", ".")
    run("commit", "--quiet", "--message", "contracts")
    return run


def edited(edit: Callable[[dict[str, Any]], object]) -> dict[str, JsonObject]:
    """The documents of today, changed by ``edit``."""
    changed = copy.deepcopy(documents())
    edit(changed)
    return changed


def test_equal_documents_are_compatible() -> None:
    assert incompatibilities(documents(), documents()) == []


def test_a_removed_document_is_named() -> None:
    assert incompatibilities(documents(), edited(lambda d: d.pop("episode.schema.json"))) == [
        "episode.schema.json: document removed"
    ]


def test_a_renamed_topic_is_named() -> None:
    def rename(d: dict[str, Any]) -> None:
        channels = d[ASYNCAPI_FILE]["channels"]
        channels["incidents"] = channels.pop(EPISODES.name)

    assert incompatibilities(documents(), edited(rename)) == [
        f"{ASYNCAPI_FILE} channels.{EPISODES.name}: topic removed or renamed"
    ]


@pytest.mark.parametrize("profile", ["production", "local"])
def test_fewer_partitions_are_named_in_either_profile_and_more_are_not(profile: str) -> None:
    def set_partitions(count: int) -> Callable[[dict[str, Any]], None]:
        def edit(d: dict[str, Any]) -> None:
            channel = d[ASYNCAPI_FILE]["channels"][CAMERA_EVENTS.name]
            (channel["x-local"] if profile == "local" else channel["bindings"]["kafka"])["partitions"] = count

        return edit

    now = PARTITIONS["local" if profile == "local" else "production"]
    (line,) = incompatibilities(documents(), edited(set_partitions(now - 1)))
    assert line.startswith(f"{ASYNCAPI_FILE} channels.{CAMERA_EVENTS.name}.")
    assert line.endswith(f"partitions: fewer, {now} before and {now - 1} now")
    assert incompatibilities(documents(), edited(set_partitions(now + 1))) == []


def test_a_changed_key_and_a_removed_message_are_named() -> None:
    def edit(d: dict[str, Any]) -> None:
        channel = d[ASYNCAPI_FILE]["channels"][EPISODES.name]
        channel["x-key"] = "zone_id"
        del channel["messages"]["FloodEpisode"]

    assert incompatibilities(documents(), edited(edit)) == [
        f"{ASYNCAPI_FILE} channels.{EPISODES.name}.messages.FloodEpisode: removed",
        f"{ASYNCAPI_FILE} channels.{EPISODES.name}.x-key: changed from episode_id to zone_id",
    ]


def test_a_new_topic_is_an_addition() -> None:
    def add(d: dict[str, Any]) -> None:
        channels = d[ASYNCAPI_FILE]["channels"]
        channels["weather"] = copy.deepcopy(channels[EPISODES.name])

    assert incompatibilities(documents(), edited(add)) == []


def test_before_the_first_release_the_check_passes_and_says_so(
    git: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git("tag", "nightly")
    assert compatibility.main(["--repository", str(tmp_path)]) == 0
    assert "No release tag (v*) yet" in capsys.readouterr().out


def test_the_release_compared_with_is_the_newest_that_leads_to_head(git: Repository, tmp_path: Path) -> None:
    for tag in ("v0.9.0", "v0.10.0-rc1", "v0.10.0"):
        git("tag", tag)
    git("checkout", "--quiet", "-b", "elsewhere")
    git("commit", "--quiet", "--allow-empty", "--message", "another line of work")
    git("tag", "v9.0.0")
    git("checkout", "--quiet", "-")
    assert last_release(tmp_path) == "v0.10.0"


def test_the_documents_of_a_release_are_those_of_its_tag_whatever_lies_there_now(
    git: Repository, tmp_path: Path
) -> None:
    git("tag", "v0.1.0")
    (tmp_path / GENERATED_PATH / ASYNCAPI_FILE).write_text("{}")
    assert documents_of(tmp_path, "v0.1.0") == documents()


def test_a_field_that_the_release_had_and_we_lack_fails_the_check_and_is_named(
    git: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / GENERATED_PATH / "camera.schema.json"
    released = json.loads(path.read_text())
    released["$defs"]["Place"]["properties"]["altitude"] = {"type": "number"}
    path.write_text(json.dumps(released))
    git("commit", "--quiet", "--all", "--message", "altitude")
    git("tag", "v1.0.0")
    assert compatibility.main(["--repository", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == ["camera.schema.json $.place.altitude: field removed"]
    assert "not optional additions to v1.0.0" in said.err


def test_a_release_without_changes_since_passes_and_is_named(
    git: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git("tag", "v1.0.0")
    assert compatibility.main(["--repository", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "Compatible with v1.0.0.\n"


def test_a_tag_that_does_not_exist_is_an_error_of_its_own(git: Repository, tmp_path: Path) -> None:
    with pytest.raises(ReleaseUnreadableError, match=r"v7\.7\.7"):
        documents_of(tmp_path, "v7.7.7")
    assert compatibility.main(["--repository", str(tmp_path), "--tag", "v7.7.7"]) == 2
    assert "v1.0.0" not in git("tag")


def test_a_folder_that_is_no_repository_is_an_error_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert compatibility.main(["--repository", str(tmp_path)]) == 2
