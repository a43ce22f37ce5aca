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


def setting(profile: str, name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Set one of the facts that the document states of the camera events' topic under a profile."""

    def edit(d: dict[str, Any]) -> None:
        channel = d[ASYNCAPI_FILE]["channels"][CAMERA_EVENTS.name]
        stated = channel["x-local"] if profile == "local" else channel["bindings"]["kafka"]
        (stated if name == "partitions" else stated["topicConfiguration"])[name] = value

    return edit


def change_of(profile: str, name: str, value: Any) -> str:
    """What is said of that one change, after the topic's path."""
    (line,) = incompatibilities(documents(), edited(setting(profile, name, value)))
    assert line.startswith(f"{ASYNCAPI_FILE} channels.{CAMERA_EVENTS.name}.")
    return line.split(" ", 1)[1].removeprefix(f"channels.{CAMERA_EVENTS.name}")


@pytest.mark.parametrize("profile", ["production", "local"])
@pytest.mark.parametrize("step", [-1, 1])
def test_fewer_and_more_partitions_are_named_in_either_profile(profile: str, step: int) -> None:
    now = PARTITIONS["local" if profile == "local" else "production"]
    path = ".x-local" if profile == "local" else ".bindings.kafka"
    assert change_of(profile, "partitions", now + step) == f"{path}.partitions: {now} before and {now + step} now"


def test_a_topic_that_keeps_less_is_named_and_one_that_keeps_more_is_not() -> None:
    days = 3 * 86_400_000
    path = ".bindings.kafka"
    shorter = f"{path}.retention.ms: shorter, {days} before and {days - 1} now"
    assert change_of("production", "retention.ms", days - 1) == shorter
    assert change_of("production", "retention.bytes", 1) == f"{path}.retention.bytes: shorter, -1 before and 1 now"
    for longer in (days + 1, -1):
        assert incompatibilities(documents(), edited(setting("production", "retention.ms", longer))) == []
    forever = edited(setting("production", "retention.ms", -1))
    (line,) = incompatibilities(forever, documents())
    assert line.endswith(f"retention.ms: shorter, -1 before and {days} now")


def test_a_topic_that_is_compacted_in_another_way_is_named() -> None:
    said = change_of("local", "cleanup.policy", ["compact"])
    assert said == ".x-local.cleanup.policy: delete before and compact now"


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


def test_where_there_is_no_repository_the_check_passes_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compatibility.main(["--repository", str(tmp_path)]) == 0
    assert "No repository here" in capsys.readouterr().out


def test_a_release_asked_for_where_there_is_no_repository_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert compatibility.main(["--repository", str(tmp_path), "--tag", "v1.0.0"]) == 2


def test_a_repository_that_git_cannot_read_is_an_error_of_its_own(
    git: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git" / "HEAD").write_text("nothing")
    assert compatibility.main(["--repository", str(tmp_path)]) == 2
    monkeypatch.setenv("PATH", str(tmp_path))
    assert compatibility.main(["--repository", str(tmp_path)]) == 2
    assert "git is missing" in capsys.readouterr().err
