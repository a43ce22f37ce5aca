"""Compare the contracts with those of the last release: only optional additions may have been made.

``python -m schemas.compatibility`` takes the generated documents of the newest release tag (``v*``) that leads to HEAD
and exits 1, naming each path, where a message of that release would now be refused, a topic is gone, or a topic that
exists on a cluster would have to change its partitions, lose records earlier, or be compacted in another way.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from schemas.generate import ASYNCAPI_FILE, documents
from schemas.json_schema import JsonObject
from schemas.schema_changes import schema_changes

GENERATED_PATH = "schemas/generated"

_RETENTION_DEFAULTS = {"retention.ms": 7 * 24 * 60 * 60_000, "retention.bytes": -1}
"""What a topic that states none gets. Source: Apache Kafka, topic configuration."""
_UNBOUNDED = -1


class ReleaseUnreadableError(RuntimeError):
    """Git could not give the documents of a release; the text is git's."""


def incompatibilities(old: dict[str, JsonObject], new: dict[str, JsonObject]) -> list[str]:
    """Give a line for each change between two sets of generated documents that is not an optional addition."""
    lines: list[str] = []
    for name in sorted(old):
        if name not in new:
            lines.append(f"{name}: document removed")
        elif name == ASYNCAPI_FILE:
            lines += [f"{name} {change}" for change in _topic_changes(old[name], new[name])]
        else:
            lines += [f"{name} {change}" for change in schema_changes(old[name], new[name])]
    return lines


def _topic_changes(old: JsonObject, new: JsonObject) -> list[str]:
    lines: list[str] = []
    for address, before in old["channels"].items():
        after = new["channels"].get(address)
        if after is None:
            lines.append(f"channels.{address}: topic removed or renamed")
        else:
            lines += [f"channels.{address}{change}" for change in _one_topic(before, after)]
    return lines


def _one_topic(before: JsonObject, after: JsonObject) -> list[str]:
    lines = [f".messages.{name}: removed" for name in before["messages"] if name not in after["messages"]]
    if before["x-key"] != after["x-key"]:
        lines.append(f".x-key: changed from {before['x-key']} to {after['x-key']}")
    for path, was, now in (
        (".bindings.kafka", before["bindings"]["kafka"], after["bindings"]["kafka"]),
        (".x-local", before["x-local"], after["x-local"]),
    ):
        lines += [f"{path}{change}" for change in _placement(was, now)]
    return lines


def _placement(was: JsonObject, now: JsonObject) -> Iterator[str]:
    """Compare a topic under one profile. Another number of partitions, even a larger one, moves cameras to others."""
    if now["partitions"] != was["partitions"]:
        yield f".partitions: {was['partitions']} before and {now['partitions']} now"
    before, after = was["topicConfiguration"], now["topicConfiguration"]
    policy_before, policy_now = ",".join(before["cleanup.policy"]), ",".join(after["cleanup.policy"])
    if policy_now != policy_before:
        yield f".cleanup.policy: {policy_before} before and {policy_now} now"
    for name, default in _RETENTION_DEFAULTS.items():
        kept, keeps = before.get(name, default), after.get(name, default)
        if keeps != _UNBOUNDED and (kept == _UNBOUNDED or keeps < kept):
            yield f".{name}: shorter, {kept} before and {keeps} now"


def last_release(repository: Path) -> str | None:
    """Give the newest release tag that leads to HEAD, or None before the first release.

    Raises:
        ReleaseUnreadableError: ``repository`` is no git repository with a commit.
    """
    # versionsort.suffix puts v1.0.0-rc1 before v1.0.0.
    listing = ("tag", "--merged", "HEAD", "--list", "v[0-9]*", "--sort=-version:refname")
    tags = _git(repository, "-c", "versionsort.suffix=-", *listing).split()
    return tags[0] if tags else None


def documents_of(repository: Path, tag: str) -> dict[str, JsonObject]:
    """Give the generated documents of a release by file name; none if it had none.

    Raises:
        ReleaseUnreadableError: Git does not know the tag.
    """
    paths = _git(repository, "ls-tree", "--name-only", tag, f"{GENERATED_PATH}/").split()
    return {
        Path(path).name: json.loads(_git(repository, "show", f"{tag}:{path}"))
        for path in paths
        if path.endswith(".json")
    }


def _git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    except FileNotFoundError as error:
        raise ReleaseUnreadableError("git is missing") from error
    if done.returncode != 0:
        raise ReleaseUnreadableError(done.stderr.strip())
    return done.stdout


def main(arguments: list[str] | None = None) -> int:
    """Run the command; give its exit status: 0 compatible, 1 not, 2 the release could not be read."""
    parser = argparse.ArgumentParser(
        prog="python -m schemas.compatibility", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--repository", type=Path, default=Path(), help="the git repository to look for tags in")
    parser.add_argument("--tag", help="compare with this release instead of the last one")
    options = parser.parse_args(arguments)
    try:
        if options.tag is None and not (options.repository / ".git").exists():
            print("No repository here, such as in a source archive: nothing to compare with.")
            return 0
        tag = options.tag or last_release(options.repository)
        if tag is None:
            print("No release tag (v*) yet: nothing to be compatible with.")
            return 0
        lines = incompatibilities(documents_of(options.repository, tag), documents())
    except ReleaseUnreadableError as error:
        print(f"The last release can't be read: {error}", file=sys.stderr)
        return 2
    for line in lines:
        print(line)
    if lines:
        print(f"{len(lines)} changes are not optional additions to {tag}.", file=sys.stderr)
        return 1
    print(f"Compatible with {tag}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
