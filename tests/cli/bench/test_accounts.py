from __future__ import annotations

from schemas.camera_events import CameraStatus, CaptureCounters, ConnectionState, MissReason, make_event_id
from services.cli.bench.measuring.accounts import PlacedStatus, account_of, frames_unaccounted


def status(
    camera: str, at_ms: int, captured: int, state: ConnectionState = "live", epoch: int = 1, **missed: int
) -> PlacedStatus:
    reasons: dict[MissReason, int] = {"late": missed.get("late", 0), "backpressure": missed.get("backpressure", 0)}
    said = CameraStatus(
        event_id=make_event_id("camera_status", camera, epoch, at_ms),
        camera_id=camera,
        owner_epoch=epoch,
        at_ms=at_ms,
        camera_revision=1,
        ingest_instance="ingest-0",
        source_kind="snapshot",
        state=state,
        counters=CaptureCounters(
            captured=captured, missed={r: n for r, n in reasons.items() if n}, bytes=0, reconnects=0
        ),
    )
    return PlacedStatus(ord(camera) - ord("a"), said)


def test_the_last_status_of_each_epoch_counts() -> None:
    account = account_of(
        [
            status("a", 1_000, 0, "connecting"),
            status("b", 1_000, 0, "connecting"),
            status("a", 61_000, 58, late=2),
            status("b", 61_000, 60),
            status("a", 121_400, 117, "stopped", late=2, backpressure=1),
            status("b", 121_400, 120, "stopped"),
        ],
        1000.0,
    )

    assert (account.captured, account.missed) == (237, {"late": 2, "backpressure": 1})
    assert (account.by_clock, account.unaccounted) == (240, 0)
    assert (account.epochs, account.unfinished) == (2, 0)


def test_an_instant_more_or_less_at_an_epochs_edges_is_none_too_few() -> None:
    for counted in (59, 60, 61):
        assert account_of([status("a", 0, 0), status("a", 60_000, counted, "stopped")], 1000.0).unaccounted == 0
    assert account_of([status("a", 0, 0), status("a", 60_000, 57, "stopped")], 1000.0).unaccounted == 2
    assert account_of([status("a", 0, 0), status("a", 60_000, 64, "stopped")], 1000.0).unaccounted == 3


def test_what_one_camera_has_too_few_another_ones_too_many_do_not_hide() -> None:
    statuses = [status("a", 0, 0), status("b", 0, 0), status("a", 60_000, 50), status("b", 60_000, 70)]
    account = account_of(statuses, 1000.0)
    assert (account.unaccounted, account.unfinished) == (18, 2)


def test_epochs_of_a_camera_are_counted_apart() -> None:
    statuses = [status("a", 0, 0), status("a", 9_000, 9), status("a", 9_500, 0, epoch=9_500)]
    account = account_of([*statuses, status("a", 20_500, 11, "stopped", epoch=9_500)], 1000.0)
    assert (account.epochs, account.captured, account.by_clock, account.unfinished) == (2, 20, 20, 1)


def test_frames_that_one_partition_has_too_few_another_ones_too_many_do_not_hide() -> None:
    statuses = [status("a", 0, 0), status("b", 0, 0), status("a", 9_000, 9, epoch=2), status("b", 9_000, 7)]
    by_statuses = account_of([*statuses, status("a", 9_000, 5)], 1000.0).by_partition
    assert by_statuses == {0: 14, 1: 7}
    assert frames_unaccounted(by_statuses, {0: 14, 1: 7, 2: 0}) == 0
    assert frames_unaccounted(by_statuses, {0: 13, 1: 8, 2: 0}) == 2
    assert frames_unaccounted(by_statuses, {1: 7, 2: 3}) == 17
