"""What `coverage` and `list` say when what they ask is empty, old or away. Kafka and ClickHouse are lists here."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
from click.testing import CliRunner, Result

from schemas.cameras import Camera
from services.cli.cameras import coverage, listing
from services.cli.cameras.rows import Live
from services.cli.cameras.store import Coverage
from services.runtime.camera_registry import CameraRevisions
from services.runtime.clock import now_ms
from services.runtime.errors import RetryableError
from services.runtime.settings import ClickHouseSettings
from tests.ingest.builders import make_camera


def owned(camera_id: str, ago_seconds: float, owners: int) -> Coverage:
    at_ms = now_ms() - round(ago_seconds * 1000)
    return Coverage(
        camera_id=camera_id,
        covered=owners == 1,
        owners_now=owners,
        owner="ingest-1" if owners else "",
        owner_epoch=at_ms,
        since_ms=at_ms,
        last_owner="ingest-1",
        active_ms=at_ms,
    )


def registry(*cameras: Camera) -> CameraRevisions:
    known = CameraRevisions()
    for camera in cameras:
        known.add(camera)
    return known


def asked(patch: pytest.MonkeyPatch, cameras: list[Camera], rows: list[Coverage], *options: str) -> Result:
    patch.setattr(coverage, "read_registry", lambda _: registry(*cameras))
    patch.setattr(coverage, "clickhouse_client", lambda _: nullcontext())
    patch.setattr(coverage, "coverage", lambda _: {row.camera_id: row for row in rows})
    return CliRunner().invoke(coverage.command, options)


def test_where_there_is_nothing_to_own_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    none = asked(monkeypatch, [], [])
    assert (none.exit_code, none.stderr) == (0, "the registry holds no camera: there is nothing to own\n")
    paused = asked(monkeypatch, [make_camera(state="paused")], [])
    assert (paused.exit_code, paused.stderr) == (0, "none of 1 cameras is active: there is nothing to own\n")


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_tables_that_stand_still_are_told_from_a_camera_that_nobody_owns(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    cameras = [make_camera("cam-1"), make_camera("cam-2")]
    old = asked(monkeypatch, cameras, [owned("cam-1", 200, 0), owned("cam-2", 900, 0)], *options)
    assert old.exit_code == 1
    assert "nothing was written since; is aggregate running" in old.stderr
    one = asked(monkeypatch, cameras, [owned("cam-1", 5, 1), owned("cam-2", 900, 0)], *options)
    assert (one.exit_code, one.stderr) == (1, "")
    well = asked(monkeypatch, cameras, [owned("cam-1", 5, 1), owned("cam-2", 60, 1)], *options)
    assert (well.exit_code, well.stderr) == (0, "")


def test_the_list_says_what_is_old_and_what_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    old = Live({}, {"cam-1": owned("cam-1", 200, 0)}, {})
    monkeypatch.setattr(listing, "_live", lambda _: old)
    look = listing._look(registry(make_camera("cam-1")), ClickHouseSettings(), lambda _: True)
    assert [row.standing for row in look.rows] == ["unknown"]
    assert "nothing was written since" in look.notes[0]

    def away(_: Any) -> Live:
        raise RetryableError("ClickHouse at 127.0.0.1:1 can't be reached")

    monkeypatch.setattr(listing, "_live", away)
    look = listing._look(registry(make_camera("cam-1")), ClickHouseSettings(), lambda _: True, ["Kafka is away"])
    assert ([row.standing for row in look.rows], look.is_live) == (["active"], False)
    assert look.notes[0] == "Kafka is away"
    assert "only the registry is known" in look.notes[1]


class Watched:
    """A registry that Kafka has gone away from, in the second look."""

    def __init__(self) -> None:
        self.looks = 0
        self.revisions = registry(make_camera("cam-1"))

    def wait_until_current(self, timeout_seconds: float) -> None:
        self.looks += 1
        if self.looks == 2:
            raise RetryableError("Kafka: brokers are down")


def test_a_watched_list_says_when_kafka_goes_away_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[list[str]] = []
    monkeypatch.setattr(listing, "_live", lambda _: Live({}, {"cam-1": owned("cam-1", 5, 1)}, {}))

    def pause(_: float) -> None:
        if len(shown) == 3:
            raise KeyboardInterrupt

    def table(look: listing.Look) -> str:
        shown.append(look.notes)
        return ""

    monkeypatch.setattr("services.cli.cameras.listing.time.sleep", pause)
    monkeypatch.setattr(listing, "_table", table)
    with pytest.raises(KeyboardInterrupt):
        listing._watch(Watched(), ClickHouseSettings(), lambda _: True)  # type: ignore[arg-type]
    assert [len(notes) for notes in shown] == [0, 1, 0]
    assert shown[1][0].startswith("the registry is as of ")
    assert "brokers are down" in shown[1][0]
